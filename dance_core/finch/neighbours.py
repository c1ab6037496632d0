"""Exact first neighbours: the nearest other point of every point.

Float32 block products find every point that could be the nearest within the rounding error of such a product; those
few are compared in float64, rounded to `DECIMALS` places, and a tie goes to the lowest index. So neither the block
size, the number of threads nor the BLAS library decides a neighbour.
"""

from collections.abc import Iterator

import numpy as np

METRICS = ("cosine", "euclidean")
DECIMALS = 12
BLOCK_ROWS = 1024
CHUNK_ELEMENTS = 1 << 20
PENDING_PAIRS = 1 << 18


def first_neighbours(points: np.ndarray, metric: str = "cosine") -> np.ndarray:
    """Find the nearest other point of every point, exactly.

    Only blocks on and above the diagonal are multiplied: each product serves its rows and its columns.

    Args:
        points: Array of shape (n, d), n >= 2. Under cosine a zero vector has similarity 0 to every point.
        metric: "cosine" or "euclidean".

    Returns:
        Index of the nearest point, shape (n,); of points equally near to `DECIMALS` places, the lowest index.
    """
    search = _Search(points, metric)
    blocks = [slice(start, start + BLOCK_ROWS) for start in range(0, len(points), BLOCK_ROWS)]
    for position, rows in enumerate(blocks):
        for columns in blocks[position:]:
            search.compare(rows, columns)
    return search.finish()


def similarities(left: np.ndarray, right: np.ndarray, metric: str) -> np.ndarray:
    """Compare all of some points with all of others.

    Args:
        left: Array of shape (n, d).
        right: Array of shape (m, d).
        metric: "cosine" or "euclidean".

    Returns:
        float64 [n, m] rounded to `DECIMALS` places: the cosine, or minus the distance.
    """
    left, right = left.astype(np.float64), right.astype(np.float64)
    if metric == "cosine":
        values = (left @ right.T) / np.outer(norms(left), norms(right))
    else:
        squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
        values = -np.sqrt(np.maximum(squares, 0))
    return np.round(values, DECIMALS)


def norms(points: np.ndarray) -> np.ndarray:
    """Measure points.

    Args:
        points: Array of shape (n, d).

    Returns:
        float64 Euclidean lengths, shape (n,); 1 for a zero vector, so that it can be divided by.
    """
    squares = [np.einsum("ij,ij->i", points[part], points[part], dtype=np.float64) for part in chunks(*points.shape)]
    lengths = np.sqrt(np.concatenate(squares))
    return np.where(lengths > 0, lengths, 1.0)


def chunks(n: int, width: int) -> Iterator[slice]:
    """Cut rows into pieces of a bounded number of elements.

    Args:
        n: Number of rows.
        width: Elements of a row.

    Returns:
        Slices that cover all rows in order.
    """
    step = max(1, CHUNK_ELEMENTS // max(1, width))
    return (slice(start, start + step) for start in range(0, n, step))


class _Search:
    """The running search for first neighbours: float32 scores choose candidates, float64 settles them."""

    def __init__(self, points: np.ndarray, metric: str) -> None:
        self.points, self.metric = points, metric
        self.left, self.right, self.tolerance = _factors(points, metric)
        n = len(points)
        self.highest = np.full(n, -np.inf, np.float32)
        self.similarity = np.full(n, -np.inf)
        self.neighbour = np.zeros(n, np.int64)
        self.pending: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def compare(self, rows: slice, columns: slice) -> None:
        """Compare a block of points with another block, in both directions."""
        scores = self.left[rows] @ self.right[columns].T
        if rows == columns:
            np.fill_diagonal(scores, -np.inf)
        self._offer(rows, columns, scores, axis=1)
        if rows != columns:
            self._offer(columns, rows, scores, axis=0)
        if sum(len(pair[0]) for pair in self.pending) > PENDING_PAIRS:
            self._settle()

    def finish(self) -> np.ndarray:
        """Settle what is pending and give the neighbours."""
        if self.pending:
            self._settle()
        return self.neighbour

    def _offer(self, points: slice, others: slice, scores: np.ndarray, axis: int) -> None:
        """Note all pairs whose score could be the highest of its point, given the rounding error."""
        highest = np.maximum(self.highest[points], scores.max(axis=axis))
        self.highest[points] = highest
        lowest = np.expand_dims(highest - self.tolerance, axis)
        # Flat positions, because nonzero in two dimensions takes a fifth of the whole search.
        found = np.divmod(np.flatnonzero(scores >= lowest), scores.shape[1])
        self.pending.append((found[1 - axis] + points.start, found[axis] + others.start, scores[found]))

    def _settle(self) -> None:
        """Compare the pending candidates in float64; the highest rounded similarity wins, then the lowest index."""
        point, other, score = (np.concatenate(parts) for parts in zip(*self.pending, strict=True))
        self.pending = []
        hopeful = score >= self.highest[point] - self.tolerance
        point, other = point[hopeful], other[hopeful]
        similarity = np.round(_similarities(self.points, point, other, self.metric), DECIMALS)
        order = np.lexsort((other, -similarity, point))
        order = order[np.diff(point[order], prepend=-1) > 0]
        point, other, similarity = point[order], other[order], similarity[order]
        lower = (similarity == self.similarity[point]) & (other < self.neighbour[point])
        better = (similarity > self.similarity[point]) | lower
        self.similarity[point[better]], self.neighbour[point[better]] = similarity[better], other[better]


def _factors(points: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray, np.float32]:
    """Give float32 factors whose product scores all pairs, and how far apart two equal scores can come out.

    Under euclidean the score is minus half the squared distance, made one product by two more columns.
    """
    n, d = points.shape
    if metric == "cosine":
        left = np.empty((n, d), np.float32)
        np.divide(points, norms(points)[:, None], out=left, casting="same_kind")
        return left, left, np.float32((d + 8) * np.finfo(np.float32).eps)
    centred = (points - points.mean(axis=0, dtype=np.float64)) / _spread(points)
    half = (np.einsum("ij,ij->i", centred, centred) / 2)[:, None]
    left = np.hstack([centred, -half, np.ones((n, 1))]).astype(np.float32)
    right = np.hstack([centred, np.ones((n, 1)), -half]).astype(np.float32)
    return left, right, np.float32((d + 8) * np.finfo(np.float32).eps * 4 * half.max())


def _similarities(points: np.ndarray, first: np.ndarray, second: np.ndarray, metric: str) -> np.ndarray:
    """Give the float64 similarity of listed pairs: the cosine, or minus the squared distance in units of the spread."""
    result = np.empty(len(first))
    scale = norms(points) if metric == "cosine" else np.full(len(points), _spread(points))
    for part in chunks(len(first), points.shape[1]):
        one, two = points[first[part]].astype(np.float64), points[second[part]].astype(np.float64)
        if metric == "cosine":
            result[part] = np.einsum("ij,ij->i", one, two)
        else:
            result[part] = -np.einsum("ij,ij->i", one - two, one - two)
    return result / (scale[first] * scale[second])


def _spread(points: np.ndarray) -> float:
    """Give the largest extent of the points along an axis, 1 when they all coincide."""
    return float(np.ptp(points, axis=0).max()) or 1.0
