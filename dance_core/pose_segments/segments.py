"""The segments of all clips, and the report on what became of every key frame."""

from typing import Any

import numpy as np
import pandas as pd

from dance_core.clips import USABLE
from dance_core.pose_segments.settings import SegmentSettings, segment_schema
from dance_core.pose_segments.windows import OUTCOMES, Track
from dance_core.poses.skeleton import KEYPOINTS
from dance_core.tables import matrix, rows_of

REPORT_COLUMNS = ("clip_id", "split", "label", "n_keyframes", "n_segments", *OUTCOMES, "reason")


def pose_segments(
    manifest: pd.DataFrame, poses: pd.DataFrame, keyframes: pd.DataFrame, settings: SegmentSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut the poses of every clip into segments around its key frames.

    Args:
        manifest: One row per clip with clip_id, split, label, status.
        poses: One row per clip and frame with clip_id, frame, keypoints (17 times x px, y px, confidence).
        keyframes: One row per clip with clip_id, frames.
        settings: Lengths, tests and normalisation.

    Returns:
        The segments (columns of `segment_schema`), and a report with one row per clip: clip_id, split, label,
        n_keyframes, n_segments, rejected_discontinuity, rejected_confidence, no_pose (key frames without a person),
        duplicate (the same window as an earlier key frame), surplus (beyond the maximum), and the reason if there is
        no segment, else "".

    Raises:
        ValueError: Poses or key frames of a clip that the manifest lacks, or a clip with poses but no key frame row.

    Source:
        DANCE, section 3.1 (key clips): the authors' "sim+conf" sampling, with the tests of `SegmentSettings`.
    """
    for name, table in (("poses", poses), ("keyframes", keyframes)):
        extra = sorted(set(table["clip_id"]) - set(manifest["clip_id"]))
        if extra:
            raise ValueError(f"{name} has clip '{extra[0]}', which the manifest lacks; rebuild {name}")
    poses_of = dict(iter(poses.sort_values(["clip_id", "frame"]).groupby("clip_id")))
    seen = [clip_id for clip_id in manifest["clip_id"] if clip_id in poses_of]
    keyframes_of = dict(zip(seen, rows_of(keyframes, seen, "keyframes")["frames"], strict=True))
    segments: list[dict[str, Any]] = []
    report = []
    for clip_id, split, label, status in manifest[["clip_id", "split", "label", "status"]].itertuples(index=False):
        clip = {"clip_id": clip_id, "split": split, "label": label}
        found: list[dict[str, Any]] = []
        count, n_keyframes = dict.fromkeys(OUTCOMES, 0), 0
        if clip_id in poses_of:
            n_keyframes = len(keyframes_of[clip_id])
            found, count = _track(poses_of[clip_id], settings).segments(np.asarray(keyframes_of[clip_id]))
        segments += [{"segment_id": f"{clip_id}:{each['start']}-{each['end']}", **clip, **each} for each in found]
        reason = "" if found else _reason(status, clip_id in poses_of, n_keyframes, count)
        report.append({**clip, "n_keyframes": n_keyframes, "n_segments": len(found), **count, "reason": reason})
    columns = segment_schema(settings.length).names
    return pd.DataFrame(segments, columns=columns), pd.DataFrame(report, columns=list(REPORT_COLUMNS))


def _track(rows: pd.DataFrame, settings: SegmentSettings) -> Track:
    """Gather the poses of one clip."""
    keypoints = matrix(rows["keypoints"]).reshape(len(rows), len(KEYPOINTS), 3).astype(np.float64)
    return Track(rows["frame"].to_numpy(np.int64), keypoints, settings)


def _reason(status: str, has_poses: bool, n_keyframes: int, count: dict[str, int]) -> str:
    """Say why a clip has no segment."""
    if status not in USABLE:
        return f"the clip is {status}"
    if not has_poses:
        return "no person was seen"
    if not n_keyframes:
        return "there is no key frame"
    outcome = max(OUTCOMES, key=lambda name: count[name])
    return {
        "rejected_discontinuity": "the pose jumps or is interrupted in every window",
        "rejected_confidence": "the key points are unsure in every window",
    }.get(outcome, "no person was seen near a key frame")
