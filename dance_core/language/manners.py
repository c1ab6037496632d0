"""How a server is asked: the form of its answer and the parameters that it knows, found out as it refuses them."""

import re
import threading
from dataclasses import dataclass, replace
from typing import Any

from dance_core.language.questions import Question
from dance_core.language.settings import LanguageSettings

FORMATS = ("json_schema", "json_object", "text")
"""Forms of an answer, from the one that the server enforces to the one that every server knows."""

_LIMITS = ("max_tokens", "max_completion_tokens", "")
_FORMAT_WORDS = re.compile(
    r"response_?format|json_?schema|json_?object|structured.?output|grammar|guided", re.IGNORECASE
)


@dataclass(frozen=True)
class Manner:
    """One way to ask.

    Attributes:
        format: One of `FORMATS`.
        limit: Parameter that limits the length of the answer; "" for none.
        temperature: Whether the randomness is sent.
    """

    format: str = FORMATS[0]
    limit: str = _LIMITS[0]
    temperature: bool = True

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.format, self.limit, "temperature" if self.temperature else "")))

    def options(self, question: Question, settings: LanguageSettings) -> dict[str, Any]:
        """Give the optional parameters of a request.

        Args:
            question: What is asked.
            settings: Their values.

        Returns:
            Parameters by name.
        """
        options: dict[str, Any] = {}
        if self.format == "json_schema":
            schema = {"name": question.answer, "strict": True, "schema": question.schema}
            options["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif self.format == "json_object":
            options["response_format"] = {"type": "json_object"}
        if self.limit:
            options[self.limit] = settings.maximum_tokens
        if self.temperature:
            options["temperature"] = settings.temperature
        return options

    def plainer(self) -> "Manner | None":
        """Give the way with the next form of an answer, None after the last."""
        place = FORMATS.index(self.format) + 1
        return replace(self, format=FORMATS[place]) if place < len(FORMATS) else None

    def without(self, parameter: str | None, message: str, certain: bool) -> "Manner | None":
        """Give the way that leaves out what a server refused.

        Args:
            parameter: Parameter that the server names, as a field of its error.
            message: What it says.
            certain: Whether the status says that the request was wrong, so that the form of the answer is to blame
                where nothing is named.

        Returns:
            Another way; None where nothing that was sent can be to blame.
        """
        if self.format != "text" and (parameter == "response_format" or _FORMAT_WORDS.search(message)):
            return self.plainer()
        if not certain:
            return None
        named = f"{parameter} {message}"
        if self.limit and self.limit in named:  # newer models know the limit under another name only
            return replace(self, limit=_LIMITS[_LIMITS.index(self.limit) + 1])
        if self.temperature and "temperature" in named:
            return replace(self, temperature=False)
        return self.plainer()

    def merged(self, other: "Manner") -> "Manner":
        """Give the way that leaves out what either of two leaves out."""
        return Manner(
            max(self.format, other.format, key=FORMATS.index),
            max(self.limit, other.limit, key=_LIMITS.index),
            self.temperature and other.temperature,
        )


class KnownManner:
    """The best way that a server is known to answer, shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._manner = Manner()

    def get(self) -> Manner:
        """Give the way to ask next."""
        with self._lock:
            return self._manner

    def worked(self, manner: Manner) -> None:
        """Remember a way in which an answer came; what was refused is not tried again.

        Args:
            manner: How the question was asked.
        """
        with self._lock:
            self._manner = self._manner.merged(manner)
