"""A table of a run of which only the rows that the report shows come into memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dance_core.clip_rows import read_groups
from dance_core.tables import read_parts

ROWS_OF_PART = 64
"""Of a table with arrays in its rows."""
VALUES_OF_PART = 2**16
"""Of a single column."""


@dataclass(frozen=True)
class ClipTable:
    """A table with rows of every clip, read part by part and as often as it is asked for.

    Attributes:
        paths: Its Parquet files; none where the stage did not run. A ValueError of any method names one that is torn.
    """

    paths: tuple[str, ...] = ()

    def values(self, column: str) -> set:
        """Return what occurs in a column."""
        parts = (part for path in self.paths for part in read_parts(path, [column], VALUES_OF_PART))
        return {value for part in parts for value in part[column].unique().tolist()}

    def parts(self, columns: Sequence[str], wanted: Mapping[str, Collection]) -> Iterator[pd.DataFrame]:
        """Yield some rows after another.

        Args:
            columns: What to read.
            wanted: Values by column; rows with any other value are left out.

        Yields:
            Tables, in the order of the files.
        """
        for path in self.paths:
            yield from read_parts(path, columns, ROWS_OF_PART, wanted)

    def rows(self, columns: Sequence[str], wanted: Mapping[str, Collection]) -> pd.DataFrame:
        """Return all rows that `parts` yields."""
        parts = list(self.parts(columns, wanted))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(columns))

    def by_clip(self, columns: Sequence[str], clip_ids: Collection[str]) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield the rows of one clip after another.

        Args:
            columns: What to read, clip_id among it.
            clip_ids: Clips wanted.

        Yields:
            A clip's id and its rows.

        Raises:
            ValueError: The rows of a clip lie in two places, as when two shards have the clip.
        """
        done: set[str] = set()
        for path in self.paths:
            for clip_id, rows in read_groups(path, columns, clip_ids):
                if clip_id in done:
                    raise ValueError(f"{path}: rows of clip '{clip_id}' lie in two places; delete the shards")
                done.add(clip_id)
                yield clip_id, rows
