"""How well a model predicts, how much it needs for it, and what it leans on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from dance_core.clips import USABLE, class_indices, clip_groups, fitted_splits, refuse_strangers
from dance_core.concept_evidence import concept_evidence
from dance_core.concept_metrics import concept_record, mean_known
from dance_core.concept_targets import FAMILIES, ConceptTargets
from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.run_clips import activations_of
from dance_core.significance import accuracy_intervals
from dance_core.sparse_classifier import effective_concepts
from dance_core.tables import matrix, rows_of

_PLAIN = ("test", "val", "train")


@dataclass(frozen=True)
class SplitOutput:
    """What the model and the probe say about the clips of one split.

    Attributes:
        clips: Rows of the manifest with features, sorted by clip id.
        y: Class indices, shape (n,).
        z: Concept activations, shape (n, M).
        probabilities: Of each method, shape (n, K).
        n_without_features: Clips of the split that have no features, so no prediction.
    """

    clips: pd.DataFrame
    y: np.ndarray
    z: np.ndarray
    probabilities: dict[str, np.ndarray]
    n_without_features: int


def evaluate(
    model: Model,
    features: FeatureStore,
    manifest: pd.DataFrame,
    targets: Sequence[ConceptTargets],
    concepts: pd.DataFrame,
    probe: pd.DataFrame,
    resamples: int = 2000,
    seed: int = 0,
    protocol: str = "honest",
    order_seed: int = 0,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Measure a model and the linear probe on every split.

    Args:
        model: A trained model.
        features: Backbone features.
        manifest: clip_id, label, split, group, status; splits other than train, val and test are shifted test sets.
        targets: Targets of each family, to judge the concept activations by.
        concepts: family, concept, kept of every concept (see `concept_targets.concept_table`).
        probe: Probabilities of the linear probe: clip_id, probabilities.
        resamples: Bootstrap resamples of the accuracy intervals.
        seed: Seed of the bootstrap.
        protocol: Which splits the model was fitted on, see `dance_core.clips.training_clips`.
        order_seed: Seed of the random orders of concepts.

    Returns:
        The metrics as one JSON document, fractions in [0, 1] and None where unknown, which is everything of a family
        that `concepts` does not list; the predictions of both methods: clip_id, split, label, method, predicted,
        probability, correct, probabilities.

    Raises:
        ValueError: No usable test clip, or a table that lacks a clip or has one that the manifest lacks.
    """
    refuse_strangers(features.clip_ids, manifest, "backbone_features")
    outputs = {split: _split_output(model, features, manifest, probe, split) for split in split_order(manifest)}
    if "test" not in outputs or outputs["test"].clips.empty:
        raise ValueError("evaluate: split 'test' of the manifest has no clip with features; give test clips")
    outputs = {split: output for split, output in outputs.items() if len(output.clips)}
    accuracy = {
        method: {
            split: accuracy_record(output.y, output.probabilities[method], clip_groups(output.clips), resamples, seed)
            | {"n_without_features": output.n_without_features}
            for split, output in outputs.items()
        }
        for method in ("dance", "linear_probe")
    }
    chosen = [family for family in FAMILIES if family in set(concepts["family"])]
    by_family = {family: family_record(model, outputs, family) for family in chosen}
    test = outputs["test"]
    metrics = {
        "accuracy": accuracy,
        "classes": model.classes,
        "confusion": {split: _confusion(output, len(model.classes)) for split, output in outputs.items()},
        "nec": effective_concepts(model.weight),
        "nec_by_family": _all_families(
            {name: effective_concepts(model.weight[:, model.families == name]) for name in chosen}
        ),
        "concepts": _all_families(
            {name: concept_record(model, test.clips, test.z, targets, concepts, name) for name in chosen}
        ),
        "reliance": _all_families({name: record["test"]["share"] for name, record in by_family.items()}),
        "reliance_by_class": reliance_by_class(model, test.z, chosen),
        "shift": {split: _shift(accuracy, by_family, split) for split in outputs if split not in _PLAIN},
        "by_family": _all_families(by_family),
        "certificate": model.certificate,
    }
    fitted = [split for split in fitted_splits(protocol) if split in outputs]
    metrics |= concept_evidence(model, targets, *_parts(outputs), accuracy, fitted, chosen, order_seed)
    return metrics, _predictions(model, outputs)


def split_order(manifest: pd.DataFrame) -> list[str]:
    """Return the splits of a manifest: test, val, train, then the extra test sets by name."""
    present = set(manifest["split"].astype(str))
    return [split for split in _PLAIN if split in present] + sorted(present - set(_PLAIN))


