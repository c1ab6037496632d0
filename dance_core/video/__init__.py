"""Exact frames of video files: one interface, several decoders."""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from dance_core.video.probe import ClipProbe, probe_clip
from dance_core.video.pyav_decoder import UnreadableVideo

__all__ = ["DECODERS", "ClipProbe", "UnreadableVideo", "iterate_frames", "probe_clip", "read_frames"]

DECODERS = ("pyav", "decord")


def iterate_frames(
    path: str | Path, indices: Sequence[int] | None = None, decoder: str = "pyav"
) -> Iterator[tuple[int, np.ndarray]]:
    """Stream frames of a video, so that memory holds one of them at a time.

    Args:
        path: Video file.
        indices: Frames wanted, 0-based in display order and strictly ascending; all by default.
        decoder: "pyav", or "decord" where that package is installed.

    Returns:
        Pairs of a frame's index and its picture, upright, uint8 of shape (height, width, 3) as red, green, blue.

    Raises:
        ValueError: The decoder is unknown or absent, the indices do not ascend, or the video has no such frame.
        UnreadableVideo: No frame of the file can be decoded.
    """
    if decoder not in DECODERS:
        raise ValueError(f"decoder '{decoder}' is unknown; use one of {', '.join(DECODERS)}")
    wanted = None if indices is None else _ascending(path, indices)
    if decoder == "decord":
        from dance_core.video.decord_decoder import decord_frames

        return decord_frames(path, wanted)
    from dance_core.video.pyav_decoder import pyav_frames

    return pyav_frames(path, wanted)


def read_frames(path: str | Path, indices: Sequence[int] | None = None, decoder: str = "pyav") -> np.ndarray:
    """Read frames of a video into one array.

    Args:
        path: Video file.
        indices: Frames wanted, 0-based in display order, in any order, repeats allowed; all by default.
        decoder: "pyav", or "decord" where that package is installed.

    Returns:
        Pictures, upright, uint8 of shape (n, height, width, 3) as red, green, blue, in the order of `indices`.

    Raises:
        ValueError: The decoder is unknown or absent, or the video has no such frame.
        UnreadableVideo: No frame of the file can be decoded.
    """
    if indices is None:
        stream = (frame for _, frame in iterate_frames(path, None, decoder))
        first = next(stream)
        return np.fromiter(chain([first], stream), np.dtype((np.uint8, first.shape)))
    wanted, places = np.unique(np.asarray(indices, np.int64), return_inverse=True)
    frames = None
    for place, (_, frame) in enumerate(iterate_frames(path, wanted.tolist() or [0], decoder)):
        if frames is None:
            frames = np.empty((len(places), *frame.shape), np.uint8)
        frames[places == place] = frame
    return np.empty((0, 0, 0, 3), np.uint8) if frames is None else frames


def _ascending(path: str | Path, indices: Sequence[int]) -> list[int]:
    wanted = [int(index) for index in indices]
    if wanted and min(wanted) < 0:
        raise ValueError(f"{path}: frame {min(wanted)} was asked for but frames are counted from 0; ask from 0 on")
    for before, after in pairwise(wanted):
        if after <= before:
            raise ValueError(f"{path}: frame {after} was asked for after frame {before}; sort them and drop repeats")
    return wanted
