"""How much a clustering depends on its seed."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score


def matched_cosine(a: np.ndarray, b: np.ndarray) -> float | None:
    """Pair the clusters of two clusterings one to one and compare their centroids.

    Pairs are chosen to have the largest sum of cosines (Hungarian assignment); where one clustering has more clusters,
    its surplus stays unpaired and does not count.

    Args:
        a: Centroids, shape (k, d).
        b: Centroids, shape (l, d).

    Returns:
        Mean cosine of the min(k, l) pairs; a centroid of length 0 has cosine 0. None if one has no cluster.

    Raises:
        ValueError: The widths differ.

    Source:
        Assignment: Kuhn (1955).
    """
    if not len(a) or not len(b):
        return None
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"stability: centroids have {a.shape[1]} and {b.shape[1]} values; compare like with like")
    cosine = _unit(a) @ _unit(b).T
    return float(cosine[linear_sum_assignment(cosine, maximize=True)].mean())


def agreement(a: np.ndarray, b: np.ndarray) -> float | None:
    """Compare two clusterings of the same points by the adjusted Rand index.

        ARI = (index - expected index) / (largest index - expected index), index = pairs of points together in both

    1 for the same clustering, 0 on average for two random ones of these cluster sizes.

    Args:
        a: Cluster of each point, shape (n,); negative where a point is in none.
        b: The same of the other clustering.

    Returns:
        The index over the points that both assign; None if there are fewer than two.

    Raises:
        ValueError: The clusterings are of different points.

    Source:
        Hubert and Arabie (1985), Comparing partitions.
    """
    if len(a) != len(b):
        raise ValueError(f"stability: clusterings of {len(a)} and {len(b)} points; compare them on the same points")
    both = (a >= 0) & (b >= 0)
    return float(adjusted_rand_score(a[both], b[both])) if both.sum() > 1 else None


def cluster_stability(labels: Sequence[np.ndarray], centroids: Sequence[np.ndarray]) -> dict[str, Any]:
    """Compare the clusterings of several seeds, each with each.

    Args:
        labels: Cluster of each point by seed, each of shape (n,), the same points in the same order.
        centroids: Cluster centroids by seed, each of shape (k_s, d).

    Returns:
        ari and matched_cosine: mean, sd and min over the pairs of seeds; n_clusters by seed; n_pairs. None with fewer
        than two seeds.

    Raises:
        ValueError: Seeds differ in their points or widths.
    """
    pairs = list(combinations(range(len(labels)), 2))
    return {
        "ari": _spread([agreement(labels[i], labels[j]) for i, j in pairs]),
        "matched_cosine": _spread([matched_cosine(centroids[i], centroids[j]) for i, j in pairs]),
        "n_clusters": [len(rows) for rows in centroids],
        "n_pairs": len(pairs),
    }


def _spread(values: Sequence[float | None]) -> dict[str, float | None]:
    known = np.array([value for value in values if value is not None])
    if not len(known):
        return {"mean": None, "sd": None, "min": None}
    sd = float(known.std(ddof=1)) if len(known) > 1 else None
    return {"mean": float(known.mean()), "sd": sd, "min": float(known.min())}


def _unit(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows, dtype=np.float64), where=length > 0)
