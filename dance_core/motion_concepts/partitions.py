"""The partitions of the training segments: what each is worth, and which becomes the motion concepts."""

import numpy as np
import pandas as pd
from sklearn import config_context
from sklearn.metrics import normalized_mutual_info_score, silhouette_score

from dance_core.finch import Partitions, requested_clusters
from dance_core.finch.neighbours import similarities
from dance_core.finch.space import chunks
from dance_core.motion_concepts.settings import MotionSettings

SILHOUETTE_SAMPLE = 2000
SILHOUETTE_MEGABYTES = 2
"""Distances compared at once, rather than those of all pairs."""


def kept_clusters(labels: np.ndarray, clips: np.ndarray, settings: MotionSettings) -> np.ndarray:
    """Tell which clusters are large and varied enough to be concepts.

    Args:
        labels: Cluster of every segment, shape (n,).
        clips: Clip of every segment, as numbers from 0, shape (n,).
        settings: The bounds.

    Returns:
        Numbers of the clusters kept, ascending.
    """
    n_clips = np.bincount(np.unique(np.stack([labels, clips]), axis=1)[0])
    return np.flatnonzero((np.bincount(labels) >= settings.minimum_size) & (n_clips >= settings.minimum_clips))


def with_merged_partition(features: np.ndarray, partitions: Partitions, settings: MotionSettings) -> Partitions:
    """Add the partition at the most concepts allowed, merged from the next finer one.

    FINCH's own partitions may jump from far too many clusters to far too few; this one lies in the range.

    Args:
        features: Features of the segments, shape (n, d).
        partitions: FINCH's partitions of them.
        settings: The range of concepts.

    Returns:
        The partitions, with one more at the end if any has more clusters than allowed.
    """
    if partitions.n_clusters[0] <= settings.maximum_concepts or settings.maximum_concepts in partitions.n_clusters:
        return partitions
    merged = requested_clusters(features, partitions, settings.maximum_concepts, settings.metric)
    return Partitions(np.column_stack([partitions.labels, merged]))


def partition_table(
    features: np.ndarray, partitions: Partitions, classes: np.ndarray, clips: np.ndarray, settings: MotionSettings
) -> pd.DataFrame:
    """Describe every partition.

    Args:
        features: Features of the segments, shape (n, d).
        partitions: Their partitions.
        classes: Class of every segment, as numbers from 0, shape (n,).
        clips: Clip of every segment, as numbers from 0, shape (n,).
        settings: Pruning, range and metric.

    Returns:
        One row per partition: partition, n_clusters, purity, nmi, silhouette (of at most 2,000 segments), n_kept, and
        for partitions within the range of concepts agreement and agreement_error of `held_out_agreement`.
    """
    rows = []
    for index, labels in enumerate(partitions.labels.T):
        kept = kept_clusters(labels, clips, settings)
        in_range = settings.minimum_concepts <= len(kept) <= settings.maximum_concepts
        agreement, error = np.nan, np.nan
        if in_range:
            members = np.where(np.isin(labels, kept), labels, -1)
            agreement, error = held_out_agreement(features, members, classes, clips, settings.metric)
        rows.append(
            {
                "partition": index,
                "n_clusters": int(labels.max()) + 1,
                "purity": class_counts(labels, classes).max(axis=1).sum() / len(labels),
                "nmi": normalized_mutual_info_score(classes, labels),
                "silhouette": _silhouette(features, labels, settings),
                "n_kept": len(kept),
                "agreement": agreement,
                "agreement_error": error,
            }
        )
    return pd.DataFrame(rows)


