"""Videos, still pictures and skeletons in the form a browser reads from disk."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
from PIL import Image

from dance_core.clips import USABLE, WITHOUT_VIDEO
from dance_core.poses.skeleton import KEYPOINTS
from dance_core.report.clip_table import ClipTable
from dance_core.report.inputs import ReportInputs, ReportSettings, records
from dance_core.report.markup import safe_name, script_json
from dance_core.tables import matrix
from dance_core.video import iterate_frames


@dataclass(frozen=True)
class ClipMedia:
    """What a page needs to play one clip.

    Attributes:
        name: Safe file name of the clip, without an ending; videos/, posters/ and skeletons/ hold its files.
        width: Width of the source clip, px.
        height: Height of the source clip, px.
        fps: Frames a second.
        n_frames: Number of frames.
        has_skeleton: Whether a pose was found in at least one frame.
    """

    name: str
    width: int
    height: int
    fps: float
    n_frames: int
    has_skeleton: bool


def write_media(inputs: ReportInputs, clip_ids: Iterable[str], assets: Path) -> dict[str, ClipMedia]:
    """Write video, poster and skeleton of some clips.

    Args:
        inputs: The run that is shown.
        clip_ids: Clips to write; those that cannot be read are left out.
        assets: Folder that gets videos/, posters/ and skeletons/.

    Returns:
        What was written, by clip id.
    """
    for folder in ("videos", "posters", "skeletons"):
        (assets / folder).mkdir(parents=True, exist_ok=True)
    clips = inputs.manifest[inputs.manifest["clip_id"].isin(list(clip_ids))]
    clips = clips[clips["status"].isin(USABLE) & (clips["status"] != WITHOUT_VIDEO)]
    with_skeleton = write_skeletons(inputs.poses, set(clips["clip_id"]), assets / "skeletons")
    written = {}
    for row in records(clips):
        name = safe_name(row["clip_id"])
        source = inputs.source / str(row["path"])
        middle = write_video(source, assets / "videos" / f"{name}.mp4", row, inputs.settings)
        write_poster(middle, assets / "posters" / f"{name}.webp", inputs.settings.poster_side)
        size = (int(row["width"]), int(row["height"]), float(row["fps"]), int(row["n_frames"]))
        written[row["clip_id"]] = ClipMedia(name, *size, row["clip_id"] in with_skeleton)
    return written


def write_video(source: Path, target: Path, row: Mapping[str, Any], settings: ReportSettings) -> np.ndarray:
    """Copy a clip that browsers play as it is; encode any other as H.264.

    Args:
        source: The clip.
        target: MP4 file to write.
        row: The clip's row of the manifest.
        settings: Size of the video.

    Returns:
        The middle frame, uint8 [height, width, 3], of the source clip.
    """
    n_frames = int(row["n_frames"])
    if plays_as_it_is(source, row, settings.long_side):
        shutil.copyfile(source, target)
        return next(frame for _, frame in iterate_frames(source, [n_frames // 2]))
    size = fitted_size(int(row["width"]), int(row["height"]), settings.long_side)
    kept: dict[int, np.ndarray] = {}
    encode(_remember(iterate_frames(source), n_frames, kept), target, Fraction(float(row["fps"])), size)
    return kept[n_frames // 2]


def _remember(
    frames: Iterator[tuple[int, np.ndarray]], n_frames: int, kept: dict[int, np.ndarray]
) -> Iterator[np.ndarray]:
    """Pass the first frames on, and keep the middle one, so that a clip is decoded once."""
    for index, frame in islice(frames, n_frames):
        if index == n_frames // 2:
            kept[index] = frame
        yield frame


def plays_as_it_is(source: Path, row: Mapping[str, Any], long_side: int) -> bool:
    """Say whether a browser plays a clip with frame i at time i / fps.

    Args:
        source: The clip.
        row: The clip's row of the manifest.
        long_side: Longest side allowed, pixels.

    Returns:
        True for an upright H.264 yuv420p MP4 of constant frame rate that starts at 0, is whole and small enough.
    """
    if row["status"] != "ok" or source.suffix.lower() != ".mp4" or max(row["width"], row["height"]) > long_side:
        return False
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "h264" or stream.codec_context.pix_fmt != "yuv420p":
            return False
        packets = [packet for packet in container.demux(stream) if packet.pts is not None]
        times = np.sort([float(packet.pts or 0) * float(packet.time_base) for packet in packets])
        if any(packet.is_discard or packet.is_corrupt for packet in packets) or len(times) != row["n_frames"]:
            return False
        container.seek(0)
        upright = next(container.decode(stream)).rotation == 0
    expected = np.arange(len(times)) / float(row["fps"])
    return bool(upright and np.abs(times - expected).max() < 0.25 / float(row["fps"]))


def fitted_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Shrink a size to fit, never enlarge it; H.264 needs even sides.

    Args:
        width: Pixels.
        height: Pixels.
        long_side: Longest side allowed, pixels.

    Returns:
        Width and height, both even.
    """
    scale = min(1.0, long_side / max(width, height))
    return tuple(max(2, 2 * round(side * scale / 2)) for side in (width, height))  # type: ignore[return-value]


