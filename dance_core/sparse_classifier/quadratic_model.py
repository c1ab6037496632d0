"""The quadratic model of a Newton step and its minimum over an orthant.

Conjugate gradients, preconditioned by the inverted blocks of the classes, take turns with projections.

Source:
    More and Toraldo (1991), "On the solution of large quadratic programming problems with bound constraints".
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import get_lapack_funcs

from dance_core.sparse_classifier.likelihood import Curvature

_CG_TOLERANCE, _CG_STEPS, _ROUNDS = 0.3, 30, 10
_SHARES = (1, 0.5, 0.25, 0.125, 0.0625)
_LEAST_ROWS, _MOST_ROWS, _BLOCK_NUMBERS = 250, 1000, 50_000_000


class _Trial(NamedTuple):
    """A step, the Hessian times it, and the change of the model."""

    step: np.ndarray
    curved: np.ndarray
    value: float


class QuadraticModel:
    """slope . step + step' (H + ridge) step / 2 with theta + step in an orthant, all in one precision.

    Args:
        curvature: H over m columns of theta.
        ridge: Strength of half the squares of each column, shape (m,).
        free: Entries that may move, shape (K, m).
        slope: Smallest subgradient of the objective, shape (K, m).
        theta: The point, shape (K, m).
        orthant: Sign that an entry may have, 0 for any, shape (K, m).
    """

    def __init__(
        self,
        curvature: Curvature,
        ridge: np.ndarray,
        free: np.ndarray,
        slope: np.ndarray,
        theta: np.ndarray,
        orthant: np.ndarray,
    ) -> None:
        self.curvature, self.ridge, self.free = curvature, ridge, free
        self.slope, self.theta, self.orthant = slope, theta, orthant
        self.members = [np.flatnonzero(row) for row in free]
        in_blocks = sum(len(columns) ** 2 for columns in self.members) <= _BLOCK_NUMBERS
        self.inverses = [self._inverse(k, columns, in_blocks) for k, columns in enumerate(self.members)]

    def minimise(self) -> np.ndarray:
        """Return the step; conjugate gradients and projections take turns, and the model falls in each."""
        best = _Trial(np.zeros_like(self.slope), np.zeros_like(self.slope), 0.0)
        active = self.free
        for _ in range(_ROUNDS):
            direction = self._conjugate_gradients(best.curved + self.slope, active)
            trial, stopped = self._follow(best, direction, active)
            if trial is best:
                if not stopped.any():
                    break
                active = active & ~stopped
                continue
            gain, best = best.value - trial.value, trial
            if not stopped.any() or gain < 0.05 * -best.value:
                break
            stays = (self.theta + best.step == 0) & ((self.slope + best.curved) * self.orthant >= 0)
            active = self.free & ~(stays & (self.orthant != 0))
        return best.step

    def _follow(self, best: _Trial, direction: np.ndarray, active: np.ndarray) -> tuple[_Trial, np.ndarray]:
        """Follow the direction while the model falls, with weights stopping at zero.

        Returns:
            The new trial and which weights stopped. Or the old trial and the weights at zero that the direction pulls
            out of the orthant: without them it would fall.
        """
        value = direction.dtype.type
        for share in _SHARES:
            trial, stopped = self._trial(best, value(share) * direction, active)
            if trial.value < best.value:
                return trial, stopped
        reached = self.theta + best.step
        leaving = active & (direction * self.orthant < 0)
        if (leaving & (reached == 0)).any() or not leaving.any():
            return best, leaving & (reached == 0)
        # A direction without curvature has no length of its own: go to where the first weight is zero.
        first = float((-reached[leaving] / direction[leaving]).min())
        trial, stopped = self._trial(best, value(min(first, 1)) * direction, active)
        return (trial, stopped) if trial.value < best.value else (best, np.zeros_like(stopped))

    def _trial(self, best: _Trial, change: np.ndarray, active: np.ndarray) -> tuple[_Trial, np.ndarray]:
        step = best.step + change
        stopped = active & ((self.theta + step) * self.orthant < 0)
        step[stopped] = -self.theta[stopped]
        curved = self._product(step)
        return _Trial(step, curved, float(np.vdot(self.slope, step) + np.vdot(step, curved) / 2)), stopped

    def _conjugate_gradients(self, slope: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Return the step over the active entries, to a share of the first residual."""
        mask = active.astype(slope.dtype)
        solution, residual = np.zeros_like(slope), -slope * mask
        search = conditioned = self._precondition(residual) * mask
        product = first = np.vdot(residual, conditioned)
        for _ in range(_CG_STEPS):
            curved = self._product(search) * mask
            bend = np.vdot(search, curved)
            if bend <= 0:
                return solution if solution.any() else search
            solution += product / bend * search
            residual -= product / bend * curved
            conditioned = self._precondition(residual) * mask
            previous, product = product, np.vdot(residual, conditioned)
            if product <= _CG_TOLERANCE**2 * first:
                break
            search = conditioned + product / previous * search
        return solution

    def _product(self, direction: np.ndarray) -> np.ndarray:
        return self.curvature.product(direction) + self.ridge * direction

    def _precondition(self, residual: np.ndarray) -> np.ndarray:
        out = np.zeros_like(residual)
        for k, (columns, inverse) in enumerate(zip(self.members, self.inverses, strict=True)):
            part = residual[k, columns]
            out[k, columns] = inverse @ part if inverse.ndim == 2 else inverse * part
        return out

    def _inverse(self, k: int, columns: np.ndarray, in_blocks: bool) -> np.ndarray:
        """Return the inverted block of a class, or of its diagonal where blocks are too large or singular."""
        if in_blocks:
            rows = min(max(len(self.curvature.host) // 4, _LEAST_ROWS), _MOST_ROWS)
            block = self.curvature.block(k, columns, rows)
            block.flat[:: len(columns) + 1] += self.ridge[columns] + 1e-5 * block.trace() / len(columns) + 1e-9
            factorise, invert = get_lapack_funcs(("potrf", "potri"), (block,))
            factor, failed = factorise(block, lower=1)
            if not failed:
                lower = np.tril(invert(factor, lower=1)[0])
                return lower + np.tril(lower, -1).T
        return 1 / (self.curvature.diagonal(k, columns) + self.ridge[columns] + 1e-9)
