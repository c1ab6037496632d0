"""Answers of a language model on disk, one file each, with every completion that was paid for on the way."""

import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dance_core.language.questions import Question, text_sha256
from dance_core.language_usage import Completion
from dance_core.tables import write_json

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AnswerCache:
    """Answers of one model at one temperature.

    The address of the server is no part of the key: the same model behind another address gives the same answers.

    Attributes:
        folder: Where the answers lie.
        model: Name of the model.
        temperature: Randomness of its answers.
    """

    folder: Path
    model: str
    temperature: float

    def prepare(self) -> None:
        """Make the folder, before anything is paid for.

        Raises:
            ValueError: Nothing can be written there.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise ValueError(
                f"language: no answer can be kept in '{self.folder}' ({error.strerror}), so none is asked for; "
                "set language.cache to a folder that can be written"
            ) from error

    def read(self, question: Question) -> dict[str, Any] | None:
        """Look up an answer.

        Args:
            question: The question, which knows its call.

        Returns:
            {"model", "temperature", "prompt_sha256", "call", "created", "answer", "completions": [fields of
            `Completion`, ...]}, the answer null where no completion could be used; None if it was never asked.
        """
        path = self.path(question)
        if not path.is_file():
            return None
        try:
            entry = json.loads(path.read_text("utf-8"))
            completions = [Completion(**completion) for completion in entry["completions"]]
            whole = bool(entry["created"] and completions) and completions[-1].usable == (entry["answer"] is not None)
        except (ValueError, KeyError, TypeError):
            whole = False
        if not whole:
            _log.warning("%s is not a whole answer; asking again", path)
        return entry if whole else None

    def add(self, question: Question, completion: Completion, answer: Any) -> None:
        """Keep a completion, and the answer in it.

        Args:
            question: The question, which knows its call.
            completion: What the server gave.
            answer: The answer, plain JSON; None where the completion holds none.
        """
        former = self.read(question)
        entry = {
            "model": self.model,
            "temperature": self.temperature,
            "prompt_sha256": question.digest,
            "call": question.call,
            "created": completion.created,
            "answer": answer,
            "completions": [*(former["completions"] if former else []), vars(completion)],
        }
        write_json(self.path(question), entry)

    def path(self, question: Question) -> Path:
        """Give the file of an answer."""
        key = json.dumps([self.model, self.temperature, question.digest, question.call])
        return self.folder / f"{text_sha256(key)[:32]}.json"
