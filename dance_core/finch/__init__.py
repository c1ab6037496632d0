"""Clustering by first neighbours."""

from dance_core.finch.methods import METHODS, cluster
from dance_core.finch.neighbours import METRICS, first_neighbours
from dance_core.finch.partitions import Partitions, cluster_means, finch, requested_clusters

__all__ = [
    "METHODS",
    "METRICS",
    "Partitions",
    "cluster",
    "cluster_means",
    "finch",
    "first_neighbours",
    "requested_clusters",
]
