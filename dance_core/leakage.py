"""Whether concept activations carry more than their concepts: information beyond the labels that they stand for.

Information is counted in bins. Activations and scores are cut at their own quantiles, labels are taken as they are, and
every entropy is corrected for the cells in use (Miller-Madow), since more bins would otherwise look like more
information. Parisini et al. estimate the information of soft activations from nearest neighbours instead. With a
thousand clips both give nearly the same CTL; the entropies that ICL divides by are others, since a continuous value
has no finite one, so compare ICL only between models measured here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dance_core.concept_metrics import mean_known
from dance_core.concept_targets import FAMILIES, ConceptTargets
from dance_core.model import Model

CLIPS_PER_CELL, MOST_BINS = 5, 20
"""Bins of two concepts together hold this many clips on average; with 20 bins little of the information is lost."""


def column_targets(model: Model, targets: Sequence[ConceptTargets], clip_ids: Sequence[str]) -> np.ndarray:
    """Return what each concept of a model was trained towards.

    Args:
        model: A trained model.
        targets: Targets of the families.
        clip_ids: Clips, n of them.

    Returns:
        Labels and scores in the order of the model's concepts, shape (n, M); NaN where unlabelled.

    Raises:
        ValueError: A clip has no row.
    """
    columns = np.full((len(clip_ids), len(model.concepts)), np.nan)
    for target in targets:
        values, position = target.rows(clip_ids), {concept: column for column, concept in enumerate(target.ids)}
        for column in np.flatnonzero(model.families == target.family):
            columns[:, column] = values[:, position[model.concepts[column].id]]
    return columns


def binned(values: np.ndarray, bins: int) -> np.ndarray:
    """Cut each column at its own quantiles.

    Args:
        values: Shape (n, M), finite.
        bins: Bins of equally many clips.

    Returns:
        Bin indices, shape (n, M); a column of at most two values keeps them apart as 0 and 1.
    """
    codes = np.empty(values.shape, dtype=np.int64)
    for column, numbers in enumerate(values.T):
        known = np.unique(numbers)
        edges = known[1:] if len(known) <= 2 else np.unique(np.quantile(numbers, np.arange(1, bins) / bins))
        codes[:, column] = np.searchsorted(edges, numbers, side="right")
    return codes


def mutual_information(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Estimate the information that each column of one table has of each column of another.

        I(a; b) = H(a) + H(b) - H(a, b),    H = -sum_c n_c / n ln(n_c / n) + (cells in use - 1) / (2 n)

    Args:
        a: Category of each clip, shape (n, M), from 0.
        b: The same, shape (n, L).

    Returns:
        Nats, shape (M, L), not below 0; of a column with itself the entropy.

    Source:
        Plug-in entropy with the correction of Miller (1955).
    """
    entropy_a, entropy_b = _entropies(a), _entropies(b)
    indicator_b, owner = _indicators(b)
    information = np.empty((a.shape[1], b.shape[1]))
    for column in range(a.shape[1]):
        indicator_a, _ = _indicators(a[:, [column]])
        cells = indicator_a.T @ indicator_b
        joint = np.bincount(owner, weights=_surprise(cells, len(a)).sum(axis=0), minlength=b.shape[1])
        used = np.bincount(owner, weights=(cells > 0).sum(axis=0), minlength=b.shape[1])
        information[column] = entropy_a[column] + entropy_b - joint - (used - 1) / (2 * len(a))
    return np.maximum(information, 0)


