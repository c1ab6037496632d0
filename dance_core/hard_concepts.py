"""What is left of the accuracy when a concept is either there or not: soft minus hard."""

from collections.abc import Mapping

import numpy as np

from dance_core.sparse_classifier import fit_sparse_classifier


def hard_thresholds(z: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return where to cut each activation so that as many train clips show the concept as their targets say.

    Args:
        z: Train activations, shape (n, M).
        targets: Train labels or scores, shape (n, M), NaN where unlabelled; a score says that the concept is present
            where it is above its mean plus one standard deviation.

    Returns:
        Shape (M,); 0, the train mean, where nothing is labelled.
    """
    thresholds = np.zeros(z.shape[1])
    for column in range(z.shape[1]):
        labelled = np.isfinite(targets[:, column])
        values = targets[labelled, column]
        if len(values):
            cut = 0.5 if np.isin(values, (0, 1)).all() else values.mean() + values.std()
            thresholds[column] = np.quantile(z[labelled, column], 1 - (values > cut).mean())
    return thresholds


def soft_minus_hard(
    weight: np.ndarray,
    bias: np.ndarray,
    z: Mapping[str, np.ndarray],
    y: Mapping[str, np.ndarray],
    thresholds: np.ndarray,
    lam: float,
    alpha: float,
) -> dict[str, dict[str, float | None]]:
    """Measure how much accuracy comes from the degree of the activations, beyond present or absent.

        accuracy of the classifier on z - accuracy of one fitted, with the same penalty, on h = [z > t], standardised

    A concept is either there or not for the people who named it, so what soft activations add may be leakage; it may
    also be honest uncertainty, and h says less than z where t is badly placed.

    Args:
        weight: W of the classifier on soft activations, shape (K, M).
        bias: Its b, shape (K,).
        z: Activations by split, each of shape (n, M); "train" is what the hard classifier is fitted on.
        y: Class indices by split.
        thresholds: t, shape (M,), see `hard_thresholds`.
        lam: Strength of the penalty of both classifiers.
        alpha: Share of its L1 part.

    Returns:
        By split: soft, hard and difference; None without clips, hard also where no h differs between train clips.

    Raises:
        ValueError: Train has no clip, or only one class.

    Source:
        Mahinpei et al. (2021), Promises and pitfalls of black-box concept learning models; Havasi et al. (2022),
        Addressing leakage in concept bottleneck models.
    """
    train = (z["train"] > thresholds).astype(np.float64)
    varies = np.ptp(train, axis=0) > 0
    mean, std = train[:, varies].mean(axis=0), train[:, varies].std(axis=0, ddof=1)
    fitted = None
    if varies.any():
        hard_train = (train[:, varies] - mean) / std
        fitted = fit_sparse_classifier(hard_train, y["train"], lam, alpha, n_classes=len(weight))
    record: dict[str, dict[str, float | None]] = {}
    for split, activations in z.items():
        hard = ((activations > thresholds)[:, varies] - mean) / std
        soft_top1 = _top1(activations @ weight.T + bias, y[split])
        hard_top1 = _top1(hard @ fitted.weight.T + fitted.bias, y[split]) if fitted else None
        difference = None if soft_top1 is None or hard_top1 is None else soft_top1 - hard_top1
        record[split] = {"soft": soft_top1, "hard": hard_top1, "difference": difference}
    return record


def _top1(logits: np.ndarray, y: np.ndarray) -> float | None:
    return float((logits.argmax(axis=1) == y).mean()) if len(y) else None
