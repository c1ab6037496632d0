"""The settings of motion concepts."""

from dataclasses import dataclass
from typing import Literal

from dance_core.finch import METHODS, METRICS


@dataclass(frozen=True)
class MotionSettings:
    """How pose segments become motion concepts.

    Attributes:
        seed: Seed of k-means, of FINCH's approximate neighbours and of the sample behind the silhouette.
        method: "finch", "finch_clust" or "kmeans".
        metric: "cosine" or "euclidean".
        requested: Number of clusters, instead of FINCH's own partitions; k-means needs it.
        partition: Index of the partition to use, 0 the finest, or "auto" for the rule of `choose_partition`.
        minimum_concepts: Fewest concepts that the rule may choose.
        maximum_concepts: Most concepts that the rule may choose.
        minimum_size: Clusters with fewer segments are pruned.
        minimum_clips: Clusters with segments of fewer clips are pruned, being one person's take.
        subtract_mean: Measure segments from the mean training segment, so that the cosine sees how they differ and not
            that all of them are people.
        movement_weight: Weight of the movement (the deviation from the segment's own mean pose) against that mean pose.
        radius_percentile: Percentile of the distances of a concept's own segments, each measured to the mean without
            its clip, beyond which a segment is not assigned to it.
        joint_fit: Cluster the segments of all splits together, as the authors' code does. For comparison only: the
            concepts have then seen the test clips.
        exact_neighbours_below: FINCH finds first neighbours exactly among fewer segments than this; of more, by seeded
            NN-descent.
        refits: Parts of the train clips that the concepts are learnt from again, to measure their stability.
    """

    seed: int = 0
    method: str = "finch"
    metric: str = "cosine"
    requested: int | None = None
    partition: int | Literal["auto"] = "auto"
    minimum_concepts: int = 10
    maximum_concepts: int = 80
    minimum_size: int = 5
    minimum_clips: int = 2
    subtract_mean: bool = True
    movement_weight: float = 2.0
    radius_percentile: float = 99.0
    joint_fit: bool = False
    exact_neighbours_below: int = 200_000
    refits: int = 3

    def __post_init__(self) -> None:
        """Refuse values that contradict each other."""
        for name, known in (("method", METHODS), ("metric", METRICS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"motion_concepts: {name} '{getattr(self, name)}' is unknown; use one of {', '.join(known)}"
                )
        if not 1 <= self.minimum_concepts <= self.maximum_concepts:
            raise ValueError(
                f"motion_concepts: minimum_concepts is {self.minimum_concepts} and maximum_concepts "
                f"{self.maximum_concepts}; they must be at least 1 and in this order"
            )
        if self.partition != "auto" and (not isinstance(self.partition, int) or self.partition < 0):
            raise ValueError(
                f"motion_concepts: partition is '{self.partition}'; use auto or a number from 0, the finest"
            )
