"""The space in which points are neighbours: true similarities in float64, and short vectors that bound them.

Under cosine the points are scaled to length 1, where half a squared distance is one minus the cosine; so both metrics
are Euclidean here. Rotated onto its main directions, a point is its first few coordinates and a rest of known length,
and by the triangle inequality the rests of two points are at least as far apart as their lengths differ: with that
length for one more coordinate, the short vectors are never farther apart than the points.
"""

from collections.abc import Iterator

import numpy as np

METRICS = ("cosine", "euclidean")
DECIMALS = 12
CHUNK_ELEMENTS = 1 << 19
SAMPLE = 512


class Space:
    """Points under a metric.

    Args:
        points: Array of shape (m, d), finite.
        metric: "cosine" (a zero vector has similarity 0 to every point) or "euclidean".
        places: Where the points of the space stand among them, ascending, shape (n,), n >= 2; the others are left out
            of it without a copy of those that stay.

    Attributes:
        shape: Number of points n and of their coordinates d.
    """

    def __init__(self, points: np.ndarray, metric: str, places: np.ndarray) -> None:
        self.points, self.metric, self.places = points, metric, places
        self.shape = (len(places), points.shape[1])
        if metric == "cosine":
            self.scale = norms(points)[places]
        else:
            self.scale = np.full(len(places), float(np.ptp(points, axis=0).max()) or 1.0)
        self.middle = np.zeros(points.shape[1])
        self.middle = sum(self.rows(part).sum(axis=0) for part in chunks(*self.shape)) / len(places)

    def rows(self, part: slice) -> np.ndarray:
        """Scale and centre some points; float64 [m, d]."""
        rows = self.points[self.places[part]] / self.scale[part, None].astype(np.float64)
        rows -= self.middle
        return rows

    def similarities(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Compare listed pairs.

        Args:
            first: Indices of points, shape (m,).
            second: Indices of points, shape (m,).

        Returns:
            float64 [m] rounded to `DECIMALS` places: the cosine minus one, or minus half the squared distance in units
            of the largest extent of the points along an axis.
        """
        result = np.empty(len(first))
        for part in chunks(len(first), self.shape[1]):
            one, two = self.points[self.places[first[part]]], self.points[self.places[second[part]]]
            if self.metric == "cosine":
                result[part] = np.einsum("ij,ij->i", one, two, dtype=np.float64)
            else:
                gap = one.astype(np.float64) - two
                result[part] = -np.einsum("ij,ij->i", gap, gap) / 2
        result /= self.scale[first] * self.scale[second]
        return np.round(result - (self.metric == "cosine"), DECIMALS)

    def basis(self, width: int) -> np.ndarray:
        """Find the directions along which a sample of the points extends farthest; orthonormal, [d, <= width]."""
        sample = self.rows(slice(None, None, -(-len(self.places) // SAMPLE)))
        along = np.linalg.eigh(sample @ sample.T)[1][:, : -width - 1 : -1]
        return np.linalg.qr(sample.T @ along)[0]

    def shortened(self, widths: list[int]) -> list[np.ndarray]:
        """Give the short vectors of all points: the main coordinates and the length of the rest.

        Args:
            widths: Numbers of coordinates, ascending.

        Returns:
            float32 [n, width + 1] for every width; less wide where a sample of the points spans no more directions.
        """
        basis = self.basis(widths[-1])
        kept = [min(width, basis.shape[1]) for width in widths]
        vectors = [np.empty((len(self.places), width + 1), np.float32) for width in kept]
        for part in chunks(*self.shape):
            rows = self.rows(part)
            # In float64, because a short rest is the small difference of two large squares.
            turned = rows @ basis
            whole = np.einsum("ij,ij->i", rows, rows)
            for short in vectors:
                main = turned[:, : short.shape[1] - 1]
                short[part, :-1] = main
                short[part, -1] = np.sqrt(np.maximum(whole - np.einsum("ij,ij->i", main, main), 0))
        return vectors

    def centred(self) -> np.ndarray:
        """Give all points scaled and centred; float32 [n, d]."""
        result = np.empty(self.shape, np.float32)
        for part in chunks(*self.shape):
            result[part] = self.rows(part)
        return result


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
