"""Exact frames of clips, be they videos, ranges of videos or folders of pictures: one interface, several decoders."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from pathlib import Path

import numpy as np

from dance_core.video.clip_source import ClipSource, UnreadableVideo, clip_name, clip_source
from dance_core.video.probe import ClipProbe, probe_clip

__all__ = ["DECODERS", "ClipProbe", "UnreadableVideo", "clip_name", "iterate_frames", "probe_clip", "read_frames"]

DECODERS = ("pyav", "decord")


def iterate_frames(
    path: str | Path, indices: Sequence[int] | None = None, decoder: str = "pyav"
) -> Iterator[tuple[int, np.ndarray]]:
    """Stream frames of a clip, so that memory holds one of them at a time.

    Args:
        path: Video file, or folder of pictures, which are the frames in the order of their names. It may end in a
            range of frames and a rate: `kick.avi#frames=10-94`, `kick/#fps=30`, `kick/#frames=10-94&fps=30`.
        indices: Frames wanted, 0-based within the clip in display order and strictly ascending; all by default.
        decoder: "pyav", or "decord" where that package is installed; pictures need neither.

    Returns:
        Pairs of a frame's index and its picture, upright, uint8 of shape (height, width, 3) as red, green, blue.

    Raises:
        ValueError: The decoder is unknown or absent, the indices do not ascend, or the clip has no such frame.
        UnreadableVideo: No frame of the clip can be decoded, or its path is not understood.
    """
    if decoder not in DECODERS:
        raise ValueError(f"decoder '{decoder}' is unknown; use one of {', '.join(DECODERS)}")
    wanted = None if indices is None else _ascending(path, indices)
    source = clip_source(path)
    places = None if wanted is None else source.in_file(wanted)
    stream = islice(_frames_of_file(source, places, decoder), source.n_frames if wanted is None else None)
    return ((place - source.first, frame) for place, frame in stream)


def _frames_of_file(source: ClipSource, places: Sequence[int] | None, decoder: str) -> Iterator[tuple[int, np.ndarray]]:
    """Stream frames as the file counts them; all from the clip's first on where `places` is None."""
    if source.file.is_dir():
        from dance_core.video.picture_folder import picture_frames

        return picture_frames(source.file, places, source.first)
    if decoder == "decord":
        from dance_core.video.decord_decoder import decord_frames

        return decord_frames(source.file, places, source.first)
    from dance_core.video.pyav_decoder import pyav_frames

    return pyav_frames(source.file, places, source.first)


def read_frames(path: str | Path, indices: Sequence[int] | None = None, decoder: str = "pyav") -> np.ndarray:
    """Read frames of a clip into one array.

    Args:
        path: Video file or folder of pictures; see `iterate_frames`.
        indices: Frames wanted, 0-based within the clip, in any order, repeats allowed; all by default.
        decoder: "pyav", or "decord" where that package is installed.

    Returns:
        Pictures, upright, uint8 of shape (n, height, width, 3) as red, green, blue, in the order of `indices`.

    Raises:
        ValueError: The decoder is unknown or absent, or the clip has no such frame.
        UnreadableVideo: No frame of the clip can be decoded, or its path is not understood.
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
