"""Linear maps from backbone features to concept activations, one per family.

Motion concepts are learnt from binary labels (cross-entropy), object and scene concepts from pseudo-labels
(cosine-cubed similarity over clips). The maps have no bias: the standardisation of the activations would remove it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dance_core.clips import feature_matrix, refuse_strangers, training_clips
from dance_core.concept_objectives import BinaryCrossEntropy, NegativeCosineCubed, Objective
from dance_core.concept_solvers import AdamSolver, RidgeSolver, Solver
from dance_core.concept_targets import FAMILIES, ConceptTargets
from dance_core.feature_parts import family_columns
from dance_core.group_folds import group_folds
from dance_core.tables import read_json, read_tensors, write_json, write_tensors


@dataclass(frozen=True)
class ConceptLayerSettings:
    """How concept layers are trained.

    Attributes:
        optimiser: "ridge" (row space, strength and refinement chosen on val) or "adam" (the authors' recipe).
        standardise: Whether features are standardised with the train mean and standard deviation first.
        folds: Group-wise folds of the train clips; the classifier is then fitted on out-of-fold activations, which
            have the scale of activations of new clips. 0 fits it on the activations of the very clips that the layer
            was fitted on, as the authors do.
        interpretability_cutoff: Object and scene concepts need a val similarity above this.
        motion_features: What motion concepts are learnt from: "movement", the features that summarise change over time
            where the backbone knows which these are, or "all", as the authors do.
        ridge: Settings of "ridge".
        adam: Settings of "adam".
    """

    optimiser: str = "ridge"
    standardise: bool = True
    folds: int = 0
    interpretability_cutoff: float = 0.3
    motion_features: str = "movement"
    ridge: RidgeSolver = field(default_factory=RidgeSolver)
    adam: AdamSolver = field(default_factory=AdamSolver)

    @property
    def solver(self) -> Solver:
        """The chosen solver.

        Raises:
            ValueError: The optimiser is unknown.
        """
        if self.optimiser not in ("ridge", "adam"):
            raise ValueError(f"concept layer: optimiser '{self.optimiser}' is unknown; use one of ridge, adam")
        return self.ridge if self.optimiser == "ridge" else self.adam


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
        selection: What was tried on val and what was chosen.
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
class ConceptLayer:
    """The concept layers of all families.

    Attributes:
        feature_mean: Shape (D,); zeros where features are taken as they are.
        feature_std: Shape (D,); ones where features are taken as they are.
        families: Layer of each family, in the order of `FAMILIES`.
        train_clips: Clips of the rows of `train_activations`.
    """

    feature_mean: np.ndarray
    feature_std: np.ndarray
    families: dict[str, FamilyLayer]
    train_clips: tuple[str, ...]

    @property
    def train_activations(self) -> np.ndarray:
        """What the classifier is fitted on, shape (n_train, M), families side by side."""
        return np.hstack([layer.train_activations for layer in self.families.values()])


def fit_concept_layer(
    features: pd.DataFrame,
    targets: Sequence[ConceptTargets],
    manifest: pd.DataFrame,
    settings: ConceptLayerSettings | None = None,
    backbone: str = "",
) -> ConceptLayer:
    """Train one map per family on the train clips and choose on the val clips.

    Args:
        features: Backbone features: clip_id, features (D values).
        targets: Targets of each family, with a row for every usable train and val clip.
        manifest: clip_id, label, split, group, status.
        settings: How to train.
        backbone: Name of the backbone that the features come from; "" if unknown.

    Returns:
        The layers, with what was dropped and why.

    Raises:
        ValueError: A split is empty, a clip lacks features or targets or is not in the manifest, or no concept is left.

    Source:
        DANCE, section 3.3.
    """
    settings = settings or ConceptLayerSettings()
    train, val = training_clips(manifest, "concept layer")
    refuse_strangers(features["clip_id"], manifest, "backbone_features")
    for target in targets:
        refuse_strangers(target.clip_ids, manifest, f"{target.family} targets")
    x, x_val = (feature_matrix(features, list(rows["clip_id"])) for rows in (train, val))
    mean, std = _feature_scale(x) if settings.standardise else (np.zeros(x.shape[1]), np.ones(x.shape[1]))
    x, x_val = (x - mean) / std, (x_val - mean) / std
    folds = group_folds(train, settings.folds)
    families = {}
    for target in sorted(targets, key=lambda target: FAMILIES.index(target.family)):
        values, val_values = target.rows(list(train["clip_id"])), target.rows(list(val["clip_id"]))
        seen = family_columns(target.family, x.shape[1], backbone, settings.motion_features)
        layer = _fit_family(target, x[:, seen], values, x_val[:, seen], val_values, folds, settings)
        weight = np.zeros((len(layer.names), x.shape[1]))
        weight[:, seen] = layer.weight
        families[target.family] = replace(layer, weight=weight)
    if not any(layer.names for layer in families.values()):
        raise ValueError(_nothing_left(families))
    return ConceptLayer(mean, std, families, tuple(train["clip_id"].astype(str)))


def write_concept_layer(layer: ConceptLayer, tensors: str | Path, document: str | Path) -> None:
    """Write the layer as concept_layer.safetensors and concept_layer.json.

    Args:
        layer: The layer.
        tensors: Safetensors file to write.
        document: JSON file to write.
    """
    arrays = {"feature_mean": layer.feature_mean, "feature_std": layer.feature_std}
    families = {}
    for name, family in layer.families.items():
        for key in ("weight", "mean", "std", "train_activations"):
            arrays[f"{name}.{key}"] = getattr(family, key)
        families[name] = {key: getattr(family, key) for key in ("ids", "names", "dropped", "selection")}
    write_tensors(tensors, arrays)
    write_json(document, {"families": families, "train_clips": layer.train_clips})


def read_concept_layer(tensors: str | Path, document: str | Path) -> ConceptLayer:
    """Read what `write_concept_layer` wrote.

    Args:
        tensors: Safetensors file.
        document: JSON file.

    Returns:
        The layer.
    """
    arrays, record = read_tensors(tensors), read_json(document)
    families = {
        name: FamilyLayer(
            ids=tuple(stored["ids"]),
            names=tuple(stored["names"]),
            **{key: arrays[f"{name}.{key}"] for key in ("weight", "mean", "std", "train_activations")},
            dropped={int(concept): reason for concept, reason in stored["dropped"].items()},
            selection=stored["selection"],
        )
        for name, stored in record["families"].items()
    }
    return ConceptLayer(arrays["feature_mean"], arrays["feature_std"], families, tuple(record["train_clips"]))


def _nothing_left(families: dict[str, FamilyLayer]) -> str:
    """Word the error with the commonest reason of each family; reasons that differ only in numbers count as one."""
    commonest = []
    for name, reasons in ((name, list(layer.dropped.values())) for name, layer in families.items() if layer.dropped):
        kinds = [re.sub(r"-?\d[\d.]*", "#", reason) for reason in reasons]
        place = kinds.index(max(kinds, key=kinds.count))
        commonest.append(f"{name}: {reasons[place]}, {kinds.count(kinds[place])} of {len(kinds)}")
    return (
        f"concept layer: no concept of any family is left ({'; '.join(commonest) or 'none was given'}); "
        "lower the cutoffs, label more clips or give other concepts"
    )


def _feature_scale(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and standard deviation of each feature; a constant one is left unscaled."""
    mean, std = x.mean(axis=0), x.std(axis=0, ddof=1)
    return mean, np.where(std > 1e-9 * (1e-9 + np.abs(mean)), std, 1.0)


def _fit_family(
    target: ConceptTargets,
    x: np.ndarray,
    values: np.ndarray,
    x_val: np.ndarray,
    val_values: np.ndarray,
    folds: list[np.ndarray],
    settings: ConceptLayerSettings,
) -> FamilyLayer:
    """Train the map of one family; drop what cannot be learnt and what is not learnt well enough."""
    motion = target.family == "motion"
    objective: type[Objective] = BinaryCrossEntropy if motion else NegativeCosineCubed
    val_labelled = np.isfinite(val_values).all(axis=1)
    x_val, val_values = x_val[val_labelled], val_values[val_labelled]
    reasons = _unlearnable(target, values, val_values)
    tried = [column for column in range(len(target.names)) if column not in reasons]
    if not tried:
        return _family_layer(target, [], np.empty((0, x.shape[1])), np.empty((len(x), 0)), reasons, {})
    values, val_values = values[:, tried], val_values[:, tried]
    labelled = np.isfinite(values).all(axis=1)
    chosen = settings.solver.fit(x[labelled], values[labelled], x_val, val_values, objective)
    val_loss = objective(val_values).loss_and_gradient(x_val @ chosen.weight.T)[0]
    activations = x @ chosen.weight.T
    for fold in folds:
        inside = labelled & ~np.isin(np.arange(len(x)), fold)
        weight = settings.solver.refit(x[inside], values[inside], objective, chosen.settings)
        activations[fold] = x[fold] @ weight.T
    for column, loss, spread in zip(tried, val_loss, activations.std(axis=0), strict=True):
        if not motion and -loss <= settings.interpretability_cutoff:
            reasons[column] = f"val similarity {-loss:.2f} is not above {settings.interpretability_cutoff:g}"
        elif spread <= 0:
            reasons[column] = "its activation is the same for every train clip"
    kept = [index for index, column in enumerate(tried) if column not in reasons]
    val_losses = {target.ids[column]: loss for column, loss in zip(tried, val_loss, strict=True)}
    selection = {"chosen": chosen.settings, "val_curve": chosen.val_curve, "val_loss": val_losses}
    columns = [tried[index] for index in kept]
    return _family_layer(target, columns, chosen.weight[kept], activations[:, kept], reasons, selection)


def _unlearnable(target: ConceptTargets, values: np.ndarray, val_values: np.ndarray) -> dict[int, str]:
    """Return the reason of every column that gives nothing to learn from, or nothing to choose by."""
    values = values[np.isfinite(values).all(axis=1)]
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
