"""Matrices of one row per clip that are read block by block, so that memory does not grow with the clips."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

import numpy as np

NUMBERS_AT_ONCE = 2**18
"""Numbers of a block; the blocks of a matrix depend on its shape only, so its sums are the same on every machine."""


class Rows:
    """A matrix whose rows are made when they are asked for.

    Attributes:
        shape: Numbers of rows and columns (n, D).
        at_once: Rows of a block.
    """

    def __init__(self, shape: tuple[int, int], read: Callable[[np.ndarray], np.ndarray], at_once: int = 0) -> None:
        """Say how to read.

        Args:
            shape: Numbers of rows and columns (n, D).
            read: From row indices, shape (m,), to rows, float64 of shape (m, D).
            at_once: Rows of a block; as many as `NUMBERS_AT_ONCE` allows by default.
        """
        self.shape, self._read = shape, read
        self.at_once = at_once or max(1, NUMBERS_AT_ONCE // max(1, shape[1]))

    @classmethod
    def of(cls, values: np.ndarray) -> "Rows":
        """Wrap an array of shape (n, D) that is in memory."""
        return cls((len(values), values.shape[1]), lambda index: np.asarray(values[index], np.float64))

    def __len__(self) -> int:
        """Return the number of rows n."""
        return self.shape[0]

    def __getitem__(self, index: np.ndarray) -> np.ndarray:
        """Return some rows by their indices, shape (m,), float64 of shape (m, D)."""
        return self._read(index)

    def take(self, index: np.ndarray) -> "Rows":
        """Return the matrix of some rows: indices of shape (m,), or flags of shape (n,)."""
        index = np.flatnonzero(index) if index.dtype == bool else index
        return Rows((len(index), self.shape[1]), lambda chosen: self[index[chosen]], self.at_once)

    def columns(self, flags: np.ndarray) -> "Rows":
        """Return the matrix of some columns: flags of shape (D,)."""
        chosen = np.flatnonzero(flags)
        # Blocks as small as those of all columns, which are read with them.
        return Rows((len(self), len(chosen)), lambda index: self[index].take(chosen, axis=1), self.at_once)

    def scaled(self, mean: np.ndarray, std: np.ndarray | float = 1.0) -> "Rows":
        """Return (x - mean) / std; both have shape (D,)."""

        def read(index: np.ndarray) -> np.ndarray:
            values = self[index] - mean
            values /= std
            return values

        return Rows(self.shape, read, self.at_once)

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the place and the values of one block of rows after another."""
        for start in range(0, len(self), self.at_once):
            place = slice(start, min(start + self.at_once, len(self)))
            yield place, self[np.arange(place.start, place.stop)]

    def dense(self, dtype: type = np.float64) -> np.ndarray:
        """Return the whole matrix, shape (n, D)."""
        out: np.ndarray = np.empty(self.shape, dtype)
        for place, block in self.blocks():
            out[place] = block
        return out

    def __matmul__(self, weight: np.ndarray) -> np.ndarray:
        """Return x @ weight for a weight of shape (D, M), shape (n, M)."""
        out = np.empty((len(self), weight.shape[1]))
        for place, block in self.blocks():
            out[place] = block @ weight
        return out

    def transposed_product(self, values: np.ndarray) -> np.ndarray:
        """Return x.T @ values for values of shape (n, M), shape (D, M)."""
        out = np.zeros((self.shape[1], values.shape[1]))
        for place, block in self.blocks():
            out += block.T @ values[place]
        return out

    def gram(self) -> np.ndarray:
        """Return x @ x.T, shape (n, n), of which one half is computed."""
        out = np.empty((len(self), len(self)))
        for place, block in self.blocks():
            for other_place, other in self.blocks():
                out[place, other_place] = block @ other.T
                out[other_place, place] = out[place, other_place].T
                if other_place == place:
                    break
        return out

    def scatter(self) -> np.ndarray:
        """Return x.T @ x, shape (D, D)."""
        out = np.zeros((self.shape[1], self.shape[1]))
        for _, block in self.blocks():
            out += block.T @ block
        return out

    def mean(self) -> np.ndarray:
        """Return the mean of each column, shape (D,)."""
        total = np.zeros(self.shape[1])
        for _, block in self.blocks():
            total += block.sum(axis=0)
        return total / len(self)

    def stored(self) -> "Rows":
        """Return the same matrix from a temporary file of float64, for one that is read many times."""
        return rows_on_disk((block for _, block in self.blocks()), self.shape[1], np.dtype(np.float64))


def rows_on_disk(blocks: Iterable[np.ndarray], width: int, dtype: np.dtype) -> Rows:
    """Write blocks of rows to a temporary file, which goes when nothing reads it any more.

    Args:
        blocks: Arrays of shape (m, width).
        width: Number of columns.
        dtype: What the file keeps.

    Returns:
        All rows, in the order written.

    Raises:
        ValueError: The folder of temporary files is full.
    """
    # An open file without a name: it is gone when the process ends, however that comes.
    file = tempfile.TemporaryFile(prefix="dance_rows_")  # noqa: SIM115
    count = 0
    for block in blocks:
        try:
            file.write(np.ascontiguousarray(block, dtype))
            file.flush()
        except OSError as error:
            raise ValueError(
                f"temporary folder {tempfile.gettempdir()}: {error.strerror} after {count:,} rows of "
                f"{width * dtype.itemsize:,} bytes; make room or set TMPDIR to a folder with more"
            ) from error
        count += len(block)

    def read(index: np.ndarray) -> np.ndarray:
        out = np.empty((len(index), width), dtype)
        for first, last in _runs(index):
            file.seek(int(index[first]) * width * dtype.itemsize)
            file.readinto(memoryview(out[first:last]).cast("B"))
        return out.astype(np.float64, copy=False)

    return Rows((count, width), read)


def _runs(index: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and behind-last place of each run of consecutive indices."""
    bounds = [0, *(np.flatnonzero(np.diff(index) != 1) + 1).tolist(), len(index)]
    yield from ((first, last) for first, last in pairwise(bounds) if last > first)