def accuracy_record(
    y: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """Measure accuracy with its interval.

    Args:
        y: Class indices, shape (n,).
        probabilities: Shape (n, K).
        groups: What is resampled together, shape (n,): clips of one person or one take are not independent.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.

    Returns:
        top1, top1_interval (2.5 and 97.5 percent quantiles; None where all clips are of one group),
        mean_class_accuracy over the classes present, n.
    """
    correct = probabilities.argmax(axis=1) == y
    interval = accuracy_intervals(correct[:, None].astype(float), groups, resamples, seed)[0]
    return {
        "top1": float(correct.mean()),
        "top1_interval": interval.tolist() if np.isfinite(interval).all() else None,
        "mean_class_accuracy": float(np.mean([correct[y == label].mean() for label in np.unique(y)])),
        "n": len(y),
    }


def family_shares(model: Model, z: np.ndarray) -> np.ndarray:
    """Return how much of the explanation of each prediction comes from each family.

    Args:
        model: A trained model.
        z: Concept activations, shape (n, M).

    Returns:
        Shares of sum_j |W_yj z_j| for the predicted class y, shape (n, 3) in the order of `FAMILIES`; NaN where no
        concept contributes.
    """
    magnitude = np.abs(model.weight[model.class_scores(z).argmax(axis=1)] * z)
    by_family = np.column_stack([magnitude[:, model.families == family].sum(axis=1) for family in FAMILIES])
    total = by_family.sum(axis=1, keepdims=True)
    return np.divide(by_family, total, out=np.full_like(by_family, np.nan), where=total > 0)


def family_record(model: Model, outputs: Mapping[str, SplitOutput], family: str) -> dict[str, dict[str, float | None]]:
    """Measure what one family carries on every split.

    Args:
        model: A trained model.
        outputs: Output of each split.
        family: motion, object or scene.

    Returns:
        By split: share of the explanation; top1_alone with the concepts of the other families at their train mean
        (z = 0); top1_without with this family's at theirs.
    """
    inside = model.families == family
    return {
        split: {
            "share": mean_known(family_shares(model, output.z)[:, FAMILIES.index(family)]),
            "top1_alone": float((model.class_scores(output.z * inside).argmax(axis=1) == output.y).mean()),
            "top1_without": float((model.class_scores(output.z * ~inside).argmax(axis=1) == output.y).mean()),
        }
        for split, output in outputs.items()
    }


def reliance_by_class(model: Model, z: np.ndarray, chosen: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Measure what each family carries in the clips predicted as each class.

    Args:
        model: A trained model.
        z: Concept activations, shape (n, M).
        chosen: Families that the run has.

    Returns:
        By class: mean share of each family; None where no clip is predicted so, and for families not chosen.
    """
    predicted, shares = model.class_scores(z).argmax(axis=1), family_shares(model, z)
    return {
        name: _all_families(
            {family: mean_known(shares[predicted == label, FAMILIES.index(family)]) for family in chosen}
        )
        for label, name in enumerate(model.classes)
    }


def _all_families(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of all families in their order, None for those that were not chosen."""
    return {family: values.get(family) for family in FAMILIES}


def _split_output(
    model: Model, features: FeatureStore, manifest: pd.DataFrame, probe: pd.DataFrame, split: str
) -> SplitOutput:
    rows = manifest[manifest["split"] == split].sort_values("clip_id", ignore_index=True)
    present = rows["clip_id"].isin(features.clip_ids) & rows["status"].isin(USABLE)
    clips = rows[present].reset_index(drop=True)
    if clips.empty:
        return SplitOutput(clips, np.empty(0, int), np.empty((0, len(model.concepts))), {}, len(rows))
    z = activations_of(model, features.rows(list(clips["clip_id"])))
    probed = matrix(rows_of(probe, list(clips["clip_id"]), "linear_probe")["probabilities"])
    y = class_indices(clips["label"], model.classes, f"split '{split}'")
    probabilities = {"dance": softmax(model.class_scores(z), axis=1), "linear_probe": probed}
    return SplitOutput(clips, y, z, probabilities, int((~present).sum()))


def _parts(
    outputs: Mapping[str, SplitOutput],
) -> tuple[dict[str, list[str]], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return clip ids, class indices and concept activations by split."""
    clip_ids = {split: list(output.clips["clip_id"].astype(str)) for split, output in outputs.items()}
    labels = {split: output.y for split, output in outputs.items()}
    return clip_ids, labels, {split: output.z for split, output in outputs.items()}


def _confusion(output: SplitOutput, n_classes: int) -> list[list[int]]:
    """Return counts by true class (rows) and class predicted by the model (columns)."""
    pairs = output.y * n_classes + output.probabilities["dance"].argmax(axis=1)
    counts: list[list[int]] = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes).tolist()
    return counts


def _shift(accuracy: Mapping[str, Any], by_family: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Return what a shifted test set costs each method, and how each family's part changes (shifted minus test)."""
    drop = {method: splits["test"]["top1"] - splits[split]["top1"] for method, splits in accuracy.items()}
    change: dict[str, Any] = {}
    for family, splits in by_family.items():
        pairs = {key: (splits[split][key], splits["test"][key]) for key in splits["test"]}
        change[family] = {key: None if None in pair else pair[0] - pair[1] for key, pair in pairs.items()}
    return {"drop": drop, "change_by_family": _all_families(change)}


def _predictions(model: Model, outputs: Mapping[str, SplitOutput]) -> pd.DataFrame:
    tables = []
    for split, output in outputs.items():
        for method, probabilities in output.probabilities.items():
            predicted = probabilities.argmax(axis=1)
            table = {
                "clip_id": output.clips["clip_id"].astype(str),
                "split": split,
                "label": output.clips["label"].astype(str),
                "method": method,
                "predicted": np.array(model.classes, dtype=object)[predicted],
                "probability": probabilities.max(axis=1),
                "correct": predicted == output.y,
                "probabilities": list(probabilities.astype(np.float32)),
            }
            tables.append(pd.DataFrame(table))
    return pd.concat(tables, ignore_index=True)
