"""Decoding through decord, for those who need its very frames.

It shows wrong frames of AVI files with B-frames, and washed-out ones of videos of high dynamic range.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dance_core.video.clip_source import NO_FILE, UnreadableVideo, begins_late


def decord_frames(path: str | Path, indices: Sequence[int] | None, first: int = 0) -> Iterator[tuple[int, np.ndarray]]:
    """Stream frames of a file; see `dance_core.video.iterate_frames`.

    Args:
        path: Video file.
        indices: Frames wanted, ascending, or None: all from `first` on.
        first: Frame of the file that the clip begins with.

    Yields:
        Pairs of a frame's index in the file and its picture.

    Raises:
        ValueError: decord is not installed, or the video has no such frame.
        UnreadableVideo: decord cannot open the file, or it ends before `first`.
    """
    try:
        import decord
    except ImportError as error:
        raise ValueError(
            "decoder 'decord' is not installed; run 'pip install decord==0.6.0' or use decoder 'pyav'"
        ) from error
    if not Path(path).is_file():
        raise UnreadableVideo(path, NO_FILE)
    try:
        reader = decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=1)
        n_frames = len(reader)
    except (decord.DECORDError, RuntimeError) as error:
        raise UnreadableVideo(path, f"decord cannot open it ({str(error).splitlines()[0]})") from error
    if n_frames <= first:
        raise UnreadableVideo(path, begins_late(n_frames, first))
    for index in range(first, n_frames) if indices is None else indices:
        if index >= n_frames:
            raise ValueError(
                f"{path}: frame {index} was asked for but the video has frames 0 to {n_frames - 1}; "
                "read the manifest again"
            )
        yield index, reader[index].asnumpy()
