"""First neighbours: the nearest other point of every point, exact up to a size and approximate above it.

Similarities are compared in float64, rounded to 12 decimals, and a tie goes to the lowest index.
"""

from hashlib import blake2b

import numpy as np
import pandas as pd

from dance_core.finch.descent import approximate_neighbours
from dance_core.finch.exact import exact_neighbours
from dance_core.finch.space import DECIMALS, Space, chunks, norms

# The exact search takes time by the square of the number of points: here about as much as the approximate one.
EXACT_BELOW = 200_000


def first_neighbours(
    points: np.ndarray, metric: str = "cosine", exact_below: int = EXACT_BELOW, seed: int = 0
) -> np.ndarray:
    """Find the nearest other point of every point.

    Args:
        points: Array of shape (n, d), n >= 2. Under cosine a zero vector has similarity 0 to every point.
        metric: "cosine" or "euclidean".
        exact_below: From this many different points on, the search is approximate.
        seed: Draws the trees of the approximate search.

    Returns:
        Index of the nearest point, shape (n,); of points equally near to 12 decimals, the lowest index. The same on
        any number of threads.
    """
    group, first = _equal_points(points)
    if len(first) == 1:
        return np.where(np.arange(len(points)) == 0, 1, 0)
    space = Space(points, metric, first)
    best = exact_neighbours(space) if len(first) < exact_below else approximate_neighbours(space, seed)
    if len(first) == len(points):
        return best.neighbour
    everyone = np.arange(len(first))
    # A zero vector has no cosine with itself either, so its equals are as far from it as all other points.
    equally_near = best.similarity >= space.similarities(everyone, everyone)
    return _with_equals(group, first, first[best.neighbour], equally_near)


def _equal_points(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Group equal points; give the group of each, and the first point of each group."""
    points = np.ascontiguousarray(points)
    bits = points.view(f"u{points.itemsize}")
    # Equal points have equal keys; mostly all keys differ, and there is no more to do.
    keys = bits.sum(axis=1, dtype=np.uint64) * np.uint64(1 << 32) + np.bitwise_xor.reduce(bits, axis=1)
    if len(np.unique(keys)) == len(points):
        return np.arange(len(points)), np.arange(len(points))
    digests = np.array([blake2b(point.tobytes(), digest_size=16).digest() for point in points], object)
    group = pd.factorize(digests)[0]
    return group, np.unique(group, return_index=True)[1]


def _with_equals(group: np.ndarray, first: np.ndarray, nearest: np.ndarray, equally_near: np.ndarray) -> np.ndarray:
    """Spread the neighbours of different points over all points, of which equal ones are each other's nearest.

    Args:
        group: Which of the different points each point equals, shape (n,).
        first: The first point of each group, shape (groups,).
        nearest: The first point of the nearest other group, shape (groups,).
        equally_near: Whether that one is as near as an equal point, up to rounding, shape (groups,).

    Returns:
        Neighbours, shape (n,).
    """
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(first)))
    several = np.bincount(group) > 1
    second = order[np.minimum(starts + 1, len(order) - 1)]
    is_first = first[group] == np.arange(len(group))
    equal = np.where(is_first, second[group], first[group])
    other = nearest[group]
    return np.where(several[group], np.where(equally_near[group], np.minimum(equal, other), equal), other)


def similarities(left: np.ndarray, right: np.ndarray, metric: str) -> np.ndarray:
    """Compare all of some points with all of others.

    Args:
        left: Array of shape (n, d).
        right: Array of shape (m, d).
        metric: "cosine" or "euclidean".

    Returns:
        float64 [n, m] rounded to `DECIMALS` places: the cosine, or minus the distance.
    """
    values = np.empty((len(left), len(right)))
    right = right.astype(np.float64, copy=False)
    for part in chunks(len(left), max(left.shape[1], len(right))):
        rows = left[part].astype(np.float64, copy=False)
        if metric == "cosine":
            values[part] = (rows @ right.T) / np.outer(norms(rows), norms(right))
        else:
            squares = (rows**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * rows @ right.T
            values[part] = -np.sqrt(np.maximum(squares, 0))
    return np.round(values, DECIMALS, out=values)
