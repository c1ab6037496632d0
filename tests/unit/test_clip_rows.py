"""Tables side by side: each clip's rows are found whatever shards they lie in, and what cannot be right is refused."""

import pandas as pd
import pytest

from dance_core.clip_rows import clip_rows, read_groups
from dance_core.tables import write_table


def shard(*clip_ids: str, name: str = "poses") -> list[tuple[str, pd.DataFrame]]:
    return [(clip_id, pd.DataFrame({"row": [f"{name} of {clip_id}"]})) for clip_id in clip_ids]


def found(clip_ids: str, **tables) -> list[tuple[str, list[str], list[str]]]:
    rows = list(clip_rows(clip_ids, tables))
    return [(clip, list(each), [table["row"][0] for table in each.values()]) for clip, each in rows]


@pytest.mark.parametrize("cut", [("abd",), ("ad", "b"), ("", "b", "ad")])
def test_rows_come_clip_by_clip_however_the_shards_are_cut(cut):
    expected = [
        ("a", ["poses", "keyframes"], ["poses of a", "keyframes of a"]),
        ("b", ["poses"], ["poses of b"]),
        ("c", ["keyframes"], ["keyframes of c"]),
        ("d", ["poses"], ["poses of d"]),
        ("e", [], []),
    ]
    assert found("abcde", poses=[shard(*ids) for ids in cut], keyframes=[shard(*"ac", name="keyframes")]) == expected


def test_only_some_clips_are_read_ahead():
    read = []

    def groups():
        for clip_id, rows in shard(*"abcdef"):
            read.append(clip_id)
            yield clip_id, rows

    rows = clip_rows("abcdef", {"poses": [groups()]})
    next(rows)
    assert read == ["a", "b"]


@pytest.mark.parametrize(
    ("shards", "sentence"),
    [
        ([shard("a", "z")], "poses has clip 'z', which the manifest lacks; rebuild poses"),
        ([shard("A")], "poses has clip 'A', which the manifest lacks; rebuild poses"),
        ([shard("a", "b"), shard("b")], "poses: clip 'b' occurs in two shards; delete both and run again"),
        ([shard("b", "a")], "poses: clip 'a' follows clip 'b', out of order; rebuild poses"),
        ([shard("a", "a")], "poses: clip 'a' follows clip 'a', out of order; rebuild poses"),
    ],
)
def test_what_cannot_be_right_is_refused(shards, sentence):
    with pytest.raises(ValueError) as caught:
        list(clip_rows("ab", {"poses": shards}))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_clips_are_read_one_after_another_however_the_file_is_cut(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr("dance_core.clip_rows.ROWS_AT_ONCE", at_once)
    rows = pd.DataFrame({"clip_id": list("bbaccc"), "frame": range(6)})
    write_table(tmp_path / "a.parquet", rows)
    groups = [(name, group["frame"].tolist()) for name, group in read_groups(tmp_path / "a.parquet")]
    assert groups == [("b", [0, 1]), ("a", [2]), ("c", [3, 4, 5])]
    some = [
        (name, group.to_dict("list")) for name, group in read_groups(tmp_path / "a.parquet", ["clip_id"], ["c", "b"])
    ]
    assert some == [("b", {"clip_id": ["b"] * 2}), ("c", {"clip_id": ["c"] * 3})]


def test_no_file_and_no_rows_are_no_clips(tmp_path):
    write_table(tmp_path / "a.parquet", pd.DataFrame({"clip_id": pd.Series([], dtype=str)}))
    assert not list(read_groups([])) and not list(read_groups(tmp_path / "a.parquet"))
