"""Which motion concept a segment shows, and which ones a clip shows."""

import numpy as np
import pandas as pd

from dance_core.finch.neighbours import similarities
from dance_core.motion_concepts.settings import MotionSettings

UNASSIGNED = -1
COORDINATES = 34


def motion_features(joints: np.ndarray, mean: np.ndarray, settings: MotionSettings) -> np.ndarray:
    """Turn segments into the features that are clustered and compared.

    Args:
        joints: Normalised segments, shape (n, L * 34); NaN where a joint is missing.
        mean: The mean training segment, or zeros, shape (L * 34,).
        settings: Gives the weight of the movement.

    Returns:
        float64 [n, L * 34]: the deviation from the mean segment, its change over time multiplied by the weight; 0 where
        a joint is missing, which says nothing for or against any concept.
    """
    poses = np.asarray(joints, np.float64) - mean
    np.nan_to_num(poses, copy=False)
    by_pose = poses.reshape(len(joints), -1, COORDINATES)
    middle = by_pose.mean(axis=1, keepdims=True)
    # In place, since there is a row for every segment.
    by_pose -= middle
    by_pose *= settings.movement_weight
    by_pose += middle
    return poses


def distances(features: np.ndarray, centroids: np.ndarray, metric: str) -> np.ndarray:
    """Measure how far segments are from centroids.

    Args:
        features: Features of segments, shape (n, d).
        centroids: Features of centroids, shape (m, d).
        metric: "cosine" or "euclidean".

    Returns:
        float64 [n, m]: one minus the cosine, or the Euclidean distance.
    """
    return (1.0 if metric == "cosine" else 0.0) - similarities(features, centroids, metric)


def assign_segments(
    joints: np.ndarray, centroids: np.ndarray, radius: np.ndarray, mean: np.ndarray, settings: MotionSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Assign segments to their nearest motion concepts.

    Args:
        joints: Normalised segments, shape (n, L * 34).
        centroids: Mean segment of every concept, shape (m, L * 34).
        radius: Largest distance that still belongs to a concept, shape (m,).
        mean: The mean training segment, shape (L * 34,).
        settings: As the concepts were fitted with.

    Returns:
        int32 concepts, shape (n,), -1 where the nearest is farther than its radius; and float32 distances to the
        nearest. Concepts at the same distance: the lowest number.
    """
    if not len(joints):
        return np.empty(0, np.int32), np.empty(0, np.float32)
    table = distances(
        motion_features(joints, mean, settings), motion_features(centroids, mean, settings), settings.metric
    )
    nearest = table.argmin(axis=1)
    distance = table[np.arange(len(table)), nearest]
    return np.where(distance <= radius[nearest], nearest, UNASSIGNED).astype(np.int32), distance.astype(np.float32)


def motion_labels(assignments: pd.DataFrame, manifest: pd.DataFrame, n_concepts: int) -> pd.DataFrame:
    """Tell which motion concepts every clip shows.

    A clip none of whose segments is assigned is not labelled, rather than said to show nothing.

    Args:
        assignments: One row per segment with clip_id and concept (-1 for none).
        manifest: One row per clip with clip_id and split.
        n_concepts: Number of motion concepts.

    Returns:
        One row per clip of the manifest, in its order: clip_id, split, labelled (bool), concepts (uint8 [n_concepts],
        1 where a segment of the clip shows the concept).

    Raises:
        ValueError: A segment belongs to a clip that the manifest lacks, or to a concept that does not exist.
    """
    position = pd.Series(np.arange(len(manifest)), index=manifest["clip_id"])
    extra = sorted(set(assignments["clip_id"]) - set(position.index))
    if extra:
        raise ValueError(f"assignments has clip '{extra[0]}', which the manifest lacks; rebuild motion_concepts")
    highest = assignments["concept"].max() if len(assignments) else UNASSIGNED
    if highest >= n_concepts:
        raise ValueError(f"assignments names concept {highest}, but there are {n_concepts}; rebuild motion_concepts")
    shown = assignments[assignments["concept"] != UNASSIGNED]
    concepts = np.zeros((len(manifest), n_concepts), np.uint8)
    concepts[position[shown["clip_id"]].to_numpy(), shown["concept"].to_numpy()] = 1
    labels = manifest[["clip_id", "split"]].reset_index(drop=True)
    return labels.assign(labelled=np.asarray(concepts.any(axis=1)), concepts=list(concepts))
