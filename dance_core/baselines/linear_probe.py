"""The linear probe: multinomial logistic regression on the backbone features, without concepts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from dance_core.clips import class_indices, class_names, feature_matrix, feature_scale, training_clips

STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-12, 5))


def linear_probe(
    features: pd.DataFrame,
    manifest: pd.DataFrame,
    strengths: Sequence[float] = STRENGTHS,
    protocol: str = "honest",
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Fit the probe on train, choose its penalty on val and predict every clip.

    Features are standardised with the train mean and standard deviation. The clips are rotated into their row space
    first, which leaves an L2-penalised fit as it is and makes it cheap when features are wider than clips are many.

    Args:
        features: Backbone features: clip_id, features (D values).
        manifest: clip_id, label, split, status.
        strengths: Values of C tried, the inverse of the penalty on the summed loss.
        protocol: Which splits it is fitted on and selected by, see `dance_core.clips.training_clips`.

    Returns:
        clip_id, probabilities (K values, classes sorted by name) of every clip with features; {"C", "val_curve"}.

    Raises:
        ValueError: A split is empty, a train or val clip lacks features, or train has one class.
    """
    train, val = training_clips(manifest, "linear probe", protocol)
    classes = class_names(manifest)
    clip_ids = sorted(features["clip_id"])
    x, x_val, x_all = (feature_matrix(features, list(ids)) for ids in (train["clip_id"], val["clip_id"], clip_ids))
    y = class_indices(train["label"], classes, "linear probe train split")
    y_val = class_indices(val["label"], classes, "linear probe val split")
    mean, std = feature_scale(x, ddof=0)
    basis = _row_space((x - mean) / std)
    x, x_val, x_all = (((part - mean) / std) @ basis for part in (x, x_val, x_all))
    best: tuple[tuple[float, float], LogisticRegression] | None = None
    curve = []
    for strength in sorted(strengths):
        probe = LogisticRegression(C=strength, max_iter=5000, tol=1e-6).fit(x, y)
        accuracy = float(probe.score(x_val, y_val))
        loss = float(log_loss(y_val, probe.predict_proba(x_val), labels=range(len(classes))))
        curve.append({"C": strength, "val_top1": accuracy, "val_loss": loss})
        if best is None or (-accuracy, loss) < best[0]:
            best = ((-accuracy, loss), probe)
    if best is None:
        raise ValueError("linear probe: no value of C was given; give at least one")
    probabilities = best[1].predict_proba(x_all)
    return pd.DataFrame({"clip_id": clip_ids, "probabilities": list(probabilities)}), {
        "C": best[1].C,
        "val_curve": curve,
    }


def _row_space(x: np.ndarray) -> np.ndarray:
    """Return orthonormal directions that span the rows of x, shape (D, min(n, D)); the identity if n >= D."""
    if len(x) >= x.shape[1]:
        return np.eye(x.shape[1])
    return np.linalg.qr(x.T)[0]
