"""Answer documents: what was said about each class, by whom and when.

A document is {"family", "source", "model", "prompt_sha256", "created", "answers": {class: [concept, ...]}}; what is
unknown is null.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from dance_core.language.names import nearest_hint

FAMILIES = ("object", "scene")
Answers = dict[str, list[str]]

_log = logging.getLogger(__name__)


def answer_document(
    family: str,
    source: str,
    answers: Mapping[str, Sequence[str]],
    model: str | None = None,
    prompt_sha256: str | None = None,
    created: str | None = None,
) -> dict[str, Any]:
    """Compose an answer document.

    Args:
        family: "object" or "scene".
        source: One of the sources of LanguageSettings.
        answers: Concepts by class.
        model: Who answered.
        prompt_sha256: Digest of the prompt template or word list.
        created: ISO 8601 time of the latest answer, never the time of the present run.

    Returns:
        The document, ready for write_json.
    """
    return {
        "family": family,
        "source": source,
        "model": model,
        "prompt_sha256": prompt_sha256,
        "created": created,
        "answers": {name: list(concepts) for name, concepts in answers.items()},
    }


def recorded_document(family: str, classes: Sequence[str], folder: Path, name: str) -> dict[str, Any]:
    """Read answers that were recorded earlier, such as the ones of an endpoint.

    Classes of the file that the data set lacks are left out, so that a part of a data set can use its answers.

    Args:
        family: "object" or "scene".
        classes: Class names of the data set.
        folder: Folder of the recorded answers.
        name: Name of the data set; the file is {folder}/{name}.{family}.json.

    Returns:
        An answer document with source "recorded".

    Raises:
        ValueError: The file is absent, is no answer document of this family, or lacks a class.
    """
    path = folder / f"{name}.{family}.json"
    if not path.is_file():
        raise ValueError(
            f"{path}: no recorded answers for data set '{name}'; name others as language.recorded, or set "
            "language.source to vocabulary, file or endpoint"
        )
    try:
        document = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON document ({error}); restore the file") from error
    found = document.get("family") if isinstance(document, dict) else None
    if found != family:
        raise ValueError(f"{path}: family is {found!r}; expected '{family}' in an answer document")
    answers = checked_answers(document.get("answers"), str(path))
    refuse_missing(answers, classes, str(path))
    unused = sorted(set(answers) - set(classes))
    if unused:
        _log.info("%s: answers for %s are not used, the data set has no such class", path, ", ".join(unused))
    return answer_document(
        family,
        "recorded",
        {name: answers[name] for name in classes},
        document.get("model"),
        document.get("prompt_sha256"),
        document.get("created"),
    )


def file_document(family: str, classes: Sequence[str], path: Path) -> dict[str, Any]:
    """Read the user's own concepts.

    Args:
        family: "object" or "scene".
        classes: Class names of the data set.
        path: YAML of the form {object: {class: [concept, ...]}, scene: {class: [concept, ...]}}.

    Returns:
        An answer document with source "file".

    Raises:
        ValueError: The file is absent or no YAML, or a family or class is missing or unknown in it.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file; write it or change language.answers")
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a YAML document ({' '.join(str(error).split())}); correct it") from error
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{path}: found {type(content).__name__}; expected the keys {' and '.join(FAMILIES)}")
    for key in content:
        if key not in FAMILIES:
            raise ValueError(
                f"{path}: family '{key}' is unknown{nearest_hint(str(key), FAMILIES)}; use {' and '.join(FAMILIES)}"
            )
    if family not in content:
        raise ValueError(f"{path}: family '{family}' is missing; add it, or leave it out of the families of the model")
    answers = checked_answers(content[family], f"{path} {family}")
    refuse_unknown(answers, classes, f"{path} {family}")
    refuse_missing(answers, classes, f"{path} {family}")
    return answer_document(family, "file", {name: answers[name] for name in classes})


def checked_answers(answers: Any, place: str) -> Answers:
    """Check that answers are lists of concepts by class.

    Args:
        answers: What was read.
        place: Where it was read, for the error.

    Returns:
        The same answers.

    Raises:
        ValueError: They have another form.
    """
    if not isinstance(answers, dict):
        raise ValueError(f"{place}: answers are {type(answers).__name__}; expected a list of concepts for each class")
    for name, concepts in answers.items():
        if not isinstance(name, str):
            raise ValueError(f"{place}: class {name!r} is read as {type(name).__name__}; put it in quotation marks")
        if not isinstance(concepts, list) or not all(isinstance(concept, str) for concept in concepts):
            raise ValueError(f"{place}: class '{name}' has {concepts!r}; expected a list of concepts, each a text")
    return answers


def refuse_missing(answers: Answers, classes: Sequence[str], place: str) -> None:
    """Check that every class has an answer.

    Args:
        answers: Concepts by class.
        classes: Class names of the data set.
        place: Where the answers come from, for the error.

    Raises:
        ValueError: A class has none.
    """
    for name in classes:
        if name not in answers:
            raise ValueError(f"{place}: class '{name}' has no answer{nearest_hint(name, answers)}; add its concepts")


def refuse_unknown(answers: Answers, classes: Sequence[str], place: str) -> None:
    """Check that every answer is about a class of the data set.

    Args:
        answers: Concepts by class.
        classes: Class names of the data set.
        place: Where the answers come from, for the error.

    Raises:
        ValueError: A class is unknown.
    """
    for name in answers:
        if name not in classes:
            raise ValueError(
                f"{place}: class '{name}' is unknown{nearest_hint(name, classes)}; "
                f"use the class names of the data set: {', '.join(classes)}"
            )
