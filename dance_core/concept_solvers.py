"""How the weights of a concept layer are found: two solvers with the same two methods.

`RidgeSolver` works in the row space of the training features, where the ridge penalty of the weights is exact and
cheap however wide the features are. `AdamSolver` is the authors' recipe. Both choose on val only.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from dance_core.column_descent import Look, minimise_columns, never
from dance_core.concept_objectives import Objective
from dance_core.row_space import RowSpace
from dance_core.rows import Rows
from dance_core.val_watch import Watch


@dataclass(frozen=True)
class Chosen:
    """Weights with the settings that val preferred.

    Attributes:
        weight: Shape (M, D).
        settings: What `refit` needs to train in the same way on other clips.
        val_curve: Mean val loss of everything that was tried, in the order tried.
        val_loss: Val loss of each concept, shape (M,).
    """

    weight: np.ndarray
    settings: dict[str, Any]
    val_curve: list[dict[str, float]]
    val_loss: np.ndarray


class Solver(Protocol):
    """Trains the weights of one family."""

    def fit(
        self, x: Rows, targets: np.ndarray, x_val: Rows, val_targets: np.ndarray, objective: type[Objective]
    ) -> Chosen:
        """Train on x, shape (n, D), towards targets, shape (n, M), and choose on val."""

    def refit(self, x: Rows, targets: np.ndarray, objective: type[Objective], settings: dict[str, Any]) -> np.ndarray:
        """Train on other clips with the settings that a fit chose; return weights, shape (M, D)."""


@dataclass(frozen=True)
class RidgeSolver:
    """Ridge-penalised fit; val chooses the strength, and for the similarity how long it is refined afterwards.

    The cross-entropy is minimised with the penalty at every strength. The similarity does not change with the scale of
    the weights, so a penalty would do nothing: it starts from the closed-form ridge regression to the scores and takes
    L-BFGS steps, in coordinates shrunk as that ridge shrinks them, for as long as val gains. One strength serves all
    concepts of a family: a choice for each concept alone follows the noise of val and does worse on other clips.

    Attributes:
        strengths: Penalty strengths tried, strongest first, relative to the largest variance along any direction.
        refinements: Most L-BFGS iterations on the similarity.
        patience: Strengths or looks without a gain on val after which the search ends.
        check_every: Iterations on the similarity between looks at val.
        reach: Longest step of a concept on the similarity, where its activations have mean square 1. Short steps let
            val stop the search where it is best; long ones jump over that point.
        tolerance: Share of the penalised cross-entropy of a concept that may be left to gain.
    """

    strengths: tuple[float, ...] = tuple(10.0 ** (-k / 2) for k in range(13))
    refinements: int = 50
    patience: int = 2
    check_every: int = 1
    tolerance: float = 1e-3
    reach: float = 0.02

    def fit(
        self, x: Rows, targets: np.ndarray, x_val: Rows, val_targets: np.ndarray, objective: type[Objective]
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
        problem = _Problem(RowSpace(x), targets, objective)
        val = problem.space.place(x_val)
        watch = Watch(objective(val_targets), self.patience)
        solution = problem.start()
        for strength in self.strengths:
            abandon = _Abandon(watch, val)
            solution = self._solve(problem, strength, solution, abandon)
            if watch.see(_activations(val, solution), solution, strength=strength):
                break
        strength, iterations = watch.best["strength"], 0
        if problem.objective.scale_free:
            watch.stale = 0

            def look(solution: np.ndarray, iteration: int) -> bool:
                return watch.see(_activations(val, solution), solution, strength=strength, iterations=iteration)

            problem.descend(watch.solution, strength, 0, self.refinements, 0, look, self.check_every, self.reach)
            iterations = int(watch.best.get("iterations", 0))
        settings = {"strength": strength, "iterations": iterations}
        return Chosen(problem.weight(watch.solution), settings, watch.curve, watch.losses)

    def refit(self, x: Rows, targets: np.ndarray, objective: type[Objective], settings: dict[str, Any]) -> np.ndarray:
        """Train on other clips in the way that val preferred.

        Args:
            x: Features, shape (n, D).
            targets: Targets, shape (n, M).
            objective: What is minimised.
            settings: `Chosen.settings` of a fit.

        Returns:
            Weights, shape (M, D).
        """
        problem = _Problem(RowSpace(x), targets, objective)
        solution = self._solve(problem, settings["strength"], problem.start(), never)
        if settings["iterations"]:
            solution = problem.descend(solution, settings["strength"], 0, settings["iterations"], 0, reach=self.reach)
        return problem.weight(solution)

    def _solve(self, problem: "_Problem", strength: float, start: np.ndarray, look: Look) -> np.ndarray:
        """Return the penalised optimum, shape (r + 1, M); the last row is the offset."""
        if problem.objective.scale_free:
            return problem.ridge(strength)
        return problem.descend(start, strength, strength * problem.space.variance[0], 1000, self.tolerance, look, 5)


class _Problem:
    """One family on one set of clips, in the row space of their features.

    Solutions have shape (r + 1, M): weights in the coordinates of the row space, then an offset.
    """

    def __init__(self, space: RowSpace, targets: np.ndarray, objective: type[Objective]) -> None:
        self.space, self.covariance = space, space.covariance(targets)
        self.objective = objective(targets.astype(np.float32))

    def start(self) -> np.ndarray:
        """Return weights of zero with the offset that suits them best."""
        return np.vstack([np.zeros_like(self.covariance), self.objective.offset])

    def weight(self, solution: np.ndarray) -> np.ndarray:
        """Return the weights for features, shape (M, D)."""
        return self.space.weights(solution[:-1]).T

    def ridge(self, strength: float) -> np.ndarray:
        """Return the closed-form ridge regression to the targets, scaled to activations of mean square 1."""
        variance = self.space.variance[:, None]
        ridge = self.covariance / (variance + strength * variance[0])
        spread = np.sqrt(np.maximum((variance * ridge**2).sum(axis=0), np.finfo(float).tiny))
        return np.vstack([ridge / spread, np.zeros(ridge.shape[1])])

    def descend(
        self,
        start: np.ndarray,
        strength: float,
        penalty: float,
        iterations: int,
        tolerance: float,
        look: Look = never,
        look_every: int = 1,
        reach: float = np.inf,
    ) -> np.ndarray:
        """Minimise loss + penalty / 2 * |weights|^2 of each concept by L-BFGS.

        Coordinates are divided by their spread, but no further than the ridge of this strength leaves them: the
        curvature becomes nearly the same in all of them, and early stopping keeps the preference of that ridge.
        """
        variance = np.append(self.space.variance, 1)[:, None] * self.objective.curvature
        floor = np.append(np.full(len(variance) - 1, strength * self.space.variance[0]), 0)[:, None]
        scale = 1 / np.sqrt(variance + floor)
        objective, chosen = self.objective, np.arange(start.shape[1])

        def function(point: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            nonlocal objective, chosen
            if len(columns) != len(chosen):
                objective, chosen = self.objective.columns(columns), columns
            solution = scale[:, columns] * point
            losses, gradient = objective.loss_and_gradient(_activations(self.space.coordinates, solution))
            slope = np.vstack([self.space.coordinates.T @ gradient + penalty * solution[:-1], gradient.sum(axis=0)])
            return losses + penalty / 2 * np.square(solution[:-1]).sum(axis=0), scale[:, columns] * slope

        def seen(point: np.ndarray, iteration: int) -> bool:
            return look(scale * point, iteration)

        return scale * minimise_columns(function, start / scale, iterations, tolerance, seen, look_every, reach)


class _Abandon:
    """Stops the descent at one strength once val only loses by it."""

    def __init__(self, watch: Watch, val: np.ndarray) -> None:
        self.watch, self.val, self.losses = watch, val, [np.inf]

    def __call__(self, solution: np.ndarray, _iteration: int) -> bool:
        self.losses.append(float(self.watch.objective.loss(_activations(self.val, solution)).mean()))
        worse = len(self.losses) > 3 and self.losses[-1] > self.losses[-2] > self.losses[-3]
        return worse and self.losses[-1] > self.watch.best["val_loss"]


@dataclass(frozen=True)
class AdamSolver:
    """Adam on the features as they are, with the looks at val of the authors.

    Attributes:
        steps: Most steps.
        learning_rate: Step size.
        check_every: Steps between looks at val.
        seed: Seed of the starting weights and of the batches.
        batch_size: Clips of a step, drawn without replacement; all of them where there are no more.

    Source:
        The authors' release: the similarity stops at the first look that is not better, the cross-entropy runs all
        steps; both keep the best look, of equal ones the similarity the first and the cross-entropy the last.
    """

    steps: int = 3000
    learning_rate: float = 1e-3
    check_every: int = 500
    seed: int = 0
    batch_size: int = 50_000

    def fit(
        self, x: Rows, targets: np.ndarray, x_val: Rows, val_targets: np.ndarray, objective: type[Objective]
    ) -> Chosen:
        """Train and keep the step that val prefers; arguments and result as in `RidgeSolver.fit`."""
        stops = objective.scale_free
        watch = Watch(objective(val_targets), 1 if stops else self.steps, latest=not stops)

        def look(weight: np.ndarray, step: int) -> bool:
            last = step == self.steps - 1
            return (step % self.check_every == 0 or last) and watch.see(x_val @ weight, weight, step=step)

        self._run(x, targets, objective, self.steps, look)
        weight = watch.solution.T.astype(np.float64)
        return Chosen(weight, {"step": int(watch.best["step"])}, watch.curve, watch.losses)

    def refit(self, x: Rows, targets: np.ndarray, objective: type[Objective], settings: dict[str, Any]) -> np.ndarray:
        """Train on other clips for as many steps as val preferred; arguments and result as in `RidgeSolver.refit`."""
        return self._run(x, targets, objective, settings["step"] + 1, never).T.astype(np.float64)

    def _run(self, x: Rows, targets: np.ndarray, objective: type[Objective], steps: int, look: Look) -> np.ndarray:
        """Return the weights after the last step, shape (D, M)."""
        targets = targets.astype(np.float32)
        width, n_concepts = x.shape[1], targets.shape[1]
        bound = 1 / np.sqrt(width) if objective.scale_free else np.sqrt(6 / (width + n_concepts))
        generator = np.random.default_rng(self.seed)
        weight = generator.uniform(-bound, bound, (width, n_concepts)).astype(np.float32)
        first, second = np.zeros_like(weight), np.zeros_like(weight)
        batch = x.dense(np.float32) if len(x) <= self.batch_size else np.empty(0)
        fitted = objective(targets)
        for step in range(steps):
            if self.batch_size < len(x):
                # Sorted, as what lies side by side on disk is read at once.
                drawn = np.sort(generator.permutation(len(x))[: self.batch_size])
                batch, fitted = x.take(drawn).dense(np.float32), objective(targets[drawn])
            gradient = batch.T @ fitted.loss_and_gradient(batch @ weight)[1] / n_concepts
            first += (1 - 0.9) * (gradient - first)
            second += (1 - 0.999) * (gradient**2 - second)
            scale = self.learning_rate / (1 - 0.9 ** (step + 1))
            weight = weight - scale * first / (np.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8)
            if look(weight, step):
                break
        return weight


def _activations(coordinates: np.ndarray, solution: np.ndarray) -> np.ndarray:
    """Return coordinates @ weights + offset in the precision of the coordinates, shape (n, M)."""
    solution = solution.astype(coordinates.dtype)
    return coordinates @ solution[:-1] + solution[-1]
