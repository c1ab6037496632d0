"""Fit the sparse classifier at one strength of the penalty."""

import logging
from collections.abc import Callable

import numpy as np

from dance_core.devices import pick_device
from dance_core.rows import Rows
from dance_core.sparse_classifier.certificate import certified, duality_gap
from dance_core.sparse_classifier.likelihood import Likelihood, StreamedLikelihood, TorchLikelihood
from dance_core.sparse_classifier.newton import Point, Slopes, descend, point_at
from dance_core.sparse_classifier.objective import ElasticNet, SparseClassifier
from dance_core.sparse_classifier.saga import SagaSettings, run_saga

SOLVERS = ("newton", "saga")
_STAGE = 0.3
"""Factor between the strengths that a cold start passes through; one step is taken at each."""


def fit_sparse_classifier(
    z: np.ndarray,
    y: np.ndarray,
    lam: float = 7e-4,
    alpha: float = 0.99,
    start: SparseClassifier | None = None,
    n_classes: int | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 500,
    gap_tolerance: float = 0.0,
    solver: str = "newton",
    saga: SagaSettings | None = None,
    device: str = "cpu",
) -> SparseClassifier:
    """Fit the elastic-net multinomial classifier.

    Args:
        z: Standardised concept activations, shape (n, M).
        y: Class indices in [0, K), shape (n,).
        lam: Strength of the penalty: l1 = lam * alpha, l2 = lam * (1 - alpha).
        alpha: Share of the L1 part, in [0, 1].
        start: A solution to start from, for example at the neighbouring lam of a path; only for newton.
        n_classes: K; by default the largest index plus one.
        tolerance: Largest KKT residual that counts as converged, where newton stops.
        max_iterations: Iterations after which newton gives up; the result then says `converged=False`.
        gap_tolerance: Newton stops too once the objective is proven to be within this share of the optimum.
        solver: "newton", which reaches the optimum, or "saga", the stochastic solver of the authors.
        saga: Settings of saga.
        device: Where newton's products are made: "cpu" (numpy), "cuda" (torch), or "auto" (cuda where it is present).

    Returns:
        The classifier with its certificate.

    Raises:
        ValueError: The arrays do not fit each other, hold NaN, or show one class only; lam, alpha, the solver or the
            device is out of range.

    Source:
        DANCE, Eq. 6; objective of GLM-SAGA (Wong et al. 2021).
    """
    likelihood = prepared(z, y, alpha, n_classes, device)
    if not lam > 0:
        raise ValueError(f"sparse classifier: lam is {lam:g}; use lam above 0")
    if solver not in SOLVERS:
        raise ValueError(f"sparse classifier: solver '{solver}' is unknown; use one of: {', '.join(SOLVERS)}")
    penalty = ElasticNet(lam, alpha)
    if solver == "saga":
        point, iterations = run_saga(likelihood, penalty, saga or SagaSettings())
    else:
        is_done = _stop(likelihood, penalty, tolerance, gap_tolerance)
        point, iterations = _through_stages(likelihood, penalty, start, is_done, max_iterations)
    fitted = certified(likelihood, penalty, point, iterations, tolerance, gap_tolerance)
    report(fitted, tolerance, solver)
    return fitted


def prepared(z: np.ndarray | Rows, y: np.ndarray, alpha: float, n_classes: int | None, device: str) -> Likelihood:
    """Check a problem and put its data where the products are made.

    Args:
        z: Standardised concept activations, shape (n, M); those that are read in blocks stay on disk on a CPU.
        y: Class indices in [0, K), shape (n,).
        alpha: Share of the L1 part, in [0, 1].
        n_classes: K; by default the largest index plus one.
        device: "cpu", "cuda" or "auto", which is cuda where it is present and cpu elsewhere, also beside an mps.

    Returns:
        The data term.

    Raises:
        ValueError: The problem has no solution or a meaningless one, or the device has no float64.
    """
    y = np.asarray(y)
    n_classes = n_classes or int(y.max(initial=-1)) + 1
    rows = z if isinstance(z, Rows) else Rows.of(z)
    _check(rows, y, alpha, n_classes)
    chosen = "cpu" if device == "cpu" else pick_device(device).type
    if chosen == "mps" and device != "auto":
        raise ValueError("sparse classifier: device 'mps' has no float64; set device: cpu")
    if chosen != "cuda" and rows is z:
        return StreamedLikelihood(rows, y, n_classes)
    values = np.ascontiguousarray(rows.dense() if rows is z else z, np.float64)
    return TorchLikelihood(values, y, n_classes, chosen) if chosen == "cuda" else Likelihood(values, y, n_classes)


