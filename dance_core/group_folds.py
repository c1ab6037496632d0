"""Folds of the train clips that keep the clips of a person together."""

import numpy as np
import pandas as pd


def group_folds(train: pd.DataFrame, n_folds: int) -> list[np.ndarray]:
    """Split train rows so that no group is in two folds and classes are spread evenly.

    Args:
        train: label and group of each clip; a clip without a group is a group of its own.
        n_folds: Number of folds; fewer where there are fewer groups, none if below 2.

    Returns:
        Row indices of each fold.
    """
    group = train["group"].astype("string").fillna("")
    group = group.where(group != "", "clip " + train["clip_id"].astype("string"))
    n_folds = min(n_folds, group.nunique(), int(train["label"].value_counts().max()))
    if n_folds < 2:
        return []
    # Importing it takes longer than most stages that load a concept layer and draw no folds.
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(n_folds)
    return [held_out for _, held_out in splitter.split(train, train["label"].to_numpy(), group.to_numpy())]
