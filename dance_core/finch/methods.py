"""Clustering by name: FINCH of this package, the authors' package, or k-means."""

import warnings

import numpy as np

from dance_core.finch.neighbours import EXACT_BELOW
from dance_core.finch.partitions import Partitions, checked, finch, numbered, requested_clusters
from dance_core.finch.space import norms

METHODS = ("finch", "finch_clust", "kmeans")


def cluster(
    points: np.ndarray,
    method: str = "finch",
    metric: str = "cosine",
    requested: int | None = None,
    seed: int = 0,
    exact_below: int = EXACT_BELOW,
) -> Partitions:
    """Cluster points by a named method.

    Args:
        points: Array of shape (n, d), n >= 2.
        method: "finch" (this package), "finch_clust" (the authors' package) or "kmeans" (scikit-learn; under cosine on
            the points scaled to length 1).
        metric: "cosine" or "euclidean".
        requested: Number of clusters; then a single partition is returned. k-means cannot do without.
        seed: Seed of k-means and of approximate neighbours; exact FINCH is the same for every seed.
        exact_below: From this many different points on, `finch` finds their neighbours approximately.

    Returns:
        The partitions, finest first.

    Raises:
        ValueError: An unknown method, a number of clusters that is absent for k-means or that the points cannot give,
            or points that cannot be clustered.
    """
    points = checked(points, metric)
    if method not in METHODS:
        raise ValueError(f"clustering: method '{method}' is unknown; use one of {', '.join(METHODS)}")
    if method == "kmeans":
        if requested is None:
            raise ValueError("clustering: kmeans has no number of clusters; set requested, or use method finch")
        labels = _kmeans(points, metric, requested, seed)
    elif method == "finch_clust":
        labels = _finch_clust(points, metric, requested, seed)
    else:
        partitions = finch(points, metric, exact_below, seed)
        if requested is None:
            return partitions
        labels = requested_clusters(points, partitions, requested, metric)[:, None]
    return Partitions(np.stack([numbered(column) for column in labels.T], axis=1))


def _kmeans(points: np.ndarray, metric: str, n_clusters: int, seed: int) -> np.ndarray:
    """Cluster by k-means; one column of labels."""
    if not 1 <= n_clusters <= len(points):
        raise ValueError(
            f"clustering: {n_clusters} clusters were requested of kmeans, but there are {len(points)} points; "
            f"request 1 to {len(points)}"
        )
    from sklearn.cluster import KMeans

    scaled = points / norms(points)[:, None] if metric == "cosine" else points
    return KMeans(n_clusters, random_state=seed, n_init=10).fit_predict(scaled)[:, None]


def _finch_clust(points: np.ndarray, metric: str, requested: int | None, seed: int) -> np.ndarray:
    """Cluster by the finch-clust package with exact neighbours; one column of labels for each partition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about optional packages at import
        from finch import FINCH
    columns, _, chosen = FINCH(
        points, req_clust=requested, distance=metric, ann_threshold=len(points), verbose=False, random_state=seed
    )
    return columns if chosen is None else chosen[:, None]
