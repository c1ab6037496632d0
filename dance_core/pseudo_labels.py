"""How strongly each clip shows each object and scene concept, judged by the dual encoder instead of by people."""

import numpy as np
import pandas as pd

from dance_core.clips import USABLE
from dance_core.tables import matrix, rows_of

STRONGEST = 5


def cosine_scores(clips: np.ndarray, concepts: np.ndarray) -> np.ndarray:
    """Score how strongly each clip shows each concept.

    Args:
        clips: Clip embeddings, shape (n_clips, d).
        concepts: Text embeddings of the concepts, shape (n_concepts, d).

    Returns:
        Cosine similarities in [-1, 1], float32 of shape (n_clips, n_concepts).

    Raises:
        ValueError: The widths differ, or a row is all zeros.

    Source:
        DANCE, section 3.2 (object and scene pseudo-labels).
    """
    if clips.shape[1] != concepts.shape[1]:
        raise ValueError(
            f"clips have {clips.shape[1]} features but concepts have {concepts.shape[1]}; "
            "both must come from the same dual encoder"
        )
    directions = []
    for name, rows in (("clip", clips.astype(np.float64)), ("concept", concepts.astype(np.float64))):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not (lengths > 0).all():
            raise ValueError(
                f"{name} embedding {int(np.argmin(lengths > 0))} is all zeros or not a number, so it has no direction; "
                "compute the embeddings again"
            )
        directions.append(rows / lengths)
    # Clip by clip, so that the last bits of a row do not depend on how many clips are scored together.
    scores = np.stack([directions[1] @ clip for clip in directions[0]]) if len(clips) else np.empty((0, len(concepts)))
    return np.clip(scores, -1.0, 1.0).astype(np.float32)


def pseudo_label_table(
    clip_features: pd.DataFrame, concept_features: pd.DataFrame, manifest: pd.DataFrame, family: str, cutoff: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score all usable clips against the concepts of one family, and drop concepts that no train clip shows.

    A concept is kept when the mean of its five largest scores over the train clips exceeds the cutoff.

    Args:
        clip_features: Clip embeddings: clip_id, features.
        concept_features: Text embeddings: family, concept, features.
        manifest: clip_id, split and status of every clip.
        family: "object" or "scene".
        cutoff: Smallest cosine that counts as seen; dual encoders differ in scale, see
            `dance_core.dual_encoders.default_cutoff`.

    Returns:
        labels: clip_id, split and scores (float32 over the kept concepts, in order), a row per usable clip.
        concepts: concept, kept, reason ("" when kept) and top5, a row per concept of the family.

    Raises:
        ValueError: The family has no concept, none is kept, no train clip is usable, or a usable clip has no embedding.

    Source:
        Oikarinen et al. 2023 (label-free concept bottleneck), the activation filter; DANCE takes it over.
    """
    concepts = concept_features[concept_features["family"] == family].reset_index(drop=True)
    if not len(concepts):
        raise ValueError(f"pseudo_labels: family '{family}' has no concept; add some to the concept set")
    usable = manifest[manifest["status"].isin(USABLE)].sort_values("clip_id", ignore_index=True)
    is_train = (usable["split"] == "train").to_numpy()
    if not is_train.any():
        raise ValueError("pseudo_labels: no usable clip of the manifest is in the train split; check column split")
    clips = rows_of(clip_features, list(usable["clip_id"]), "clip_features")
    scores = cosine_scores(matrix(clips["features"]), matrix(concepts["features"]))
    strongest = np.sort(scores[is_train].astype(np.float64), axis=0)[-STRONGEST:].mean(axis=0)
    kept = strongest > cutoff
    if not kept.any():
        best = int(np.argmax(strongest))
        raise ValueError(
            f"pseudo_labels: no {family} concept exceeds the cutoff {cutoff:g} (the best is "
            f"'{concepts['concept'][best]}' with {strongest[best]:.3f}); lower pseudo_labels.cutoff"
        )
    labels = usable[["clip_id", "split"]].assign(scores=list(scores[:, kept]))
    return labels, _concept_table(concepts["concept"], strongest, kept, cutoff)


def _concept_table(names: pd.Series, strongest: np.ndarray, kept: np.ndarray, cutoff: float) -> pd.DataFrame:
    """Say of every concept whether it is kept, and why not."""
    reasons = [
        "" if keep else f"no clip shows it: its five strongest train scores average {value:.3f}, cutoff {cutoff:g}"
        for keep, value in zip(kept, strongest, strict=True)
    ]
    return pd.DataFrame({"concept": names, "kept": kept, "reason": reasons, "top5": strongest})
