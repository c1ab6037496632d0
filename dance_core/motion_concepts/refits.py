"""How far motion concepts depend on which clips they were learnt from."""

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from dance_core.motion_concepts.assignment import motion_features
from dance_core.motion_concepts.fit import fit_motion_concepts
from dance_core.motion_concepts.segments import SegmentStore
from dance_core.motion_concepts.settings import MotionSettings
from dance_core.stability import cluster_stability

SHARE = 0.8


def refit_stability(segments: SegmentStore, settings: MotionSettings) -> dict[str, Any]:
    """Learn the concepts again from random parts of the train clips, and compare the results each with each.

    A fit on 80 percent of the train clips, drawn with a seed of its own, assigns all train segments; those of clips
    that it did not see by distance. FINCH itself draws nothing, so the same clips always give the same concepts.

    Args:
        segments: The segments of all splits.
        settings: As the concepts were fitted with; `refits` is the number of parts.

    Returns:
        `cluster_stability` of the refits, with share (of the clips) and failed (refits whose part was too small).
    """
    train = segments.take((segments.table["split"] == "train").to_numpy())
    clips = np.sort(train.table["clip_id"].unique())
    once = replace(settings, joint_fit=False)
    labels, centroids = [], []
    for seed in range(settings.refits):
        drawn = np.random.default_rng(seed).permutation(clips)[: round(SHARE * len(clips))]
        split = np.where(train.table["clip_id"].isin(drawn), "train", "left out")
        try:
            found = fit_motion_concepts(replace(train, table=train.table.assign(split=split)), once)
        except ValueError as error:
            logging.info("motion_concepts: refit %d left out: %s", seed, error)
            continue
        labels.append(found.assignments["concept"].to_numpy())
        centroids.append(found.centroids)
    # Around one common mean, so that the cosine compares what tells concepts apart.
    middle = np.concatenate(centroids).mean(axis=0) if centroids else np.zeros(0)
    features = [motion_features(rows, middle, once) for rows in centroids]
    failed = settings.refits - len(labels)
    return {**cluster_stability(labels, features), "share": SHARE, "failed": failed}
