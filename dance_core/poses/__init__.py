"""Poses: where the 17 key points of the main person are, in every sampled frame of every clip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dance_core.clips import USABLE
from dance_core.poses.person import Person, PoseEstimator
from dance_core.poses.quality import fill_gaps, poses_over_time, quality_row, without_flips, without_unsure
from dance_core.poses.tracking import link_people, main_person
from dance_core.tables import table_writer
from dance_core.video import iterate_frames

ESTIMATORS = ("blazepose", "movenet", "yolo", "rtmlib", "ultralytics", "file")

CLIPS_AT_ONCE = 64
Found = tuple[list[dict[str, object]], dict[str, object]]
"""The poses of a clip, a row each, and the row of their quality."""

POSES_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("frame", pa.int32()),
        ("bbox", pa.list_(pa.float32(), 4)),
        ("keypoints", pa.list_(pa.float32(), 51)),
        ("estimator", pa.string()),
    ]
)

POSE_QUALITY_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("n_sampled", pa.int32()),
        ("n_seen", pa.int32()),
        ("seen", pa.float64()),
        ("confidence", pa.float64()),
        ("people", pa.int32()),
        ("interpolated", pa.float64()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class PoseSettings:
    """How poses are estimated.

    Attributes:
        estimator: One of `ESTIMATORS`.
        fps: Frames looked at in a second of video; None for every frame.
        minimum_confidence: Key points below it count as missing.
        maximum_gap: Longest gap of a key point that is interpolated, and longest exchange of left and right that is
            undone, in sampled frames.
        maximum_people: People followed at once (blazepose).
        weights: Folder of the fetched weights.
        model: Model file (movenet, yolo, rtmlib, ultralytics); None for the usual one in `weights`.
        detector: Model file of the person detector of an RTMPose file (rtmlib).
        folder: Folder with one pose file for each clip (file).
        download: Whether a model that is absent may be fetched by its package (rtmlib, ultralytics).
        device: Where the network runs, such as cpu or cuda:0 (yolo, rtmlib, ultralytics).
        runtime: What runs an .onnx file, onnxruntime or openvino (yolo).
        precision: float32, float16 or bfloat16 (yolo with openvino, ultralytics).
        image_size: Longer side in px of what the network sees; None for 640 (yolo, ultralytics).
        batch_size: Frames given to the network at once (yolo, ultralytics); None for 1 on a CPU, 16 on a GPU.
        tracker: bytetrack or botsort (ultralytics).
        decoder: pyav or decord.
    """

    estimator: str = "blazepose"
    fps: float | None = None
    minimum_confidence: float = 0.3
    maximum_gap: int = 5
    maximum_people: int = 3
    weights: str | Path = "weights"
    model: str | Path | None = None
    detector: str | Path | None = None
    folder: str | Path | None = None
    download: bool = False
    device: str = "cpu"
    runtime: str = "onnxruntime"
    precision: str = "float32"
    image_size: int | None = None
    batch_size: int | None = None
    tracker: str = "bytetrack"
    decoder: str = "pyav"


def pose_estimator(settings: PoseSettings) -> PoseEstimator:
    """Make the estimator that the settings name.

    Args:
        settings: How poses are estimated.

    Returns:
        An estimator that knows no clip yet.

    Raises:
        ValueError: The estimator is unknown, or something it needs is absent.
    """
    if settings.estimator == "blazepose":
        from dance_core.poses.blazepose import BlazePose

        return BlazePose(settings.weights, settings.maximum_people)
    if settings.estimator == "movenet":
        from dance_core.poses.movenet import MoveNet

        return MoveNet(settings.weights, settings.model)
    if settings.estimator == "yolo":
        from dance_core.poses.yolo import Yolo

        return Yolo(**_chosen(settings, "model", "runtime", "device", "precision", "image_size", "batch_size"))
    if settings.estimator == "rtmlib":
        from dance_core.poses.rtm_pose import RtmPose

        return RtmPose(**_chosen(settings, "model", "detector", "device", "download"))
    if settings.estimator == "ultralytics":
        from dance_core.poses.ultralytics_pose import UltralyticsPose

        names = ("model", "device", "batch_size", "image_size", "tracker", "precision", "download")
        return UltralyticsPose(**_chosen(settings, *names))
    if settings.estimator == "file":
        from dance_core.poses.file import PoseFiles

        return PoseFiles(settings.folder)
    raise ValueError(f"poses: estimator '{settings.estimator}' is unknown; use one of {', '.join(ESTIMATORS)}")


def _chosen(settings: PoseSettings, *names: str) -> dict[str, Any]:
    """The settings that an estimator takes, and where the weights are."""
    return {name: getattr(settings, name) for name in ("weights", *names)}


def estimate_poses(
    manifest: pd.DataFrame, source: str | Path, settings: PoseSettings, estimator: PoseEstimator | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate the poses of the main person in every usable clip.

    Args:
        manifest: Rows of the manifest; clips that are not usable are left out.
        source: Folder that the paths of the manifest start from.
        settings: How poses are estimated.
        estimator: What `pose_estimator` made of the settings, so that it is loaded once for many calls.

    Returns:
        The poses, one row for each sampled frame in which the main person was seen, and their quality, one row for
        each clip.

    Raises:
        ValueError: The estimator cannot be made, or a clip cannot be decoded as the manifest says.

    Source:
        DANCE, section 3.1 (2D poses of the frames).
    """
    return _tables(_of_clips(manifest, source, settings, estimator or pose_estimator(settings)))


