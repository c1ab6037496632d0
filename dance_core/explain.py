"""Why the model says what it says: every logit as an exact sum of concept contributions.

logit_k - bias_k = sum_j W_kj z_j, so the contribution of concept j to class k is W_kj z_j, sign kept.
"""

import numpy as np
import pandas as pd

from dance_core.model import Model
from dance_core.run_clips import activations_of
from dance_core.tables import rows_of

COLUMNS = ("clip_id", "split", "class", "concept", "family", "name", "z", "weight", "contribution")


def contributions(
    model: Model, features: pd.DataFrame, manifest: pd.DataFrame, splits: tuple[str, ...] | None = None
) -> pd.DataFrame:
    """Explain clips: what each concept adds to the logit of the predicted and of the true class.

    Args:
        model: A trained model.
        features: Backbone features: clip_id, features. Clips without features have no prediction, hence no rows.
        manifest: clip_id, label, split.
        splits: Splits to explain; all by default.

    Returns:
        One row per clip, class and concept with a non-zero weight: clip_id, split, class, concept (column of W),
        family, name, z, weight, contribution; sorted by clip, then predicted before true class, then concept.

    Raises:
        ValueError: A clip has features but is not in the manifest.

    Source:
        DANCE, section 3.4.
    """
    rows = rows_of(manifest, sorted(features["clip_id"]), "manifest")
    rows = rows if splits is None else rows[rows["split"].isin(splits)].reset_index(drop=True)
    if rows.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    z = activations_of(model, features, list(rows["clip_id"]))
    predicted = model.class_scores(z).argmax(axis=1)
    known = {name: index for index, name in enumerate(model.classes)}
    true = rows["label"].map(known).fillna(-1).to_numpy(int)
    other = np.flatnonzero((true >= 0) & (true != predicted))
    clip = np.concatenate([np.arange(len(rows)), other])
    classes = np.concatenate([predicted, true[other]])
    order = np.argsort(clip, kind="stable")
    return _table(model, rows, z, clip[order], classes[order])


def _table(model: Model, rows: pd.DataFrame, z: np.ndarray, clip: np.ndarray, classes: np.ndarray) -> pd.DataFrame:
    """Lay out the contributions of pairs of clip and class."""
    pair, concept = np.nonzero(model.weight[classes])
    weight, activation = model.weight[classes[pair], concept], z[clip[pair], concept]
    names = np.array([entry.name for entry in model.concepts], dtype=object)
    table = {
        "clip_id": rows["clip_id"].to_numpy(object)[clip[pair]],
        "split": rows["split"].to_numpy(object)[clip[pair]],
        "class": np.array(model.classes, dtype=object)[classes[pair]],
        "concept": concept.astype(np.int32),
        "family": model.families[concept],
        "name": names[concept],
        "z": activation,
        "weight": weight,
        "contribution": weight * activation,
    }
    return pd.DataFrame(table, columns=list(COLUMNS))
