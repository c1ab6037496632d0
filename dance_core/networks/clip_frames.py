"""Clips as networks see them: where the file is, and which frames stand for the whole."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.clips import USABLE
from dance_core.video import iterate_frames

CLIPS_PER_TABLE = 64
SAMPLINGS = ("segment", "dense")


@dataclass(frozen=True)
class Clip:
    """A clip whose frames can be read.

    Attributes:
        clip_id: Its key in every table.
        path: The video file.
        n_frames: Frames that can be read.
        fps: Frames per second.
        decoder: Name of the decoder that reads it.
    """

    clip_id: str
    path: Path
    n_frames: int
    fps: float
    decoder: str = "pyav"

    def frames(self, indices: Sequence[int] | np.ndarray) -> dict[int, np.ndarray]:
        """Read some frames, each of them once.

        Args:
            indices: Frames wanted, in any order, repeats allowed.

        Returns:
            RGB frames by index, each uint8 of shape (height, width, 3).

        Raises:
            ValueError: The video has no such frame.
        """
        wanted = sorted({int(index) for index in indices})
        return dict(iterate_frames(self.path, wanted, self.decoder))

    def spread_frames(self, count: int) -> list[np.ndarray]:
        """Read the middle frames of equal segments.

        Args:
            count: Segments.

        Returns:
            RGB frames, each uint8 of shape (height, width, 3); a short clip repeats some.

        Raises:
            ValueError: The video has no such frame.
        """
        indices = segment_centres(self.n_frames, count)
        frames = self.frames(indices)
        return [frames[int(index)] for index in indices]


def readable_clips(manifest_rows: pd.DataFrame, source: str | Path, decoder: str = "pyav") -> Iterator[Clip]:
    """Go through the clips that can be read.

    Args:
        manifest_rows: Rows of the manifest: clip_id, path, n_frames, fps, status.
        source: Folder that the paths start from.
        decoder: Name of the decoder.

    Yields:
        One clip per usable row, in the order of the rows.
    """
    usable = manifest_rows[manifest_rows["status"].isin(USABLE)]
    for row in usable[["clip_id", "path", "n_frames", "fps"]].to_dict("records"):
        yield Clip(str(row["clip_id"]), Path(source) / row["path"], int(row["n_frames"]), float(row["fps"]), decoder)


def segment_centres(n_frames: int, count: int, border: int = 0) -> np.ndarray:
    """Choose frames that stand for equal segments of a clip: the middle frame of each.

    Args:
        n_frames: Frames of the clip.
        count: Segments.
        border: Frames at both ends that are left out, as long as others remain.

    Returns:
        Frame indices, ascending, int64 of shape (count,); a clip shorter than `count` repeats some.

    Source:
        DANCE, appendix (16 equal segments); the remainder of the division is spread, so no tail is left out.
    """
    border = min(border, (n_frames - 1) // 2)
    inner = n_frames - 2 * border
    return border + (2 * np.arange(count) + 1) * inner // (2 * count)


def dense_frames(n_frames: int, count: int, stride: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """Choose every few frames, from a random one on or around the middle.

    Args:
        n_frames: Frames of the clip.
        count: Frames wanted.
        stride: Distance of two of them.
        rng: Draws the first frame; without it the window lies in the middle.

    Returns:
        Frame indices, ascending, int64 of shape (count,); a clip that is too short repeats its last frame.
    """
    room = max(n_frames - (count - 1) * stride - 1, 0)
    start = room // 2 if rng is None else int(rng.integers(room + 1))
    return np.minimum(start + stride * np.arange(count, dtype=np.int64), n_frames - 1)


def feature_tables(rows: Iterable[tuple[str, np.ndarray]]) -> Iterator[pd.DataFrame]:
    """Collect feature vectors in tables of some clips each, so that memory does not grow with the data set.

    Args:
        rows: Clip ids and their features, each of shape (d,).

    Yields:
        Columns clip_id and features as of `feature_table`; one table without rows where there is no clip.

    Raises:
        ValueError: A feature is not a finite number.
    """
    waiting = iter(rows)
    part = list(islice(waiting, CLIPS_PER_TABLE))
    yield feature_table(part)
    while part := list(islice(waiting, CLIPS_PER_TABLE)):
        yield feature_table(part)


def feature_table(rows: Iterable[tuple[str, np.ndarray]]) -> pd.DataFrame:
    """Collect one feature vector per clip.

    Args:
        rows: Clip ids and their features, each of shape (d,).

    Returns:
        Columns clip_id (str) and features (float32 arrays of shape (d,)).

    Raises:
        ValueError: A feature is not a finite number.
    """
    table: dict[str, list] = {"clip_id": [], "features": []}
    for clip_id, features in rows:
        if not np.isfinite(features).all():
            raise ValueError(f"clip '{clip_id}': a feature is not a finite number; check the weights of the network")
        table["clip_id"].append(clip_id)
        table["features"].append(features.astype(np.float32))
    return pd.DataFrame({"clip_id": pd.Series(table["clip_id"], dtype=str), "features": table["features"]})