def write_poses(
    poses_file: str | Path,
    quality_file: str | Path,
    manifest: pd.DataFrame,
    source: str | Path,
    settings: PoseSettings,
    estimator: PoseEstimator | None = None,
) -> None:
    """Estimate poses as `estimate_poses` does, and write them as they come, so that only some clips are in memory.

    Args:
        poses_file: Table of poses to write.
        quality_file: Table of their quality to write.
        manifest: Rows of the manifest; clips that are not usable are left out.
        source: Folder that the paths of the manifest start from.
        settings: How poses are estimated.
        estimator: What `pose_estimator` made of the settings.

    Raises:
        ValueError: The estimator cannot be made, or a clip cannot be decoded as the manifest says.
    """
    clips = _of_clips(manifest, source, settings, estimator or pose_estimator(settings))
    with (
        table_writer(poses_file, POSES_SCHEMA) as write_some_poses,
        table_writer(quality_file, POSE_QUALITY_SCHEMA) as write_quality,
    ):
        while some := list(islice(clips, CLIPS_AT_ONCE)):
            poses, quality = _tables(some)
            write_some_poses(poses)
            write_quality(quality)


def _tables(clips: Iterable[Found]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Gather the poses of some clips and their quality."""
    poses, quality = [], []
    for rows, summary in clips:
        poses += rows
        quality.append(summary)
    return pd.DataFrame(poses, columns=POSES_SCHEMA.names), pd.DataFrame(quality, columns=POSE_QUALITY_SCHEMA.names)


def _of_clips(
    manifest: pd.DataFrame, source: str | Path, settings: PoseSettings, estimator: PoseEstimator
) -> Iterator[Found]:
    """Estimate the poses of one usable clip after another: its rows, and its quality."""
    clips = manifest[manifest["status"].isin(USABLE)]
    return (_poses_of_clip(clip, source, estimator, settings) for clip in clips.itertuples(index=False))


def sampled_frames(n_frames: int, clip_fps: float, fps: float | None) -> list[int]:
    """Choose the frames to look at.

    Args:
        n_frames: Frames of the clip.
        clip_fps: Frame rate of the clip.
        fps: Frames wanted in a second; None for all.

    Returns:
        Frame numbers, k * clip_fps / fps rounded half up; all frames when the clip has no more than wanted.

    Raises:
        ValueError: The rate wanted is not positive.
    """
    if fps is not None and not fps > 0:
        raise ValueError(f"poses: fps is {fps}; give a positive number, or none for every frame")
    if fps is None or not clip_fps > fps:
        return list(range(n_frames))
    numbers = np.floor(np.arange(n_frames) * (clip_fps / fps) + 0.5).astype(int)
    return numbers[numbers < n_frames].tolist()


def _poses_of_clip(clip: Any, source: str | Path, estimator: PoseEstimator, settings: PoseSettings) -> Found:
    """Estimate, link, clean and fill the poses of one clip; return its pose rows and its quality row."""
    numbers = sampled_frames(clip.n_frames, clip.fps, settings.fps)
    estimator.reset(clip)
    frames = _decoded(clip, source, numbers, settings.decoder) if estimator.reads_video else _unread(numbers)
    people = list(estimator.people(frames))
    main = main_person(link_people(people), len(numbers), clip.width, clip.height)
    poses = without_flips(poses_over_time(main, len(numbers)), settings.maximum_gap)
    poses, added = fill_gaps(without_unsure(poses, settings.minimum_confidence), settings.maximum_gap)
    rows: list[dict[str, object]] = [
        {
            "clip_id": clip.clip_id,
            "frame": numbers[position],
            "bbox": main.members[position].box,
            "keypoints": poses[position].ravel(),
            "estimator": estimator.name,
        }
        for position in sorted(main.members)
    ]
    most = max((len(present) for present in people), default=0)
    return rows, quality_row(clip.clip_id, poses, added, most, estimator.name)


def _decoded(clip: Any, source: str | Path, numbers: list[int], decoder: str) -> Iterator[tuple[int, np.ndarray]]:
    """Decode the sampled frames, all of them or an error that names the clip."""
    n_decoded = 0
    try:
        for number, frame in iterate_frames(Path(source) / clip.path, numbers, decoder):
            n_decoded += 1
            yield number, frame
    except (ValueError, OSError, RuntimeError) as error:
        raise ValueError(
            f"poses: clip '{clip.clip_id}' cannot be decoded ({error}); "
            "probe the clips again, the file changed since the manifest was written"
        ) from error
    if n_decoded != len(numbers):
        raise ValueError(
            f"poses: clip '{clip.clip_id}' gave {n_decoded} of {len(numbers)} sampled frames; "
            "probe the clips again, the file changed since the manifest was written"
        )


def _unread(numbers: list[int]) -> Iterator[tuple[int, Any]]:
    """The frame numbers alone, for an estimator that does not look at pixels."""
    for number in numbers:
        yield number, None


__all__ = [
    "ESTIMATORS",
    "POSES_SCHEMA",
    "POSE_QUALITY_SCHEMA",
    "Person",
    "PoseEstimator",
    "PoseSettings",
    "estimate_poses",
    "pose_estimator",
    "sampled_frames",
    "write_poses",
]
