"""FINCH: clustering by first neighbours, with no number of clusters and no distance threshold to set.

A point is linked to its first neighbour, linked points form the clusters of the finest partition, and the means of
those clusters are linked in the same way until one cluster is left. The three rules of the paper (i and j are linked
when j is the first neighbour of i, i is that of j, or both have the same one) give the weak components of the graph
i -> first neighbour, so no product of adjacency matrices is formed.

Source:
    Sarfraz, Sharma, Stiefelhagen: Efficient Parameter-free Clustering Using First Neighbor Relations, CVPR 2019.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from dance_core.finch.neighbours import EXACT_BELOW, first_neighbours, similarities
from dance_core.finch.space import METRICS, chunks


@dataclass(frozen=True)
class Partitions:
    """Clusterings of the same points, finest first.

    Attributes:
        labels: int32 [n, levels]; the clusters of a level are numbered in the order of their first points.
    """

    labels: np.ndarray

    @property
    def n_clusters(self) -> list[int]:
        """Number of clusters of every level, finest first."""
        return [int(last) + 1 for last in self.labels.max(axis=0)]


def finch(points: np.ndarray, metric: str = "cosine", exact_below: int = EXACT_BELOW, seed: int = 0) -> Partitions:
    """Cluster points by their first neighbours.

    The recursion ends before a level that has one cluster or at most one cluster fewer than the level before.
    Neighbours of cluster means are always exact.

    Args:
        points: Array of shape (n, d), n >= 2.
        metric: "cosine" or "euclidean".
        exact_below: From this many different points on, their neighbours are approximate.
        seed: Seed of the approximate search; the exact one is the same for every seed.

    Returns:
        Every level of the hierarchy; the first is always there.

    Raises:
        ValueError: Fewer than two points, a value that is not finite, an unknown metric, or a zero vector under cosine.

    Source:
        Sarfraz et al. 2019, algorithm 1; the stop rule is that of finch-clust 0.2.3.
    """
    points = checked(points, metric)
    merged = _components(first_neighbours(points, metric, exact_below, seed))
    levels, means = [merged], points
    sizes: np.ndarray = np.ones(len(points))
    while (n_clusters := int(merged.max()) + 1) > 1:
        means, sizes = cluster_means(means, merged, sizes), np.bincount(merged, sizes)
        merged = _components(first_neighbours(means, metric, exact_below=n_clusters + 1))
        n_coarser = int(merged.max()) + 1
        if n_coarser == 1 or n_clusters - n_coarser <= 1:
            break
        levels.append(merged[levels[-1]])
    return Partitions(np.stack(levels, axis=1))


def requested_clusters(
    points: np.ndarray, partitions: Partitions, n_clusters: int, metric: str = "cosine"
) -> np.ndarray:
    """Merge clusters until a requested number is left.

    Starts from the coarsest partition that has at least that many clusters, so as few merges as possible follow; each
    merges the two clusters whose means are nearest to each other.

    Args:
        points: Array of shape (n, d).
        partitions: What `finch` returned for these points.
        n_clusters: Number of clusters wanted.
        metric: "cosine" or "euclidean".

    Returns:
        int32 labels, shape (n,), numbered in the order of the clusters' first points.

    Raises:
        ValueError: More clusters are wanted than the finest partition has, or fewer than one.

    Source:
        Sarfraz et al. 2019, algorithm 2.
    """
    counts = partitions.n_clusters
    if not 1 <= n_clusters <= counts[0]:
        raise ValueError(
            f"finch: {n_clusters} clusters were requested, but the finest partition has {counts[0]}; "
            f"request 1 to {counts[0]}"
        )
    level = max(index for index, count in enumerate(counts) if count >= n_clusters)
    labels = partitions.labels[:, level].astype(np.int64)
    means, sizes = cluster_means(points, labels), np.bincount(labels).astype(np.float64)
    similarity = similarities(means, means, metric)
    similarity[np.tril_indices(len(means))] = -np.inf
    for _ in range(counts[level] - n_clusters):
        kept, gone = np.unravel_index(int(np.argmax(similarity)), similarity.shape)
        labels[labels == gone] = kept
        means[kept] = (sizes[kept] * means[kept] + sizes[gone] * means[gone]) / (sizes[kept] + sizes[gone])
        sizes[kept], sizes[gone] = sizes[kept] + sizes[gone], 0
        renewed = np.where(sizes > 0, similarities(means[kept : kept + 1], means, metric)[0], -np.inf)
        similarity[:kept, kept], similarity[kept, kept + 1 :] = renewed[:kept], renewed[kept + 1 :]
        similarity[gone], similarity[:, gone] = -np.inf, -np.inf
    return numbered(labels)


def cluster_means(points: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Average the points of every cluster.

    Args:
        points: Array of shape (n, d).
        labels: Cluster of every point, 0 to k - 1, shape (n,).
        weights: How many points each one stands for, shape (n,); 1 if not given.

    Returns:
        float64 means, shape (k, d).
    """
    weights = np.ones(len(points)) if weights is None else weights
    sums = np.zeros((int(labels.max()) + 1, points.shape[1]))
    for part in chunks(*points.shape):  # in parts, because the product makes a float64 copy of the points
        present, own = np.unique(labels[part], return_inverse=True)
        members = csr_array((weights[part], (own, np.arange(len(own)))), shape=(len(present), len(own)))
        sums[present] += members @ points[part]
    return sums / np.bincount(labels, weights)[:, None]


def _components(neighbours: np.ndarray) -> np.ndarray:
    """Give the weak components of the graph i -> neighbour, numbered by first occurrence."""
    n = len(neighbours)
    graph = csr_array((np.ones(n, np.int8), (np.arange(n), neighbours)), shape=(n, n))
    return numbered(connected_components(graph, directed=True, connection="weak")[1])


def numbered(labels: np.ndarray) -> np.ndarray:
    """Number clusters in the order of their first points.

    Args:
        labels: Any labels, shape (n,).

    Returns:
        int32 labels from 0, shape (n,).
    """
    return pd.factorize(labels)[0].astype(np.int32)


def checked(points: np.ndarray, metric: str) -> np.ndarray:
    """Refuse what cannot be clustered.

    Args:
        points: Array of shape (n, d).
        metric: "cosine" or "euclidean".

    Returns:
        The points as float32 or float64.

    Raises:
        ValueError: Fewer than two points, a value that is not finite, an unknown metric, or a zero vector under cosine.
    """
    points = np.asarray(points)
    if metric not in METRICS:
        raise ValueError(f"finch: metric '{metric}' is unknown; use one of {', '.join(METRICS)}")
    if points.ndim != 2 or len(points) < 2:
        raise ValueError(f"finch: points have shape {points.shape}; at least two rows of features are needed")
    if points.dtype not in (np.float32, np.float64):
        points = points.astype(np.float64)
    if not all(np.isfinite(points[part]).all() for part in chunks(*points.shape)):
        row = int(np.argmin(np.isfinite(points).all(axis=1)))
        raise ValueError(f"finch: point {row} has a value that is not finite; leave it out or fill it")
    if metric == "cosine" and not points.any(axis=1).all():
        row = int(np.argmin(points.any(axis=1)))
        raise ValueError(f"finch: point {row} is a zero vector, which has no cosine; leave it out or use euclidean")
    return points
