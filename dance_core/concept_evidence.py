"""Everything that is measured of how a model uses its concepts, on each split that judges it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dance_core.clips import FITTED_SPLITS
from dance_core.completeness import completeness
from dance_core.concept_targets import ConceptTargets
from dance_core.faithfulness import faithfulness_record
from dance_core.hard_concepts import hard_thresholds, soft_minus_hard
from dance_core.leakage import column_targets, leakage_record
from dance_core.model import Model
from dance_core.shapley import family_shapley


def concept_evidence(
    model: Model,
    targets: Sequence[ConceptTargets],
    clip_ids: Mapping[str, Sequence[str]],
    y: Mapping[str, np.ndarray],
    z: Mapping[str, np.ndarray],
    accuracy: Mapping[str, Mapping[str, Any]],
    fitted: Sequence[str],
    chosen: Sequence[str],
    seed: int = 0,
) -> dict[str, Any]:
    """Measure what the concepts keep, who carries the accuracy, how faithful the explanations are, and what leaks.

    Args:
        model: A trained model.
        targets: Targets of each family.
        clip_ids: Clips by split.
        y: Class indices by split, each of shape (n,).
        z: Concept activations by split, each of shape (n, M).
        accuracy: Accuracy records of "dance" and "linear_probe" by split.
        fitted: Splits that the model was fitted on; all but these and val are measured.
        chosen: Families of the run.
        seed: Seed of the random orders.

    Returns:
        completeness, shapley, faithfulness, leakage and soft_minus_hard, each by split; see the functions of these
        names. soft_minus_hard also has "train", all clips fitted on, and is empty where the model does not know the
        penalty that its classifier was fitted with, as one that was imported.
    """
    judged = [split for split in z if split not in FITTED_SPLITS]
    labels = {split: column_targets(model, targets, clip_ids[split]) for split in (*fitted, *judged)}
    train = np.concatenate([z[split] for split in fitted])
    thresholds = hard_thresholds(train, np.concatenate([labels[split] for split in fitted]))
    parts = {"train": train} | {split: z[split] for split in judged}
    classes = {"train": np.concatenate([y[split] for split in fitted])} | {split: y[split] for split in judged}
    penalty = model.certificate
    return {
        "completeness": {
            split: completeness(
                accuracy["dance"][split]["top1"], accuracy["linear_probe"][split]["top1"], len(model.classes)
            )
            for split in judged
        },
        "shapley": {
            split: family_shapley(model.weight, model.bias, model.families, z[split], y[split], chosen)
            for split in judged
        },
        "faithfulness": {
            split: faithfulness_record(model.weight, model.bias, z[split], y[split], seed=seed) for split in judged
        },
        "leakage": {
            split: leakage_record(z[split], labels[split], y[split], model.families, chosen) for split in judged
        },
        "soft_minus_hard": soft_minus_hard(
            model.weight, model.bias, parts, classes, thresholds, penalty["lam"], penalty["alpha"]
        )
        if "lam" in penalty
        else {},
    }
