"""Linear maps from backbone features to concept activations, one per family.

Motion concepts are learnt from binary labels (cross-entropy), object and scene concepts from pseudo-labels
(cosine-cubed similarity over clips). The maps have no bias: the standardisation of the activations would remove it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.clips import feature_scale, refuse_strangers, training_clips
from dance_core.concept_solvers import AdamSolver, RidgeSolver, Solver
from dance_core.concept_targets import FAMILIES, ConceptTargets
from dance_core.family_layer import FamilyClips, FamilyLayer, fit_family
from dance_core.feature_parts import family_columns
from dance_core.feature_store import FeatureStore
from dance_core.group_folds import group_folds
from dance_core.rows import Rows
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
    features: FeatureStore,
    targets: Sequence[ConceptTargets],
    manifest: pd.DataFrame,
    settings: ConceptLayerSettings | None = None,
    backbone: str = "",
    protocol: str = "honest",
) -> ConceptLayer:
    """Train one map per family on the clips to train on and choose by the clips to select by.

    Args:
        features: Backbone features, D numbers a clip.
        targets: Targets of each family, with a row for every usable clip that takes part.
        manifest: clip_id, label, split, group, status.
        settings: How to train.
        backbone: Name of the backbone that the features come from; "" if unknown.
        protocol: "honest" trains on train and selects by val, "authors" trains on both and selects by test, see
            `dance_core.clips.training_clips`.

    Returns:
        The layers, with what was dropped and why.

    Raises:
        ValueError: A split is empty, a class to select by has no clip to train on, a clip lacks features or targets,
            has features that are all zero, or is not in the manifest, two targets are of one family, or no concept is
            left.

    Source:
        DANCE, section 3.3.
    """
    settings = settings or ConceptLayerSettings()
    train, val = training_clips(manifest, "concept layer", protocol)
    _refuse_absent_classes(train, val)
    _refuse_twice([target.family for target in targets])
    refuse_strangers(features.clip_ids, manifest, "backbone_features")
    for target in targets:
        refuse_strangers(target.clip_ids, manifest, f"{target.family} targets")
    x, x_val = (_shown_features(features, list(rows["clip_id"])) for rows in (train, val))
    mean, std = feature_scale(x) if settings.standardise else (np.zeros(x.shape[1]), np.ones(x.shape[1]))
    x, x_val = x.scaled(mean, std), x_val.scaled(mean, std)
    folds = group_folds(train, settings.folds)
    families = {}
    for target in sorted(targets, key=lambda target: FAMILIES.index(target.family)):
        values, val_values = target.rows(list(train["clip_id"])), target.rows(list(val["clip_id"]))
        seen = family_columns(target.family, x.shape[1], backbone, settings.motion_features)
        clips = FamilyClips(x.columns(seen), values, x_val.columns(seen), val_values)
        layer = fit_family(target, clips, folds, settings.solver, settings.interpretability_cutoff)
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


def _refuse_absent_classes(train: pd.DataFrame, val: pd.DataFrame) -> None:
    """Refuse a class that is selected by but never trained on: nothing could predict it."""
    absent = sorted(set(val["label"].astype(str)) - set(train["label"].astype(str)))
    if absent:
        raise ValueError(
            f"concept layer: class '{absent[0]}' has clips to select by but none to train on ({len(absent)} such); "
            "give it train clips or take it out of the manifest"
        )


def _refuse_twice(families: Sequence[str]) -> None:
    """Refuse two sets of targets for one family: the second would replace the first."""
    twice = sorted({family for family in families if families.count(family) > 1})
    if twice:
        raise ValueError(f"concept layer: family '{twice[0]}' has targets twice; give each family once")


def _shown_features(features: FeatureStore, clip_ids: list[str]) -> Rows:
    """Return the features of some clips, shape (n, D); a row of zeros is what a failed extraction leaves behind."""
    values = features.rows(clip_ids)
    empty = np.flatnonzero(np.concatenate([~block.any(axis=1) for _, block in values.blocks()]))
    if len(empty):
        raise ValueError(
            f"backbone_features: clip '{clip_ids[empty[0]]}' has features that are all zero ({len(empty)} such); "
            "rebuild it or take it out of the manifest"
        )
    return values


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
