"""What concept activations are trained towards: motion labels and pseudo-labels as one kind of table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dance_core.tables import matrix, rows_of

FAMILIES = ("motion", "object", "scene")


@dataclass(frozen=True)
class ConceptTargets:
    """Targets of one family.

    Attributes:
        family: motion, object or scene.
        ids: Concept ids within the family, M of them.
        names: Concept names, M of them.
        clip_ids: Clips, n of them.
        values: Shape (n, M): 0 and 1 for motion, NaN rows where unlabelled; scores for the other families.

    Raises:
        ValueError: The family is unknown, or the columns are not as many as the concepts.
    """

    family: str
    ids: tuple[int, ...]
    names: tuple[str, ...]
    clip_ids: tuple[str, ...]
    values: np.ndarray

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"targets: family '{self.family}' is unknown; use one of {', '.join(FAMILIES)}")
        if self.values.shape != (len(self.clip_ids), len(self.names)):
            raise ValueError(
                f"{self.family} targets: values have shape {self.values.shape} for {len(self.clip_ids)} clips and "
                f"{len(self.names)} concepts; rebuild the labels and the concepts together"
            )

    def rows(self, clip_ids: Sequence[str]) -> np.ndarray:
        """Return the targets of some clips.

        Args:
            clip_ids: Clips, in the order wanted.

        Returns:
            Shape (len(clip_ids), M).

        Raises:
            ValueError: A clip has no row.
        """
        table = pd.DataFrame({"clip_id": self.clip_ids, "row": range(len(self.clip_ids))})
        return self.values[rows_of(table, clip_ids, f"{self.family} targets")["row"].to_numpy(int)]


def motion_targets(labels: pd.DataFrame, concepts: pd.DataFrame) -> ConceptTargets:
    """Turn motion labels into targets.

    Args:
        labels: motion_concepts/labels.parquet: clip_id, labelled, concepts (M flags).
        concepts: motion_concepts/concepts.parquet: concept, name.

    Returns:
        Targets, NaN where a clip is unlabelled.
    """
    concepts = concepts.sort_values("concept")
    values = matrix(labels["concepts"]).astype(np.float64)
    values[~labels["labelled"].to_numpy(bool)] = np.nan
    ids, names = concepts["concept"].astype(int), concepts["name"].astype(str)
    return ConceptTargets("motion", tuple(ids), tuple(names), tuple(labels["clip_id"].astype(str)), values)


def text_targets(
    family: str, scores: pd.DataFrame, score_concepts: pd.DataFrame, concept_set: pd.DataFrame
) -> ConceptTargets:
    """Turn pseudo-labels into targets.

    Args:
        family: object or scene.
        scores: pseudo_labels/{family}.parquet: clip_id, scores (one for each kept concept).
        score_concepts: pseudo_labels/{family}_concepts.parquet: concept, kept.
        concept_set: concepts/concept_set.parquet: family, concept, kept.

    Returns:
        Targets of the kept concepts; a concept's id is its position among the family's rows of the concept set.

    Raises:
        ValueError: A concept with scores is not a kept one of the concept set.
    """
    rows = concept_set[concept_set["family"] == family]
    position = {
        str(name): index for index, (name, kept) in enumerate(zip(rows["concept"], rows["kept"], strict=True)) if kept
    }
    names = tuple(score_concepts.loc[score_concepts["kept"].astype(bool), "concept"].astype(str))
    absent = [name for name in names if name not in position]
    if absent:
        raise ValueError(f"{family} pseudo-labels: concept '{absent[0]}' is not kept in the concept set; rebuild them")
    values = matrix(scores["scores"]).astype(np.float64).reshape(len(scores), -1)
    ids = tuple(position[name] for name in names)
    return ConceptTargets(family, ids, names, tuple(scores["clip_id"].astype(str)), values)


def concept_table(
    targets: Sequence[ConceptTargets],
    dropped: Mapping[str, Mapping[int, str]],
    concept_set: pd.DataFrame,
    score_concepts: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """List every concept that was ever proposed, with where and why it was dropped.

    Args:
        targets: Targets of each family.
        dropped: Reason by concept id of what the concept layer dropped, by family.
        concept_set: concepts/concept_set.parquet.
        score_concepts: pseudo_labels/{family}_concepts.parquet by family.

    Returns:
        family, concept, name, kept, reason, stage ("text", "pseudo_labels", "concept_layer"; "" where kept).
    """
    records: list[tuple[str, int, str, bool, str, str]] = []
    for target in sorted(targets, key=lambda target: FAMILIES.index(target.family)):
        reasons = dict(dropped.get(target.family, {}))
        if target.family == "motion":
            listed = [(concept, name, "", "") for concept, name in zip(target.ids, target.names, strict=True)]
        else:
            listed = _text_history(target.family, concept_set, score_concepts[target.family])
        for concept, name, reason, stage in listed:
            if not stage and concept in reasons:
                reason, stage = reasons[concept], "concept_layer"
            records.append((target.family, concept, name, not stage, reason, stage))
    return pd.DataFrame(records, columns=["family", "concept", "name", "kept", "reason", "stage"])


def _text_history(
    family: str, concept_set: pd.DataFrame, score_concepts: pd.DataFrame
) -> list[tuple[int, str, str, str]]:
    """Return id, name, reason and stage of what the earlier stages dropped; reason and stage "" where they kept it."""
    unscored = {str(row.concept): str(row.reason) for row in score_concepts.itertuples() if not row.kept}
    history = []
    for index, row in enumerate(concept_set[concept_set["family"] == family].itertuples()):
        name = str(row.concept)
        if not row.kept:
            history.append((index, name, str(row.reason), "text"))
        elif name in unscored:
            history.append((index, name, unscored[name], "pseudo_labels"))
        else:
            history.append((index, name, "", ""))
    return history
