"""The classifier over all strengths of its penalty: how accuracy grows with the number of effective concepts."""

import pandas as pd

from dance_core.concept_targets import FAMILIES
from dance_core.run_clips import Study
from dance_core.sparse_classifier import effective_concepts, fit_path


def path_table(clips: Study, alpha: float = 0.99, n_values: int = 50) -> pd.DataFrame:
    """Fit the classifier at every strength of the penalty, from the one that leaves no weight down.

    Args:
        clips: The clips of a run.
        alpha: Share of the L1 part.
        n_values: Number of strengths.

    Returns:
        One row per strength: lam, l1 and l2 (the actual strengths), nec, nec_motion, nec_object, nec_scene, objective,
        kkt_residual, gap, converged, iterations, and top1_{split} of every split with clips.
    """
    rows = []
    for fit in fit_path(clips.z["train"], clips.y["train"], alpha, n_values):
        row = {key: getattr(fit, key) for key in ("lam", "l1", "l2")}
        row["nec"] = effective_concepts(fit.weight)
        row |= {f"nec_{name}": effective_concepts(fit.weight[:, clips.families == name]) for name in FAMILIES}
        row |= {key: getattr(fit, key) for key in ("objective", "kkt_residual", "gap", "converged", "iterations")}
        for split, activations in clips.z.items():
            right = (activations @ fit.weight.T + fit.bias).argmax(axis=1) == clips.y[split]
            row[f"top1_{split}"] = float(right.mean())
        rows.append(row)
    return pd.DataFrame(rows)
