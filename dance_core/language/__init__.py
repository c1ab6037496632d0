"""Object and scene concepts of each class: recorded, from a file, from a language model or from a vocabulary."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dance_core.language.documents import FAMILIES, file_document, recorded_document
from dance_core.language.names import nearest_hint
from dance_core.language.settings import SOURCES, LanguageSettings
from dance_core.language.vocabulary import TrainClips, train_clips, vocabulary_answers, vocabulary_document

__all__ = [
    "FAMILIES",
    "SOURCES",
    "LanguageSettings",
    "TrainClips",
    "ask_concepts",
    "train_clips",
    "vocabulary_answers",
]


def ask_concepts(
    family: str, classes: Sequence[str], settings: LanguageSettings, clips: TrainClips | None = None
) -> dict[str, Any]:
    """Ask which objects or scenes go with each class.

    Only the source "endpoint" opens a network connection.

    Args:
        family: "object" or "scene".
        classes: Class names of the data set.
        settings: Source of the answers.
        clips: Train clips, for the source "vocabulary".

    Returns:
        {"family", "source", "model", "prompt_sha256", "created", "answers": {class: [concept, ...]}}, the classes in
        the order given. Asking again with the same inputs gives the same document.

    Raises:
        ValueError: The family is unknown, a class occurs twice, or the source cannot answer.
    """
    if family not in FAMILIES:
        raise ValueError(
            f"language: family '{family}' is unknown{nearest_hint(family, FAMILIES)}; use {' or '.join(FAMILIES)}"
        )
    if len(set(classes)) < len(classes) or not classes:
        raise ValueError(f"language: classes are {list(classes)}; expected at least one class, each once")
    if settings.source == "recorded":
        return recorded_document(family, classes, Path(settings.answers), settings.name)
    if settings.source == "file":
        return file_document(family, classes, Path(settings.answers))
    if settings.source == "vocabulary":
        if clips is None:
            raise ValueError("language: source 'vocabulary' needs the train clips; compute clip_features first")
        return vocabulary_document(family, classes, clips, settings.per_class)
    from dance_core.language.endpoint import endpoint_document

    return endpoint_document(family, classes, settings)