def strongest(likelihood: Likelihood, alpha: float) -> float:
    """Return the smallest lam at which no weight is left: the largest slope of the null model, over alpha."""
    slope = likelihood.gradient(point_at(likelihood, likelihood.null()).probabilities)[:, :-1]
    return float(np.abs(slope).max(initial=0)) / alpha if alpha else np.inf


def report(fitted: SparseClassifier, tolerance: float, solver: str = "newton") -> None:
    """Say in the log when a fit is not at the optimum."""
    if fitted.converged:
        return
    logging.warning(
        "sparse classifier: KKT residual %.1e after %d iterations at lam %g; expected at most %.1e; %s",
        *(fitted.kkt_residual, fitted.iterations, fitted.lam, tolerance),
        "solver saga stops short of the optimum, use newton" if solver == "saga" else "raise lam",
    )


def _stop(
    likelihood: Likelihood, penalty: ElasticNet, tolerance: float, gap_tolerance: float
) -> Callable[[Point, Slopes], bool]:
    def is_done(point: Point, slopes: Slopes) -> bool:
        if slopes.residual <= tolerance:
            return True
        return gap_tolerance > 0 and duality_gap(likelihood, penalty, point, slopes.gradient) <= gap_tolerance

    return is_done


def _through_stages(
    likelihood: Likelihood,
    penalty: ElasticNet,
    start: SparseClassifier | None,
    is_done: Callable[[Point, Slopes], bool],
    max_iterations: int,
) -> tuple[Point, int]:
    """Come down from a strength whose solution is known, so that few weights are ever free that end as zero."""
    theta = likelihood.null() if start is None else np.hstack([start.weight, start.bias[:, None]])
    known = strongest(likelihood, penalty.alpha) if start is None else start.lam
    point, spent = point_at(likelihood, theta), 0
    stages = int(np.ceil(np.log(penalty.lam / known) / np.log(_STAGE))) if penalty.lam < known < np.inf else 1
    for lam in known * (penalty.lam / known) ** (np.arange(1, stages) / stages):
        stage = ElasticNet(float(lam), penalty.alpha)
        point, steps = descend(likelihood, stage, point, _stop(likelihood, stage, stage.lam / 10, 0), 1)
        spent += steps
        if spent == max_iterations:
            return point, spent
    point, steps = descend(likelihood, penalty, point, is_done, max_iterations - spent)
    return point, spent + steps


def _check(z: Rows, y: np.ndarray, alpha: float, n_classes: int) -> None:
    """Refuse what has no solution, or a meaningless one."""
    if len(z) != len(y):
        raise ValueError(f"sparse classifier: {len(z)} rows of activations but {len(y)} labels; give one label a row")
    for place, block in z.blocks():
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            row = place.start + int(np.argmin(finite))
            raise ValueError(f"sparse classifier: row {row} has values that are not finite; drop the clip")
    if len(np.unique(y)) < 2:
        raise ValueError("sparse classifier: every train clip has the same class; give clips of at least two")
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"sparse classifier: labels run from {y.min()} to {y.max()} but there are {n_classes} classes")
    if not 0 <= alpha <= 1:
        raise ValueError(f"sparse classifier: alpha is {alpha:g}; use alpha in [0, 1]")
