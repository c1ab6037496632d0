"""What concept layers minimise, per concept over clips."""

from typing import Protocol

import numpy as np
from scipy.special import expit


class Objective(Protocol):
    """A loss per concept over clips.

    Attributes:
        scale_free: Whether the loss stays the same when activations are scaled.
        curvature: Typical second derivative by activation, shape (M,), in units of the mean over clips.
    """

    scale_free: bool
    curvature: np.ndarray

    def __init__(self, targets: np.ndarray) -> None: ...

    def loss_and_gradient(self, activations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses, shape (M,), and the gradient of their sum with respect to the activations, (n, M)."""


class BinaryCrossEntropy:
    """Mean binary cross-entropy with logits over clips, per concept."""

    scale_free = False

    def __init__(self, targets: np.ndarray) -> None:
        """Keep the labels, shape (n, M), of 0 and 1."""
        self.targets = targets
        prevalence = (targets.sum(axis=0) + 0.5) / (len(targets) + 1)
        self.curvature = prevalence * (1 - prevalence)

    def loss_and_gradient(self, activations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses, shape (M,), and the gradient of their sum, shape (n, M)."""
        loss = np.logaddexp(0, activations) - activations * self.targets
        return loss.mean(axis=0), (expit(activations) - self.targets) / len(self.targets)


class NegativeCosineCubed:
    """Minus the cosine over clips of centred, cubed activations and scores, per concept.

    Source:
        Label-free CBM (Oikarinen et al. 2023), Eq. 2; DANCE, Eq. 5 (which leaves the centring out).
    """

    scale_free = True

    def __init__(self, targets: np.ndarray) -> None:
        """Centre and cube the scores, shape (n, M), once."""
        cubed = (targets - targets.mean(axis=0)) ** 3
        self.targets = cubed / np.maximum(np.linalg.norm(cubed, axis=0), np.finfo(cubed.dtype).tiny)
        self.curvature = np.ones(targets.shape[1])

    def loss_and_gradient(self, activations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the losses, shape (M,), and the gradient of their sum, shape (n, M); a constant column gives 0."""
        centred = activations - activations.mean(axis=0)
        square = centred**2
        cubed = square * centred
        norm = np.maximum(np.linalg.norm(cubed, axis=0), np.finfo(activations.dtype).tiny)
        cubed /= norm
        similarity = (cubed * self.targets).sum(axis=0)
        gradient = (similarity * cubed - self.targets) * square * (3 / norm)
        return -similarity, gradient - gradient.mean(axis=0)
