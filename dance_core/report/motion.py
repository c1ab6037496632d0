"""The motion page: one card per motion concept, and the partitions it was chosen from."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from dance_core.concept_targets import FAMILIES
from dance_core.poses.skeleton import KEYPOINTS
from dance_core.report.inputs import ReportInputs, records
from dance_core.report.markup import plain
from dance_core.report.site import Site, concept_anchor

SCALE = 1000


def motion_page(site: Site) -> dict[str, Any]:
    """Gather what the motion page shows.

    Args:
        site: The report.

    Returns:
        Variables of the template.
    """
    medoids = set(site.inputs.motion_concepts["medoid"])
    segments = site.inputs.segments.rows(["segment_id", "frames", "joints"], {"segment_id": medoids})
    segments = segments.set_index("segment_id")
    cards = [motion_card(site, row, segments) for row in records(site.inputs.motion_concepts)]
    settings = site.inputs.config.get("motion_concepts") or {}
    return {
        "cards": cards,
        **partition_variables(site.inputs),
        "joint_fit": bool(settings.get("joint_fit")),
        "skeletons": {str(card["concept"]): card["skeleton"] for card in cards if card["skeleton"]},
    }


def partition_variables(inputs: ReportInputs) -> dict[str, Any]:
    """Give the partitions, and how much they depend on the clips.

    Args:
        inputs: The run that is shown.

    Returns:
        partitions; partition_words, where they come from; agreement, whether it was measured; stability (see
        `motion_concepts.refit_stability`) with parts, the number of refits that succeeded, None below two.
    """
    rows = [{"agreement": None, "agreement_error": None, **row} for row in records(inputs.partitions)]
    # FINCH's own partitions become coarser one by one; one that was merged to a wanted size follows them.
    merged = any(later["n_clusters"] > former["n_clusters"] for former, later in pairwise(rows))
    words = "FINCH gives a tower of partitions, each coarser than the one before."
    if merged:
        words += " The last was merged from a finer one to the most concepts allowed."
    method = (inputs.config.get("motion_concepts") or {}).get("method", "finch")
    known = inputs.stability.get("n_pairs") and (inputs.stability.get("ari") or {}).get("mean") is not None
    return {
        "partitions": rows,
        "partition_words": words if "finch" in method else "",
        "agreement": any(row["agreement"] is not None for row in rows),
        "stability": {**inputs.stability, "parts": len(inputs.stability["n_clusters"])} if known else None,
    }


def motion_card(site: Site, row: dict[str, Any], segments: pd.DataFrame) -> dict[str, Any]:
    """Describe one motion concept.

    Args:
        site: The report.
        row: The concept's row.
        segments: frames and joints of the medoids by segment id.

    Returns:
        The row with its medoid's skeleton and media, class histogram and the classes that use it.
    """
    counts = {name: int(count) for name, count in json.loads(row["class_counts"]).items()}
    order = site.class_index
    histogram = [(name, counts[name]) for name in sorted(counts, key=lambda name: order.get(name, len(order)))]
    users = site.users(FAMILIES[0], int(row["concept"]))
    dropped = _dropped(site, int(row["concept"]))
    return {
        **row,
        "anchor": concept_anchor(FAMILIES[0], row["concept"]),
        "skeleton": medoid_skeleton(segments.loc[row["medoid"]]) if row["medoid"] else None,
        "media": site.media.get(row["clip_id"]),
        "histogram": histogram,
        "largest": max(counts.values(), default=1) or 1,
        "users": users,
        "measures": site.measures.get((FAMILIES[0], int(row["concept"])), {}),
        "strength": float(np.abs([user["weight"] for user in users]).max(initial=0.0)),
        "dropped": dropped,
    }


def _dropped(site: Site, concept: int) -> str:
    """Reason why the model does not hold a motion concept; empty where it does."""
    table = site.inputs.concepts
    rows = table[(table["family"] == FAMILIES[0]) & (table["concept"] == concept) & ~table["kept"].astype(bool)]
    return str(rows["reason"].iloc[0]) if len(rows) else ""


def medoid_skeleton(segment: pd.Series) -> dict[str, Any]:
    """Put the joints of a segment into a square, for drawing.

    Args:
        segment: Row of pose_segments.

    Returns:
        `frames` [L] of the video and `points` [L][34], x and y from 0 to 1000 with one scale for both, None where
        missing.
    """
    joints = np.asarray(segment["joints"], dtype=float).reshape(-1, len(KEYPOINTS), 2)
    low, high = np.nanmin(joints, axis=(0, 1)), np.nanmax(joints, axis=(0, 1))
    side = float((high - low).max()) or 1.0
    square = (joints - (low + high) / 2) / side * SCALE + SCALE / 2
    points = np.round(square).reshape(len(joints), -1)
    return {
        "frames": plain(np.asarray(segment["frames"])),
        "points": [[int(value) if np.isfinite(value) else None for value in row] for row in points],
    }
