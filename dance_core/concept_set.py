"""Filters over the object and scene concepts: which of them a model may be built on, and why the others may not.

Source:
    DANCE, supplement, and the authors' conceptset_utils.py, after Label-free CBM. Different here: remarks in
    parentheses go before the length is measured; one encoder gives all similarities; a concept is kept in one family.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dance_core.language.documents import checked_answers, refuse_missing, refuse_unknown
from dance_core.language.names import normalised_concept, spoken_class

Embed = Callable[[Sequence[str]], np.ndarray]
Reasons = dict[tuple[str, str], str]  # by family and concept, "" while it is kept

CONCEPT_SET_SCHEMA = pa.schema(
    [
        ("family", pa.string()),
        ("concept", pa.string()),
        ("classes", pa.list_(pa.string())),
        ("kept", pa.bool_()),
        ("reason", pa.string()),
    ]
)

_DECIMALS = 6  # single precision ends here: the batch in which a text was embedded must not decide


@dataclass(frozen=True)
class ConceptFilter:
    """How strict the filters are.

    Attributes:
        maximum_length: Longest concept in characters; 0 allows any length.
        class_similarity: A concept whose cosine with a class name reaches this is dropped.
        concept_similarity: Of two concepts whose cosine reaches this one is dropped.
    """

    maximum_length: int = 30
    class_similarity: float = 0.85
    concept_similarity: float = 0.90

    def __post_init__(self) -> None:
        """Refuse values that filter nothing or all by accident.

        Raises:
            ValueError: A value is out of its bounds.
        """
        if self.maximum_length < 0:
            raise ValueError(f"concept_set: maximum_length is {self.maximum_length}; it must be at least 0")
        for name in ("class_similarity", "concept_similarity"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise ValueError(f"concept_set: {name} is {value}; it must be above 0 and at most 1")


def build_concept_set(
    documents: Sequence[Mapping[str, Any]], class_names: Sequence[str], embed: Embed, limits: ConceptFilter
) -> pd.DataFrame:
    """Unite the answers of all classes and filter the concepts.

    The filters, in this order: too long; same as a class name; too similar to a class name; near-duplicate within the
    family (pairs in alphabetical order; the concept with the smaller sum of similarities to the family's remaining
    concepts goes, of equals the later one); duplicate of another family (most similar pairs first; the concept that
    more classes named stays, of equals the one of the alphabetically later family, so that a place named among the
    objects ends up a scene).

    Args:
        documents: Answer documents, one for each family of the model.
        class_names: Class names of the data set; every document answers for exactly these.
        embed: Gives the L2-normalised text embeddings, shape (n_texts, d), in the order of the texts.
        limits: How strict the filters are.

    Returns:
        One row per concept and family, sorted by both: family, concept (normalised), classes (list of those that
        named it, in the order of class_names), kept, reason ("" if kept).

    Raises:
        ValueError: A family is given twice or not at all, a document does not fit the classes, the embeddings are
            unusable, or a family ends without a concept.
    """
    named = _named_concepts(documents, class_names)
    reasons = {(family, concept): "" for family in sorted(named) for concept in sorted(named[family])}
    _drop_too_long(reasons, limits.maximum_length)
    _drop_class_names(reasons, class_names)
    spoken = {name: spoken_class(name) for name in class_names}
    texts = sorted({concept for _, concept in _kept(reasons)} | set(spoken.values()))
    similarity = _Similarity(texts, embed)
    _drop_near_classes(reasons, spoken, similarity, limits.class_similarity)
    for family in named:
        _drop_near_duplicates(reasons, family, similarity, limits.concept_similarity)
    _drop_shared(reasons, named, similarity, limits.concept_similarity)
    _refuse_empty(reasons, named)
    rows = [(family, concept, named[family][concept], not why, why) for (family, concept), why in reasons.items()]
    return pd.DataFrame(rows, columns=CONCEPT_SET_SCHEMA.names)


class _Similarity:
    """Cosine similarities between texts."""

    def __init__(self, texts: Sequence[str], embed: Embed) -> None:
        features = np.asarray(embed(texts), dtype=np.float64)
        if features.ndim != 2 or len(features) != len(texts):
            raise ValueError(f"concept_set: embeddings have shape {features.shape}; expected {len(texts)} rows")
        length = np.linalg.norm(features, axis=1, keepdims=True)
        unusable = ~(np.abs(length - 1.0) < 1e-3)  # true of NaN as well
        if unusable.any():
            row = int(np.argmax(unusable))
            raise ValueError(f"concept_set: embedding of '{texts[row]}' has length {length[row, 0]:.3g}; expected 1")
        features = features / length  # a copy: the caller may keep its own
        self._row = {text: row for row, text in enumerate(texts)}
        self._cosine = np.round(features @ features.T, _DECIMALS)

    def between(self, rows: Sequence[str], columns: Sequence[str]) -> np.ndarray:
        """Give the cosines, shape (n_rows, n_columns)."""
        return self._cosine[np.ix_([self._row[text] for text in rows], [self._row[text] for text in columns])]


def _named_concepts(
    documents: Sequence[Mapping[str, Any]], class_names: Sequence[str]
) -> dict[str, dict[str, list[str]]]:
    """Give, by family and normalised concept, the classes that named it."""
    if not documents:
        raise ValueError("concept_set: no answer document is given; choose at least one family")
    named: dict[str, dict[str, list[str]]] = {}
    for document in documents:
        family = document["family"]
        if family in named:
            raise ValueError(f"concept_set: family '{family}' is given twice; give one answer document for each")
        place = f"concept_set: answers for {family}"
        answers = checked_answers(document["answers"], place)
        refuse_unknown(answers, class_names, place)
        refuse_missing(answers, class_names, place)
        concepts: dict[str, list[str]] = {}
        for name in class_names:
            for concept in dict.fromkeys(normalised_concept(answer) for answer in answers[name]):
                if concept:
                    concepts.setdefault(concept, []).append(name)
        named[family] = concepts
    return dict(sorted(named.items()))


def _kept(reasons: Reasons, family: str | None = None) -> list[tuple[str, str]]:
    return [key for key, why in reasons.items() if not why and family in (None, key[0])]


def _drop_too_long(reasons: Reasons, maximum_length: int) -> None:
    for key in _kept(reasons):
        if len(key[1]) > maximum_length > 0:
            reasons[key] = f"too long: {len(key[1])} characters, {maximum_length} allowed"


def _drop_class_names(reasons: Reasons, class_names: Sequence[str]) -> None:
    """Drop class names, however they are spaced ("handwaving", "hand waving", "hand-waving")."""
    closed = {_letters(normalised_concept(spoken_class(name))): name for name in reversed(class_names)}
    for key in _kept(reasons):
        if _letters(key[1]) in closed:
            reasons[key] = f"same as class '{closed[_letters(key[1])]}'"


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _drop_near_classes(reasons: Reasons, spoken: Mapping[str, str], similarity: _Similarity, threshold: float) -> None:
    keys, names = _kept(reasons), list(spoken)
    cosine = similarity.between([concept for _, concept in keys], list(spoken.values()))
    for key, row in zip(keys, cosine, strict=True):
        if row.max() >= threshold:
            reasons[key] = f"too similar to class '{names[int(row.argmax())]}' ({row.max():.2f})"


def _drop_near_duplicates(reasons: Reasons, family: str, similarity: _Similarity, threshold: float) -> None:
    keys = _kept(reasons, family)
    concepts = [concept for _, concept in keys]
    cosine = similarity.between(concepts, concepts)
    total = np.round(cosine.sum(axis=1), _DECIMALS)
    for first, second in np.argwhere(np.triu(cosine >= threshold, k=1)):
        if not (reasons[keys[first]] or reasons[keys[second]]):
            goes, stays = (first, second) if total[first] < total[second] else (second, first)
            reasons[keys[goes]] = f"near-duplicate of '{concepts[stays]}' ({cosine[first, second]:.2f})"


def _drop_shared(
    reasons: Reasons, named: Mapping[str, Mapping[str, Sequence[str]]], similarity: _Similarity, threshold: float
) -> None:
    for earlier, later in combinations(named, 2):
        firsts, seconds = _kept(reasons, earlier), _kept(reasons, later)
        cosine = similarity.between([concept for _, concept in firsts], [concept for _, concept in seconds])
        pairs = np.argwhere(cosine >= threshold)
        most_similar_first = np.argsort(-cosine[cosine >= threshold], kind="stable")
        for row, column in pairs[most_similar_first]:
            first, second = firsts[row], seconds[column]
            if not (reasons[first] or reasons[second]):
                stays_first = len(named[earlier][first[1]]) > len(named[later][second[1]])
                goes, stays = (second, first) if stays_first else (first, second)
                reasons[goes] = _shared_reason(goes[1], stays, cosine[row, column])


def _shared_reason(concept: str, stays: tuple[str, str], cosine: float) -> str:
    family, other = stays
    if concept == other:
        return f"same as {family} concept '{other}'"
    return f"near-duplicate of {family} concept '{other}' ({cosine:.2f})"


def _refuse_empty(reasons: Reasons, named: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    for family, concepts in named.items():
        if not _kept(reasons, family):
            causes = "; ".join(f"'{concept}' {reasons[family, concept]}" for concept in sorted(concepts)[:3])
            raise ValueError(
                f"concept_set: no {family} concept is left of {len(concepts)}{f' ({causes})' if causes else ''}; "
                f"loosen concept_set or give other answers, or leave '{family}' out of the families of the model"
            )
