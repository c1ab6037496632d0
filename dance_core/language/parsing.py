"""Finding the answer in what a language model wrote: JSON, a list or lines, with whatever stands around them."""

import json
import re
from typing import Any

_REASONING = re.compile(r"<(think|thinking|reasoning|analysis)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
# Some servers put the opening mark into the question, so that only the closing one is in the answer.
_REASONING_END = re.compile(r"</(?:think|thinking|reasoning|analysis)>", re.IGNORECASE)
_CHANNEL = "<|message|>"
_MARK = re.compile(r"<\|[^|<>]*\|>")
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
_OPENING = re.compile(r"[\[{]")
_BULLET = re.compile(r"^\s*(?:[-*+•‣◦·–—]\s*|\(?\d{1,3}[.):]\s+)(?=\S)")
_EXPLANATION = re.compile(r"\s*(?::\**\s|\s[-–—]\s).*$", re.DOTALL)
_STRUCTURE = re.compile(r"[{}<>\[\]\\|]")
_CHAT = re.compile(r"\b(?:i|i'm|i’m|sorry|cannot|can't|can’t|unable|please|sure)\b", re.IGNORECASE)
_FENCE = re.compile(r"^\s*```\w*\s*$")
_FIELD = re.compile(r"^\W*(name|description)\W*[:=]\W*(.+?)\s*$", re.IGNORECASE)

LONGEST_LINE = 40
MOST_WORDS = 5
FEWEST_IN_A_SENTENCE = 3
QUOTED = 80


def without_reasoning(text: str) -> str:
    """Leave out what a model says to itself before it answers.

    Args:
        text: What the model wrote.

    Returns:
        The rest; "" where the reasoning never ended.
    """
    text = _REASONING.sub("", text.rpartition(_CHANNEL)[2])
    return _MARK.sub("", _REASONING_END.split(text)[-1]).strip()


def json_documents(text: str) -> list[Any]:
    """Find the JSON objects and lists in a text.

    Args:
        text: Prose, code fences and JSON in any mixture.

    Returns:
        The outermost documents in their order; one that is broken is looked into.
    """
    text = _TRAILING_COMMA.sub(r"\1", text)
    decoder, found, place = json.JSONDecoder(), [], 0
    while opening := _OPENING.search(text, place):
        try:
            document, place = decoder.raw_decode(text, opening.start())
            found.append(document)
        except json.JSONDecodeError:
            place = opening.end()
        except RecursionError:
            break
    return found


def parsed_concepts(text: str) -> list[str]:
    """Find the concepts in an answer.

    Args:
        text: What the model wrote: {"concepts": [...]} or a bare list, with or without prose, code fences or reasoning
            around it; or bullets, numbered lines, one concept a line, or commas.

    Returns:
        Concepts in the order of the answer, as written but for white space at the ends, each once.

    Raises:
        ValueError: There is no list of concepts in it, or the list is empty.
    """
    answer = without_reasoning(text)
    lists = [found for found in map(_concept_list, json_documents(answer)) if found is not None]
    # The last one: some models repeat the example of the question before they answer.
    concepts = lists[-1] if lists else _concepts_in_words(answer)
    if concepts is None:
        raise ValueError(f"the answer is no list of concepts: {answer[:QUOTED]!r}")
    concepts = list(dict.fromkeys(concept.strip() for concept in concepts if concept.strip()))
    if not concepts:
        raise ValueError("the answer names no concept")
    return concepts


def parsed_name(text: str) -> dict[str, str]:
    """Find a name and its description in an answer.

    Args:
        text: What the model wrote: {"name": ..., "description": ...} or lines `Name: ...` and `Description: ...`, with
            or without prose, code fences or reasoning around them.

    Returns:
        name and description, white space single; the description is "" where there is none.

    Raises:
        ValueError: There is no name in it.
    """
    answer = without_reasoning(text)
    documents = [found for found in json_documents(answer) if isinstance(found, dict) and "name" in found]
    fields = documents[-1] if documents else _fields_in_words(answer)
    name, description = (" ".join(str(fields.get(key) or "").split()) for key in ("name", "description"))
    if not name.strip(" \"'*."):
        raise ValueError(f"the answer names nothing: {answer[:QUOTED]!r}")
    return {"name": name.strip(" \"'*."), "description": description}


def _concept_list(document: Any) -> list[str] | None:
    """Take the concepts out of a JSON document, None where it is another one."""
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = document.get("concepts", lists[0] if len(lists) == 1 else None)
    if not isinstance(document, list):
        return None
    concepts = [entry.get("name") if isinstance(entry, dict) else entry for entry in document]
    words = [concept for concept in concepts if isinstance(concept, str)]
    return words if len(words) == len(concepts) else None


def _concepts_in_words(answer: str) -> list[str] | None:
    """Read bullets, or short lines, or one line with commas; None where it is prose, a page or broken JSON."""
    lines = [" ".join(line.split()) for line in answer.splitlines() if line.strip() and not _FENCE.match(line)]
    bullets = [_BULLET.sub("", line) for line in lines if _BULLET.match(line)]
    if bullets:
        lines = [_EXPLANATION.sub("", bullet) for bullet in bullets]
    elif len(lines) > 1 and lines[0].endswith(":"):
        lines = lines[1:]
    if len(lines) == 1 and not bullets:
        lines = re.split(r",\s*(?:and\s+)?|;\s*", lines[0].rstrip("."))
        if len(lines) < FEWEST_IN_A_SENTENCE:
            return None
    concepts = [line.strip(" \"'`*_,;") for line in lines]
    return concepts if concepts and all(map(_looks_like_a_concept, concepts)) else None


def _looks_like_a_concept(text: str) -> bool:
    """Tell a few words from a sentence and from markup."""
    short = 0 < len(text) <= LONGEST_LINE and len(text.split()) <= MOST_WORDS
    return short and not _STRUCTURE.search(text) and not _CHAT.search(text) and not text.endswith((".", "!", "?", ":"))


def _fields_in_words(answer: str) -> dict[str, str]:
    """Read lines that begin with name or description, the first of each; or a few words alone, which are the name."""
    found: dict[str, str] = {}
    for match in filter(None, map(_FIELD.match, answer.splitlines())):
        found.setdefault(match.group(1).lower(), match.group(2).strip(" \"'*,"))
    if not found and _looks_like_a_concept(answer.strip(" \"'*.")):
        return {"name": answer}
    return found
