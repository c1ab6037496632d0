"""GLM-SAGA, the stochastic solver of the authors, kept to reproduce papers; it stops short of the optimum.

Source:
    Wong et al. (2021), "Leveraging sparse linear layers for debuggable deep networks", with the settings of DANCE;
    Label-free CBM and VLG-CBM use a step size of 0.1.
"""

from dataclasses import dataclass

import numpy as np

from dance_core.sparse_classifier.likelihood import Likelihood
from dance_core.sparse_classifier.newton import Point, point_at
from dance_core.sparse_classifier.objective import ElasticNet


@dataclass(frozen=True)
class SagaSettings:
    """Settings of GLM-SAGA.

    Attributes:
        step_size: Step size.
        epochs: Largest number of passes over the clips.
        batch_size: Clips of one update.
        tolerance: The first update of weights and bias together that is not longer than this ends the fit; 0 for never.
        seed: Seed of the order of the clips.
    """

    step_size: float = 0.05
    epochs: int = 1000
    batch_size: int = 256
    tolerance: float = 1e-4
    seed: int = 0


def lam_of_authors(lam: float, alpha: float) -> float:
    """Return the strength that the authors' flag `--lam` stands for: they divide it by alpha, or by 0.001 below that.

    Args:
        lam: Value of the flag.
        alpha: Share of the L1 part.

    Returns:
        Strength as it enters the objective; 7e-4 at alpha 0 is a ridge of 0.7.
    """
    return lam / max(0.001, alpha)


def run_saga(likelihood: Likelihood, penalty: ElasticNet, settings: SagaSettings) -> tuple[Point, int]:
    """Run proximal SAGA from zero with a table of the residuals of the clips, in float32 as the authors do.

    The mean gradient of a batch is one product of its residuals and its activations; the authors' code forms the
    outer product of every clip, which gives the same numbers.

    Args:
        likelihood: The data term.
        penalty: The penalty of the weights.
        settings: Step size, passes, batches, the stop.

    Returns:
        The last point and the number of passes begun.
    """
    generator = np.random.default_rng(settings.seed)
    z, n, n_classes = likelihood.single, len(likelihood.y), len(likelihood.frequency)
    onehot = np.eye(n_classes, dtype=np.float32)[likelihood.y]
    table = np.zeros_like(onehot)
    theta, average = (np.zeros((n_classes, z.shape[1]), np.float32) for _ in range(2))
    for epoch in range(1, settings.epochs + 1):
        order = generator.permutation(n)
        for batch in (order[first : first + settings.batch_size] for first in range(0, n, settings.batch_size)):
            residual = _softmax(z[batch] @ theta.T) - onehot[batch]
            change = (residual - table[batch]).T @ z[batch] / np.float32(len(batch))
            moved = _proximal(theta - np.float32(settings.step_size) * (change + average), penalty, settings.step_size)
            table[batch] = residual
            average += change * np.float32(len(batch) / n)
            length = float(np.linalg.norm(moved - theta))
            theta = moved
            if length <= settings.tolerance:
                return point_at(likelihood, theta.astype(np.float64)), epoch
    return point_at(likelihood, theta.astype(np.float64)), settings.epochs


def _softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def _proximal(theta: np.ndarray, penalty: ElasticNet, step_size: float) -> np.ndarray:
    """Shrink the weights; the bias in the last column is free."""
    weight = theta[:, :-1]
    shrunk = np.sign(weight) * np.maximum(np.abs(weight) - np.float32(step_size * penalty.l1), 0)
    theta[:, :-1] = shrunk / np.float32(1 + step_size * penalty.l2)
    return theta
