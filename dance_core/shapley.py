"""How much each concept family adds to what the model gets right: the exact Shapley value of a game of families."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from scipy.special import log_softmax

from dance_core.concept_targets import FAMILIES


def shapley_values(players: Sequence[str], worth: Mapping[frozenset[str], float]) -> dict[str, float]:
    """Share out the worth of all players together by what each adds to the coalitions of the others.

        phi_i = sum over S without i of |S|! (p - |S| - 1)! / p! * (v(S with i) - v(S))

    The values add up to v(all) - v(none), a player that never changes anything gets 0, and two players that always
    change the same get the same.

    Args:
        players: Names, p of them.
        worth: v of each of the 2^p coalitions.

    Returns:
        Value of each player.

    Raises:
        ValueError: A coalition has no worth.

    Source:
        Shapley (1953), A value for n-person games.
    """
    coalitions = _coalitions(players)
    absent = [coalition_name(coalition, players) for coalition in coalitions if coalition not in worth]
    if absent:
        raise ValueError(f"Shapley value: coalition '{absent[0]}' has no worth; give one for each of {len(coalitions)}")
    total = factorial(len(players))
    values = {}
    for player in players:
        others = [coalition for coalition in coalitions if player not in coalition]
        gains = (worth[coalition | {player}] - worth[coalition] for coalition in others)
        shares = (factorial(len(s)) * factorial(len(players) - len(s) - 1) / total for s in others)
        values[player] = float(sum(share * gain for share, gain in zip(shares, gains, strict=True)))
    return values


def coalition_name(coalition: frozenset[str], players: Sequence[str] = FAMILIES) -> str:
    """Return a coalition as people write it: 'motion+scene', or 'none'."""
    return "+".join(player for player in players if player in coalition) or "none"


def family_shapley(
    weight: np.ndarray,
    bias: np.ndarray,
    families: np.ndarray,
    z: np.ndarray,
    y: np.ndarray,
    chosen: Sequence[str] = FAMILIES,
) -> dict[str, Any]:
    """Share out the accuracy and the log-likelihood of a classifier among the concept families.

    v(S) is the measure of the classifier as it is, with the concepts of the families outside S at their train mean
    (z = 0). Nothing is trained again: the value says what the model takes from a family, not what it could take. With
    top1 the bias alone already scores v(none); the values add up to the rest. The log-likelihood, minus the mean
    cross-entropy in nats, also moves where no prediction changes.

    Args:
        weight: W, shape (K, M).
        bias: b, shape (K,).
        families: Family of each concept, shape (M,).
        z: Standardised concept activations, shape (n, M).
        y: Class indices, shape (n,).
        chosen: Families that the run has; one without concepts is a player that adds nothing.

    Returns:
        For each measure, top1 and log_likelihood: values by family, None for one that was not chosen; coalitions, v of
        each by its name. Everything None without clips.

    Source:
        Shapley (1953); of single concepts, and of retrained maps: ConceptSHAP, Yeh et al. (2020).
    """
    players = [family for family in FAMILIES if family in chosen]
    parts = {player: z[:, families == player] @ weight[:, families == player].T for player in players}
    measured = {
        # In the order of the players: that of a set differs from run to run, and so would the last bits of the sum.
        coalition: _measures(sum((parts[p] for p in players if p in coalition), start=np.tile(bias, (len(z), 1))), y)
        for coalition in _coalitions(players)
    }
    record: dict[str, Any] = {}
    for position, measure in enumerate(("top1", "log_likelihood")):
        worth = {coalition: values[position] for coalition, values in measured.items() if values is not None}
        values = shapley_values(players, worth) if len(z) else {}
        names = {coalition_name(coalition): worth.get(coalition) for coalition in measured}
        record[measure] = {"values": {family: values.get(family) for family in FAMILIES}, "coalitions": names}
    return record


def _coalitions(players: Sequence[str]) -> list[frozenset[str]]:
    """Return all subsets of the players, small ones first."""
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def _measures(logits: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """Return accuracy and mean log-likelihood, None without clips."""
    if not len(y):
        return None
    likelihood = log_softmax(logits, axis=1)[np.arange(len(y)), y]
    return float((logits.argmax(axis=1) == y).mean()), float(likelihood.mean())
