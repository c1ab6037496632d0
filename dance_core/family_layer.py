"""The linear map of one family from backbone features to its concepts: what is fitted, and what is dropped."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dance_core.concept_objectives import BinaryCrossEntropy, NegativeCosineCubed, Objective
from dance_core.concept_solvers import Solver
from dance_core.concept_targets import ConceptTargets
from dance_core.rows import Rows


@dataclass(frozen=True)
class FamilyLayer:
    """The map of one family: z = (((x - feature_mean) / feature_std) @ weight.T - mean) / std.

    Attributes:
        ids: Ids of the kept concepts, M of them.
        names: Names of the kept concepts.
        weight: Shape (M, D).
        mean: Mean train activation, shape (M,).
        std: Standard deviation (n - 1) of the train activations, shape (M,).
        train_activations: Standardised activations for the classifier to be fitted on, shape (n_train, M).
        dropped: Reason by id of each dropped concept.
        selection: How many clips were labelled, what was tried on val and what was chosen.
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]
    weight: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    train_activations: np.ndarray
    dropped: dict[int, str]
    selection: dict[str, Any]


@dataclass(frozen=True)
class FamilyClips:
    """Features and targets of one family.

    Attributes:
        x: Train features, shape (n, D).
        values: Train targets, shape (n, M).
        x_val: Val features, shape (n_val, D).
        val_values: Val targets, shape (n_val, M).
    """

    x: Rows
    values: np.ndarray
    x_val: Rows
    val_values: np.ndarray


def fit_family(
    target: ConceptTargets, clips: FamilyClips, folds: list[np.ndarray], solver: Solver, interpretability_cutoff: float
) -> FamilyLayer:
    """Train the map of one family; drop what cannot be learnt and what is not learnt well enough.

    Args:
        target: Which concepts.
        clips: Features and targets of the train and val clips.
        folds: Row indices of folds of the train clips; may be empty.
        solver: How to train.
        interpretability_cutoff: Val similarity that an object or scene concept must exceed.

    Returns:
        The layer.

    Raises:
        ValueError: Motion targets are something else than 0, 1 or a whole row without label.
    """
    if target.family == "motion":
        values, val_values = (_motion_labels(rows) for rows in (clips.values, clips.val_values))
        clips = replace(clips, values=values, val_values=val_values)
    labelled, val_labelled = (np.isfinite(rows).all(axis=1) for rows in (clips.values, clips.val_values))
    clips = replace(clips, x_val=clips.x_val.take(val_labelled), val_values=clips.val_values[val_labelled])
    counts = {
        "train": {"labelled": int(labelled.sum()), "unlabelled": int((~labelled).sum())},
        "val": {"labelled": int(val_labelled.sum()), "unlabelled": int((~val_labelled).sum())},
    }
    reasons = _unlearnable(target, clips.values[labelled], clips.val_values)
    tried = [column for column in range(len(target.names)) if column not in reasons]
    if not tried:
        empty = np.empty((0, clips.x.shape[1])), np.empty((len(clips.x), 0))
        return _family_layer(target, [], *empty, reasons, {"clips": counts})
    clips = replace(clips, values=clips.values[:, tried], val_values=clips.val_values[:, tried])
    weight, activations, val_loss, found = _fitted(clips, labelled, folds, solver, target.family == "motion")
    for column, loss, spread in zip(tried, val_loss, activations.std(axis=0), strict=True):
        if target.family != "motion" and -loss <= interpretability_cutoff:
            reasons[column] = f"val similarity {-loss:.2f} is not above {interpretability_cutoff:g}"
        elif spread <= 0:
            reasons[column] = "its activation is the same for every train clip"
    kept = [index for index, column in enumerate(tried) if column not in reasons]
    val_losses = {target.ids[column]: loss for column, loss in zip(tried, val_loss, strict=True)}
    selection = {"clips": counts, **found, "val_loss": val_losses}
    columns = [tried[index] for index in kept]
    return _family_layer(target, columns, weight[kept], activations[:, kept], reasons, selection)


def _fitted(
    clips: FamilyClips, labelled: np.ndarray, folds: list[np.ndarray], solver: Solver, motion: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
    """Return weights (M, D), train activations (n, M), out of fold where there are folds, val losses and choices."""
    objective: type[Objective] = BinaryCrossEntropy if motion else NegativeCosineCubed
    x, values = clips.x, clips.values
    chosen = solver.fit(x.take(labelled), values[labelled], clips.x_val, clips.val_values, objective)
    activations = x @ chosen.weight.T
    for fold in folds:
        inside = labelled & ~np.isin(np.arange(len(x)), fold)
        weight = solver.refit(x.take(inside), values[inside], objective, chosen.settings)
        activations[fold] = x.take(fold) @ weight.T
    return chosen.weight, activations, chosen.val_loss, {"chosen": chosen.settings, "val_curve": chosen.val_curve}


def _motion_labels(values: np.ndarray) -> np.ndarray:
    """Return motion labels with NaN rows where a clip has none; a row of -1 is the authors' way to say so."""
    values = np.where((values == -1).all(axis=1, keepdims=True), np.nan, values)
    odd = np.isfinite(values) & (values != 0) & (values != 1)
    if odd.any():
        row, column = np.argwhere(odd)[0]
        raise ValueError(
            f"motion targets: a label is {values[row, column]:g} (row {row}, concept {column}); use 0, 1, or a whole "
            "row of -1 or NaN for a clip without label"
        )
    return values


def _unlearnable(target: ConceptTargets, values: np.ndarray, val_values: np.ndarray) -> dict[int, str]:
    """Return the reason of every column that gives nothing to learn from, or nothing to choose by."""
    if not len(values) or not len(val_values):
        split = "val" if len(values) else "train"
        return dict.fromkeys(range(len(target.names)), f"no {split} clip is labelled")
    reasons = {}
    for column in range(values.shape[1]):
        if np.ptp(values[:, column]) == 0:
            reasons[column] = f"its target is {values[0, column]:g} for every train clip"
        elif target.family != "motion" and np.ptp(val_values[:, column]) == 0:
            reasons[column] = f"its target is {val_values[0, column]:g} for every val clip"
    return reasons


def _family_layer(
    target: ConceptTargets,
    columns: list[int],
    weight: np.ndarray,
    activations: np.ndarray,
    reasons: dict[int, str],
    selection: dict[str, Any],
) -> FamilyLayer:
    """Standardise the activations of the kept concepts and put the layer together."""
    mean, std = activations.mean(axis=0), activations.std(axis=0, ddof=1)
    return FamilyLayer(
        ids=tuple(target.ids[column] for column in columns),
        names=tuple(target.names[column] for column in columns),
        weight=weight,
        mean=mean,
        std=std,
        train_activations=(activations - mean) / std,
        dropped={target.ids[column]: reason for column, reason in sorted(reasons.items())},
        selection=selection,
    )
