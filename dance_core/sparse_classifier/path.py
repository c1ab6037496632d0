"""The sparse classifier along a path of penalties, and at a number of effective concepts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from dance_core.rows import Rows
from dance_core.sparse_classifier.certificate import certified
from dance_core.sparse_classifier.fitting import prepared, report, strongest
from dance_core.sparse_classifier.likelihood import Likelihood
from dance_core.sparse_classifier.newton import Point, descend, point_at
from dance_core.sparse_classifier.objective import ZERO_WEIGHT, ElasticNet, SparseClassifier, effective_concepts


def strongest_lam(z: np.ndarray | Rows, y: np.ndarray, alpha: float = 0.99, n_classes: int | None = None) -> float:
    """Return the smallest lam at which no weight is left, exactly.

    Args:
        z: Standardised concept activations, shape (n, M).
        y: Class indices in [0, K), shape (n,).
        alpha: Share of the L1 part, in [0, 1].
        n_classes: K; by default the largest index plus one.

    Returns:
        Largest slope of the loss at the model that has only a bias, divided by alpha; infinite at alpha 0.

    Raises:
        ValueError: The arrays do not fit each other, hold NaN, or show one class only.
    """
    return strongest(prepared(z, y, alpha, n_classes, "cpu"), alpha)


def fit_path(
    z: np.ndarray | Rows,
    y: np.ndarray,
    alpha: float = 0.99,
    n_values: int = 50,
    ratio: float = 1e-3,
    lams: Sequence[float] | None = None,
    tolerance: float = 1e-6,
    n_classes: int | None = None,
    max_iterations: int = 500,
    device: str = "cpu",
) -> tuple[SparseClassifier, ...]:
    """Fit the classifier at falling strengths, each from the solution before it.

    Args:
        z: Standardised concept activations, shape (n, M).
        y: Class indices in [0, K), shape (n,).
        alpha: Share of the L1 part, in [0, 1].
        n_values: Number of strengths, at least 2.
        ratio: Weakest strength as a share of the strongest, in (0, 1).
        lams: The strengths themselves, in any order; by default `n_values` in equal ratios from `strongest_lam` down.
        tolerance: Largest KKT residual that counts as converged.
        n_classes: K; by default the largest index plus one.
        max_iterations: Iterations a strength may take.
        device: "cpu" (numpy), "cuda" (torch), or "auto".

    Returns:
        One classifier a strength, the strongest first.

    Raises:
        ValueError: The arrays do not fit each other, hold NaN, or show one class only; a strength is out of range; no
            strength leaves a weight; alpha is 0 and lams are not given.
    """
    likelihood = prepared(z, y, alpha, n_classes, device)
    limit = strongest(likelihood, alpha)
    strengths = falling_strengths(limit, n_values, ratio) if lams is None else sorted(map(float, lams), reverse=True)
    if not strengths or strengths[-1] <= 0:
        raise ValueError("sparse classifier: a path needs at least one lam, each above 0")
    if strengths[-1] >= limit:
        raise ValueError(
            f"sparse classifier: no lam of the path keeps a weight; the smallest is {strengths[-1]:g}, "
            f"give some below {limit:g}"
        )
    point, path = point_at(likelihood, likelihood.null()), []
    for lam in strengths:
        point, fitted = _fit_from(likelihood, ElasticNet(lam, alpha), point, tolerance, max_iterations)
        path.append(fitted)
    return tuple(path)


def falling_strengths(limit: float, n_values: int, ratio: float) -> list[float]:
    """Return the strengths of a path, in equal ratios.

    Args:
        limit: The strongest, see `strongest_lam`.
        n_values: Number of strengths, at least 2.
        ratio: Weakest strength as a share of the strongest, in (0, 1).

    Returns:
        The strengths, the strongest first.

    Raises:
        ValueError: The number or the ratio is out of range; the limit is infinite (alpha is 0) or nothing, as where no
            concept differs between the classes.
    """
    if n_values < 2 or not 0 < ratio < 1:
        raise ValueError(f"sparse classifier: a path of {n_values} values to {ratio:g}; use 2 or more, ratio in (0, 1)")
    if not np.isfinite(limit):
        raise ValueError(
            "sparse classifier: at alpha 0 no lam is strong enough to empty the model; give lams or raise alpha"
        )
    if limit < 1e-12:
        raise ValueError(
            "sparse classifier: no concept differs between the classes of the train clips; check the concepts"
        )
    return [float(lam) for lam in np.geomspace(limit, limit * ratio, n_values)]


def at_effective_concepts(
    path: Sequence[SparseClassifier], z: np.ndarray | Rows, y: np.ndarray, levels: Iterable[int]
) -> dict[int, SparseClassifier]:
    """Return one classifier for each number of effective concepts (NEC).

    Taken is the solution of the path whose NEC is nearest to the level from above, truncated to the level * K largest
    weights. Where the densest solution of the path is below the level it is taken as it is, so that the NEC of a result
    (`effective_concepts`) can be below its level, and never above.

    Args:
        path: Solutions of `fit_path`.
        z: Activations that the path was fitted on, shape (n, M).
        y: Their class indices, shape (n,).
        levels: Numbers of effective concepts, above 0.

    Returns:
        Level to classifier. Objective, residual and gap are of the truncated weights, so `converged` is mostly False.

    Raises:
        ValueError: The path keeps no weight, or a level is not above 0.

    Source:
        VLG-CBM (Srivastava et al. 2024), section on the number of effective concepts.
    """
    counts = np.array([effective_concepts(fitted.weight) for fitted in path])
    if not counts.any():
        raise ValueError(
            "sparse classifier: the path keeps no weight, so none is left to compare; give it smaller lams"
        )
    likelihood = prepared(z, y, path[0].alpha, len(path[0].weight), "cpu")
    chosen = {}
    for level in levels:
        if level <= 0:
            raise ValueError(f"sparse classifier: {level} effective concepts are asked for; use a number above 0")
        above = np.where(counts >= level, counts, np.inf)
        source = path[int(above.argmin() if np.isfinite(above).any() else counts.argmax())]
        chosen[level] = _at_level(likelihood, source, round(level * len(source.weight)))
    return chosen


def truncated(weight: np.ndarray, n: int) -> np.ndarray:
    """Keep the n largest weights by magnitude and set the others to zero.

    Args:
        weight: Shape (K, M).
        n: Number of weights; of equal ones the first in row order stay.

    Returns:
        Shape (K, M); what does not count as a concept (`ZERO_WEIGHT`) is zero too.
    """
    size = np.abs(weight).ravel()
    kept = np.argsort(-size, kind="stable")[:n]
    kept = kept[size[kept] > ZERO_WEIGHT]
    out = np.zeros_like(weight)
    out.flat[kept] = weight.flat[kept]
    return out


def _fit_from(
    likelihood: Likelihood, penalty: ElasticNet, point: Point, tolerance: float, max_iterations: int
) -> tuple[Point, SparseClassifier]:
    point, iterations = descend(
        likelihood, penalty, point, lambda _, slopes: slopes.residual <= tolerance, max_iterations
    )
    fitted = certified(likelihood, penalty, point, iterations, tolerance)
    report(fitted, tolerance)
    return point, fitted


def _at_level(likelihood: Likelihood, source: SparseClassifier, n: int) -> SparseClassifier:
    if np.count_nonzero(np.abs(source.weight) > ZERO_WEIGHT) <= n:
        return source
    penalty, weight = ElasticNet(source.lam, source.alpha), truncated(source.weight, n)
    point = point_at(likelihood, np.hstack([weight, source.bias[:, None]]))
    return replace(certified(likelihood, penalty, point, source.iterations, 0.0), converged=False)