def class_counts(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Count the segments of every cluster by class.

    Args:
        labels: Cluster of every segment, shape (n,).
        classes: Class of every segment, shape (n,).

    Returns:
        Counts, shape (clusters, classes).
    """
    counts = np.zeros((labels.max() + 1, classes.max() + 1), np.int64)
    np.add.at(counts, (labels, classes), 1)
    return counts


def held_out_agreement(
    features: np.ndarray, labels: np.ndarray, classes: np.ndarray, clips: np.ndarray, metric: str
) -> tuple[float, float]:
    """Measure how well clusters foretell the class of a clip that did not take part in their means.

    Args:
        features: Features of the segments, shape (n, d).
        labels: Cluster of every segment, -1 for pruned clusters, shape (n,).
        classes: Class of every segment, shape (n,).
        clips: Clip of every segment, shape (n,).
        metric: "cosine" or "euclidean".

    Returns:
        The share of a clip's segments whose nearest cluster mean, taken without this clip, belongs to a cluster with
        their class for its majority; averaged over clips. And the standard error of that average.
    """
    kept = np.unique(labels[labels >= 0])
    member = labels[:, None] == kept
    sums = sum(member[part].T.astype(np.float64) @ features[part] for part in chunks(*features.shape))
    sizes = member.sum(axis=0)
    majority = np.array([np.bincount(classes[labels == cluster]).argmax() for cluster in kept])
    shares = []
    order = np.argsort(clips, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(clips[order])) + 1):
        left = sizes - member[own].sum(axis=0)
        means = (sums - member[own].T.astype(np.float64) @ features[own]) / np.maximum(left, 1)[:, None]
        similarity = np.where(left > 0, similarities(features[own], means, metric), -np.inf)
        shares.append(float((majority[similarity.argmax(axis=1)] == classes[own]).mean()))
    error = float(np.std(shares, ddof=1) / np.sqrt(len(shares))) if len(shares) > 1 else 0.0
    return float(np.mean(shares)), error


def choose_partition(table: pd.DataFrame, settings: MotionSettings) -> pd.DataFrame:
    """Choose the partition whose clusters become the concepts; only training segments have a say.

    With "auto", of the partitions with as many kept clusters as the settings allow, the one with the fewest that lies
    within one standard error of the best held-out agreement. If no partition lies in the range, the one with the most
    kept clusters below the maximum, else the one with the fewest.

    Args:
        table: What `partition_table` returned.
        settings: The range of concepts, or the partition wanted.

    Returns:
        The table with the columns chosen (bool) and reason (a sentence).

    Raises:
        ValueError: The partition wanted does not exist, or no partition has a cluster that is kept.
    """
    if not table["n_kept"].any():
        raise ValueError(
            f"motion_concepts: no cluster has {settings.minimum_size} segments of {settings.minimum_clips} clips; "
            "lower motion_concepts.minimum_size or motion_concepts.minimum_clips, or add training clips"
        )
    if settings.partition == "auto":
        chosen, reasons = _automatic(table, settings)
    else:
        chosen, reasons = settings.partition, [""] * len(table)
        if chosen >= len(table) or not table["n_kept"].iloc[chosen]:
            usable = ", ".join(str(index) for index in table.index[table["n_kept"] > 0])
            raise ValueError(f"motion_concepts: partition {chosen} has no concepts; use auto or one of {usable}")
        reasons[chosen] = "set by motion_concepts.partition"
    return table.assign(chosen=table.index == chosen, reason=reasons)


def _automatic(table: pd.DataFrame, settings: MotionSettings) -> tuple[int, list[str]]:
    """Apply the rule of `choose_partition`; give the partition and a sentence for each."""
    low, high = settings.minimum_concepts, settings.maximum_concepts
    n_kept, agreement = table["n_kept"].to_numpy(), table["agreement"].to_numpy()
    reasons = [f"{n} concepts are not in {low} to {high}" for n in n_kept]
    candidates = np.flatnonzero(np.isfinite(agreement))
    if not len(candidates):
        usable = np.flatnonzero((n_kept > 0) & (n_kept <= high))
        fewest = np.where(n_kept > 0, n_kept, n_kept.max() + 1).argmin()
        chosen = int(usable[n_kept[usable].argmax()] if len(usable) else fewest)
        reasons[chosen] = f"no partition has {low} to {high} concepts; {n_kept[chosen]} is the nearest"
        return chosen, reasons
    best = candidates[agreement[candidates].argmax()]
    error = table["agreement_error"].to_numpy()[best]
    near = candidates[agreement[candidates] >= agreement[best] - error]
    chosen = int(near[n_kept[near].argmin()])
    for index in candidates:
        relation = "within" if index in near else "more than"
        reasons[index] = f"held-out agreement {agreement[index]:.3f} is {relation} one standard error ({error:.3f}) "
        reasons[index] += f"{'of' if index in near else 'below'} the best, {agreement[best]:.3f}"
    reasons[chosen] += "; no such partition is coarser"
    return chosen, reasons


def _silhouette(features: np.ndarray, labels: np.ndarray, settings: MotionSettings) -> float:
    """Give the mean silhouette of at most 2,000 segments, NaN where it is not defined."""
    if len(labels) > SILHOUETTE_SAMPLE:
        rows = np.sort(np.random.default_rng(settings.seed).choice(len(labels), SILHOUETTE_SAMPLE, replace=False))
        features, labels = features[rows], labels[rows]
    if not 2 <= len(np.unique(labels)) < len(labels):
        return float("nan")
    with config_context(working_memory=SILHOUETTE_MEGABYTES):
        return float(silhouette_score(features, labels, metric=settings.metric))
