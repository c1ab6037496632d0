"""Whether the concepts an explanation names first are those the prediction rests on: deletion and insertion curves."""

from typing import Any

import numpy as np
from scipy.special import softmax

FRACTIONS = np.linspace(0, 1, 21)
"""Shares of the concepts at which curves are written down; areas use every single concept."""

_CHUNK = 2_000_000


def removal_curves(
    weight: np.ndarray, bias: np.ndarray, z: np.ndarray, y: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Take concepts away one by one and watch the prediction.

    A concept is taken away by setting its activation to its train mean (z = 0).

    Args:
        weight: W, shape (K, M).
        bias: b, shape (K,).
        z: Standardised concept activations, shape (n, M), n at least 1.
        y: Class indices, shape (n,).
        order: Concepts in the order of their removal for each clip, shape (n, S).

    Returns:
        Mean probability of the class that was predicted with all concepts, shape (S + 1,), and accuracy, shape
        (S + 1,), after 0 to S removals.
    """
    logits = z @ weight.T + bias
    predicted = logits.argmax(axis=1)
    probability, correct = np.zeros(order.shape[1] + 1), np.zeros(order.shape[1] + 1)
    size = max(1, _CHUNK // (len(weight) * (order.shape[1] + 1)))
    for start in range(0, len(z), size):
        rows = slice(start, start + size)
        removed = np.take_along_axis(z[rows], order[rows], axis=1)[:, :, None] * weight.T[order[rows]]
        left = np.concatenate([logits[rows, None], logits[rows, None] - np.cumsum(removed, axis=1)], axis=1)
        class_of = predicted[rows, None, None]
        probability += np.take_along_axis(softmax(left, axis=2), class_of, axis=2)[:, :, 0].sum(axis=0)
        correct += (left.argmax(axis=2) == y[rows, None]).sum(axis=0)
    return probability / len(z), correct / len(z)


def faithfulness_record(
    weight: np.ndarray, bias: np.ndarray, z: np.ndarray, y: np.ndarray, draws: int = 10, seed: int = 0
) -> dict[str, Any]:
    """Measure deletion and insertion of concepts in the order of their contributions, against random orders.

    Concepts with a weight for any class take part, the others cannot change anything. They are ranked by their
    contribution to the predicted class, W_yj z_j, sign kept, largest first: the order in which an explanation lists
    the reasons for the prediction. Deletion starts from the whole clip and removes the first first; insertion starts
    from all concepts at their train mean and puts the first in first. Areas are under the mean probability of the
    predicted class over the share of the concepts (trapezoids): small is good for deletion, large for insertion. A
    random order of each clip's own serves both: read backwards, removals are insertions.

    Args:
        weight: W, shape (K, M).
        bias: b, shape (K,).
        z: Standardised concept activations, shape (n, M).
        y: Class indices, shape (n,).
        draws: Random orders that are averaged.
        seed: Seed of the random orders.

    Returns:
        n, n_concepts, draws, fractions, and for deletion and insertion: area, accuracy_area, gain (by how much area
        beats the random order), probability and accuracy at `FRACTIONS`, random (area with its sd over draws, ...).
        deletion and insertion are None without clips, or where no concept has a weight.

    Source:
        Petsiuk et al. (2018), RISE, deletion and insertion, on concepts in place of pixels.
    """
    used = np.flatnonzero((weight != 0).any(axis=0))
    record: dict[str, Any] = {"n": len(z), "n_concepts": len(used), "draws": draws, "fractions": FRACTIONS.tolist()}
    if not len(z) or not len(used):
        return record | {"deletion": None, "insertion": None}
    weight, z = weight[:, used], z[:, used]
    contribution = weight[(z @ weight.T + bias).argmax(axis=1)] * z
    order = np.argsort(-contribution, axis=1, kind="stable")
    deletion = np.array(removal_curves(weight, bias, z, y, order))
    insertion = np.array(removal_curves(weight, bias, z, y, order[:, ::-1]))[:, ::-1]
    generator = np.random.default_rng(seed)
    identity = np.tile(np.arange(len(used)), (len(z), 1))
    random = np.array([removal_curves(weight, bias, z, y, generator.permuted(identity, axis=1)) for _ in range(draws)])
    record["deletion"] = _compared(deletion, random, -1)
    record["insertion"] = _compared(insertion, random[:, :, ::-1], 1)
    return record


def _compared(curves: np.ndarray, random: np.ndarray, sign: int) -> dict[str, Any]:
    """Describe curves of shape (2, S + 1) beside random ones of shape (draws, 2, S + 1)."""
    ours, theirs = _described(curves), _described(random.mean(axis=0))
    areas = [_area(draw[0]) for draw in random]
    theirs["area_sd"] = float(np.std(areas, ddof=1)) if len(areas) > 1 else None
    return ours | {"gain": sign * (ours["area"] - theirs["area"]), "random": theirs}


def _described(curves: np.ndarray) -> dict[str, Any]:
    shares = np.linspace(0, 1, curves.shape[1])
    probability, accuracy = (np.interp(FRACTIONS, shares, curve).tolist() for curve in curves)
    areas = {"area": _area(curves[0]), "accuracy_area": _area(curves[1])}
    return areas | {"probability": probability, "accuracy": accuracy}


def _area(curve: np.ndarray) -> float:
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))
