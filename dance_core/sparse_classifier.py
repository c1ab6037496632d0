"""The sparse linear classifier on standardised concept activations: elastic-net multinomial regression, certified.

    minimise  mean_i CE(softmax(W z_i + b), y_i) + lam * (alpha * |W|_1 + (1 - alpha) / 2 * |W|_F^2)

The bias is free. With W = P - N and P, N >= 0 the objective is smooth under bounds, so L-BFGS-B reaches the optimum
itself, where the stochastic solver of the authors stops short of it; the certificate is the optimality (KKT) residual.
"""

import logging
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

ZERO_WEIGHT = 1e-5
"""Weights at or below this magnitude do not count as concepts of a class (the threshold of the literature)."""


@dataclass(frozen=True)
class CrossEntropy:
    """Mean cross-entropy of a linear softmax classifier.

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

    def violation(self, weight: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return how far each weight is from optimal.

        Args:
            weight: Shape (K, M).
            gradient: Gradient of the data term, shape (K, M).

        Returns:
            Distance from 0 to the subdifferential, shape (K, M).
        """
        slope = gradient + self.l2 * weight
        return np.where(weight != 0, np.abs(slope + self.l1 * np.sign(weight)), np.maximum(np.abs(slope) - self.l1, 0))


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
        converged: Whether the residual is within the tolerance asked for.
        iterations: Iterations of the solver.
    """

    weight: np.ndarray
    bias: np.ndarray
    lam: float
    alpha: float
    objective: float
    kkt_residual: float
    converged: bool
    iterations: int


def fit_sparse_classifier(
    z: np.ndarray,
    y: np.ndarray,
    lam: float = 7e-4,
    alpha: float = 0.99,
    start: SparseClassifier | None = None,
    n_classes: int | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 20_000,
) -> SparseClassifier:
    """Fit the elastic-net multinomial classifier to its optimum.

    Args:
        z: Standardised concept activations, shape (n, M).
        y: Class indices in [0, K), shape (n,).
        lam: Strength of the penalty.
        alpha: Share of the L1 part, in [0, 1].
        start: A solution to start from, for example at the neighbouring lam of a path.
        n_classes: K; by default the largest index plus one.
        tolerance: Largest KKT residual that counts as converged.
        max_iterations: Iterations after which the solver gives up; the result then says `converged=False`.

    Returns:
        The classifier with its certificate.

    Raises:
        ValueError: The arrays do not fit each other, hold NaN, or show one class only; lam or alpha is out of range.

    Source:
        DANCE, Eq. 6; objective of GLM-SAGA (Wong et al. 2021); split variables: Andrew and Gao (2007).
    """
    z, y = np.ascontiguousarray(z, np.float64), np.asarray(y)
    _check_problem(z, y, lam, alpha)
    data = CrossEntropy(z, np.eye(n_classes or int(y.max()) + 1)[y])
    penalty = ElasticNet(lam, alpha)
    weight, bias, iterations = _descend(data, penalty, start, tolerance, max_iterations)
    loss, gradient, bias_gradient = data.value_and_gradient(weight, bias)
    residual = float(max(penalty.violation(weight, gradient).max(), np.abs(bias_gradient).max()))
    if residual > tolerance:
        logging.warning(
            "sparse classifier: KKT residual %.1e after %d iterations at lam %g; expected at most %.1e; raise lam",
            *(residual, iterations, lam, tolerance),
        )
    objective = loss + penalty.value(weight)
    return SparseClassifier(weight, bias, lam, alpha, objective, residual, residual <= tolerance, iterations)


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


def _descend(
    data: CrossEntropy, penalty: ElasticNet, start: SparseClassifier | None, tolerance: float, max_iterations: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Run L-BFGS-B over (P, N, bias); restarts refresh its memory until the certificate holds or progress ends."""
    shape = (data.onehot.shape[1], data.z.shape[1])
    size = shape[0] * shape[1]

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        weight = (point[:size] - point[size : 2 * size]).reshape(shape)
        loss, gradient, bias_gradient = data.value_and_gradient(weight, point[2 * size :])
        slope = (gradient + penalty.l2 * weight).ravel()
        value = loss + penalty.l2 / 2 * float(np.square(weight).sum()) + penalty.l1 * float(point[: 2 * size].sum())
        return value, np.concatenate([slope + penalty.l1, penalty.l1 - slope, bias_gradient])

    weight = np.zeros(shape) if start is None else start.weight
    bias = np.log(np.maximum(data.onehot.mean(axis=0), 1e-12)) if start is None else start.bias
    point = np.concatenate([np.maximum(weight, 0).ravel(), np.maximum(-weight, 0).ravel(), bias])
    bounds = [(0, None)] * (2 * size) + [(None, None)] * shape[0]
    iterations = 0
    while iterations < max_iterations:
        options = {"maxiter": max_iterations - iterations, "maxcor": 20, "ftol": 0, "gtol": tolerance / 2}
        options |= {"maxfun": 10 * max_iterations}
        result = minimize(objective, point, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        iterations += max(int(result.nit), 1)
        # A weight held by both halves is the same weight held by one, at a smaller penalty.
        weight = (result.x[:size] - result.x[size : 2 * size]).reshape(shape)
        point = np.concatenate([np.maximum(weight, 0).ravel(), np.maximum(-weight, 0).ravel(), result.x[2 * size :]])
        if result.status == 0 or result.nit <= 1:
            break
    return weight, point[2 * size :], iterations


def _check_problem(z: np.ndarray, y: np.ndarray, lam: float, alpha: float) -> None:
    """Refuse what has no solution, or a meaningless one."""
    if len(z) != len(y):
        raise ValueError(f"sparse classifier: {len(z)} rows of activations but {len(y)} labels; give one label a row")
    if not np.isfinite(z).all():
        row = int(np.argmin(np.isfinite(z).all(axis=1)))
        raise ValueError(f"sparse classifier: row {row} has values that are not finite; drop the clip")
    if len(np.unique(y)) < 2:
        raise ValueError("sparse classifier: every train clip has the same class; give clips of at least two")
    if not (lam > 0 and 0 <= alpha <= 1):
        raise ValueError(f"sparse classifier: lam {lam:g}, alpha {alpha:g}; use lam above 0 and alpha in [0, 1]")
