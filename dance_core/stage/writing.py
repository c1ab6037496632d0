"""Videos, manifest and truth tables of a rendered data set."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dance_core.stage.casting import FRAMES_PER_SECOND, Clip
from dance_core.stage.extras import require
from dance_core.stage.rotations import Array

# Without the psychovisual extras (psy), which keep grain at the price of the edges that pose estimators need.
_ENCODING = {"crf": "25.5", "preset": "veryslow", "x264-params": "psy=0"}
_TENTHS = 10.0
_CLIP_COLUMNS = ("clip_id", "action", "person", "split", "scene", "object", "n_frames")


def write_video(path: Path, frames: NDArray[np.uint8]) -> None:
    """Write frames as H.264 in an MP4 file.

    Args:
        path: File to write; its folder is made.
        frames: RGB, shape (n, height, width, 3).
    """
    av: Any = require("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1  # the bytes must not depend on the number of cores
        stream.options = dict(_ENCODING)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def read_video(path: Path) -> NDArray[np.uint8]:
    """Decode a video.

    Args:
        path: File to read.

    Returns:
        RGB frames, shape (n, height, width, 3).
    """
    av: Any = require("av")
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def write_manifest(path: Path, clips: Iterable[Clip]) -> None:
    """Write the manifest of the data set.

    Args:
        path: CSV file to write.
        clips: Clips in the order of the rows.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("clip_id", "path", "label", "split", "group"))
        writer.writerows((c.clip_id, c.path, c.action, c.split, c.group) for c in clips)


def packed_truth(keypoints: Array, visible: NDArray[np.bool_]) -> tuple[NDArray[np.int16], NDArray[np.uint32]]:
    """Pack the keypoints of a clip as they are stored.

    Args:
        keypoints: x, y in pixels, shape (n, 17, 2).
        visible: Whether each keypoint is seen, shape (n, 17).

    Returns:
        Tenths of a pixel, shape (n, 34), and bit masks whose bit k is keypoint k, shape (n,).
    """
    tenths = np.clip(np.round(keypoints * _TENTHS), -32768, 32767).astype(np.int16)
    masks = (visible.astype(np.uint32) << np.arange(visible.shape[1], dtype=np.uint32)).sum(1, dtype=np.uint32)
    return tenths.reshape(len(tenths), -1), masks


def write_truth(path: Path, truths: Iterable[tuple[str, NDArray[np.int16], NDArray[np.uint32]]]) -> None:
    """Write the keypoints of all clips.

    Args:
        path: Parquet file to write: clip_id, frame, keypoints and visible, sorted by clip and frame.
        truths: Clip id, keypoints in tenths of a pixel and bit masks of every clip.
    """
    pa: Any = require("pyarrow")
    parquet: Any = require("pyarrow.parquet")
    ordered = sorted(truths, key=lambda truth: truth[0])
    tenths = np.concatenate([keypoints for _, keypoints, _ in ordered])
    table = pa.table(
        {
            "clip_id": pa.array([clip_id for clip_id, keypoints, _ in ordered for _ in keypoints]),
            "frame": pa.array(np.concatenate([np.arange(len(k), dtype=np.int32) for _, k, _ in ordered])),
            "keypoints": pa.FixedSizeListArray.from_arrays(pa.array(tenths.ravel()), tenths.shape[1]),
            "visible": pa.array(np.concatenate([masks for _, _, masks in ordered])),
        }
    )
    parquet.write_table(table, path, compression="zstd", compression_level=19)


def write_clip_truth(path: Path, clips: Iterable[Clip], facts: dict[str, dict[str, float | str]]) -> None:
    """Write what is true of every clip as a whole.

    Args:
        path: Parquet file to write, one row per clip.
        clips: Clips in the order of the rows.
        facts: Motion parameters by clip id.
    """
    pa: Any = require("pyarrow")
    parquet: Any = require("pyarrow.parquet")
    rows = [
        dict(zip(_CLIP_COLUMNS, (c.clip_id, c.action, c.group, c.split, c.scene, c.prop, c.n_frames), strict=True))
        | facts[c.clip_id]
        for c in clips
    ]
    parquet.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
