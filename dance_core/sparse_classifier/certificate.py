"""How near a point is to the optimum, proven."""

import numpy as np
from scipy.special import entr

from dance_core.sparse_classifier.likelihood import Likelihood
from dance_core.sparse_classifier.newton import Point, objective_at, slopes_at
from dance_core.sparse_classifier.objective import ElasticNet, SparseClassifier


def duality_gap(likelihood: Likelihood, penalty: ElasticNet, point: Point, gradient: np.ndarray) -> float:
    """Bound how far the objective is above the optimum, as a share of the optimum.

    For class distributions u_i whose mean is the class frequency, with G = mean_i (u_i - y_i) z_i,
    mean_i H(u_i) - |max(|G| - l1, 0)|^2 / (2 l2) is at most the optimum. Tried are the probabilities of the point,
    mixed with a constant until their mean is right, and these moved towards y until |G| <= l1.

    Args:
        likelihood: The data term.
        penalty: The penalty of the weights.
        point: Where.
        gradient: Gradient of the data term there, shape (K, M + 1).

    Returns:
        The bound; infinite where nothing is proven.
    """
    distributions, slope = _balanced(likelihood, likelihood.on_host(point.probabilities), gradient)
    largest = float(np.abs(slope).max())
    shares = {min(1.0, penalty.l1 / largest if largest else 1.0)} | ({1.0} if penalty.l2 else set())
    best = -np.inf
    for share in shares:
        excess = np.maximum(share * np.abs(slope) - penalty.l1, 0)
        cost = float(np.square(excess).sum()) / (2 * penalty.l2) if penalty.l2 else 0.0
        best = max(best, _entropy(likelihood, distributions, share) - cost)
    return max(objective_at(point, penalty) - best, 0.0) / best if best > 0 else np.inf


def certified(
    likelihood: Likelihood,
    penalty: ElasticNet,
    point: Point,
    iterations: int,
    tolerance: float,
    gap_tolerance: float = 0.0,
) -> SparseClassifier:
    """Put a classifier together with its certificate.

    Args:
        likelihood: The data term.
        penalty: The penalty of the weights.
        point: The solution.
        iterations: What the solver took.
        tolerance: Largest KKT residual that counts as converged.
        gap_tolerance: Largest duality gap that counts as converged too.

    Returns:
        The classifier.
    """
    slopes = slopes_at(likelihood, penalty, point)
    gap = duality_gap(likelihood, penalty, point, slopes.gradient)
    return SparseClassifier(
        weight=np.ascontiguousarray(point.theta[:, :-1]),
        bias=point.theta[:, -1].copy(),
        lam=penalty.lam,
        alpha=penalty.alpha,
        objective=objective_at(point, penalty),
        kkt_residual=slopes.residual,
        gap=gap,
        converged=slopes.residual <= tolerance or gap <= gap_tolerance,
        iterations=iterations,
    )


def _balanced(likelihood: Likelihood, probabilities: np.ndarray, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distributions whose mean is the class frequency, and their G; a class without clips gets nothing."""
    present = likelihood.frequency > 0
    if not present.all():
        probabilities = probabilities * present[:, None]
        probabilities /= probabilities.sum(axis=0)
        gradient = likelihood.host_gradient(probabilities)
    surplus = gradient[:, -1]
    above = surplus > 0
    if not above.any():
        return probabilities, gradient[:, :-1]
    room = float((likelihood.frequency[above] / surplus[above]).min())
    share = 1 / (1 + room)
    constant = likelihood.frequency - room * surplus
    slope = (1 - share) * gradient[:, :-1] + share * (
        np.outer(constant, likelihood.mean[:-1]) - likelihood.targets[:, :-1]
    )
    return (1 - share) * probabilities + share * constant[:, None], slope


def _entropy(likelihood: Likelihood, distributions: np.ndarray, share: float) -> float:
    """Return mean_i H((1 - share) y_i + share u_i)."""
    moved = share * distributions
    moved[likelihood.y, np.arange(moved.shape[1])] += 1 - share
    return float(entr(np.maximum(moved, 0)).sum() / moved.shape[1])
