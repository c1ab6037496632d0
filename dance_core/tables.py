"""The one reader and writer of Parquet tables, tensor files and JSON documents.

Every file is written under a temporary name beside its place and then renamed, so a file that exists is whole.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as serialise_tensors

ROWS_AT_ONCE = 256


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path that becomes `path` only when the block ends well.

    Args:
        path: Where the finished file shall lie; its folder is made.

    Yields:
        A path in the same folder to write to.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_table(path: str | Path, table: pd.DataFrame, schema: pa.Schema | None = None) -> None:
    """Write a table as Parquet; the same rows always give the same bytes.

    Args:
        path: File to write.
        table: Rows; the index is not written.
        schema: Column types; without it they follow from the values, equally long arrays making fixed-size lists.

    Raises:
        ValueError: A column of the schema is absent from the table.
    """
    write_parts(path, [table], schema)


def write_parts(path: str | Path, parts: Iterable[pd.DataFrame], schema: pa.Schema | None = None) -> None:
    """Write a table that comes in parts, of which only one need be in memory.

    Args:
        path: File to write.
        parts: Rows, at least one part; the index is not written.
        schema: Column types; without it they follow from the first part.

    Raises:
        ValueError: A column of the schema is absent from a part.
    """
    waiting = iter(parts)
    first = next(waiting)
    with table_writer(path, schema or _schema_of(first)) as write:
        for part in chain([first], waiting):
            write(part)


@contextmanager
def table_writer(path: str | Path, schema: pa.Schema) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Open a table to write in parts, for tables that are made side by side.

    Args:
        path: File to write, there only when the block ends well.
        schema: Column types.

    Yields:
        A function that appends some rows; it raises ValueError where a column of the schema is absent.
    """
    with whole_file(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:

        def write(part: pd.DataFrame) -> None:
            absent = [name for name in schema.names if name not in part.columns]
            if absent:
                raise ValueError(f"{path}: columns {absent} are absent; the table has {list(part.columns)}")
            columns = [_column(part[field.name], field) for field in schema]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))

        yield write


def _schema_of(table: pd.DataFrame) -> pa.Schema:
    """Find the column types of a table; a column of equally long arrays is one of fixed-size lists."""
    fields = []
    for name in table.columns:
        rows = table[name]
        lengths = {row.shape for row in rows if isinstance(row, np.ndarray)} if rows.dtype == object else set()
        if len(lengths) == 1 and all(isinstance(row, np.ndarray) for row in rows):
            fields.append((name, pa.list_(pa.from_numpy_dtype(rows.iloc[0].dtype), rows.iloc[0].size)))
        else:
            fields.append((name, pa.Array.from_pandas(rows).type))
    return pa.schema(fields)


