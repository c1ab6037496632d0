"""How strongly each clip shows each object and scene concept, judged by the dual encoder instead of by people."""

import numpy as np
import pandas as pd

from dance_core.clips import USABLE, fitted_splits
from dance_core.feature_store import FeatureStore
from dance_core.pruning import Pruning, Verdict, pruned
from dance_core.tables import matrix

CLIPS_AT_ONCE = 256


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
    clip_features: FeatureStore,
    concept_features: pd.DataFrame,
    manifest: pd.DataFrame,
    family: str,
    pruning: Pruning,
    protocol: str = "honest",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score all usable clips against the concepts of one family, and drop concepts that no train clip shows.

    Args:
        clip_features: Clip embeddings.
        concept_features: Text embeddings: family, concept, features.
        manifest: clip_id, split and status of every clip.
        family: "object" or "scene".
        pruning: Which concepts are dropped.
        protocol: Whose scores decide: "honest" those of train, "authors" those of train and val, which they train on.

    Returns:
        labels: clip_id, split and scores (float32 over the kept concepts, in order), a row per usable clip.
        concepts: concept, kept, reason ("" when kept), top5, zscore and spread (see `Verdict`), a row per concept of
            the family.

    Raises:
        ValueError: The family has no concept, none is kept, no train clip is usable, a usable clip has no embedding or
            one without direction, or the protocol is unknown.

    Source:
        DANCE, section 3.2.
    """
    concepts = concept_features[concept_features["family"] == family].reset_index(drop=True)
    if not len(concepts):
        raise ValueError(f"pseudo_labels: family '{family}' has no concept; add some to the concept set")
    usable = manifest[manifest["status"].isin(USABLE)].sort_values("clip_id", ignore_index=True)
    fitted = usable["split"].isin(fitted_splits(protocol)).to_numpy()
    if not (fitted & (usable["split"] == "train").to_numpy()).any():
        raise ValueError("pseudo_labels: no usable clip of the manifest is in the train split; check column split")
    scores = _scores_of(clip_features, list(usable["clip_id"]), matrix(concepts["features"]))
    verdict = pruned(scores[fitted], pruning)
    if not verdict.kept.any():
        raise ValueError(_nothing_kept(family, concepts["concept"], verdict))
    labels = usable[["clip_id", "split"]].assign(scores=list(scores[:, verdict.kept]))
    figures = {"top5": verdict.strength, "zscore": verdict.zscore, "spread": verdict.spread}
    table = pd.DataFrame({"concept": concepts["concept"], "kept": verdict.kept, "reason": verdict.reasons, **figures})
    return labels, table


def _scores_of(clip_features: FeatureStore, clip_ids: list[str], concepts: np.ndarray) -> np.ndarray:
    """Score clips as `cosine_scores` does, some at a time."""
    clips = clip_features.rows(clip_ids)
    scores = np.empty((len(clip_ids), len(concepts)), np.float32)
    for start in range(0, len(clip_ids), CLIPS_AT_ONCE):
        place = np.arange(start, min(start + CLIPS_AT_ONCE, len(clip_ids)))
        some = clips[place]
        zero = place[~some.any(axis=1)]
        if len(zero):
            raise ValueError(
                f"clip_features: clip '{clip_ids[zero[0]]}' is all zeros, so it has no direction; rebuild it"
            )
        scores[place] = cosine_scores(some, concepts)
    return scores


def _nothing_kept(family: str, names: pd.Series, verdict: Verdict) -> str:
    """Word the error with what became of the strongest concept."""
    best = int(np.argmax(verdict.strength))
    return (
        f"pseudo_labels: no {family} concept is kept (the strongest, '{names[best]}', is dropped because "
        f"{verdict.reasons[best]}); loosen pseudo_labels.pruning or give concepts that the clips show"
    )
