"""The clips of a finished run by split, with all that judging its concepts needs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dance_core.clips import class_indices, clip_groups, usable_clips
from dance_core.concept_layer import ConceptLayer
from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.rows import Rows
from dance_core.tables import rows_of


@dataclass(frozen=True)
class Study:
    """The clips of a run by split, "train" being those that its model was fitted on.

    Attributes:
        x: Backbone features, each of shape (n, D), read in blocks.
        y: Class indices, each of shape (n,).
        z: Concept activations, each of shape (n, M); of train those that the classifier was fitted on.
        groups: What intervals resample together, each of shape (n,).
        families: Family of each concept, shape (M,).
    """

    x: dict[str, Rows]
    y: dict[str, np.ndarray]
    z: dict[str, np.ndarray]
    groups: dict[str, np.ndarray]
    families: np.ndarray


def activations_of(model: Model, x: Rows) -> np.ndarray:
    """Give the concept activations of clips, without a matrix of all their features.

    Args:
        model: A trained model.
        x: Backbone features, shape (n, D).

    Returns:
        Standardised activations z, shape (n, M), float64.

    Raises:
        ValueError: The features do not fit the model.
    """
    z = np.empty((len(x), len(model.concepts)))
    for place, block in x.blocks():
        z[place] = model.concept_activations(block)
    return z


def study(model: Model, layer: ConceptLayer, features: FeatureStore, manifest: pd.DataFrame) -> Study:
    """Gather the clips of a run.

    Args:
        model: A trained model.
        layer: Its concept layer, which knows the clips that it was fitted on.
        features: Backbone features.
        manifest: clip_id, label, split, group, status.

    Returns:
        The clips that were fitted on, and those of every other split; clips without features are left out.

    Raises:
        ValueError: A clip that was fitted on has no features.
    """
    parts = {"train": rows_of(manifest, layer.train_clips, "manifest")}
    for split in sorted(set(manifest["split"].astype(str)) - set(parts["train"]["split"])):
        rows = usable_clips(manifest, split)
        rows = rows[rows["clip_id"].isin(features.clip_ids)].reset_index(drop=True)
        parts |= {split: rows} if len(rows) else {}
    x = {split: features.rows(list(rows["clip_id"])) for split, rows in parts.items()}
    z = {split: activations_of(model, values) for split, values in x.items()}
    return Study(
        x=x,
        y={split: class_indices(rows["label"], model.classes, f"split '{split}'") for split, rows in parts.items()},
        z=z | {"train": layer.train_activations},
        groups={split: clip_groups(rows) for split, rows in parts.items()},
        families=model.families,
    )
