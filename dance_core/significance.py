"""Whether a difference is more than chance: paired tests, correction for many of them, intervals."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def mcnemar(correct_a: np.ndarray, correct_b: np.ndarray) -> dict[str, Any]:
    """Test whether two classifiers err equally often on the same clips.

    Only clips that one gets right and the other wrong tell. With b of one kind, c of the other and m = b + c, under
    the null b is Binomial(m, 1/2):

        exact p = min(1, 2 P(X <= min(b, c))),    mid-p = 2 P(X <= min(b, c)) - P(X = min(b, c))

    The exact p never rejects too often and is what `holm` should correct; it is conservative where m is small, which
    the mid-p repairs, so that stands beside it. Both take clips as independent: clips of one take are not, and then
    the grouped intervals of `accuracy_intervals` are the safer reading.

    Args:
        correct_a: Whether each clip is right, shape (n,).
        correct_b: The same for the other classifier.

    Returns:
        only_a, only_b (clips that only this one gets right), n, p_exact, p_mid; p is 1 where none differs, None
        without clips.

    Raises:
        ValueError: The two are not of the same clips.

    Source:
        McNemar (1947); exact: binomial; mid-p: Fagerland, Lydersen and Laake (2013).
    """
    # Loading it takes longer than all else that imports this module, most of which tests nothing.
    from scipy.stats import binom

    if len(correct_a) != len(correct_b):
        raise ValueError(f"McNemar: {len(correct_a)} and {len(correct_b)} clips; compare predictions of the same clips")
    a, b = np.asarray(correct_a, bool), np.asarray(correct_b, bool)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    record: dict[str, Any] = {"only_a": only_a, "only_b": only_b, "n": len(a), "p_exact": None, "p_mid": None}
    if len(a):
        least, total = min(only_a, only_b), only_a + only_b
        tail, point = 2 * float(binom.cdf(least, total, 0.5)), float(binom.pmf(least, total, 0.5))
        # Where b = c the two tails overlap in that one point.
        mid = 1 - point / 2 if only_a == only_b else tail - point
        record |= {"p_exact": min(1.0, tail), "p_mid": 1.0 if total == 0 else mid}
    return record


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Correct the p values of a family of tests, so that the chance of any false alarm stays at the level.

        adjusted p_(i) = max over j <= i of min(1, (m - j + 1) p_(j)),  p_(1) <= ... <= p_(m)

    Args:
        p_values: p by name of the test; those that are None take no part.

    Returns:
        Adjusted p by name, in the order given.

    Source:
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    known = sorted((p, name) for name, p in p_values.items() if p is not None)
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    largest = 0.0
    for rank, (p, name) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[name] = largest
    return adjusted


def accuracy_intervals(scores: np.ndarray, groups: np.ndarray, resamples: int = 2000, seed: int = 0) -> np.ndarray:
    """Bootstrap the mean of many columns at once, resampling groups of clips.

    Args:
        scores: Shape (n, m), n at least 1: whether each clip is right by method, or differences of that.
        groups: What is resampled together, shape (n,).
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.

    Returns:
        2.5 and 97.5 percent quantiles of each mean, shape (m, 2). NaN where all clips are of one group: it would be
        drawn again and again, and an interval without width would pass for certainty.

    Source:
        Efron (1979), percentile bootstrap over clusters.
    """
    _, member = np.unique(groups, return_inverse=True)
    sizes = np.bincount(member)
    if len(sizes) == 1:
        return np.full((scores.shape[1], 2), np.nan)
    sums = np.zeros((len(sizes), scores.shape[1]))
    np.add.at(sums, member, scores)
    generator, means, chunk = np.random.default_rng(seed), [], max(1, 4_000_000 // len(sizes))
    for start in range(0, resamples, chunk):
        count = min(chunk, resamples - start)
        drawn = generator.integers(len(sizes), size=(count, len(sizes)))
        cells = (drawn + np.arange(count)[:, None] * len(sizes)).ravel()
        times = np.bincount(cells, minlength=count * len(sizes)).reshape(count, len(sizes)).astype(np.float64)
        means.append(times @ sums / (times @ sizes)[:, None])
    return np.quantile(np.concatenate(means), [0.025, 0.975], axis=0).T
