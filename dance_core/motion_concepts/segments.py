"""The pose segments of a run, whose joints are kept on disk and read in blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.rows import Rows, rows_on_disk
from dance_core.tables import matrix, read_parts

SEGMENTS_AT_ONCE = 256
COLUMNS = ["segment_id", "clip_id", "split", "label", "start", "end"]


@dataclass(frozen=True)
class SegmentStore:
    """Pose segments, of which only the joints that are asked for come into memory.

    Attributes:
        table: One row per segment, sorted by segment_id: segment_id, clip_id, split, label, start, end.
        joints: Normalised joints in the same order, shape (n, L * 34); NaN where a joint is missing.
    """

    table: pd.DataFrame
    joints: Rows

    @classmethod
    def of(cls, tables: Iterable[pd.DataFrame]) -> "SegmentStore":
        """Take the joints out of tables of some segments each.

        Args:
            tables: segment_id, clip_id, split, label, start, end, joints (float32 [L * 34]).

        Returns:
            The segments; the same whatever the order of the rows.

        Raises:
            ValueError: A segment occurs twice.
        """
        heads: list[pd.DataFrame] = []

        def joints() -> Iterator[np.ndarray]:
            for part in (table for table in tables if len(table)):
                heads.append(part[COLUMNS])
                yield matrix(part["joints"])

        blocks = joints()
        first = next(blocks, np.empty((0, 0), np.float32))
        stored = rows_on_disk(chain([first], blocks), first.shape[1], np.dtype(np.float32))
        table = pd.concat(heads, ignore_index=True) if heads else pd.DataFrame(columns=COLUMNS)
        table = table.sort_values("segment_id")
        twice = table["segment_id"].duplicated()
        if twice.any():
            raise ValueError(f"pose_segments has segment '{table['segment_id'][twice].iloc[0]}' twice; rebuild it")
        order = table.index.to_numpy()
        return cls(table.reset_index(drop=True), Rows(stored.shape, lambda i: stored[order[i]], SEGMENTS_AT_ONCE))

    @classmethod
    def read(cls, path: str | Path) -> "SegmentStore":
        """Read pose_segments.parquet.

        Raises:
            ValueError: The file is not a whole Parquet file, or a segment occurs twice.
        """
        return cls.of(read_parts(path, [*COLUMNS, "joints"]))

    def take(self, flags: np.ndarray) -> "SegmentStore":
        """Give some of the segments: flags of shape (n,)."""
        return SegmentStore(self.table[flags].reset_index(drop=True), self.joints.take(flags))
