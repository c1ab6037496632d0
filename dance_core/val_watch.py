"""What val prefers of everything that a solver tries."""

import numpy as np

from dance_core.concept_objectives import Objective


class Watch:
    """Remembers the solution with the lowest mean val loss.

    Attributes:
        objective: Val loss.
        patience: Looks without a gain after which the search shall end.
        latest: Whether of equal losses the latest wins, not the earliest.
        stale: Looks since the last gain.
        curve: What was seen, in order: the settings and "val_loss".
        best: Entry of the curve with the lowest loss.
        solution: Its solution.
        losses: Its val loss of each concept, shape (M,).
    """

    def __init__(self, objective: Objective, patience: int, latest: bool = False) -> None:
        self.objective, self.patience, self.latest, self.stale = objective, patience, latest, 0
        self.curve: list[dict[str, float]] = []
        self.best: dict[str, float] = {"val_loss": np.inf}
        self.solution, self.losses = np.empty(0), np.empty(0)

    def see(self, activations: np.ndarray, solution: np.ndarray, **settings: float) -> bool:
        """Note a solution by its val activations, shape (n_val, M); return whether to stop looking."""
        losses = self.objective.loss(activations)
        loss = float(losses.mean())
        self.curve.append(settings | {"val_loss": loss})
        better = loss <= self.best["val_loss"] if self.latest else loss < self.best["val_loss"]
        self.stale = 0 if better else self.stale + 1
        if better:
            self.best, self.solution, self.losses = self.curve[-1], solution.copy(), losses
        return self.stale >= self.patience
