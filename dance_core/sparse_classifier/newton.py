"""Orthant-wise Newton method: each step minimises a quadratic model in the orthant that the slope points to.

The free weights are those that are not zero and those that want to leave zero. Within their orthant the objective is
smooth; its model is minimised by preconditioned conjugate gradients between projections. The model is float32, value
and gradient are float64, so the end is exact to float64 and most of the work is not; where the curvature is too badly
conditioned for a float32 step to go down, the model is float64 from there on.

Source:
    Orthant-wise steps: Andrew and Gao (2007), Byrd et al. (2016, "A family of second-order methods for convex
    l1-regularized optimization"). Projections between conjugate gradients: More and Toraldo (1991).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dance_core.sparse_classifier.likelihood import Likelihood
from dance_core.sparse_classifier.objective import ElasticNet
from dance_core.sparse_classifier.quadratic_model import QuadraticModel

_SMALLEST_STEP = 1e-4


class Point(NamedTuple):
    """A point and what the likelihood says there: theta of shape (K, M + 1), loss, probabilities."""

    theta: np.ndarray
    loss: float
    probabilities: Any


class Slopes(NamedTuple):
    """Gradient of the data term, and the smallest subgradient of the objective; both of shape (K, M + 1)."""

    gradient: np.ndarray
    objective: np.ndarray

    @property
    def residual(self) -> float:
        """Largest violation of the optimality conditions."""
        return float(np.abs(self.objective).max())


def point_at(likelihood: Likelihood, theta: np.ndarray) -> Point:
    """Evaluate the likelihood at theta of shape (K, M + 1)."""
    return Point(theta, *likelihood.evaluate(theta))


def objective_at(point: Point, penalty: ElasticNet) -> float:
    """Return the objective at a point."""
    return point.loss + penalty.value(point.theta[:, :-1])


def slopes_at(likelihood: Likelihood, penalty: ElasticNet, point: Point) -> Slopes:
    """Return the slopes at a point."""
    gradient = likelihood.gradient(point.probabilities)
    slope = penalty.slope(point.theta[:, :-1], gradient[:, :-1])
    return Slopes(gradient, np.hstack([slope, gradient[:, -1:]]))


def descend(
    likelihood: Likelihood,
    penalty: ElasticNet,
    point: Point,
    is_done: Callable[[Point, Slopes], bool],
    max_iterations: int,
) -> tuple[Point, int]:
    """Take Newton steps until the point is good enough, the iterations are spent, or no step goes down.

    Args:
        likelihood: The data term.
        penalty: The penalty of the weights.
        point: Where to start.
        is_done: Whether a point with its slopes is good enough.
        max_iterations: Largest number of steps.

    Returns:
        The last point and the number of steps.
    """
    precision: type = np.float32
    for iteration in range(max_iterations):
        point = _centred(point, penalty)
        slopes = slopes_at(likelihood, penalty, point)
        if is_done(point, slopes):
            return point, iteration
        moved = _newton_step(likelihood, penalty, point, slopes.objective, precision)
        if moved is None and precision is np.float32:
            precision = np.float64
            moved = _newton_step(likelihood, penalty, point, slopes.objective, precision)
        if moved is None:
            return point, iteration
        point = moved
    return point, max_iterations


def _centred(point: Point, penalty: ElasticNet) -> Point:
    """Shift each concept's weights over the classes, which no probability feels, to where the penalty is least.

    Without this the model has directions of no curvature. The shift minimises l1 |w - s|_1 + l2 / 2 |w - s|^2; that is
    a median (Li and Osher 2009).
    """
    weight = point.theta[:, :-1]
    n_classes = len(weight)
    if not weight.all(axis=0).any():
        return point
    order = np.arange(n_classes, -1, -1)[:, None] * 2 - n_classes
    with np.errstate(divide="ignore", invalid="ignore"):
        stationary = weight.mean(axis=0) + order * np.divide(penalty.l1, n_classes * penalty.l2)
    stationary = np.where(order == 0, weight.mean(axis=0) if penalty.l2 else 0.0, stationary)
    shift = np.median(np.vstack([weight, stationary]), axis=0)
    theta = point.theta.copy()
    theta[:, :-1] -= np.where(weight.all(axis=0), shift, 0)
    return point._replace(theta=theta)


def _newton_step(
    likelihood: Likelihood, penalty: ElasticNet, point: Point, slope: np.ndarray, precision: type
) -> Point | None:
    """Return the next point; None if the objective does not fall."""
    orthant = np.where(point.theta != 0, np.sign(point.theta), -np.sign(slope)) * (penalty.l1 > 0)
    orthant[:, -1] = 0
    step = _model_step(likelihood, penalty, point, slope, orthant, precision)
    return _search(likelihood, penalty, point, slope, orthant, step)


def _search(
    likelihood: Likelihood,
    penalty: ElasticNet,
    point: Point,
    slope: np.ndarray,
    orthant: np.ndarray,
    step: np.ndarray,
) -> Point | None:
    """Halve the step until the objective falls enough; None if it never does."""
    value, decrease, share = objective_at(point, penalty), float(np.vdot(slope, step)), 1.0
    while decrease < 0 and share >= _SMALLEST_STEP:
        theta = point.theta + share * step
        # A weight that was led to zero in float32 is zero.
        theta[(np.abs(theta) <= 1e-6 * np.abs(point.theta)) & (orthant != 0)] = 0
        theta[theta * orthant < 0] = 0
        moved = point_at(likelihood, theta)
        if objective_at(moved, penalty) <= value + 1e-4 * share * decrease + 1e-14 * abs(value):
            return moved
        share /= 2
    return None


def _model_step(
    likelihood: Likelihood,
    penalty: ElasticNet,
    point: Point,
    slope: np.ndarray,
    orthant: np.ndarray,
    precision: type,
) -> np.ndarray:
    """Minimise the quadratic model over the closed orthant, nearly; the step has the shape of theta."""
    free = (point.theta != 0) | (slope != 0)
    free[:, -1] = True
    columns = np.flatnonzero(free.any(axis=0))
    ridge: np.ndarray = np.full(len(columns), penalty.l2, precision)
    ridge[-1] = 0
    parts: list[np.ndarray] = [array[:, columns].astype(precision) for array in (slope, point.theta, orthant)]
    model = QuadraticModel(
        likelihood.curvature(point.probabilities, columns, precision), ridge, free[:, columns], *parts
    )
    step = np.zeros_like(point.theta)
    step[:, columns] = model.minimise()
    return step
