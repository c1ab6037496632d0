"""How the weights of a concept layer are found: two solvers with the same two methods.

`RidgeSolver` works in the row space of the training features, where the ridge penalty of the weights is exact and
cheap however wide the features are. `AdamSolver` is the authors' recipe. Both choose on val only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.optimize import minimize

from dance_core.concept_objectives import Objective


@dataclass(frozen=True)
class Chosen:
    """Weights with the settings that val preferred.

    Attributes:
        weight: Shape (M, D).
        settings: What `refit` needs to train in the same way on other clips.
        val_curve: Mean val loss of everything that was tried, in the order tried.
    """

    weight: np.ndarray
    settings: dict[str, Any]
    val_curve: list[dict[str, float]]


class Solver(Protocol):
    """Trains the weights of one family."""

    def fit(
        self, x: np.ndarray, targets: np.ndarray, x_val: np.ndarray, val_targets: np.ndarray, objective: type[Objective]
    ) -> Chosen:
        """Train on x, shape (n, D), towards targets, shape (n, M), and choose on val."""

    def refit(
        self, x: np.ndarray, targets: np.ndarray, objective: type[Objective], settings: dict[str, Any]
    ) -> np.ndarray:
        """Train on other clips with the settings that a fit chose; return weights, shape (M, D)."""


class RowSpace:
    """Centred features in the coordinates of their singular directions.

    Attributes:
        mean: Mean feature, shape (D,).
        directions: Orthonormal columns, shape (D, r).
        coordinates: The features themselves, shape (n, r).
        variance: Mean square of each coordinate, shape (r,), largest first.
    """

    def __init__(self, x: np.ndarray) -> None:
        """Decompose features of shape (n, D) through the smaller of the two Gram matrices."""
        self.mean = x.mean(axis=0)
        centred = x - self.mean
        wide = x.shape[1] > len(x)
        values, vectors = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
        kept = np.flatnonzero(values > 1e-10 * values[-1])[::-1]
        if not len(kept) or values[-1] <= 0:
            raise ValueError("concept layer: every train clip has the same features; check backbone_features")
        root = np.sqrt(values[kept])
        self.directions = centred.T @ vectors[:, kept] / root if wide else vectors[:, kept]
        self.coordinates = vectors[:, kept] * root if wide else centred @ self.directions
        self.variance = values[kept] / len(x)


@dataclass(frozen=True)
class RidgeSolver:
    """Ridge-penalised fit; val chooses the strength, and for the similarity how long it is refined afterwards.

    The cross-entropy is minimised with the penalty at every strength. The similarity does not change with the scale of
    the weights, so a penalty would do nothing: it starts from the closed-form ridge regression to the scores and takes
    L-BFGS steps, in coordinates shrunk as that ridge shrinks them, for as long as val gains.

    Attributes:
        strengths: Penalty strengths tried, strongest first, relative to the largest variance along any direction.
        refinements: Most L-BFGS iterations on the similarity.
        patience: Strengths or iterations without a gain on val after which the search ends.
    """

    strengths: tuple[float, ...] = tuple(10.0 ** (-k / 2) for k in range(13))
    refinements: int = 50
    patience: int = 2

    def fit(
        self, x: np.ndarray, targets: np.ndarray, x_val: np.ndarray, val_targets: np.ndarray, objective: type[Objective]
    ) -> Chosen:
        """Train at every strength and keep what val prefers.

        Args:
            x: Train features, shape (n, D).
            targets: Train targets, shape (n, M).
            x_val: Val features, shape (n_val, D).
            val_targets: Val targets, shape (n_val, M).
            objective: What is minimised.

        Returns:
            The chosen weights.
        """
        space, watch = RowSpace(x), _Watch(objective(val_targets), self.patience)
        val = (x_val - space.mean) @ space.directions
        strength, solution = 0.0, np.zeros((len(space.variance) + 1, targets.shape[1]))
        for strength in self.strengths:
            solution = self._solve(space, targets, objective, strength, solution)
            if watch.see(val @ solution[:-1] + solution[-1], solution, strength=strength):
                break
        strength, iterations = watch.best["strength"], 0
        if objective.scale_free:
            watch.stale = 0

            def look(solution: np.ndarray, iteration: int) -> bool:
                activations = val @ solution[:-1]
                return watch.see(activations, solution, strength=strength, iterations=iteration)

            _descend(space, objective(targets), watch.solution, strength, 0, self.refinements, look)
            iterations = int(watch.best.get("iterations", 0))
        weight = (space.directions @ watch.solution[:-1]).T
        return Chosen(weight, {"strength": strength, "iterations": iterations}, watch.curve)

    def refit(
        self, x: np.ndarray, targets: np.ndarray, objective: type[Objective], settings: dict[str, Any]
    ) -> np.ndarray:
        """Train on other clips in the way that val preferred.

        Args:
            x: Features, shape (n, D).
            targets: Targets, shape (n, M).
            objective: What is minimised.
            settings: `Chosen.settings` of a fit.

        Returns:
            Weights, shape (M, D).
        """
        space = RowSpace(x)
        start = np.zeros((len(space.variance) + 1, targets.shape[1]))
        solution = self._solve(space, targets, objective, settings["strength"], start)
        if settings["iterations"]:
            solution = _descend(
                space, objective(targets), solution, settings["strength"], 0, settings["iterations"], _never
            )
        return (space.directions @ solution[:-1]).T

    def _solve(
        self, space: RowSpace, targets: np.ndarray, objective: type[Objective], strength: float, start: np.ndarray
    ) -> np.ndarray:
        """Return the penalised optimum, shape (r + 1, M); the last row is the offset."""
        penalty = strength * space.variance[0]
        if not objective.scale_free:
            return _descend(space, objective(targets), start, strength, penalty, 1000, _never)
        covariance = space.coordinates.T @ (targets - targets.mean(axis=0)) / len(targets)
        ridge = covariance / (space.variance + penalty)[:, None]
        spread = np.maximum((space.coordinates @ ridge).std(axis=0), np.finfo(float).tiny)
        return np.vstack([ridge / spread, np.zeros(targets.shape[1])])


@dataclass(frozen=True)
class AdamSolver:
    """Full-batch Adam on the features as they are, with the looks at val of the authors.

    Attributes:
        steps: Most steps.
        learning_rate: Step size.
        check_every: Steps between looks at val.
        seed: Seed of the starting weights.

    Source:
        The authors' release: the similarity stops at the first look that is not better, the cross-entropy runs all
        steps; both keep the best look.
    """

    steps: int = 3000
    learning_rate: float = 1e-3
    check_every: int = 500
    seed: int = 0

    def fit(
        self, x: np.ndarray, targets: np.ndarray, x_val: np.ndarray, val_targets: np.ndarray, objective: type[Objective]
    ) -> Chosen:
        """Train and keep the step that val prefers; arguments and result as in `RidgeSolver.fit`."""
        watch = _Watch(objective(val_targets), 1 if objective.scale_free else self.steps)
        x_val = x_val.astype(np.float32)

        def look(weight: np.ndarray, step: int) -> bool:
            last = step == self.steps - 1
            return (step % self.check_every == 0 or last) and watch.see(x_val @ weight, weight, step=step)

        self._run(x, objective(targets.astype(np.float32)), targets.shape[1], self.steps, look)
        return Chosen(watch.solution.T.astype(np.float64), {"step": int(watch.best["step"])}, watch.curve)

    def refit(
        self, x: np.ndarray, targets: np.ndarray, objective: type[Objective], settings: dict[str, Any]
    ) -> np.ndarray:
        """Train on other clips for as many steps as val preferred; arguments and result as in `RidgeSolver.refit`."""
        fitted = objective(targets.astype(np.float32))
        return self._run(x, fitted, targets.shape[1], settings["step"] + 1, _never).T.astype(np.float64)

    def _run(
        self, x: np.ndarray, objective: Objective, n_concepts: int, steps: int, look: Callable[[np.ndarray, int], bool]
    ) -> np.ndarray:
        """Return the weights after the last step, shape (D, M)."""
        x = x.astype(np.float32)
        width = x.shape[1]
        bound = 1 / np.sqrt(width) if objective.scale_free else np.sqrt(6 / (width + n_concepts))
        generator = np.random.default_rng(self.seed)
        weight = generator.uniform(-bound, bound, (width, n_concepts)).astype(np.float32)
        first, second = np.zeros_like(weight), np.zeros_like(weight)
        for step in range(steps):
            gradient = x.T @ objective.loss_and_gradient(x @ weight)[1] / n_concepts
            first += (1 - 0.9) * (gradient - first)
            second += (1 - 0.999) * (gradient**2 - second)
            scale = self.learning_rate / (1 - 0.9 ** (step + 1))
            weight = weight - scale * first / (np.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8)
            if look(weight, step):
                break
        return weight


class _Watch:
    """Remembers the solution with the lowest mean val loss; the earliest wins a tie."""

    def __init__(self, objective: Objective, patience: int) -> None:
        self.objective, self.patience, self.stale = objective, patience, 0
        self.curve: list[dict[str, float]] = []
        self.best: dict[str, float] = {"val_loss": np.inf}
        self.solution = np.empty(0)

    def see(self, activations: np.ndarray, solution: np.ndarray, **settings: float) -> bool:
        """Note a solution by its val activations, shape (n_val, M); return whether to stop looking."""
        loss = float(self.objective.loss_and_gradient(activations)[0].mean())
        self.curve.append(settings | {"val_loss": loss})
        self.stale = 0 if loss < self.best["val_loss"] else self.stale + 1
        if self.stale == 0:
            self.best, self.solution = self.curve[-1], solution.copy()
        return self.stale >= self.patience


def _never(_solution: np.ndarray, _iteration: int) -> bool:
    return False


def _descend(
    space: RowSpace,
    objective: Objective,
    start: np.ndarray,
    strength: float,
    penalty: float,
    iterations: int,
    look: Callable[[np.ndarray, int], bool],
) -> np.ndarray:
    """Minimise the sum of losses + penalty / 2 * |weights|^2 by L-BFGS.

    Coordinates are divided by their spread, but no further than the ridge of this strength leaves them: the curvature
    becomes nearly the same in all of them, and early stopping keeps the preference of that ridge.

    Returns:
        The solution, shape (r + 1, M); the last row is the offset.
    """
    variance = np.append(space.variance, 1)[:, None] * objective.curvature
    floor = np.append(np.full(len(space.variance), strength * space.variance[0]), 0)[:, None]
    scale = 1 / np.sqrt(variance + floor)
    seen = 0

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        solution = scale * point.reshape(start.shape)
        losses, gradient = objective.loss_and_gradient(space.coordinates @ solution[:-1] + solution[-1])
        slope = np.vstack([space.coordinates.T @ gradient + penalty * solution[:-1], gradient.sum(axis=0)])
        value = float(losses.sum() + penalty / 2 * np.square(solution[:-1]).sum())
        return value, (scale * slope).ravel()

    def callback(intermediate_result: Any) -> None:
        nonlocal seen
        seen += 1
        if look(scale * intermediate_result.x.reshape(start.shape), seen):
            raise StopIteration

    options = {"maxiter": iterations, "maxcor": 20, "ftol": 0, "gtol": 3e-4}
    result = minimize(loss, (start / scale).ravel(), jac=True, method="L-BFGS-B", callback=callback, options=options)
    return scale * result.x.reshape(start.shape)
