"""Exact first neighbours: the nearest other point of every point, no pair left out.

A few random trees give every point a near other one. Products of short vectors (`Space`) then rule out every pair
that cannot be nearer than that; what remains is compared in float64, rounded to `DECIMALS` places, and a tie goes to
the lowest index. So neither the trees, the width of the vectors, the size of the blocks, the number of threads nor the
BLAS library decides a neighbour; they only decide how many pairs remain.
"""

import numpy as np

from dance_core.finch.space import DECIMALS, Space, chunks

# Coordinates of the vectors that all pairs are compared by, and of those that the remaining pairs are compared by.
NARROW, WIDE = 24, 128
# Below this many points for each coordinate, main directions and several trees cost more than they save.
LEAST_POINTS = 4
TREES, LEAF = 4, 512
BLOCK_ROWS = 1024
PENDING_PAIRS = 1 << 16
SAMPLED_ROWS = 128
# What comparing a listed pair costs for each coordinate, in multiplications of a block product.
PAIR_COST = 50


class Best:
    """The nearest other point of every point among those compared so far.

    Attributes:
        similarity: float64 [n], minus infinity where nothing was compared.
        neighbour: int64 [n].
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.similarity = np.full(space.shape[0], -np.inf)
        self.neighbour = np.zeros(space.shape[0], np.int64)

    def settle(self, point: np.ndarray, other: np.ndarray) -> None:
        """Compare pairs in float64, each for the sake of both of its points.

        The highest rounded similarity wins, then the lowest index.

        Args:
            point: Indices, shape (m,).
            other: Indices, shape (m,), each different from its point.
        """
        similarity = self.space.similarities(point, other)
        point, other = np.concatenate([point, other]), np.concatenate([other, point])
        similarity = np.concatenate([similarity, similarity])
        possible = similarity >= self.similarity[point]
        point, other, similarity = point[possible], other[possible], similarity[possible]
        order = np.lexsort((other, -similarity, point))
        order = order[np.diff(point[order], prepend=-1) > 0]
        point, other, similarity = point[order], other[order], similarity[order]
        lower = (similarity == self.similarity[point]) & (other < self.neighbour[point])
        better = (similarity > self.similarity[point]) | lower
        self.similarity[point[better]], self.neighbour[point[better]] = similarity[better], other[better]


def exact_neighbours(space: Space) -> Best:
    """Find the nearest other point of every point.

    Args:
        space: The points; few of them equal, because every pair of equal points is compared.

    Returns:
        The neighbours; of points equally near to `DECIMALS` places, the lowest index.
    """
    n, d = space.shape
    best = Best(space)
    many = n > LEAST_POINTS * d
    shortened = many and d > WIDE
    vectors = space.shortened([NARROW, WIDE]) if shortened else [space.centred()]
    bounds = [_Bound(each) for each in vectors]
    rng = np.random.default_rng(0)
    for _ in range(TREES if many else 1):
        for leaf in leaves(vectors[0], LEAF, rng):
            scores = bounds[0].block(leaf, leaf)
            np.fill_diagonal(scores, -np.inf)
            best.settle(leaf, leaf[scores.argmax(axis=1)])
    if shortened and _remaining(bounds[0], best) * WIDE + _remaining(bounds[1], best) * d > n * d / (2 * PAIR_COST):
        bounds = [_Bound(space.centred())]  # the points have no main directions
    _compare_all(bounds, best)
    return best


def leaves(vectors: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Divide points into groups of near ones by halving them along random directions.

    Args:
        vectors: Array of shape (n, m).
        size: Most points of a group.
        rng: Draws the directions, of small integers, so that integer vectors are divided without rounding.

    Returns:
        Indices of the points of every group.
    """
    n, m = vectors.shape
    depth = max(0, int(np.ceil(np.log2(n / size))))
    node, order = np.zeros(n, np.int64), np.arange(n)
    for level in range(depth):
        along = vectors @ rng.integers(-8, 9, m).astype(np.float32)
        order = np.lexsort((along, node))
        node[order] = np.arange(n) * 2 ** (level + 1) // n
    return np.split(order, np.flatnonzero(np.diff(node[order])) + 1)


class _Bound:
    """Bounds of true similarities by short vectors: minus half their squared distances.

    Attributes:
        tolerance: How far a bound can lie below the true value by rounding.
    """

    def __init__(self, vectors: np.ndarray) -> None:
        half = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64) / 2
        self.vectors, self.half = vectors, half.astype(np.float32)[:, None]
        self.tolerance = (vectors.shape[1] + 8) * np.finfo(np.float32).eps * 4 * half.max() + 2 * 10.0**-DECIMALS

    def block(self, rows: slice | np.ndarray, columns: slice | np.ndarray) -> np.ndarray:
        """Bound all pairs of some points with others; float32 [rows, columns]."""
        half, other = self.half[rows], self.half[columns]
        left = np.hstack([self.vectors[rows], -half, np.ones_like(half)])
        return left @ np.hstack([self.vectors[columns], np.ones_like(other), -other]).T

    def possible(self, point: np.ndarray, other: np.ndarray, best: Best) -> np.ndarray:
        """Tell which listed pairs could be the nearest of either point; bool [m]."""
        least = np.minimum(best.similarity[point], best.similarity[other]) - self.tolerance
        result = np.empty(len(point), bool)
        for part in chunks(len(point), self.vectors.shape[1]):
            gap = self.vectors[point[part]] - self.vectors[other[part]]
            result[part] = np.einsum("ij,ij->i", gap, gap) / -2 >= least[part]
        return result


def _remaining(bound: _Bound, best: Best) -> float:
    """Count on some rows how many others of a point a bound leaves, on average."""
    n = len(best.similarity)
    rows = np.arange(0, n, -(-n // SAMPLED_ROWS))
    least = (best.similarity[rows, None] - bound.tolerance).astype(np.float32)
    return sum(np.count_nonzero(bound.block(rows, columns) >= least) for columns in _blocks(n)) / len(rows)


def _compare_all(bounds: list[_Bound], best: Best) -> None:
    """Bound every pair once and settle those that could be the nearest of either point."""
    blocks = _blocks(len(best.similarity))
    pending: list[tuple[np.ndarray, np.ndarray]] = []
    n_pending = 0
    for position, rows in enumerate(blocks):
        least = (best.similarity - bounds[0].tolerance).astype(np.float32)
        for columns in blocks[position:]:
            scores = bounds[0].block(rows, columns)
            possible = scores >= least[rows, None]
            possible |= scores >= least[columns]
            if rows == columns:
                possible = np.triu(possible, 1)
            # Flat positions, because nonzero in two dimensions is many times slower.
            row, column = np.divmod(np.flatnonzero(possible), possible.shape[1])
            pending.append((row + rows.start, column + columns.start))
            n_pending += len(row)
            if n_pending > PENDING_PAIRS:
                _settle(pending, bounds[1:], best)
                pending, n_pending = [], 0
    if pending:
        _settle(pending, bounds[1:], best)


def _settle(pending: list[tuple[np.ndarray, np.ndarray]], bounds: list[_Bound], best: Best) -> None:
    """Settle the pairs that no further bound rules out."""
    point, other = (np.concatenate(parts) for parts in zip(*pending, strict=True))
    for bound in bounds:
        possible = bound.possible(point, other, best)
        point, other = point[possible], other[possible]
    best.settle(point, other)


def _blocks(n: int) -> list[slice]:
    """Cut the points into blocks."""
    return [slice(start, min(n, start + BLOCK_ROWS)) for start in range(0, n, BLOCK_ROWS)]
