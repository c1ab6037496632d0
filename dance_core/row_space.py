"""Features in the coordinates of their singular directions, where a ridge penalty acts on each coordinate alone."""

import numpy as np
from scipy.linalg import eigh

from dance_core.rows import Rows


class RowSpace:
    """Centred features in the coordinates of their singular directions.

    The features are read in blocks: memory holds the smaller of the two Gram matrices and the coordinates. The r
    directions themselves, of width D, are never laid out where clips are fewer than features; they are combinations of
    the features of the clips.

    Attributes:
        mean: Mean feature, shape (D,).
        coordinates: The features themselves, shape (n, r).
        variance: Mean square of each coordinate, shape (r,), largest first.
    """

    def __init__(self, x: Rows, dtype: type = np.float32) -> None:
        """Decompose features of shape (n, D); `dtype` is what coordinates are kept in.

        Raises:
            ValueError: All rows are the same.
        """
        self.mean = x.mean()
        self._wide, self._dtype = x.shape[1] > len(x), dtype
        # Few wide rows are read many times, each with each.
        self._centred = x.scaled(self.mean).stored() if self._wide else x.scaled(self.mean)
        gram = self._centred.gram() if self._wide else self._centred.scatter()
        # The transpose, which is the same matrix, has the memory layout that is decomposed in place.
        values, vectors = eigh(gram.T, overwrite_a=True, check_finite=False, driver="evr")
        del gram
        kept = np.flatnonzero(values > 1e-10 * values[-1])[::-1]
        if not len(kept) or values[-1] <= 0:
            raise ValueError("every train clip has the same features; check backbone_features")
        self._root, self._vectors = np.sqrt(values[kept]), vectors[:, kept]
        del vectors
        if self._wide:
            self.coordinates = np.multiply(self._vectors, self._root, dtype=dtype, casting="same_kind")
        else:
            self.coordinates = self.place(x)
        self.variance = values[kept] / len(x)

    def place(self, x: Rows) -> np.ndarray:
        """Return the coordinates of features of shape (n, D), shape (n, r)."""
        out: np.ndarray = np.empty((len(x), len(self._root)), self._dtype)
        for place, block in x.scaled(self.mean).blocks():
            if self._wide:
                block = np.hstack([block @ other.T for _, other in self._centred.blocks()])
            out[place] = block @ self._vectors / (self._root if self._wide else 1)
        return out

    def weights(self, solution: np.ndarray) -> np.ndarray:
        """Return the weights for features, shape (D, M), that do as weights for coordinates, shape (r, M), do."""
        if self._wide:
            return self._centred.transposed_product(self._vectors @ (solution / self._root[:, None]))
        return self._vectors @ solution

    def covariance(self, targets: np.ndarray) -> np.ndarray:
        """Return the covariance of each coordinate with each target of shape (n, M), shape (r, M)."""
        centred = targets - targets.mean(axis=0)
        if self._wide:
            return self._root[:, None] * (self._vectors.T @ centred) / len(targets)
        return self._vectors.T @ self._centred.transposed_product(centred) / len(targets)
