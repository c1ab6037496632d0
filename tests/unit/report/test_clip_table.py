"""Tables of which only some rows come into memory."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dance_core.report.clip_table import ClipTable
from dance_core.tables import write_table

CLIPS = ["a", "a", "b", "c", "c", "c", "d"]


def made(folder: Path, *clips: list[str]) -> ClipTable:
    """A table in one file for each list of clips; row i of a file is frame i."""
    paths = [str(folder / f"{number}.parquet") for number in range(len(clips))]
    for path, found in zip(paths, clips, strict=True):
        values = [np.full(3, frame, np.float32) for frame in range(len(found))]
        write_table(path, pd.DataFrame({"clip_id": found, "frame": range(len(found)), "values": values}))
    return ClipTable(tuple(paths))


@pytest.fixture(params=[1, 2, 256])
def in_parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read so many rows at once."""
    for name in ("report.clip_table.ROWS_OF_PART", "report.clip_table.VALUES_OF_PART", "clip_rows.ROWS_AT_ONCE"):
        monkeypatch.setattr(f"dance_core.{name}", request.param)


@pytest.mark.usefixtures("in_parts")
def test_only_wanted_rows_and_columns_are_read(tmp_path: Path) -> None:
    table = made(tmp_path, CLIPS, ["e", "b"])
    rows = table.rows(["clip_id", "frame"], {"clip_id": {"b", "c", "x"}, "frame": range(4)})
    assert rows.to_dict("list") == {"clip_id": ["b", "c", "b"], "frame": [2, 3, 1]}
    assert table.values("clip_id") == {"a", "b", "c", "d", "e"}
    assert table.values("frame") == set(range(7))


def test_a_row_does_not_keep_its_part_in_memory(tmp_path: Path) -> None:
    (values,) = made(tmp_path, CLIPS).rows(["clip_id", "values"], {"clip_id": ["b"]})["values"]
    assert values.tolist() == [2, 2, 2]
    assert values.base is None or values.base.size == 3


def test_without_files_or_rows_there_are_columns_but_no_rows(tmp_path: Path) -> None:
    for table in (ClipTable(), made(tmp_path, [])):
        assert table.values("clip_id") == set()
        assert table.rows(["clip_id", "frame"], {}).to_dict("list") == {"clip_id": [], "frame": []}
        assert list(table.by_clip(["clip_id"], ["a"])) == []


@pytest.mark.usefixtures("in_parts")
def test_clips_come_whole_however_the_file_is_cut(tmp_path: Path) -> None:
    table = made(tmp_path, CLIPS, ["e", "f", "f"])
    found = {clip_id: list(rows["frame"]) for clip_id, rows in table.by_clip(["clip_id", "frame"], ["c", "a", "f"])}
    assert found == {"a": [0, 1], "c": [3, 4, 5], "f": [1, 2]}


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("clips", [(["a", "b", "b"], ["b", "c"]), (["b", "a", "c", "b"],), (["b", "a", "b", "a"],)])
def test_a_clip_in_two_places_is_refused(tmp_path: Path, clips: tuple) -> None:
    with pytest.raises(ValueError, match=r"parquet: rows of clip 'b' lie in two places; delete the shards"):
        list(made(tmp_path, *clips).by_clip(["clip_id"], ["a", "b"]))


def test_a_torn_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "torn.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"torn.parquet: not a whole Parquet file"):
        ClipTable((str(tmp_path / "torn.parquet"),)).rows(["clip_id"], {})
