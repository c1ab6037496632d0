"""Concepts without a language model: the words of a shipped list that set a class apart in the eyes of the encoder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dance_core.clips import usable_clips
from dance_core.language.documents import Answers, answer_document
from dance_core.language.questions import PROMPTS, text_sha256
from dance_core.tables import matrix, read_shards, rows_of

_DECIMALS = 9  # below the precision of the features, so that the order of the clips never decides between two words


@dataclass(frozen=True)
class TrainClips:
    """What the dual encoder sees in the train clips, and how it reads words.

    Attributes:
        features: L2-normalised clip embeddings, shape (n_clips, d).
        labels: Class of each clip, n_clips names.
        embed: Gives the L2-normalised text embeddings, shape (n_texts, d), of the same dual encoder.
    """

    features: np.ndarray
    labels: Sequence[str]
    embed: Callable[[Sequence[str]], np.ndarray]


def train_clips(
    manifest: pd.DataFrame, shards: Sequence[str | Path] | None, embed: Callable[[Sequence[str]], np.ndarray]
) -> TrainClips | None:
    """Read what the dual encoder sees in the usable train clips.

    Args:
        manifest: manifest.parquet.
        shards: Files of clip_features; None where the source of the answers needs none.
        embed: Gives the text embeddings of the same dual encoder.

    Returns:
        The train clips, or None where there are no files.

    Raises:
        ValueError: A train clip has no features.
    """
    if not shards:
        return None
    train = usable_clips(manifest, "train")
    features = rows_of(read_shards(shards), list(train["clip_id"]), "clip_features")
    return TrainClips(matrix(features["features"]), list(train["label"]), embed)


def shipped_vocabulary(family: str) -> list[str]:
    """Read the shipped word list of a family.

    Args:
        family: "object" or "scene".

    Returns:
        Common nouns in alphabetical order.
    """
    return (PROMPTS / f"vocabulary_{family}s.txt").read_text("utf-8").split("\n")[:-1]


def vocabulary_document(family: str, classes: Sequence[str], clips: TrainClips, per_class: int) -> dict[str, Any]:
    """Answer from the shipped word list.

    Args:
        family: "object" or "scene".
        classes: Class names of the data set.
        clips: Train clips of all classes.
        per_class: Number of concepts for each class.

    Returns:
        An answer document with source "vocabulary".

    Raises:
        ValueError: A class has no train clip, or the features do not fit.
    """
    vocabulary = shipped_vocabulary(family)
    answers = vocabulary_answers(clips.features, clips.labels, clips.embed(vocabulary), vocabulary, per_class)
    for name in classes:
        if name not in answers:
            raise ValueError(f"vocabulary: class '{name}' has no train clip; add one, or set language.source to file")
    chosen = {name: answers[name] for name in classes}
    return answer_document(
        family, "vocabulary", chosen, "shipped vocabulary", text_sha256("\n".join(vocabulary)), created=None
    )


def vocabulary_answers(
    clip_features: np.ndarray,
    labels: Sequence[str],
    vocabulary_features: np.ndarray,
    vocabulary: Sequence[str],
    per_class: int,
) -> Answers:
    """Choose the words that the dual encoder finds most characteristic of each class.

    The similarity of every clip to a word is z-scored over the clips, because some words suit every clip. A word's
    effect for a class is the mean z of the class minus the mean z of all other clips.

    Args:
        clip_features: L2-normalised embeddings of the train clips, shape (n_clips, d).
        labels: Class of each clip.
        vocabulary_features: L2-normalised text embeddings, shape (n_words, d).
        vocabulary: The n_words words.
        per_class: Number of words to choose for each class.

    Returns:
        By class, in sorted order, the words of largest effect, largest first; of equals the first in the vocabulary.

    Raises:
        ValueError: Clips, labels, words and their features do not go together, or there is only one class.
    """
    _refuse_unequal(clip_features, labels, vocabulary_features, vocabulary)
    similarity = clip_features.astype(np.float64) @ vocabulary_features.astype(np.float64).T
    deviation = similarity.std(axis=0)
    constant = deviation < 10.0**-_DECIMALS  # such a word says nothing; dividing by rounding noise would make it speak
    z = (similarity - similarity.mean(axis=0)) / np.where(constant, 1.0, deviation)
    z[:, constant] = 0.0
    classes = np.asarray(labels, dtype=object)
    answers = {}
    for name in sorted(set(labels)):
        member = classes == name
        effect = np.round(z[member].mean(axis=0) - z[~member].mean(axis=0), _DECIMALS)
        best = np.argsort(-effect, kind="stable")[:per_class]
        answers[name] = [vocabulary[word] for word in best]
    return answers


def _refuse_unequal(
    clip_features: np.ndarray, labels: Sequence[str], vocabulary_features: np.ndarray, vocabulary: Sequence[str]
) -> None:
    for name, features, rows, what in (
        ("clip", clip_features, len(labels), "labels"),
        ("vocabulary", vocabulary_features, len(vocabulary), "words"),
    ):
        if features.ndim != 2 or len(features) != rows:
            raise ValueError(f"vocabulary: {name} features have shape {features.shape} but there are {rows} {what}")
        if not np.isfinite(features).all():
            raise ValueError(f"vocabulary: {name} features are not all finite; compute them again")
    if clip_features.shape[1] != vocabulary_features.shape[1]:
        raise ValueError(
            f"vocabulary: clips have {clip_features.shape[1]} features but words have {vocabulary_features.shape[1]}; "
            "both must come from the same dual encoder"
        )
    if len(set(labels)) < 2:
        raise ValueError(f"vocabulary: train clips have {len(set(labels))} class; choosing words needs at least 2")
