"""Approximate first neighbours by NN-descent: the neighbours of a point's neighbours are likely to be its own.

The lists of near points start from random trees and are improved until hardly any changes. They are made on a grid:
short vectors with small whole coordinates, whose products a float32 holds without rounding, so the order of sums does
not matter to the lists. The grid itself is rounded from a rotation in float64 (eigh, qr), whose last bits may follow
the threads: that a seed gives the same neighbours is tested on one and two threads, not proven for any number. The
lists are compared as exact neighbours are, in float64 and with the same tie rule.

Source:
    Dong, Charikar, Li: Efficient K-Nearest Neighbor Graph Construction for Generic Similarity Measures, WWW 2011.
"""

import numpy as np

from dance_core.finch.exact import Best, leaves
from dance_core.finch.space import Space, chunks

NEAREST = 10
WIDTH = 128
TREES, LEAF = 20, 256
# Whole coordinates of vectors no longer than this have squared distances below 2 ** 24, whole numbers to a float32.
RADIUS = 2000
FAR = 2.0**30
MOST_ROUNDS = 10
# A round that changes a smaller share of the first neighbours is the last.
STILL_CHANGING = 0.01
NONE = np.iinfo(np.int64).max


def approximate_neighbours(space: Space, seed: int = 0) -> Best:
    """Find a near other point of every point, nearly always the nearest.

    Args:
        space: The points.
        seed: Draws the trees.

    Returns:
        The neighbours; of listed points equally near to 12 decimals, the lowest index.
    """
    n, d = space.shape
    grid = space.shortened([WIDTH])[0] if d > WIDTH else space.centred()
    longest = np.sqrt(np.einsum("ij,ij->i", grid, grid, dtype=np.float64).max()) or 1.0
    grid = np.rint(grid * (RADIUS / longest))
    lists = _planted(grid, np.random.default_rng(seed))
    for _ in range(MOST_ROUNDS):
        improved = _round(grid, lists)
        changing = np.mean(improved[:, 0] != lists[:, 0])
        lists = improved
        if changing < STILL_CHANGING:
            break
    best = Best(space)
    everyone = np.arange(n)
    for column in lists.T:
        listed = column != NONE
        best.settle(everyone[listed], column[listed] & 0xFFFFFFFF)
    return best


def _planted(grid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """List near points from random trees.

    An entry is the squared distance in its upper half and the index in its lower one, so that one sort orders the
    entries by both and brings those of the same point together; `NONE` fills a list that is not full.
    """
    lists = np.full((len(grid), NEAREST), NONE)
    for _ in range(TREES):
        for leaf in leaves(grid, LEAF, rng):
            vectors = grid[leaf]
            squares = np.einsum("ij,ij->i", vectors, vectors)
            distance = squares[:, None] + squares - 2 * vectors @ vectors.T
            np.fill_diagonal(distance, FAR)
            nearest = np.argpartition(distance, min(NEAREST, len(leaf)) - 1, axis=1)[:, :NEAREST]
            lists[leaf] = _merged(lists[leaf], np.take_along_axis(distance, nearest, axis=1), leaf[nearest], leaf)
    return lists


def _merged(lists: np.ndarray, distance: np.ndarray, others: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Put other points into the lists of points and keep the nearest; [m, NEAREST]."""
    entries = (distance.astype(np.int64) << 32) | others
    entries[others == points[:, None]] = NONE
    entries = np.sort(np.hstack([lists, entries]), axis=1)
    entries[:, 1:][entries[:, 1:] == entries[:, :-1]] = NONE
    return np.sort(entries, axis=1)[:, :NEAREST]


def _round(grid: np.ndarray, lists: np.ndarray) -> np.ndarray:
    """Offer every point the lists of the points that it lists first, and of those that list it first."""
    n, half = len(grid), NEAREST // 2
    points = np.arange(n)[:, None]
    listed = np.where(lists == NONE, points, lists & 0xFFFFFFFF)
    listing = _listing(listed[:, :half], half)
    improved = np.empty_like(lists)
    for part in chunks(n, 2 * half * NEAREST * grid.shape[1] // 8):
        via = np.hstack([listed[part, :half], listing[part]])
        others = np.hstack([listed[via].reshape(len(via), -1), listing[part]])
        gap = grid[others] - grid[part, None]
        distance = np.einsum("ijk,ijk->ij", gap, gap)
        improved[part] = _merged(lists[part], distance, others, points[part, 0])
    return improved


def _listing(listed: np.ndarray, most: int) -> np.ndarray:
    """Give up to `most` points that list a point, filled with the point itself; [n, most]."""
    n, k = listed.shape
    order = np.argsort(listed.T.ravel(), kind="stable")  # those that list it nearest come first
    target = listed.T.ravel()[order]
    rank = np.arange(n * k) - np.searchsorted(target, target)
    kept = rank < most
    result = np.tile(np.arange(n)[:, None], (1, most))
    result[target[kept], rank[kept]] = order[kept] % n
    return result
