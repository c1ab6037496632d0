"""Kinetics: clips by the csv lists, found in folders of any name, and counted where YouTube lost them."""

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets.layouts import write_video

HEAD = "label,youtube_id,time_start,time_end,split\n"
OPTIONS = ReaderOptions()
CLASSES = ("abseiling", "shooting goal (soccer)")


def lines(part, first):
    return [f'"{CLASSES[i % 2]}",-id_{first + i},{5 * i},{5 * i + 10},{part}\n' for i in range(6)]


def name_of(number, first):
    i = number - first
    return f"-id_{number}_{5 * i:06d}_{5 * i + 10:06d}"


def data_set(folder, place="{label}", lists="annotations", absent=(4,), names=("train", "val", "test")):
    """Six clips in each part, of two classes; clip 4 of train is missing."""
    (folder / lists).mkdir(parents=True, exist_ok=True)
    for part, name, first in zip(("train", "validate", "test"), names, (0, 10, 20), strict=True):
        (folder / lists / f"{name}.csv").write_text(HEAD + "".join(lines(part, first)))
        for number in range(first, first + 6):
            start = folder / place.format(label=CLASSES[number % 2], part=part)
            start.mkdir(parents=True, exist_ok=True)
            if number not in absent:
                (start / f"{name_of(number, first)}.mp4").write_bytes(b"")
    return folder


def test_validation_clips_are_the_test_set(tmp_path):
    rows = {row.clip_id: row for row in read_rows("kinetics", data_set(tmp_path), OPTIONS)}
    assert len(rows) == 12
    assert rows["-id_1_000005_000015"] == (
        "-id_1_000005_000015",
        "shooting goal (soccer)/-id_1_000005_000015.mp4",
        "shooting goal (soccer)",
        "train",
        "-id_1",
    )
    assert rows[name_of(13, 10)].split == "test"


def test_split_2_takes_the_three_official_parts(tmp_path):
    rows = {row.clip_id: row for row in read_rows("kinetics", data_set(tmp_path), ReaderOptions(split=2))}
    assert [rows[name_of(first, first)].split for first in (0, 10, 20)] == ["train", "val", "test"]


@pytest.mark.parametrize("place", ["", "{part}", "{part}/{label}", "k400/{part}_256"])
def test_clips_are_found_by_their_names(tmp_path, place):
    rows = read_rows("kinetics", data_set(tmp_path, place), OPTIONS)
    there = [row for row in rows if (tmp_path / row.path).is_file()]
    assert len(there) == 11


def test_the_lists_of_the_first_release_are_found(tmp_path):
    data_set(tmp_path, lists="", names=("kinetics_train", "kinetics_val", "kinetics_test"))
    assert len(read_rows("kinetics", tmp_path, OPTIONS)) == 12
    data_set(tmp_path / "b", lists="kinetics400", names=("train", "validate", "test"))
    assert len(read_rows("kinetics", tmp_path / "b", OPTIONS)) == 12


def test_missing_clips_stay_in_the_list_and_are_counted(tmp_path, caplog):
    listing = list_clips(data_set(tmp_path), 0, (0.6, 0.2, 0.2), reader="kinetics")
    assert listing["path"][listing["clip_id"] == name_of(4, 0)].item() == f"abseiling/{name_of(4, 0)}.mp4"
    assert f"1 of 6 clips of train are not there, such as 'abseiling/{name_of(4, 0)}.mp4'" in caplog.text
    assert set(listing["split"]) == {"train", "val", "test"}


def test_clips_are_read(tmp_path):
    data_set(tmp_path)
    write_video(tmp_path / "abseiling" / f"{name_of(0, 0)}.mp4", 12)
    listing = list_clips(tmp_path, 0, reader="kinetics")
    manifest = probe_clips(listing[listing["clip_id"].isin([name_of(0, 0), name_of(4, 0)])], tmp_path)
    assert manifest[["n_frames", "status"]].to_numpy().tolist() == [[12, "ok"], [0, "unreadable"]]


def test_pieces_of_one_video_are_one_group_which_the_lists_may_part(tmp_path, caplog):
    data_set(tmp_path)
    for name, text in (("train", "abseiling,-id_0,50,60,train\n"), ("val", "abseiling,-id_2,70,80,validate\n")):
        with (tmp_path / "annotations" / f"{name}.csv").open("a") as file:
            file.write(text)
    rows = {row.clip_id: row for row in read_rows("kinetics", tmp_path, OPTIONS)}
    assert rows["-id_0_000050_000060"].group == rows[name_of(0, 0)].group == "-id_0"
    assert (rows["-id_2_000070_000080"].group, rows[name_of(2, 0)].group) == ("-id_2 (test)", "-id_2 (train)")
    assert "Kinetics: the official lists have 1 groups in two splits, such as '-id_2'" in caplog.text
    list_clips(tmp_path, 0, reader="kinetics")


def test_a_line_that_is_there_twice_counts_once(tmp_path):
    data_set(tmp_path)
    with (tmp_path / "annotations" / "train.csv").open("a") as file:
        file.write(lines("train", 0)[0])
    assert len(read_rows("kinetics", tmp_path, OPTIONS)) == 12


def test_a_clip_of_two_classes_is_refused(tmp_path):
    data_set(tmp_path)
    with (tmp_path / "annotations" / "train.csv").open("a") as file:
        file.write("bowling,-id_0,0,10,train")
    with pytest.raises(ValueError) as error:
        read_rows("kinetics", tmp_path, OPTIONS)
    assert str(error.value) == (
        f"{tmp_path}/annotations/train.csv line 8: clip '-id_0_000000_000010' is of class 'bowling' here and of "
        "'abseiling' above; remove one of the lines"
    )


def test_a_test_list_without_labels_is_refused(tmp_path):
    data_set(tmp_path)
    (tmp_path / "annotations" / "test.csv").write_text("youtube_id,time_start,time_end,split\n-id_20,0,10,test\n")
    with pytest.raises(
        ValueError, match=r"test.csv line 1: column 'label' is absent, the header has youtube_id, .*; ta"
    ):
        read_rows("kinetics", tmp_path, ReaderOptions(split=2))
    assert len(read_rows("kinetics", tmp_path, OPTIONS)) == 12


def test_another_split_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"data.split 3: Kinetics has the splits 1 \(.*\) and 2 \(.*\); set one of"):
        read_rows("kinetics", data_set(tmp_path), ReaderOptions(split=3))


def test_an_absent_list_is_named(tmp_path):
    (tmp_path / "abseiling").mkdir()
    with pytest.raises(ValueError, match=r"Kinetics: there is no [^ ]*train.csv; .* holds 'abseiling', but it should"):
        read_rows("kinetics", tmp_path, OPTIONS)
