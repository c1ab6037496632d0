"""Rotation matrices for arrays of angles and directions."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]

_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


def _cross_matrix(vectors: Array) -> Array:
    matrix = np.zeros((*vectors.shape[:-1], 3, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    matrix[..., 0, 1], matrix[..., 0, 2] = -z, y
    matrix[..., 1, 0], matrix[..., 1, 2] = z, -x
    matrix[..., 2, 0], matrix[..., 2, 1] = -y, x
    return matrix


def unit(vectors: ArrayLike) -> Array:
    """Scale vectors to length one along the last axis.

    Args:
        vectors: Vectors that are not zero, shape (..., 3).

    Returns:
        Unit vectors, shape (..., 3).
    """
    array = np.asarray(vectors, dtype=np.float64)
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


def rotation_about(axis: str, degrees: ArrayLike) -> Array:
    """Rotate about a coordinate axis.

    Args:
        axis: One of "x", "y", "z".
        degrees: Angles in degrees, shape (...).

    Returns:
        Rotation matrices, shape (..., 3, 3).

    Source:
        Rodrigues' formula.
    """
    angle = np.radians(np.asarray(degrees, dtype=np.float64))
    cross = _cross_matrix(np.asarray(_AXES[axis]))
    sine, cosine = np.sin(angle)[..., None, None], np.cos(angle)[..., None, None]
    return np.eye(3) + sine * cross + (1.0 - cosine) * (cross @ cross)


def shortest_rotation(start: ArrayLike, end: ArrayLike) -> Array:
    """Turn one direction into another by the smallest angle.

    Args:
        start: Directions to turn, shape (..., 3).
        end: Directions to reach, not opposite to `start`, shape (..., 3).

    Returns:
        Rotation matrices R with R @ unit(start) = unit(end), shape (..., 3, 3).
    """
    first, second = np.broadcast_arrays(unit(start), unit(end))
    cross = _cross_matrix(np.cross(first, second))
    cosine = (first * second).sum(-1)[..., None, None]
    return np.eye(3) + cross + (cross @ cross) / (1.0 + cosine + 1e-6)


def transposed(matrices: Array) -> Array:
    """Transpose the last two axes, which inverts a rotation.

    Args:
        matrices: Matrices, shape (..., 3, 3).

    Returns:
        Their transposes, shape (..., 3, 3).
    """
    return np.swapaxes(matrices, -1, -2)
