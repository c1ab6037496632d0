"""Why the model says what it says: every logit as an exact sum of concept contributions.

logit_k - bias_k = sum_j W_kj z_j, so the contribution of concept j to class k is W_kj z_j, sign kept.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.tables import rows_of

CONTRIBUTIONS_SCHEMA = pa.schema(
    [
        *((name, pa.large_string()) for name in ("clip_id", "split", "class")),
        ("concept", pa.int32()),
        *((name, pa.large_string()) for name in ("family", "name")),
        *((name, pa.float64()) for name in ("z", "weight", "contribution")),
    ]
)


def contributions(
    model: Model, features: FeatureStore, manifest: pd.DataFrame, splits: tuple[str, ...] | None = None
) -> Iterator[pd.DataFrame]:
    """Explain clips: what each concept adds to the logit of the predicted and of the true class.

    Args:
        model: A trained model.
        features: Backbone features. Clips without features have no prediction, hence no rows.
        manifest: clip_id, label, split.
        splits: Splits to explain; all by default.

    Yields:
        Tables of some clips each, at least one, as `clip_contributions` gives them; clips sorted.

    Raises:
        ValueError: A clip has features but is not in the manifest.

    Source:
        DANCE, section 3.4.
    """
    rows = rows_of(manifest, features.clip_ids, "manifest")
    rows = rows if splits is None else rows[rows["split"].isin(splits)].reset_index(drop=True)
    if rows.empty:
        yield pd.DataFrame(columns=CONTRIBUTIONS_SCHEMA.names)
    for place, block in features.rows(list(rows["clip_id"])).blocks():
        yield clip_contributions(model, model.concept_activations(block), rows.iloc[place].reset_index(drop=True))


def clip_contributions(model: Model, z: np.ndarray, clips: pd.DataFrame) -> pd.DataFrame:
    """Explain clips by their concept activations.

    Args:
        model: A trained model.
        z: Concept activations, shape (n, M).
        clips: clip_id, label, split of each.

    Returns:
        One row per clip, class and concept with a non-zero weight: clip_id, split, class, concept (column of W),
        family, name, z, weight, contribution; clips as given, then predicted before true class, then concept.
    """
    predicted = model.class_scores(z).argmax(axis=1)
    known = {name: index for index, name in enumerate(model.classes)}
    true = clips["label"].map(known).fillna(-1).to_numpy(int)
    other = np.flatnonzero((true >= 0) & (true != predicted))
    clip = np.concatenate([np.arange(len(clips)), other])
    classes = np.concatenate([predicted, true[other]])
    order = np.argsort(clip, kind="stable")
    return _table(model, clips, z, clip[order], classes[order])


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
    return pd.DataFrame(table, columns=CONTRIBUTIONS_SCHEMA.names)
