"""Which clips take part, and their backbone features."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from dance_core.tables import matrix, rows_of

USABLE = ("ok", "truncated")


def usable_clips(manifest: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return the rows of one split that have frames to work with, sorted by clip id.

    Args:
        manifest: clip_id, split, status and more.
        split: Name of the split.

    Returns:
        Rows of the manifest.
    """
    rows = manifest[(manifest["split"] == split) & manifest["status"].isin(USABLE)]
    return rows.sort_values("clip_id", ignore_index=True)


def training_clips(manifest: pd.DataFrame, place: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the usable train and val rows, each sorted by clip id.

    Args:
        manifest: clip_id, label, split, status and more.
        place: Who asks, for the error.

    Returns:
        Train rows, val rows.

    Raises:
        ValueError: A split has no usable clip, or train has one class only.
    """
    train, val = usable_clips(manifest, "train"), usable_clips(manifest, "val")
    for split, rows in (("train", train), ("val", val)):
        if rows.empty:
            raise ValueError(f"{place}: split '{split}' of the manifest has no usable clip; it needs train and val")
    if train["label"].nunique() < 2:
        only = train["label"].iloc[0]
        raise ValueError(f"{place}: every usable train clip is '{only}'; give train clips of at least two classes")
    return train, val


def refuse_strangers(clip_ids: Iterable[str], manifest: pd.DataFrame, name: str) -> None:
    """Check that a table has no clip that the manifest lacks.

    Args:
        clip_ids: Clips of the table.
        manifest: clip_id.
        name: What the table is called in the error.

    Raises:
        ValueError: A clip is not in the manifest.
    """
    strangers = sorted(set(clip_ids) - set(manifest["clip_id"]))
    if strangers:
        raise ValueError(
            f"{name} has a row for clip '{strangers[0]}' that the manifest lacks ({len(strangers)} such); rebuild it"
        )


def class_names(manifest: pd.DataFrame) -> tuple[str, ...]:
    """Return the classes of the usable train clips, sorted: class k is the k-th of them."""
    return tuple(sorted(usable_clips(manifest, "train")["label"].astype(str).unique()))


def class_indices(labels: Iterable[str], classes: Sequence[str], place: str) -> np.ndarray:
    """Return the index of each label among the classes, shape (n,).

    Args:
        labels: Class names of clips.
        classes: Class names that the model knows.
        place: What the labels belong to, for the error.

    Returns:
        Integers in [0, K).

    Raises:
        ValueError: A label is not a class.
    """
    labels, position = [str(label) for label in labels], {name: index for index, name in enumerate(classes)}
    unknown = sorted(set(labels) - set(position))
    if unknown:
        raise ValueError(f"{place}: label '{unknown[0]}' has no train clip; use the classes {', '.join(classes)}")
    return np.array([position[label] for label in labels], dtype=np.int64)


def feature_matrix(features: pd.DataFrame, clip_ids: Sequence[str]) -> np.ndarray:
    """Return the backbone features of some clips.

    Args:
        features: clip_id, features (D values).
        clip_ids: Clips, in the order wanted.

    Returns:
        Shape (n, D), float64.

    Raises:
        ValueError: A clip has no features, or some that are not finite.
    """
    values = matrix(rows_of(features, clip_ids, "backbone_features")["features"]).astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise ValueError(f"backbone_features: clip '{clip_ids[bad[0]]}' has values that are not finite; rebuild it")
    return values
