"""The linear probe: multinomial logistic regression on the backbone features, without concepts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from dance_core.clips import class_indices, class_names, feature_scale, training_clips
from dance_core.feature_store import FeatureStore
from dance_core.row_space import RowSpace

STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-12, 5))


def linear_probe(
    features: FeatureStore,
    manifest: pd.DataFrame,
    strengths: Sequence[float] = STRENGTHS,
    protocol: str = "honest",
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Fit the probe on train, choose its penalty on val and predict every clip.

    Features are standardised with the train mean and standard deviation. The clips are rotated into their row space
    first, which leaves an L2-penalised fit as it is and makes it cheap when features are wider than clips are many.

    Args:
        features: Backbone features, D numbers a clip.
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
    x, x_val, x_all = (features.rows(list(ids)) for ids in (train["clip_id"], val["clip_id"], features.clip_ids))
    y = class_indices(train["label"], classes, "linear probe train split")
    y_val = class_indices(val["label"], classes, "linear probe val split")
    mean, std = feature_scale(x, ddof=0)
    space = RowSpace(x.scaled(mean, std), np.float64)
    coordinates_val = space.place(x_val.scaled(mean, std))
    best: tuple[tuple[float, float], LogisticRegression] | None = None
    curve = []
    for strength in sorted(strengths):
        probe = LogisticRegression(C=strength, max_iter=5000, tol=1e-6).fit(space.coordinates, y)
        accuracy = float(probe.score(coordinates_val, y_val))
        loss = float(log_loss(y_val, probe.predict_proba(coordinates_val), labels=range(len(classes))))
        curve.append({"C": strength, "val_top1": accuracy, "val_loss": loss})
        if best is None or (-accuracy, loss) < best[0]:
            best = ((-accuracy, loss), probe)
    if best is None:
        raise ValueError("linear probe: no value of C was given; give at least one")
    logits = x_all.scaled(mean, std).scaled(space.mean) @ space.weights(best[1].coef_.T) + best[1].intercept_
    if len(classes) == 2:  # scikit-learn then has weights for the second class only
        logits = np.hstack([np.zeros_like(logits), logits])
    table = pd.DataFrame({"clip_id": features.clip_ids, "probabilities": list(softmax(logits, axis=1))})
    return table, {"C": best[1].C, "val_curve": curve}
