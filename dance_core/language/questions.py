"""What the language model is asked, and what counts as an answer."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from dance_core.language.names import spoken_class

PROMPTS = Path(__file__).parents[1] / "prompts"
ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"concepts": {"type": "array", "items": {"type": "string"}}},
    "required": ["concepts"],
    "additionalProperties": False,
}

_REASONING = re.compile(r"<think>.*?</think>", re.DOTALL)
_JSON = re.compile(r"\{.*\}|\[.*\]", re.DOTALL)


def prompt_template(family: str) -> str:
    """Read the question about one family.

    Args:
        family: "object" or "scene".

    Returns:
        Text with the placeholder {action}.
    """
    return (PROMPTS / f"{family}.md").read_text("utf-8")


def question(family: str, class_name: str) -> str:
    """Ask for the concepts of one class.

    Args:
        family: "object" or "scene".
        class_name: Label of the data set.

    Returns:
        The question with the class name written as it would be said.
    """
    return prompt_template(family).replace("{action}", spoken_class(class_name))


def text_sha256(text: str) -> str:
    """Give the digest by which a text is recognised.

    Args:
        text: Any text.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(text.encode()).hexdigest()


def parsed_answer(text: str) -> list[str]:
    """Find the concepts in an answer, with or without prose, code fences or reasoning around its JSON.

    Args:
        text: What the model wrote.

    Returns:
        Concepts in the order of the answer, as written but for white space at the ends, each once.

    Raises:
        ValueError: There is no JSON list of concepts in it, or the list is empty.
    """
    found = _JSON.search(_REASONING.sub("", text))
    try:
        document = json.loads(found.group()) if found else None
    except json.JSONDecodeError:
        document = None
    concepts = document.get("concepts") if isinstance(document, dict) else document
    if not isinstance(concepts, list) or not all(isinstance(concept, str) for concept in concepts):
        raise ValueError(f"the answer is not a JSON list of concepts: {text[:80]!r}")
    concepts = list(dict.fromkeys(concept.strip() for concept in concepts if concept.strip()))
    if not concepts:
        raise ValueError("the answer names no concept")
    return concepts
