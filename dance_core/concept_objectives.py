"""What concept layers minimise, per concept over clips."""

from typing import Protocol, Self

import numpy as np
from scipy.special import expit, logit


class Objective(Protocol):
    """A loss per concept over clips; the concepts do not influence each other.

    Attributes:
        scale_free: Whether the loss stays the same when activations are scaled.
        curvature: Typical second derivative by activation, shape (M,), in units of the mean over clips.
        offset: Best activation of all that are the same for every clip, shape (M,).
    """

    scale_free: bool
    curvature: np.ndarray
    offset: np.ndarray

    def __init__(self, targets: np.ndarray) -> None: ...

    def columns(self, index: np.ndarray) -> Self:
        """Return the same objective for some of the concepts only."""

    def loss(self, activations: np.ndarray) -> np.ndarray:
        """Return the losses, shape (M,), of activations of shape (n, M)."""

    def loss_and_gradient(self, activations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses, shape (M,), and the gradient of their sum with respect to the activations, (n, M)."""


class BinaryCrossEntropy:
    """Mean binary cross-entropy with logits over clips, per concept: mean_i log(1 + exp(a_i)) - a_i t_i.

    Source:
        DANCE, section 3.3.
    """

    scale_free = False

    def __init__(self, targets: np.ndarray) -> None:
        """Keep the labels, shape (n, M), of 0 and 1."""
        self.targets = targets
        prevalence = (targets.sum(axis=0, dtype=np.float64) + 0.5) / (len(targets) + 1)
        self.curvature, self.offset = prevalence * (1 - prevalence), logit(prevalence)

    def columns(self, index: np.ndarray) -> Self:
        """Return the same objective for some of the concepts only."""
        return type(self)(np.ascontiguousarray(self.targets[:, index]))

    def loss(self, activations: np.ndarray) -> np.ndarray:
        """Return the losses, shape (M,), of activations of shape (n, M)."""
        surplus = np.log1p(np.exp(-np.abs(activations))) + np.maximum(activations, 0)
        return (surplus - activations * self.targets).mean(axis=0, dtype=np.float64)

    def loss_and_gradient(self, activations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses, shape (M,), and the gradient of their sum, shape (n, M)."""
        return self.loss(activations), (expit(activations) - self.targets) / len(self.targets)


class NegativeCosineCubed:
    """Minus the cosine over clips of centred, cubed activations and scores, per concept.

    With a' = (a - mean(a))^3 and t' = (t - mean(t))^3 over the clips of a concept: -<a', t'> / (|a'| |t'|). A constant
    column, up to rounding, has no direction: its similarity and its gradient are 0.

    Source:
        Label-free CBM (Oikarinen et al. 2023), Eq. 2; DANCE, Eq. 5 (which leaves the centring out).
    """

    scale_free = True

    def __init__(self, targets: np.ndarray) -> None:
        """Centre and cube the scores, shape (n, M), once."""
        cubed = _cubed(_standard(targets)[0])
        self.targets = cubed / _lengths(cubed)
        self.curvature, self.offset = np.ones(targets.shape[1]), np.zeros(targets.shape[1])

    def columns(self, index: np.ndarray) -> Self:
        """Return the same objective for some of the concepts only."""
        chosen = object.__new__(type(self))
        chosen.targets = np.ascontiguousarray(self.targets[:, index])
        chosen.curvature, chosen.offset = self.curvature[index], self.offset[index]
        return chosen

    def loss(self, activations: np.ndarray) -> np.ndarray:
        """Return the losses, shape (M,), of activations of shape (n, M)."""
        cubed = _cubed(_standard(activations)[0])
        products = np.einsum("nm,nm->m", cubed, self.targets, dtype=np.float64)
        return -products / _lengths(cubed)

    def loss_and_gradient(self, activations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses, shape (M,), and the gradient of their sum, shape (n, M); a constant column gives 0."""
        standard, spread = _standard(activations)
        square = standard**2
        cubed = square * standard
        length = _lengths(cubed)
        cubed /= length
        similarity = np.einsum("nm,nm->m", cubed, self.targets)
        gradient = (similarity * cubed - self.targets) * square * (3 / (length * spread))
        return -similarity.astype(np.float64), gradient - gradient.mean(axis=0)


def _standard(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return columns of mean 0 and mean square 1, and what they were divided by; constant ones become zeros, and 1.

    Cubes of small numbers vanish and cubes of what rounding leaves of a constant do not, so both are settled here.
    """
    centred = values - values.mean(axis=0)
    spread = np.sqrt(np.square(centred).mean(axis=0))
    constant = spread <= 8 * np.finfo(values.dtype).eps * np.abs(values).max(axis=0)
    spread = np.where(constant, 1, spread).astype(values.dtype)
    return np.where(constant, 0, centred / spread), spread


def _cubed(values: np.ndarray) -> np.ndarray:
    """Return the cubes; two products are twenty times as fast as a power."""
    return values * values * values


def _lengths(columns: np.ndarray) -> np.ndarray:
    """Return the Euclidean length of each column; 1 for columns of zeros, which have no direction to normalise."""
    lengths = np.sqrt(np.einsum("nm,nm->m", columns, columns, dtype=np.float64))
    return np.where(lengths > 0, lengths, 1).astype(columns.dtype)
