"""How well the activations of the concepts tell whether a clip shows them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from dance_core.concept_targets import ConceptTargets
from dance_core.model import Model


def concept_record(
    model: Model,
    clips: pd.DataFrame,
    z: np.ndarray,
    targets: Sequence[ConceptTargets],
    concepts: pd.DataFrame,
    family: str,
) -> dict[str, Any]:
    """Judge the concept activations of one family.

    A motion concept is present where its label says so. Pseudo-labels are continuous: an object or scene counts as
    present where the score is above the mean plus one standard deviation of the scores of the same clips.

    Args:
        model: A trained model.
        clips: clip_id of the clips to judge, n rows.
        z: Their concept activations, shape (n, M).
        targets: Targets of the families.
        concepts: family, kept of every concept.
        family: motion, object or scene.

    Returns:
        kept, dropped, macro auroc and average_precision with the mean prevalence beside them, and per_concept; None
        where a concept is present in no labelled clip or in all.
    """
    listed = concepts.loc[concepts["family"] == family, "kept"].astype(bool)
    record: dict[str, Any] = {"kept": int(listed.sum()), "dropped": int((~listed).sum())}
    per_concept = []
    for target in (target for target in targets if target.family == family):
        values = target.rows(list(clips["clip_id"]))
        position = {concept: column for column, concept in enumerate(target.ids)}
        for column in np.flatnonzero(model.families == family):
            concept = model.concepts[column]
            scores = concept_scores(values[:, position[concept.id]], z[:, column], family == "motion")
            per_concept.append({"concept": concept.id, "name": concept.name} | scores)
    for key in ("auroc", "average_precision", "prevalence"):
        record[key] = mean_known(np.array([np.nan if row[key] is None else row[key] for row in per_concept]))
    return record | {"per_concept": per_concept}


def concept_scores(target: np.ndarray, activation: np.ndarray, binary: bool) -> dict[str, float | None]:
    """Compare the activation of one concept with its target.

    Args:
        target: Labels or scores, shape (n,); NaN where unlabelled.
        activation: Shape (n,).
        binary: Whether the target is a label; a score is cut at its mean plus one standard deviation.

    Returns:
        auroc, average_precision, prevalence; None if one side is empty.
    """
    labelled = np.isfinite(target)
    target, activation = target[labelled], activation[labelled]
    present = target > (0.5 if binary else target.mean() + target.std()) if len(target) else np.zeros(0, bool)
    if not 0 < present.sum() < len(present):
        return {"auroc": None, "average_precision": None, "prevalence": mean_known(present)}
    return {
        "auroc": float(roc_auc_score(present, activation)),
        "average_precision": float(average_precision_score(present, activation)),
        "prevalence": float(present.mean()),
    }


def mean_known(values: np.ndarray) -> float | None:
    """Return the mean of the finite values, None if there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else None
