"""The keyframes of all clips, by the detector that the settings name."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.clip_rows import Groups, clip_rows, groups_of, read_groups
from dance_core.keyframes.frame_difference import frame_difference_keyframes
from dance_core.keyframes.pose_motion import motion_energy_keyframes
from dance_core.keyframes.settings import KEYFRAME_SCHEMA, KeyframeSettings
from dance_core.manifest import usable
from dance_core.tables import matrix, table_writer
from dance_core.video import iterate_frames

CLIPS_AT_ONCE = 64
# Frame rate taken for a clip that is known by its poses only, such as those of Penn Action, which do not state it.
USUAL_FPS = 25.0
Found = tuple[str, np.ndarray, np.ndarray]
"""A clip, its keyframes and their scores."""


def select_keyframes(
    manifest: pd.DataFrame,
    source: str | Path,
    poses: pd.DataFrame | None,
    settings: KeyframeSettings,
    decoder: str = "pyav",
) -> pd.DataFrame:
    """Choose the keyframes of some clips.

    Args:
        manifest: Rows of the manifest; unusable clips are left out. A rate that is not known counts as 25 frames per
            second.
        source: Folder that the paths start from.
        poses: Poses of these clips; frame_difference needs none.
        settings: Detector and limits.
        decoder: Video decoder of frame_difference.

    Returns:
        One row per usable clip, sorted by clip_id: clip_id, frames, scores (`KEYFRAME_SCHEMA`). Without a pose
        pose_motion finds no keyframe.

    Raises:
        ValueError: pose_motion was given no table of poses, or poses of a clip that the manifest lacks.
    """
    groups = None if poses is None else groups_of(poses.sort_values(["clip_id", "frame"]))
    return _table(_of_clips(manifest, source, groups, settings, decoder))


def write_keyframes(
    keyframes_file: str | Path,
    manifest: pd.DataFrame,
    source: str | Path,
    poses_file: str | Path,
    settings: KeyframeSettings,
    decoder: str = "pyav",
) -> None:
    """Choose keyframes as `select_keyframes` does, from and to files, so that only some clips are in memory.

    Args:
        keyframes_file: Table of keyframes to write.
        manifest: Rows of the manifest; unusable clips are left out.
        source: Folder that the paths start from.
        poses_file: Poses of these clips, clip by clip in the order of their ids.
        settings: Detector and limits.
        decoder: Video decoder of frame_difference.

    Raises:
        ValueError: Poses of a clip that the manifest lacks, or that is out of order.
    """
    poses = read_groups(poses_file, ["clip_id", "frame", "keypoints"])
    clips = _of_clips(manifest, source, poses, settings, decoder)
    with table_writer(keyframes_file, KEYFRAME_SCHEMA) as write:
        while some := list(islice(clips, CLIPS_AT_ONCE)):
            write(_table(some))


def _table(found: Iterable[Found]) -> pd.DataFrame:
    return pd.DataFrame(list(found), columns=KEYFRAME_SCHEMA.names)


def _of_clips(
    manifest: pd.DataFrame, source: str | Path, poses: Groups | None, settings: KeyframeSettings, decoder: str
) -> Iterator[Found]:
    """Choose the keyframes of one clip after another."""
    clips = usable(manifest).sort_values("clip_id", ignore_index=True)
    if settings.detector == "frame_difference":
        rows = _frame_difference_rows(clips, source, settings, decoder)
    elif poses is None:
        raise ValueError("keyframes: detector 'pose_motion' needs poses; give them or use detector 'frame_difference'")
    else:
        rows = _pose_motion_rows(clips, poses, settings)
    return ((clip_id, *found) for clip_id, found in zip(clips["clip_id"], rows, strict=True))


def _pose_motion_rows(
    clips: pd.DataFrame, poses: Groups, settings: KeyframeSettings
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    nobody = pd.DataFrame({"frame": np.empty(0, np.int32), "keypoints": np.empty(0, object)})
    for (_, found), fps in zip(clip_rows(clips["clip_id"], {"poses": [poses]}), clips["fps"], strict=True):
        rows = found.get("poses", nobody)
        keypoints = matrix(rows["keypoints"]).reshape(-1, 17, 3)
        rate = float(fps) if fps > 0 else USUAL_FPS
        yield motion_energy_keyframes(rows["frame"].to_numpy(), keypoints, rate, settings)


def _frame_difference_rows(
    clips: pd.DataFrame, source: str | Path, settings: KeyframeSettings, decoder: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for path in clips["path"]:
        frames = (frame for _, frame in iterate_frames(Path(source) / path, None, decoder))
        yield frame_difference_keyframes(frames, settings)
