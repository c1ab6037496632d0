"""The features of the clips of a run, kept on disk and read clip by clip."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.rows import Rows, rows_on_disk
from dance_core.tables import matrix, read_parts


class FeatureStore:
    """Features of clips, of which only the rows that are asked for come into memory.

    Attributes:
        name: What the table is called in errors.
        clip_ids: Clips with features, sorted.
        width: Number of features D.
    """

    def __init__(self, tables: Iterable[pd.DataFrame], name: str = "backbone_features") -> None:
        """Take the features out of tables of some clips each.

        Args:
            tables: clip_id, features (D values).
            name: What the table is called in errors.

        Raises:
            ValueError: A clip occurs twice, or clips differ in their number of features.
        """
        self.name = name
        self._place: dict[str, int] = {}
        parts = (part for part in map(self._registered, tables) if len(part))
        first = next(parts, np.empty((0, 0), np.float32))
        self.width = first.shape[1]
        dtype = first.dtype if first.dtype == np.float32 else np.dtype(np.float64)
        self._rows = rows_on_disk(self._checked(first, parts), self.width, dtype)
        self.clip_ids = tuple(sorted(self._place))

    @classmethod
    def read(cls, paths: Iterable[str | Path], name: str = "backbone_features") -> "FeatureStore":
        """Read the shards of a table of features.

        Raises:
            ValueError: A file is not a whole Parquet file, a clip occurs twice, or clips differ in width.
        """
        files = sorted(map(str, paths))
        return cls((part for path in files for part in read_parts(path, ["clip_id", "features"], 64)), name)

    def __contains__(self, clip_id: str) -> bool:
        """Tell whether a clip has features."""
        return clip_id in self._place

    def rows(self, clip_ids: Sequence[str]) -> Rows:
        """Give the features of some clips as a matrix that is read in blocks.

        Args:
            clip_ids: Clips, in the order wanted.

        Returns:
            Shape (n, D). Reading a clip that has values that are not finite is a ValueError.

        Raises:
            ValueError: A clip has no features.
        """
        absent = [clip for clip in clip_ids if clip not in self._place]
        if absent:
            raise ValueError(
                f"{self.name} has no row for clip '{absent[0]}' ({len(absent)} absent); rebuild {self.name}"
            )
        places = np.array([self._place[clip] for clip in clip_ids], np.int64)

        def read(index: np.ndarray) -> np.ndarray:
            values = self._rows[places[index]]
            bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
            if len(bad):
                clip_id = clip_ids[index[bad[0]]]
                raise ValueError(f"{self.name}: clip '{clip_id}' has values that are not finite; rebuild it")
            return values

        return Rows((len(places), self.width), read)

    def matrix(self, clip_ids: Sequence[str]) -> np.ndarray:
        """Return the features of a few clips at once.

        Args:
            clip_ids: Clips, in the order wanted.

        Returns:
            Shape (n, D), float64.

        Raises:
            ValueError: A clip has no features, or some that are not finite.
        """
        return self.rows(clip_ids)[np.arange(len(clip_ids))]

    def _registered(self, table: pd.DataFrame) -> np.ndarray:
        """Note where the clips of a table will lie and return their features, shape (n, D)."""
        for clip_id in table["clip_id"].astype(str):
            if clip_id in self._place:
                raise ValueError(f"{self.name}: clip '{clip_id}' occurs twice; delete both and run again")
            self._place[clip_id] = len(self._place)
        return matrix(table["features"])

    def _checked(self, first: np.ndarray, rest: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield all parts; refuse one of another width."""
        yield first
        for part in rest:
            if part.shape[1] != self.width:
                raise ValueError(
                    f"{self.name}: clips have {self.width} and {part.shape[1]} features; "
                    f"they come from different encoders, rebuild {self.name}"
                )
            yield part
