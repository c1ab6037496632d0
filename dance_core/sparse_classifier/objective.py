"""The objective of the sparse classifier, and what a solution of it is."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

ZERO_WEIGHT = 1e-5
"""Weights at or below this magnitude do not count as concepts of a class (the threshold of the literature)."""


@dataclass(frozen=True)
class CrossEntropy:
    """Mean cross-entropy of a linear softmax classifier, in its plain form; the solvers use `likelihood.Likelihood`.

    Attributes:
        z: Standardised concept activations, shape (n, M).
        onehot: Class indicators, shape (n, K).
    """

    z: np.ndarray
    onehot: np.ndarray

    def value_and_gradient(self, weight: np.ndarray, bias: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the loss and its gradients.

        Args:
            weight: Shape (K, M).
            bias: Shape (K,).

        Returns:
            Loss, gradient of shape (K, M), gradient of shape (K,).
        """
        logits = self.z @ weight.T + bias
        normaliser = logsumexp(logits, axis=1, keepdims=True)
        residual = (np.exp(logits - normaliser) - self.onehot) / len(logits)
        loss = float(normaliser.mean() - (logits * self.onehot).sum() / len(logits))
        return loss, residual.T @ self.z, residual.sum(axis=0)


@dataclass(frozen=True)
class ElasticNet:
    """The penalty lam * (alpha * |W|_1 + (1 - alpha) / 2 * |W|_F^2).

    Attributes:
        lam: Strength, as it enters the objective (the authors divide theirs by alpha first).
        alpha: Share of the L1 part.
    """

    lam: float
    alpha: float

    @property
    def l1(self) -> float:
        """Strength of the absolute values."""
        return self.lam * self.alpha

    @property
    def l2(self) -> float:
        """Strength of the squares."""
        return self.lam * (1 - self.alpha)

    def value(self, weight: np.ndarray) -> float:
        """Return the penalty of weights of shape (K, M)."""
        return self.l1 * float(np.abs(weight).sum()) + self.l2 / 2 * float(np.square(weight).sum())

    def slope(self, weight: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the element of the subdifferential that is nearest to zero.

        Args:
            weight: Shape (K, M).
            gradient: Gradient of the data term, shape (K, M).

        Returns:
            Its negative is the direction of steepest descent; shape (K, M).
        """
        smooth = gradient + self.l2 * weight
        at_zero = np.sign(smooth) * np.maximum(np.abs(smooth) - self.l1, 0)
        return np.where(weight != 0, smooth + self.l1 * np.sign(weight), at_zero)

    def violation(self, weight: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return how far each weight is from optimal.

        Args:
            weight: Shape (K, M).
            gradient: Gradient of the data term, shape (K, M).

        Returns:
            Distance from 0 to the subdifferential, shape (K, M).
        """
        return np.abs(self.slope(weight, gradient))


@dataclass(frozen=True)
class SparseClassifier:
    """A fitted classifier with its certificate.

    Attributes:
        weight: Shape (K, M); what is not used is exactly zero.
        bias: Shape (K,).
        lam: Strength of the penalty.
        alpha: Share of the L1 part.
        objective: Value of the objective.
        kkt_residual: Largest violation of the optimality conditions over all weights and biases.
        gap: The objective is above the optimum by at most this share of the optimum (duality gap); infinite if unknown.
        converged: Whether the certificate is within the tolerance asked for.
        iterations: Iterations of the solver.
    """

    weight: np.ndarray
    bias: np.ndarray
    lam: float
    alpha: float
    objective: float
    kkt_residual: float
    gap: float
    converged: bool
    iterations: int

    @property
    def l1(self) -> float:
        """Strength of the absolute values, lam * alpha."""
        return ElasticNet(self.lam, self.alpha).l1

    @property
    def l2(self) -> float:
        """Strength of half the squares, lam * (1 - alpha)."""
        return ElasticNet(self.lam, self.alpha).l2


def effective_concepts(weight: np.ndarray) -> float:
    """Return the number of effective concepts (NEC): concepts with a non-zero weight, averaged over the classes.

    Args:
        weight: Shape (K, M).

    Returns:
        Non-zero weights divided by K.

    Source:
        VLG-CBM (Srivastava et al. 2024).
    """
    return float((np.abs(weight) > ZERO_WEIGHT).sum() / len(weight))
