"""Features in the coordinates of their singular directions, where a ridge penalty acts on each coordinate alone."""

import numpy as np


class RowSpace:
    """Centred features in the coordinates of their singular directions.

    Products are taken in float32, whose rounding is far below what separates one choice of val from another.

    Attributes:
        mean: Mean feature, shape (D,).
        centred: Features minus their mean, shape (n, D).
        directions: Orthonormal columns, shape (D, r).
        coordinates: The features themselves, float32 of shape (n, r).
        variance: Mean square of each coordinate, shape (r,), largest first.
    """

    def __init__(self, x: np.ndarray) -> None:
        """Decompose features of shape (n, D) through the smaller of the two Gram matrices."""
        self.mean = x.mean(axis=0)
        self.centred = x - self.mean
        wide = x.shape[1] > len(x)
        values, vectors = np.linalg.eigh(self.centred @ self.centred.T if wide else self.centred.T @ self.centred)
        kept = np.flatnonzero(values > 1e-10 * values[-1])[::-1]
        if not len(kept) or values[-1] <= 0:
            raise ValueError("concept layer: every train clip has the same features; check backbone_features")
        root = np.sqrt(values[kept])
        self.directions = self.centred.T @ vectors[:, kept] / root if wide else vectors[:, kept]
        self.coordinates = (vectors[:, kept] * root).astype(np.float32) if wide else self.place(x)
        self.variance = values[kept] / len(x)

    def place(self, x: np.ndarray) -> np.ndarray:
        """Return the coordinates of features of shape (n, D), float32 of shape (n, r)."""
        return (x - self.mean).astype(np.float32) @ self.directions.astype(np.float32)

    def covariance(self, targets: np.ndarray) -> np.ndarray:
        """Return the covariance of each coordinate with each target of shape (n, M), shape (r, M)."""
        return self.directions.T @ (self.centred.T @ (targets - targets.mean(axis=0))) / len(targets)
