"""L-BFGS for many small problems side by side, one in each column.

The concepts of a family share their features but nothing else. One matrix product then serves all of them, while each
keeps curvature, step length and stop of its own, so the easy ones do not wait for the hard ones.
"""

from collections import deque
from collections.abc import Callable

import numpy as np

SUFFICIENT, MEMORY, SHORTEST = 1e-4, 10, 2.0**-20
Function = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Look = Callable[[np.ndarray, int], bool]


def never(_solution: np.ndarray, _iteration: int) -> bool:
    """Look at nothing and do not stop."""
    return False


def minimise_columns(
    function: Function,
    start: np.ndarray,
    iterations: int,
    tolerance: float,
    look: Look = never,
    look_every: int = 1,
    reach: float = np.inf,
) -> np.ndarray:
    """Minimise a sum of losses that have one column of variables each.

    A column ends when g' H g, about twice what is left to gain, falls below the tolerance times its loss. H is the
    L-BFGS estimate of the inverse Hessian; before the first step it is 1, so variables should be scaled to that.

    Args:
        function: Gives losses (m,) and gradients (p, m) for variables (p, m) and the indices (m,) of their columns.
        start: Where to begin, shape (p, M).
        iterations: Most iterations, each one evaluation of the function.
        tolerance: Share of the loss that may be left to gain.
        look: Called with all variables and the iteration; the search ends where it returns True.
        look_every: Iterations between looks.
        reach: Longest step of a column.

    Returns:
        The variables, shape (p, M).

    Source:
        Nocedal and Wright, Numerical Optimization, algorithm 7.4, with backtracking.
    """
    solution = start.copy()
    columns, point, memory = np.arange(start.shape[1]), start, _Memory()
    step = np.ones(len(columns))
    loss, gradient = function(point, columns)
    for iteration in range(1, iterations + 1):
        descent = memory.descent(gradient)
        slope = _dots(gradient, descent)
        running = (slope > tolerance * np.abs(loss)) & (step > SHORTEST)
        if running.mean() < 0.8:
            columns, step, loss, slope = columns[running], step[running], loss[running], slope[running]
            point, gradient, descent = point[:, running], gradient[:, running], descent[:, running]
            memory.keep(running)
            running = running[running]
        if not len(columns):
            break
        step = np.minimum(step, reach / np.maximum(np.sqrt(_dots(descent, descent)), np.finfo(float).tiny))
        trial = point - np.where(running, step, 0) * descent
        trial_loss, trial_gradient = function(trial, columns)
        noise = 4 * np.finfo(np.float32).eps * np.abs(loss)
        better = running & (trial_loss <= loss - SUFFICIENT * step * slope + noise)
        memory.add(np.where(better, trial - point, 0), np.where(better, trial_gradient - gradient, 0))
        point, gradient = np.where(better, trial, point), np.where(better, trial_gradient, gradient)
        loss, step = np.where(better, trial_loss, loss), np.where(better, 1, np.where(running, step / 2, step))
        solution[:, columns] = point
        if iteration % look_every == 0 and look(solution, iteration):
            break
    return solution


class _Memory:
    """The latest steps of each column with the changes of gradient that they brought."""

    def __init__(self) -> None:
        self.pairs: deque[tuple[np.ndarray, np.ndarray, np.ndarray]] = deque(maxlen=MEMORY)
        self.scale: np.ndarray | float = 1.0

    def add(self, moved: np.ndarray, change: np.ndarray) -> None:
        """Note steps (p, m) and changes of gradient (p, m); columns without positive curvature are passed over."""
        curvature, square = _dots(moved, change), _dots(change, change)
        known = curvature > 1e-8 * square
        inverse = np.where(known, 1 / np.where(known, curvature, 1), 0)
        self.pairs.append((moved, change, inverse))
        self.scale = np.where(known, curvature / np.where(known, square, 1), self.scale)

    def descent(self, gradient: np.ndarray) -> np.ndarray:
        """Return the estimate of H g, shape (p, m), by the two-loop recursion."""
        direction, shares = gradient.copy(), []
        for moved, change, inverse in reversed(self.pairs):
            shares.append(inverse * _dots(moved, direction))
            direction -= shares[-1] * change
        direction *= self.scale
        for (moved, change, inverse), share in zip(self.pairs, reversed(shares), strict=True):
            direction += (share - inverse * _dots(change, direction)) * moved
        return direction

    def keep(self, columns: np.ndarray) -> None:
        """Forget all columns but those flagged."""
        pairs = [(moved[:, columns], change[:, columns], inverse[columns]) for moved, change, inverse in self.pairs]
        self.pairs = deque(pairs, maxlen=MEMORY)
        if isinstance(self.scale, np.ndarray):
            self.scale = self.scale[columns]


def _dots(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the inner product of each pair of columns."""
    return np.einsum("pm,pm->m", left, right)