def _column(values: pd.Series, field: pa.Field) -> pa.Array:
    """Turn one column into an Arrow array; rows of arrays become fixed-size lists without a Python loop."""
    if pa.types.is_fixed_size_list(field.type):
        width = field.type.list_size
        rows = np.stack([np.ravel(row) for row in values]) if len(values) else np.empty((0, width))
        flat = rows.astype(field.type.value_type.to_pandas_dtype()).ravel()
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), width)
    return pa.Array.from_pandas(values, type=field.type)


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a Parquet table.

    Args:
        path: File to read.
        columns: Columns to read; all by default.

    Returns:
        The rows, list columns as numpy arrays.

    Raises:
        ValueError: The file is not a whole Parquet file.
    """
    try:
        return pq.read_table(path, columns=columns).to_pandas()
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a whole Parquet file ({error}); delete it and run again") from error


def read_parts(
    path: str | Path,
    columns: Sequence[str] | None = None,
    rows: int = ROWS_AT_ONCE,
    wanted: Mapping[str, Collection] | None = None,
) -> Iterator[pd.DataFrame]:
    """Read a Parquet table part by part, so that memory holds one part only.

    Args:
        path: File to read.
        columns: Columns to read; all by default.
        rows: Most rows of a part.
        wanted: Values by column; rows with any other value are left out.

    Yields:
        Some rows each, in the order of the file.

    Raises:
        ValueError: The file is not a whole Parquet file.
    """
    try:
        file = pq.ParquetFile(str(path), pre_buffer=False, buffer_size=2**18)  # else Arrow reads ahead to its end
        chosen = (wanted or {}).items() if file.metadata.num_rows else ()  # a table without rows may be without types
        kept = {column: pa.array(list(values), file.schema_arrow.field(column).type) for column, values in chosen}
        for batch in file.iter_batches(rows, columns=columns, use_threads=False):
            for column, values in kept.items():  # before pandas, whose views keep a whole part for a single row
                batch = batch.filter(pc.is_in(batch[column], values))
            if batch.num_rows:
                yield batch.to_pandas()
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path}: not a whole Parquet file ({error}); delete it and run again") from error


def read_shards(paths: Iterable[str | Path], order: Sequence[str] = ("clip_id",)) -> pd.DataFrame:
    """Read the shards of one table as if it had been written in one piece.

    Args:
        paths: Parquet files with the same columns.
        order: Columns that give the row order, whatever the shards were.

    Returns:
        All rows, sorted.

    Raises:
        ValueError: A row occurs in two shards.
    """
    shards = [read_table(path) for path in sorted(map(str, paths))]
    shards = [shard for shard in shards if len(shard)] or shards[:1]
    table = pd.concat(shards, ignore_index=True).sort_values(list(order), ignore_index=True)
    twice = table.duplicated(list(order))
    if twice.any():
        raise ValueError(f"row {table.loc[twice, list(order)].iloc[0].to_dict()} occurs in two shards; delete both")
    return table


def rows_of(table: pd.DataFrame, clip_ids: Sequence[str], name: str) -> pd.DataFrame:
    """Pick the rows of some clips, in the order asked for.

    Args:
        table: A table with one row per clip and a column clip_id.
        clip_ids: Clips wanted.
        name: What the table is called in the error.

    Returns:
        One row per wanted clip.

    Raises:
        ValueError: A clip has no row.
    """
    indexed = table.set_index("clip_id", drop=False)
    absent = [clip for clip in clip_ids if clip not in indexed.index]
    if absent:
        raise ValueError(f"{name} has no row for clip '{absent[0]}' ({len(absent)} absent); rebuild {name}")
    return indexed.loc[list(clip_ids)].reset_index(drop=True)


def matrix(column: pd.Series) -> np.ndarray:
    """Stack a column of equally long arrays.

    Args:
        column: n arrays of d numbers.

    Returns:
        Array of shape (n, d).
    """
    return np.stack(list(column)) if len(column) else np.empty((0, 0), np.float32)


def write_tensors(path: str | Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as safetensors.

    Args:
        path: File to write.
        tensors: Arrays by name.
    """
    content = serialise_tensors({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)})
    with whole_file(path) as partial:
        partial.write_bytes(content)


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """Read named arrays from a safetensors file.

    Args:
        path: File to read.

    Returns:
        Arrays by name.

    Raises:
        ValueError: The file is not a whole safetensors file.
    """
    try:
        return parse_tensors(Path(path).read_bytes())
    except SafetensorError as error:
        raise ValueError(f"{path}: not a whole safetensors file ({error}); get or make it again") from error


def write_json(path: str | Path, document: Any) -> None:
    """Write a JSON document; numbers that are not finite become null.

    Args:
        path: File to write.
        document: Nested dicts, lists and scalars.
    """
    with whole_file(path) as partial:
        partial.write_text(json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON document.

    Args:
        path: File to read.

    Returns:
        Nested dicts, lists and scalars.

    Raises:
        ValueError: The file is not a JSON document in UTF-8.
    """
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON document in UTF-8 ({error}); get or make it again") from error


def _plain(value: Any) -> Any:
    """Turn numpy scalars and arrays into what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
