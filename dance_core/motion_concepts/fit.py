"""The motion concepts of a data set: clustered from its training segments, then assigned to all others."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dance_core.finch import cluster, cluster_means
from dance_core.motion_concepts.assignment import assign_segments, distances, motion_features
from dance_core.motion_concepts.partitions import (
    choose_partition,
    kept_clusters,
    partition_table,
    with_merged_partition,
)
from dance_core.motion_concepts.settings import MotionSettings
from dance_core.tables import matrix


@dataclass(frozen=True)
class MotionConcepts:
    """Motion concepts and everything that was decided on the way.

    Attributes:
        concepts: One row per concept: concept, name, label (majority class), size, n_clips, purity, medoid
            (segment_id), clip_id, start, end (of the medoid), class_counts (JSON).
        centroids: float32 [m, L * 34], mean segment of every concept, as normalised joints.
        radius: float32 [m], largest distance that still belongs to a concept.
        mean: float32 [L * 34], the mean training segment, zeros if it is not subtracted.
        partitions: One row per partition, see `partition_table` and `choose_partition`.
        assignments: One row per segment: segment_id, clip_id, split, concept (-1 for none), distance.
    """

    concepts: pd.DataFrame
    centroids: np.ndarray
    radius: np.ndarray
    mean: np.ndarray
    partitions: pd.DataFrame
    assignments: pd.DataFrame


def fit_motion_concepts(segments: pd.DataFrame, settings: MotionSettings) -> MotionConcepts:
    """Find the motion concepts of the train split and assign the segments of every split to them.

    A training segment of a kept cluster belongs to its concept. Every other segment, of a pruned cluster or of another
    split, belongs to the nearest concept if it is no farther than the concept's radius: the chosen percentile of the
    distances of its own segments to its mean without their own clip, since a new clip has no part in the mean either.
    The same percentile over all concepts is the least radius, since a handful of segments says little about how far a
    motion goes.

    Args:
        segments: One row per segment with segment_id, clip_id, split, label, start, end, joints.
        settings: Clustering, choice of partition, pruning, radius.

    Returns:
        The concepts; the same whatever the order of the rows.

    Raises:
        ValueError: A segment occurs twice, there are fewer than two training segments, or all are the same under
            cosine, or no cluster is kept.

    Source:
        DANCE, section 3.1 (motion concept discovery); unlike the authors' code, on training clips only.
    """
    segments = segments.sort_values("segment_id", ignore_index=True)
    twice = segments["segment_id"].duplicated()
    if twice.any():
        raise ValueError(f"pose_segments has segment '{segments['segment_id'][twice].iloc[0]}' twice; rebuild it")
    fitted = np.ones(len(segments), bool) if settings.joint_fit else (segments["split"] == "train").to_numpy()
    train = segments[fitted].reset_index(drop=True)
    if len(train) < 2:
        raise ValueError(
            f"motion_concepts: the train split has {len(train)} pose segments and needs two or more; "
            "see pose_segments' report for why they were refused"
        )
    joints = matrix(train["joints"]).astype(np.float64)
    mean = (_known_mean(joints) if settings.subtract_mean else np.zeros(joints.shape[1])).astype(np.float32)
    joints = np.where(np.isnan(joints), mean, joints)
    features = motion_features(joints, mean, settings)
    if settings.metric == "cosine" and not features.any():
        raise ValueError(
            "motion_concepts: all train segments are the same, so less their mean nothing is left to compare; "
            "check the poses or set motion_concepts.metric: euclidean"
        )
    labels, table = _clusters(features, train, settings)
    concepts, members, centroids = _concepts(joints, mean, labels, train, settings)
    radius = _radius(features, members, train["clip_id"].to_numpy(), settings)
    middles = motion_features(centroids, mean, settings)
    own = distances(features, middles, settings.metric)[np.arange(len(members)), np.maximum(members, 0)]
    concept, distance = assign_segments(matrix(segments["joints"]), centroids, radius, mean, settings)
    concept[fitted] = np.where(members >= 0, members, concept[fitted])
    distance[fitted] = np.where(members >= 0, own, distance[fitted])
    assignments = segments[["segment_id", "clip_id", "split"]].assign(concept=concept, distance=distance)
    return MotionConcepts(concepts, centroids, radius, mean, table, assignments)


def _known_mean(joints: np.ndarray) -> np.ndarray:
    """Average each coordinate over the segments that have it; 0 where none has."""
    return np.nan_to_num(joints).sum(axis=0) / np.maximum(np.isfinite(joints).sum(axis=0), 1)


def _clusters(features: np.ndarray, train: pd.DataFrame, settings: MotionSettings) -> tuple[np.ndarray, pd.DataFrame]:
    """Cluster the training segments; give the chosen clusters (-1 where pruned) and the table of partitions."""
    clips, classes = (pd.factorize(train[name], sort=True)[0] for name in ("clip_id", "label"))
    partitions = cluster(
        features,
        settings.method,
        settings.metric,
        settings.requested,
        settings.seed,
        settings.exact_neighbours_below,
    )
    if settings.partition == "auto" and settings.requested is None:
        partitions = with_merged_partition(features, partitions, settings)
    table = choose_partition(partition_table(features, partitions, classes, clips, settings), settings)
    labels = partitions.labels[:, int(np.argmax(table["chosen"]))]
    return np.where(np.isin(labels, kept_clusters(labels, clips, settings)), labels, -1), table


def _concepts(
    joints: np.ndarray, mean: np.ndarray, labels: np.ndarray, train: pd.DataFrame, settings: MotionSettings
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Describe the kept clusters in the order of class, size and medoid; give also members and centroids."""
    classes = sorted(train["label"].unique())
    rows = []
    for number in np.unique(labels[labels >= 0]):
        own = np.flatnonzero(labels == number)
        centroid = joints[own].mean(axis=0, keepdims=True)
        middle = motion_features(centroid, mean, settings)
        far = distances(motion_features(joints[own], mean, settings), middle, settings.metric)
        medoid = train.iloc[own[int(far[:, 0].argmin())]]
        counts = train["label"].iloc[own].value_counts().reindex(classes, fill_value=0)
        rows.append(
            {
                "cluster": number,
                "label": str(counts.idxmax()),
                "size": len(own),
                "n_clips": train["clip_id"].iloc[own].nunique(),
                "purity": counts.max() / len(own),
                "medoid": medoid["segment_id"],
                "clip_id": medoid["clip_id"],
                "start": int(medoid["start"]),
                "end": int(medoid["end"]),
                "class_counts": json.dumps({name: int(n) for name, n in counts[counts > 0].items()}),
            }
        )
    table = pd.DataFrame(rows)
    table = table.sort_values(["label", "size", "medoid"], ascending=[True, False, True], ignore_index=True)
    rank = table.groupby("label").cumcount() + 1
    table.insert(0, "concept", np.arange(len(table), dtype=np.int32))
    table.insert(1, "name", table["label"] + " " + rank.astype(str))
    members = pd.Series(table["concept"].to_numpy(), table["cluster"]).reindex(labels, fill_value=-1).to_numpy(np.int32)
    kept = members >= 0
    centroids = cluster_means(joints[kept], members[kept]).astype(np.float32)
    return table.drop(columns="cluster"), members, centroids


def _radius(features: np.ndarray, members: np.ndarray, clips: np.ndarray, settings: MotionSettings) -> np.ndarray:
    """Give the radius of every concept."""
    held_out = np.full(len(features), np.nan)
    for concept, clip in set(zip(members[members >= 0].tolist(), clips[members >= 0].tolist(), strict=True)):
        own, taking_part = members == concept, clips == clip
        others = own & ~taking_part if (own & ~taking_part).any() else own
        middle = features[others].mean(axis=0, keepdims=True)
        held_out[own & taking_part] = distances(features[own & taking_part], middle, settings.metric)[:, 0]
    parts = [held_out[members == concept] for concept in range(int(members.max()) + 1)]
    least = np.percentile(held_out[members >= 0], settings.radius_percentile)
    return np.array([max(least, np.percentile(part, settings.radius_percentile)) for part in parts], np.float32)
