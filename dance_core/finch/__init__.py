"""Clustering by first neighbours."""

from dance_core.finch.methods import METHODS, cluster
from dance_core.finch.neighbours import EXACT_BELOW, first_neighbours
from dance_core.finch.partitions import Partitions, cluster_means, finch, requested_clusters
from dance_core.finch.space import METRICS

__all__ = [
    "EXACT_BELOW",
    "METHODS",
    "METRICS",
    "Partitions",
    "cluster",
    "cluster_means",
    "finch",
    "first_neighbours",
    "requested_clusters",
]
