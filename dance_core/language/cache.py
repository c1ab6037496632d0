"""Answers of a language model on disk, one file each."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dance_core.language.questions import text_sha256
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

    def read(self, question: str, call: int) -> dict[str, Any] | None:
        """Look up an answer.

        Args:
            question: Text of the question.
            call: Which asking of the same question, from 0.

        Returns:
            {"model", "temperature", "prompt_sha256", "call", "created", "concepts"}, or None if it was never asked.
        """
        path = self._path(question, call)
        if not path.is_file():
            return None
        try:
            entry = json.loads(path.read_text("utf-8"))
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or not isinstance(entry.get("concepts"), list) or not entry.get("created"):
            _log.warning("%s is not a whole answer; asking again", path)
            return None
        return entry

    def write(self, question: str, call: int, concepts: Sequence[str], created: str) -> None:
        """Keep an answer.

        Args:
            question: Text of the question.
            call: Which asking of the same question, from 0.
            concepts: The answer.
            created: ISO 8601 time of the answer.
        """
        entry = {
            "model": self.model,
            "temperature": self.temperature,
            "prompt_sha256": text_sha256(question),
            "call": call,
            "created": created,
            "concepts": list(concepts),
        }
        write_json(self._path(question, call), entry)

    def _path(self, question: str, call: int) -> Path:
        key = json.dumps([self.model, self.temperature, text_sha256(question), call])
        return self.folder / f"{text_sha256(key)[:32]}.json"
