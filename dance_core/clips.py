"""Which clips take part, as what class, and how their features are scaled."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from dance_core.rows import Rows

WITHOUT_VIDEO = "without video"
USABLE = ("ok", "truncated", WITHOUT_VIDEO)
PROTOCOLS = ("honest", "authors")
FITTED_SPLITS = ("train", "val")
"""Splits that a model is fitted on or selected by under some protocol; all others judge it."""


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


def training_clips(manifest: pd.DataFrame, place: str, protocol: str = "honest") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to train on and the rows to select by, each sorted by clip id.

    Args:
        manifest: clip_id, label, split, status and more.
        place: Who asks, for the error.
        protocol: "honest" trains on train and selects on val; "authors" trains on train and val and selects on test,
            as the authors' release does, so that its test accuracy is the best of many looks.

    Returns:
        Rows to train on, rows to select by; usable clips only.

    Raises:
        ValueError: The protocol is unknown, a side has no usable clip, or there is one class only to train on.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"{place}: protocol '{protocol}' is unknown; use one of {', '.join(PROTOCOLS)}")
    fitted, selected = fitted_splits(protocol), "val" if protocol == "honest" else "test"
    parts = [usable_clips(manifest, split) for split in fitted]
    train, held_out = pd.concat(parts).sort_values("clip_id", ignore_index=True), usable_clips(manifest, selected)
    for split, rows in (("train", parts[0]), (selected, held_out)):
        if rows.empty:
            raise ValueError(
                f"{place}: split '{split}' of the manifest has no usable clip; it needs train and {selected}"
            )
    if train["label"].nunique() < 2:
        only = train["label"].iloc[0]
        raise ValueError(f"{place}: every usable train clip is '{only}'; give train clips of at least two classes")
    return train, held_out


def fitted_splits(protocol: str) -> tuple[str, ...]:
    """Return the splits that a protocol fits on; one that is unknown is a ValueError."""
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol '{protocol}' is unknown; use one of {', '.join(PROTOCOLS)}")
    return ("train",) if protocol == "honest" else FITTED_SPLITS


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


def clip_groups(rows: pd.DataFrame) -> np.ndarray:
    """Return the group of each clip, shape (n,); a clip without one is a group of its own.

    Args:
        rows: clip_id, group.

    Returns:
        Names.
    """
    group = rows["group"].astype("string").fillna("")
    return group.where(group != "", "clip " + rows["clip_id"].astype("string")).to_numpy(str)


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


def feature_scale(x: Rows, ddof: int = 1, constant: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return what features are standardised with.

    Args:
        x: Features of the train clips, shape (n, D).
        ddof: 1 divides the sum of squares by n - 1, 0 by n.
        constant: Standard deviation to give a constant feature: 1 leaves it unscaled, infinity makes it 0 everywhere.

    Returns:
        Mean and standard deviation of each feature, each of shape (D,).
    """
    mean = x.mean()
    squares = np.zeros_like(mean)
    for _, block in x.blocks():
        squares += np.square(block - mean).sum(axis=0)
    std = np.sqrt(squares / (len(x) - ddof))
    return mean, np.where(std > 1e-9 * (1e-9 + np.abs(mean)), std, constant)
