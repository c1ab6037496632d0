"""The question which objects or scenes go with each class, and who answers it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dance_core.language.documents import FAMILIES, file_document, recorded_document
from dance_core.language.names import nearest_hint
from dance_core.language.settings import LanguageSettings
from dance_core.language.vocabulary import TrainClips, vocabulary_document
from dance_core.language_usage import usage_table


def ask_concepts(
    family: str, classes: Sequence[str], settings: LanguageSettings, clips: TrainClips | None = None
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Ask which objects or scenes go with each class.

    Only the source "endpoint" opens a network connection.

    Args:
        family: "object" or "scene".
        classes: Class names of the data set.
        settings: Source of the answers.
        clips: Train clips, for the source "vocabulary".

    Returns:
        {"family", "source", "model", "prompt_sha256", "created", "answers": {class: [concept, ...]}}, the classes in
        the order given. Asking again with the same inputs gives the same document. And what a server charged for them,
        see `USAGE_SCHEMA`; no rows for the other sources.

    Raises:
        ValueError: The family is unknown, a class occurs twice, or the source cannot answer.
    """
    if family not in FAMILIES:
        raise ValueError(
            f"language: family '{family}' is unknown{nearest_hint(family, FAMILIES)}; use {' or '.join(FAMILIES)}"
        )
    if len(set(classes)) < len(classes) or not classes:
        raise ValueError(f"language: classes are {list(classes)}; expected at least one class, each once")
    if settings.source == "endpoint":
        from dance_core.language.endpoint import endpoint_document

        return endpoint_document(family, classes, settings)
    if settings.source == "recorded":
        document = recorded_document(family, classes, Path(settings.answers), settings.recorded or settings.name)
    elif settings.source == "file":
        document = file_document(family, classes, Path(settings.answers))
    elif clips is None:
        raise ValueError("language: source 'vocabulary' needs the train clips; compute clip_features first")
    else:
        document = vocabulary_document(family, classes, clips, settings.per_class)
    return document, usage_table([], {})
