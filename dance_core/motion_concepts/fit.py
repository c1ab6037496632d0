"""The motion concepts of a data set: clustered from its training segments, then assigned to all others."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dance_core.finch import cluster
from dance_core.finch.space import chunks
from dance_core.motion_concepts.assignment import assign_segments, distances, motion_features
from dance_core.motion_concepts.partitions import (
    choose_partition,
    kept_clusters,
    partition_table,
    with_merged_partition,
)
from dance_core.motion_concepts.segments import SegmentStore
from dance_core.motion_concepts.settings import MotionSettings
from dance_core.rows import Rows

ASSIGNED = ["segment_id", "clip_id", "split"]


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


def fit_motion_concepts(segments: SegmentStore, settings: MotionSettings) -> MotionConcepts:
    """Find the motion concepts of the train split and assign the segments of every split to them.

    A training segment of a kept cluster belongs to its concept. Every other segment, of a pruned cluster or of another
    split, belongs to the nearest concept if it is no farther than the concept's radius: the chosen percentile of the
    distances of its own segments to its mean without their own clip, since a new clip has no part in the mean either.
    The same percentile over all concepts is the least radius, since a handful of segments says little about how far a
    motion goes.

    Args:
        segments: The segments of all splits. What lies in memory is the features of those of the train split, and what
            FINCH needs beside them.
        settings: Clustering, choice of partition, pruning, radius.

    Returns:
        The concepts; the same whatever the order of the rows.

    Raises:
        ValueError: There are fewer than two training segments, or all are the same under cosine, or no cluster is
            kept.

    Source:
        DANCE, section 3.1 (motion concept discovery); unlike the authors' code, on training clips only.
    """
    table = segments.table
    fitted = np.ones(len(table), bool) if settings.joint_fit else (table["split"] == "train").to_numpy()
    train = segments.take(fitted)
    if len(train.table) < 2:
        raise ValueError(
            f"motion_concepts: the train split has {len(train.table)} pose segments and needs two or more; "
            "see pose_segments' report for why they were refused"
        )
    mean = (_known_mean(train.joints) if settings.subtract_mean else np.zeros(train.joints.shape[1])).astype(np.float32)
    found = _of_train(train, mean, settings)
    concept, distance = _assigned(segments.joints, found.centroids, found.radius, mean, settings)
    own = found.assignments["concept"].to_numpy()
    concept[fitted] = np.where(own >= 0, own, concept[fitted])
    distance[fitted] = np.where(own >= 0, found.assignments["distance"], distance[fitted])
    return replace(found, assignments=table[ASSIGNED].assign(concept=concept, distance=distance))


def _of_train(train: SegmentStore, mean: np.ndarray, settings: MotionSettings) -> MotionConcepts:
    """Find the concepts of the training segments; assigned are only those of kept clusters."""
    features = np.empty(train.joints.shape)
    for place, some in train.joints.blocks():
        features[place] = motion_features(some, mean, settings)
    if settings.metric == "cosine" and not features.any():
        raise ValueError(
            "motion_concepts: all train segments are the same, so less their mean nothing is left to compare; "
            "check the poses or set motion_concepts.metric: euclidean"
        )
    labels, partitions = _clusters(features, train.table, settings)
    concepts, members, centroids = _concepts(train, features, labels, mean, settings)
    radius = _radius(features, members, pd.factorize(train.table["clip_id"])[0], settings)
    middles = motion_features(centroids, mean, settings)
    distance = np.empty(len(members), np.float32)
    for part in chunks(*features.shape):
        far = distances(features[part], middles, settings.metric)
        distance[part] = far[np.arange(len(far)), np.maximum(members[part], 0)]
    assignments = train.table[ASSIGNED].assign(concept=members, distance=distance)
    return MotionConcepts(concepts, centroids, radius, mean, partitions, assignments)


def _assigned(
    joints: Rows, centroids: np.ndarray, radius: np.ndarray, mean: np.ndarray, settings: MotionSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Assign all segments as `assign_segments` does, some at a time."""
    concept, distance = np.empty(len(joints), np.int32), np.empty(len(joints), np.float32)
    for place, some in joints.blocks():
        concept[place], distance[place] = assign_segments(some, centroids, radius, mean, settings)
    return concept, distance


def _known_mean(joints: Rows) -> np.ndarray:
    """Average each coordinate over the segments that have it; 0 where none has."""
    total, known = np.zeros(joints.shape[1]), np.zeros(joints.shape[1])
    for _, some in joints.blocks():
        known += np.isfinite(some).sum(axis=0)
        # The total as one more row, so that the sum is the same however many segments come at once.
        total = np.vstack([total, np.nan_to_num(some, copy=False)]).sum(axis=0)
    return total / np.maximum(known, 1)


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
    train: SegmentStore, features: np.ndarray, labels: np.ndarray, mean: np.ndarray, settings: MotionSettings
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Describe the kept clusters in the order of class, size and medoid; give also members and centroids."""
    classes = sorted(train.table["label"].unique())
    rows, centroids = [], []
    for number in np.unique(labels[labels >= 0]):
        own = np.flatnonzero(labels == number)
        joints = train.joints[own]
        centroid = np.where(np.isnan(joints), mean, joints).mean(axis=0)
        middle = motion_features(centroid[None], mean, settings)
        far = distances(features[own], middle, settings.metric)
        medoid = train.table.iloc[own[int(far[:, 0].argmin())]]
        counts = train.table["label"].iloc[own].value_counts().reindex(classes, fill_value=0)
        centroids.append(centroid)
        rows.append(
            {
                "cluster": number,
                "label": str(counts.idxmax()),
                "size": len(own),
                "n_clips": train.table["clip_id"].iloc[own].nunique(),
                "purity": counts.max() / len(own),
                "medoid": medoid["segment_id"],
                "clip_id": medoid["clip_id"],
                "start": int(medoid["start"]),
                "end": int(medoid["end"]),
                "class_counts": json.dumps({name: int(n) for name, n in counts[counts > 0].items()}),
            }
        )
    table = pd.DataFrame(rows).sort_values(["label", "size", "medoid"], ascending=[True, False, True])
    in_order = np.stack(centroids)[table.index].astype(np.float32)
    table = table.reset_index(drop=True)
    rank = table.groupby("label").cumcount() + 1
    table.insert(0, "concept", np.arange(len(table), dtype=np.int32))
    table.insert(1, "name", table["label"] + " " + rank.astype(str))
    members = pd.Series(table["concept"].to_numpy(), table["cluster"]).reindex(labels, fill_value=-1).to_numpy(np.int32)
    return table.drop(columns="cluster"), members, in_order


def _radius(features: np.ndarray, members: np.ndarray, clips: np.ndarray, settings: MotionSettings) -> np.ndarray:
    """Give the radius of every concept."""
    held_out = np.full(len(features), np.nan)
    for concept in range(int(members.max()) + 1):
        own = np.flatnonzero(members == concept)
        own = own[np.argsort(clips[own], kind="stable")]
        total = features[own].sum(axis=0, keepdims=True)
        for taking_part in np.split(own, np.flatnonzero(np.diff(clips[own])) + 1):
            some, n_others = features[taking_part], len(own) - len(taking_part)
            middle = (total - some.sum(axis=0)) / n_others if n_others else total / len(own)
            held_out[taking_part] = distances(some, middle, settings.metric)[:, 0]
    parts = [held_out[members == concept] for concept in range(int(members.max()) + 1)]
    least = np.percentile(held_out[members >= 0], settings.radius_percentile)
    return np.array([max(least, np.percentile(part, settings.radius_percentile)) for part in parts], np.float32)
