"""What the language model is asked, and what counts as an answer."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dance_core.language.names import spoken_class
from dance_core.language.parsing import parsed_concepts

PROMPTS = Path(__file__).parents[1] / "prompts"
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"concepts": {"type": "array", "items": {"type": "string"}}},
    "required": ["concepts"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Question:
    """One question to a language model.

    Attributes:
        subject: What it is about in the usage table: a class, or a motion concept.
        about: What is asked for, for logs and errors.
        text: The words.
        answer: Name of the answer's form.
        schema: JSON schema of the answer.
        parse: Finds the answer in what the model wrote; ValueError where there is none.
        call: Which asking of the same question, from 0.
        picture: PNG that goes with the words.
    """

    subject: str
    about: str
    text: str
    answer: str
    schema: dict[str, Any]
    parse: Callable[[str], Any] = field(compare=False)
    call: int = 0
    picture: bytes | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """Digest by which the question is recognised, whatever the call."""
        return text_sha256(self.text + (hashlib.sha256(self.picture).hexdigest() if self.picture else ""))

    def content(self) -> str | list[dict[str, Any]]:
        """Give the words, or words and picture, as a server takes them."""
        if self.picture is None:
            return self.text
        address = f"data:image/png;base64,{base64.b64encode(self.picture).decode()}"
        return [{"type": "text", "text": self.text}, {"type": "image_url", "image_url": {"url": address}}]


def concept_question(family: str, class_name: str, call: int = 0) -> Question:
    """Ask for the concepts of one class.

    Args:
        family: "object" or "scene".
        class_name: Label of the data set.
        call: Which asking of the same question, from 0.

    Returns:
        The question with the class name written as it would be said.
    """
    return Question(
        subject=class_name,
        about=f"{family} concepts of class '{class_name}'",
        text=prompt_template(family).replace("{action}", spoken_class(class_name)),
        answer="concepts",
        schema=ANSWER_SCHEMA,
        parse=parsed_concepts,
        call=call,
    )


def prompt_template(family: str) -> str:
    """Read the question about one family.

    Args:
        family: "object" or "scene", whose placeholder is {action}; or "motion".

    Returns:
        Text with placeholders.
    """
    return (PROMPTS / f"{family}.md").read_text("utf-8")


def text_sha256(text: str) -> str:
    """Give the digest by which a text is recognised.

    Args:
        text: Any text.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(text.encode()).hexdigest()
