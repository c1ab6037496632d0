"""Which clip is learnt from, which one selects the model, which one judges it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

SPLITS = ("train", "val", "test")


def check_classes(listing: pd.DataFrame, source: str | Path) -> None:
    """Make sure that every class can be split.

    Args:
        listing: Clips with a column label.
        source: Name of the data set in the error.

    Raises:
        ValueError: A class has a single clip.
    """
    for label, count in sorted(Counter(listing["label"]).items()):
        if count < 2:
            raise ValueError(
                f"{source}: class '{label}' has 1 clip, which cannot be both learnt from and tested on; "
                "add clips or remove the class"
            )


def check_groups(listing: pd.DataFrame, source: str | Path) -> None:
    """Make sure that no group is on both sides of a border.

    Several test sets may share a group, since nothing is learnt from any of them.

    Args:
        listing: Clips with columns clip_id, split ("" where it is not given) and group.
        source: Name of the data set in the error.

    Raises:
        ValueError: A group, such as a person, is in two of train, val and the test sets.
    """
    first: dict[str, tuple[str, str]] = {}
    given = listing[listing["split"] != ""]
    for clip, split, group in zip(given["clip_id"], given["split"], given["group"], strict=True):
        other_clip, other_split = first.setdefault(group, (clip, split))
        if _side(other_split) != _side(split):
            raise ValueError(
                f"{source}: group '{group}' is in split {other_split} (clip '{other_clip}') and in {split} "
                f"(clip '{clip}'); put all its clips into one of train, val and the test sets"
            )


def _side(split: str) -> str:
    return split if split in ("train", "val") else "test"


def complete_splits(listing: pd.DataFrame, seed: int, fractions: Sequence[float]) -> list[str]:
    """Draw the splits that are not given, by group and alike for every class.

    A group with a given member follows it. Where val or test is not given at all, it is carved out of train.

    Args:
        listing: Clips, sorted by clip_id, with columns label, split ("" where it is not given) and group.
        seed: Seed of the draw.
        fractions: Shares of train, val and test.

    Returns:
        The split of each clip.
    """
    is_given = listing["split"] != ""
    sides = {group: _side(split) for group, split in listing.loc[is_given, ["group", "split"]].to_numpy()}
    splits = [split or sides.get(group, "") for split, group in zip(listing["split"], listing["group"], strict=True)]
    absent = {"val", "test"} - set(splits)
    allowed = [split for split in SPLITS if split == "train" or split in (absent or SPLITS)]
    is_open = [not split or (split == "train" and bool(absent)) for split in splits]
    drawn = _draw(listing, splits, is_open, allowed, np.random.default_rng(seed), fractions)
    return [
        drawn[group] if free else split for split, group, free in zip(splits, listing["group"], is_open, strict=True)
    ]


def _draw(
    listing: pd.DataFrame,
    splits: Sequence[str],
    is_open: Sequence[bool],
    allowed: Sequence[str],
    rng: np.random.Generator,
    fractions: Sequence[float],
) -> dict[str, str]:
    """Give each open group to the split that has the smallest part of its share of the group's classes.

    Large groups go first, equal ones in random order. A group that brings train a class goes to train.
    """
    index = {label: place for place, label in enumerate(sorted(set(listing["label"])))}
    held = {split: np.zeros(len(index)) for split in allowed}
    # Not an array of all classes for each group: of half a million groups those would fill the memory.
    groups: dict[str, Counter[int]] = defaultdict(Counter)
    total = np.zeros(len(index))
    for label, group, split, free in zip(listing["label"], listing["group"], splits, is_open, strict=True):
        if free or split in held:
            (groups[group] if free else held[split])[index[label]] += 1
            total[index[label]] += 1
    share = np.array([fractions[SPLITS.index(split)] for split in allowed])
    wanted = {split: total * part for split, part in zip(allowed, share / share.sum(), strict=True)}

    names = sorted(groups)
    order = sorted(rng.permutation(len(names)), key=lambda i: -groups[names[i]].total())
    drawn = {}
    for name in (names[i] for i in order):
        here = sorted(groups[name])
        counts = np.array([groups[name][place] for place in here])
        choice = min(allowed, key=lambda split: _fullness(here, counts, held[split], wanted[split]))
        if (held["train"][here] == 0).any():
            choice = "train"
        held[choice][here] += counts
        drawn[name] = choice
    return drawn


def _fullness(here: list[int], counts: np.ndarray, held: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """Say how full a split is, for the classes of a group and then over all; rounded, so that equals are equal."""
    return (
        round(float((counts * held[here] / wanted[here]).sum() / counts.sum()), 9),
        round(float(held.sum() / wanted.sum()), 9),
    )