def concepts_task_leakage(activations: np.ndarray, concepts: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Measure what each activation tells of the class beyond what its concept does.

        CTL_i = max(0, I(z_i; y) - I(c_i; y)) / H(y)

    Args:
        activations: Bins of the activations, shape (n, M).
        concepts: Bins of the labels or scores, shape (n, M).
        y: Class indices, shape (n,).

    Returns:
        Shape (M,), in [0, 1]; NaN if all clips have one class.

    Source:
        Parisini et al. (2025), Leakage and interpretability in concept-based models.
    """
    classes = _dense(y)[:, None]
    entropy = float(_entropies(classes)[0]) if len(y) else 0.0
    if not len(y) or classes.max() == 0:
        return np.full(activations.shape[1], np.nan)
    gain = mutual_information(activations, classes) - mutual_information(concepts, classes)
    return np.maximum(gain[:, 0], 0) / entropy


def interconcept_leakage(activations: np.ndarray, concepts: np.ndarray) -> np.ndarray:
    """Measure what each two activations share beyond what their concepts share.

        ICL_ij = max(0, I(z_i; z_j) / sqrt(H(z_i) H(z_j)) - I(c_i; c_j) / sqrt(H(c_i) H(c_j)))

    Args:
        activations: Bins of the activations, shape (n, M).
        concepts: Bins of the labels or scores, shape (n, M).

    Returns:
        Shape (M, M); NaN on the diagonal, and where an activation or a concept is the same for all clips.

    Source:
        Parisini et al. (2025), Leakage and interpretability in concept-based models.
    """
    excess = np.maximum(_shared(activations) - _shared(concepts), 0)
    np.fill_diagonal(excess, np.nan)
    return excess


def leakage_record(
    z: np.ndarray,
    targets: np.ndarray,
    y: np.ndarray,
    families: np.ndarray,
    chosen: Sequence[str] = FAMILIES,
    bins: int | None = None,
) -> dict[str, Any]:
    """Measure concepts-task and interconcept leakage of each family, and of all concepts together.

    Motion concepts are compared with their labels, object and scene concepts with their pseudo-labels, cut into bins
    as the activations are. Clips without a motion label are left out where motion takes part, as are concepts whose
    target is the same for all clips. What a pseudo-label misses counts as leakage of the concept, so read the families
    of pseudo-labels beside each other, not beside motion.

    Args:
        z: Concept activations, shape (n, M).
        targets: Labels and scores in the same order, shape (n, M); NaN where unlabelled.
        y: Class indices, shape (n,).
        families: Family of each concept, shape (M,).
        chosen: Families that the run has.
        bins: Bins of activations and scores; by default as many as the clips fill, 2 to 20.

    Returns:
        For each family and "all": ctl (mean over concepts), icl (mean over pairs), bins, n_concepts and n (clips), ctl
        and icl None where unknown; None for a family that was not chosen.
    """
    record: dict[str, Any] = {}
    for family in FAMILIES:
        inside = families == family
        record[family] = _leakage(z[:, inside], targets[:, inside], y, bins) if family in chosen else None
    return record | {"all": _leakage(z, targets, y, bins)}


def _leakage(z: np.ndarray, targets: np.ndarray, y: np.ndarray, bins: int | None) -> dict[str, Any]:
    rows = np.isfinite(targets).all(axis=1)
    z, targets, y = z[rows], targets[rows], y[rows]
    tells = np.ptp(targets, axis=0) > 0 if len(z) else np.zeros(z.shape[1], bool)
    bins = bins or min(max(2, int(np.sqrt(len(z) / CLIPS_PER_CELL))), MOST_BINS)
    activations, concepts = binned(z[:, tells], bins), binned(targets[:, tells], bins)
    return {
        "ctl": mean_known(concepts_task_leakage(activations, concepts, y)),
        "icl": mean_known(interconcept_leakage(activations, concepts)) if tells.any() else None,
        "bins": bins,
        "n_concepts": int(tells.sum()),
        "n": int(rows.sum()),
    }


def _shared(codes: np.ndarray) -> np.ndarray:
    """Return the information that each two columns share, normalised by their entropies; NaN for constant columns."""
    information = mutual_information(codes, codes)
    entropy = np.sqrt(np.diag(information))
    scale = np.outer(entropy, entropy)
    return np.divide(information, scale, out=np.full_like(information, np.nan), where=scale > 0)


def _entropies(codes: np.ndarray) -> np.ndarray:
    """Return the corrected entropy of each column in nats, shape (M,)."""
    counts = [np.bincount(column) for column in codes.T]
    used = np.array([(count > 0).sum() for count in counts])
    plain = np.array([_surprise(count, len(codes)).sum() for count in counts])
    return plain + (used - 1) / (2 * max(len(codes), 1))


def _surprise(counts: np.ndarray, n: int) -> np.ndarray:
    """Return -p ln p of each cell."""
    share = counts / max(n, 1)
    return -share * np.log(np.where(share > 0, share, 1))


def _indicators(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one 0/1 column for each category of each column, shape (n, C), and the column that each belongs to."""
    widths = codes.max(axis=0) + 1
    starts = np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(np.int64)
    indicators = np.zeros((len(codes), int(widths.sum())))
    np.put_along_axis(indicators, codes + starts, 1, axis=1)
    return indicators, np.repeat(np.arange(codes.shape[1]), widths)


def _dense(y: np.ndarray) -> np.ndarray:
    return np.unique(y, return_inverse=True)[1].astype(np.int64)