def encode(frames: Iterable[np.ndarray], target: Path, fps: Fraction, size: tuple[int, int]) -> None:
    """Encode frames as an H.264 MP4 that browsers play.

    Args:
        frames: uint8 [height, width, 3] RGB each.
        target: File to write.
        fps: Frames a second.
        size: Width and height of the video, even.
    """
    with av.open(str(target), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps.limit_denominator(1001))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        # With its macroblock tree, x264 now and then makes other bytes of the same frames.
        stream.options = {"crf": "23", "preset": "veryfast", "mbtree": "0"}
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture.reformat(*size, format="yuv420p")))
        container.mux(stream.encode())


def write_poster(frame: np.ndarray, target: Path, long_side: int) -> None:
    """Write one frame as a small WebP picture.

    Args:
        frame: uint8 [height, width, 3] RGB.
        target: File to write.
        long_side: Longest side, pixels.
    """
    picture = Image.fromarray(frame)
    picture.thumbnail((long_side, long_side))
    picture.save(target, "WEBP", quality=72, method=4)


def skeleton_document(poses: pd.DataFrame) -> Mapping[str, list]:
    """Put the poses of one clip into few characters.

    Args:
        poses: Rows of the poses table of one clip.

    Returns:
        `frames` [n]; `points` [n][34] as x and y in tenths of a source pixel, None where missing.
    """
    ordered = poses.sort_values("frame")
    keypoints = matrix(ordered["keypoints"]).reshape(len(ordered), len(KEYPOINTS), 3).astype(float)
    points = np.round(keypoints[:, :, :2].reshape(len(ordered), -1) * 10)
    return {
        "frames": [int(frame) for frame in ordered["frame"]],
        "points": [[int(value) if np.isfinite(value) else None for value in row] for row in points],
    }


def write_skeleton(poses: pd.DataFrame, name: str, target: Path) -> None:
    """Write the skeleton of one clip as a script, the only thing a page on disk may load later.

    Args:
        poses: Rows of the poses table of one clip.
        name: Safe name of the clip.
        target: File to write.
    """
    target.write_text(f"dance.skeletons[{script_json(name)}]={script_json(skeleton_document(poses))};\n", "utf-8")


def write_skeletons(poses: ClipTable, clip_ids: Collection[str], folder: Path) -> set[str]:
    """Write the skeletons of some clips, one clip after another.

    Args:
        poses: The poses of all clips.
        clip_ids: Clips to write.
        folder: Where to.

    Returns:
        The clips that have poses.
    """
    written = set()
    for clip_id, rows in poses.by_clip(["clip_id", "frame", "keypoints"], clip_ids):
        name = safe_name(clip_id)
        write_skeleton(rows, name, folder / f"{name}.js")
        written.add(clip_id)
    return written
