"""Tables, tensors and documents come back as they were written, and only whole files count."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dance_core.tables import (
    matrix,
    read_json,
    read_parts,
    read_shards,
    read_table,
    read_tensors,
    rows_of,
    table_writer,
    whole_file,
    write_json,
    write_parts,
    write_table,
    write_tensors,
)

SCHEMA = pa.schema([("clip_id", pa.string()), ("features", pa.list_(pa.float32(), 3))])


def clips(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"clip_id": ids, "features": [np.full(3, len(name), np.float32) for name in ids]})


def test_a_table_comes_back_with_its_arrays(tmp_path):
    write_table(tmp_path / "a.parquet", clips("b", "ccc"), SCHEMA)
    back = read_table(tmp_path / "a.parquet")
    assert list(back["clip_id"]) == ["b", "ccc"]
    np.testing.assert_array_equal(matrix(back["features"]), [[1, 1, 1], [3, 3, 3]])
    assert matrix(back["features"]).dtype == np.float32


def test_an_empty_table_keeps_its_columns(tmp_path):
    write_table(tmp_path / "a.parquet", clips(), SCHEMA)
    assert list(read_table(tmp_path / "a.parquet").columns) == ["clip_id", "features"]


def test_parts_are_one_table(tmp_path):
    write_parts(tmp_path / "a.parquet", (clips(name) for name in ("b", "ccc", "a")))
    table = read_table(tmp_path / "a.parquet")
    assert list(table["clip_id"]) == ["b", "ccc", "a"]
    np.testing.assert_array_equal(matrix(table["features"])[:, 0], [1, 3, 1])


def test_of_a_part_only_wanted_rows_are_kept(tmp_path):
    write_table(tmp_path / "a.parquet", clips("b", "ccc", "a", "b"), SCHEMA)
    parts = list(read_parts(tmp_path / "a.parquet", rows=2, wanted={"clip_id": {"b", "x"}}))
    assert [list(part["clip_id"]) for part in parts] == [["b"], ["b"]]
    assert list(read_parts(tmp_path / "a.parquet", rows=2, wanted={"clip_id": []})) == []


@pytest.mark.parametrize("rows_of_a_group", [100, 5000])
def test_parts_are_read_one_at_a_time_however_the_file_is_cut(tmp_path, rows_of_a_group):
    rng = np.random.default_rng(0)
    schema = pa.schema([("clip_id", pa.string()), ("features", pa.list_(pa.float32(), 500))])
    features = rng.normal(size=(5000, 500)).astype(np.float32)
    table = pd.DataFrame({"clip_id": [f"clip{i}" for i in range(5000)], "features": list(features)})
    parts = (table.iloc[start : start + rows_of_a_group] for start in range(0, 5000, rows_of_a_group))
    write_parts(tmp_path / "a.parquet", parts, schema)
    before, most, n_rows = pa.total_allocated_bytes(), 0, 0
    for part in read_parts(tmp_path / "a.parquet"):
        most = max(most, pa.total_allocated_bytes() - before)
        np.testing.assert_array_equal(matrix(part["features"]), features[n_rows : n_rows + len(part)])
        n_rows += len(part)
    assert n_rows == 5000
    assert most < 0.6 * features.nbytes


def test_two_tables_are_written_side_by_side_or_not_at_all(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    with table_writer(paths[0], SCHEMA) as write, table_writer(paths[1], SCHEMA) as write_other:
        for name in ("b", "ccc"):
            write(clips(name))
            write_other(clips(name * 2))
    assert [list(read_table(path)["clip_id"]) for path in paths] == [["b", "ccc"], ["bb", "cccccc"]]
    with pytest.raises(OSError, match="gone"), table_writer(tmp_path / "c.parquet", SCHEMA) as write:
        write(clips("b"))
        raise OSError("gone")
    assert sorted(tmp_path.iterdir()) == paths


def test_a_table_without_any_part_is_empty(tmp_path):
    with table_writer(tmp_path / "a.parquet", SCHEMA):
        pass
    assert list(read_table(tmp_path / "a.parquet").columns) == ["clip_id", "features"]


def test_a_part_without_a_column_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match=r"columns \['features'\] are absent; the table has \['clip_id'\]"):
        write_parts(tmp_path / "a.parquet", [clips("b"), clips("c")[["clip_id"]]])
    assert not list(tmp_path.iterdir())


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_table(tmp_path / name, clips("x", "yy"), SCHEMA)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_absent_column_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"columns \['features'\] are absent; the table has \['clip_id'\]"):
        write_table(tmp_path / "a.parquet", clips("x")[["clip_id"]], SCHEMA)


def test_a_torn_table_is_refused(tmp_path):
    write_table(tmp_path / "a.parquet", clips("x"), SCHEMA)
    (tmp_path / "a.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"not a whole Parquet file .* delete it and run again"):
        read_table(tmp_path / "a.parquet")


@pytest.mark.parametrize("cut", [("ab", "c"), ("a", "bc"), ("", "abc")])
def test_shards_read_the_same_however_they_are_cut(tmp_path, cut):
    for number, names in enumerate(cut):
        write_table(tmp_path / f"{number}.parquet", clips(*reversed(names)), SCHEMA)
    table = read_shards(sorted(tmp_path.glob("*.parquet"), reverse=True))
    assert list(table["clip_id"]) == ["a", "b", "c"]


def test_a_row_in_two_shards_is_an_error(tmp_path):
    for number in range(2):
        write_table(tmp_path / f"{number}.parquet", clips("same"), SCHEMA)
    with pytest.raises(ValueError, match=r"row \{'clip_id': 'same'\} occurs in two shards"):
        read_shards(tmp_path.glob("*.parquet"))


def test_rows_are_joined_by_clip_never_by_position():
    assert list(rows_of(clips("a", "b", "c"), ["c", "a"], "features")["clip_id"]) == ["c", "a"]
    with pytest.raises(ValueError, match=r"features has no row for clip 'z' \(1 absent\); rebuild features"):
        rows_of(clips("a"), ["a", "z"], "features")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(OSError, match="disk full"), whole_file(tmp_path / "a") as partial:
        partial.write_text("half")
        raise OSError("disk full")
    assert (tmp_path / "a").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_tensors_come_back(tmp_path):
    tensors = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3).T, "bias": np.array([1.5])}
    write_tensors(tmp_path / "t.safetensors", tensors)
    back = read_tensors(tmp_path / "t.safetensors")
    assert back.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(back[name], tensor)


def test_documents_know_numpy_and_write_unknown_as_null(tmp_path):
    write_json(tmp_path / "d.json", {"a": np.float32(0.5), "b": [np.nan, np.int64(2)], "c": np.eye(1), "ü": "é"})
    assert read_json(tmp_path / "d.json") == {"a": 0.5, "b": [None, 2], "c": [[1.0]], "ü": "é"}
