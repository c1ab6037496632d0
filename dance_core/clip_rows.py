"""What several tables say of one clip after another, so that memory holds a few clips only."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pandas as pd

from dance_core.tables import ROWS_AT_ONCE, read_parts

Groups = Iterable[tuple[str, pd.DataFrame]]
"""The rows of one clip after another."""


def groups_of(table: pd.DataFrame) -> Groups:
    """Give the rows of a table in memory clip by clip, in the order of clip ids."""
    return ((str(clip_id), rows) for clip_id, rows in table.groupby("clip_id"))


def read_groups(
    path: str | Path | Sequence[str], columns: Sequence[str] | None = None, clip_ids: Collection[str] | None = None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Read the rows of one clip after another, so that memory holds a few clips only.

    Args:
        path: Parquet file in which the rows of a clip follow each other; an empty list where there is none.
        columns: Columns to read, clip_id among them; all by default.
        clip_ids: Clips to read; all by default.

    Yields:
        A clip's id and its rows, in the order of the file; a clip whose rows lie in two places comes twice.

    Raises:
        ValueError: The file is not a whole Parquet file.
    """
    rest: pd.DataFrame | None = None
    wanted = None if clip_ids is None else {"clip_id": clip_ids}
    for part in read_parts(str(path), columns, ROWS_AT_ONCE, wanted) if path else ():
        rows = part if rest is None else pd.concat([rest, part], ignore_index=True)
        *whole, (_, rest) = rows.groupby(rows["clip_id"].ne(rows["clip_id"].shift()).cumsum(), sort=False)
        yield from ((group["clip_id"].iloc[0], group.reset_index(drop=True)) for _, group in whole)
    if rest is not None:
        yield rest["clip_id"].iloc[0], rest.reset_index(drop=True)


def clip_rows(
    clip_ids: Iterable[str], tables: Mapping[str, Sequence[Groups]]
) -> Iterator[tuple[str, dict[str, pd.DataFrame]]]:
    """Bring together the rows that tables have of each clip.

    Args:
        clip_ids: Clips of the manifest, in the order of their ids.
        tables: The shards of each table by its name, each in the order of clip ids.

    Yields:
        A clip and its rows by table, in the order of clip ids; a table that has none is left out.

    Raises:
        ValueError: A table has a clip that the manifest lacks, has one in two shards, or is not in order.
    """
    known = pd.DataFrame()
    sources: list[Iterable[tuple[str, str, pd.DataFrame]]] = [((clip_id, "", known) for clip_id in clip_ids)]
    sources += [_in_order(name, shard) for name, shards in tables.items() for shard in shards]
    for clip_id, entries in groupby(merge(*sources, key=itemgetter(0)), key=itemgetter(0)):
        found: dict[str, pd.DataFrame] = {}
        for _, name, rows in entries:
            if name in found:
                raise ValueError(f"{name}: clip '{clip_id}' occurs in two shards; delete both and run again")
            found[name] = rows
        if found.pop("", None) is None:
            name = next(iter(found))
            raise ValueError(f"{name} has clip '{clip_id}', which the manifest lacks; rebuild {name}")
        yield clip_id, found


def _in_order(name: str, groups: Groups) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Name the table of each clip's rows; refuse clips that are out of order, which could not be merged."""
    before = None
    for clip_id, rows in groups:
        if before is not None and clip_id <= before:
            raise ValueError(f"{name}: clip '{clip_id}' follows clip '{before}', out of order; rebuild {name}")
        yield clip_id, name, rows
        before = clip_id
