"""The segments of all clips, and the report on what became of every key frame."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dance_core.clip_rows import Groups, clip_rows, groups_of, read_groups
from dance_core.clips import USABLE
from dance_core.pose_segments.settings import SegmentSettings, segment_schema
from dance_core.pose_segments.windows import OUTCOMES, Track
from dance_core.poses.skeleton import KEYPOINTS
from dance_core.tables import matrix, table_writer

CLIPS_AT_ONCE = 64
Found = tuple[list[dict[str, Any]], dict[str, Any]]
"""The segments of a clip, and its row of the report."""

REPORT_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("split", pa.string()),
        ("label", pa.string()),
        *((name, pa.int64()) for name in ("n_keyframes", "n_segments", *OUTCOMES)),
        ("reason", pa.string()),
    ]
)


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
        ValueError: Poses or key frames of a clip that the manifest lacks, poses of one frame twice, or a clip with
            poses but no key frame row.

    Source:
        DANCE, section 3.1 (key clips): the authors' "sim+conf" sampling, with the tests of `SegmentSettings`.
    """
    poses = poses.sort_values(["clip_id", "frame"])
    return _tables(_of_clips(manifest, [groups_of(poses)], [groups_of(keyframes)], settings), settings)


def write_pose_segments(
    segments_file: str | Path,
    report_file: str | Path,
    manifest: pd.DataFrame,
    poses: Sequence[str | Path],
    keyframes: Sequence[str | Path],
    settings: SegmentSettings,
) -> None:
    """Cut segments as `pose_segments` does, from and to files, so that only some clips are in memory.

    Args:
        segments_file: Table of segments to write.
        report_file: Table of the report to write.
        manifest: One row per clip with clip_id, split, label, status.
        poses: The shards poses/*.parquet.
        keyframes: The shards keyframes/*.parquet.
        settings: Lengths, tests and normalisation.

    Raises:
        ValueError: Poses or key frames of a clip that the manifest lacks, that is in two shards or out of order, or a
            clip with poses but no key frame row.
    """
    pose_shards = [read_groups(path, ["clip_id", "frame", "keypoints"]) for path in poses]
    keyframe_shards = [read_groups(path, ["clip_id", "frames"]) for path in keyframes]
    clips = _of_clips(manifest, pose_shards, keyframe_shards, settings)
    with (
        table_writer(segments_file, segment_schema(settings.length)) as write_segments,
        table_writer(report_file, REPORT_SCHEMA) as write_report,
    ):
        while some := list(islice(clips, CLIPS_AT_ONCE)):
            segments, report = _tables(some, settings)
            write_segments(segments)
            write_report(report)


def _tables(clips: Iterable[Found], settings: SegmentSettings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gather segments and report of some clips."""
    found, report = [], []
    for segments, row in clips:
        found += segments
        report.append(row)
    columns = segment_schema(settings.length).names
    return pd.DataFrame(found, columns=columns), pd.DataFrame(report, columns=REPORT_SCHEMA.names)


def _of_clips(
    manifest: pd.DataFrame, poses: Sequence[Groups], keyframes: Sequence[Groups], settings: SegmentSettings
) -> Iterator[Found]:
    """Cut one clip after another, in the order of their ids; give its segments and its row of the report."""
    clips = manifest.sort_values("clip_id")[["clip_id", "split", "label", "status"]]
    tables = clip_rows(clips["clip_id"], {"poses": poses, "keyframes": keyframes})
    for (clip_id, split, label, status), (_, rows) in zip(clips.itertuples(index=False), tables, strict=True):
        clip = {"clip_id": clip_id, "split": split, "label": label}
        found: list[dict[str, Any]] = []
        count, n_keyframes = dict.fromkeys(OUTCOMES, 0), 0
        if "poses" in rows:
            chosen = _keyframes(clip_id, rows)
            n_keyframes = len(chosen)
            found, count = _track(clip_id, rows["poses"], settings).segments(chosen)
        reason = "" if found else _reason(status, "poses" in rows, n_keyframes, count)
        report = {**clip, "n_keyframes": n_keyframes, "n_segments": len(found), **count, "reason": reason}
        yield [{"segment_id": f"{clip_id}:{each['start']}-{each['end']}", **clip, **each} for each in found], report


def _keyframes(clip_id: str, rows: dict[str, pd.DataFrame]) -> np.ndarray:
    """Give the key frames of a clip that has poses."""
    if "keyframes" not in rows:
        raise ValueError(f"keyframes has no row for clip '{clip_id}', which has poses; rebuild keyframes")
    return np.asarray(rows["keyframes"]["frames"].iloc[0])


def _track(clip_id: str, rows: pd.DataFrame, settings: SegmentSettings) -> Track:
    """Gather the poses of one clip."""
    frames = rows["frame"].to_numpy(np.int64)
    if (np.diff(frames) <= 0).any():
        raise ValueError(f"poses: the frames of clip '{clip_id}' do not ascend; rebuild poses")
    keypoints = matrix(rows["keypoints"]).reshape(len(rows), len(KEYPOINTS), 3).astype(np.float64)
    return Track(frames, keypoints, settings)


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
