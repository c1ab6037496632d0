"""UCF-101: the official lists, groups of clips of one video, and further test sets."""

from pathlib import Path

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.datasets.ucf101 import group_of
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets import layouts


def test_lists_name_the_clips_and_groups_keep_them_together(tmp_path):
    rows = read_rows("ucf101", layouts.ucf101(tmp_path), ReaderOptions())
    assert len(rows) == 3 * 4
    assert rows[4] == (
        "v_HandStandPushups_g01_c01",
        "UCF-101/HandstandPushups/v_HandStandPushups_g01_c01.avi",
        "HandstandPushups",
        "test",
        "handstandpushups_g01",
    )
    assert {row.split for row in rows if row.group.endswith("_g01")} == {"test"}
    assert {row.split for row in rows if not row.group.endswith("_g01")} == {"train"}


def test_a_group_is_told_by_the_name():
    assert group_of("v_BasketballDunk_g12_c03.avi") == "basketballdunk_g12"
    assert group_of("v_BasketballDunk_g12_c03__4") == "basketballdunk_g12"
    assert group_of("holiday.avi") == ""


def test_the_second_split_is_read_from_its_own_lists(tmp_path):
    layouts.ucf101(tmp_path, split=2)
    assert len(read_rows("ucf101", tmp_path, ReaderOptions(split=2))) == 12
    with pytest.raises(ValueError, match=r"^UCF-101: there is no .*/ucfTrainTestlist/trainlist01\.txt or "):
        read_rows("ucf101", tmp_path, ReaderOptions())


def test_val_is_drawn_from_train_and_clips_are_read(tmp_path):
    layouts.ucf101(tmp_path)
    (tmp_path / "UCF-101" / "YoYo" / "v_YoYo_g08_c01.avi").unlink()
    listing = list_clips(tmp_path, 0, reader="ucf101")
    assert listing["split"].value_counts().to_dict() == {"train": 6, "val": 3, "test": 3}
    manifest = probe_clips(listing, tmp_path).set_index("clip_id")
    assert manifest.loc["v_YoYo_g09_c01", ["n_frames", "fps", "status"]].tolist() == [12, 25, "ok"]
    assert manifest.loc["v_YoYo_g08_c01", "reason"] == "there is no such file"


def test_the_source_may_be_the_folder_of_the_classes_and_files_may_be_converted(tmp_path):
    layouts.ucf101(tmp_path)
    folder = tmp_path / "UCF-101"
    (folder / "YoYo" / "v_YoYo_g01_c01.avi").rename(folder / "YoYo" / "v_yoyo_g01_c01.MP4")
    paths = {row.clip_id: row.path for row in read_rows("ucf101", folder, ReaderOptions())}
    assert paths["v_YoYo_g01_c01"] == "YoYo/v_yoyo_g01_c01.MP4"
    assert paths["v_YoYo_g08_c01"] == "YoYo/v_YoYo_g08_c01.avi"


def test_folders_may_be_named_after_the_files_or_be_left_out(tmp_path):
    folder = layouts.ucf101(tmp_path) / "UCF-101"
    (folder / "HandstandPushups").rename(folder / "HandStandPushups")
    (folder / "YoYo" / "v_YoYo_g01_c01.avi").rename(folder / "v_YoYo_g01_c01.avi")
    paths = {row.clip_id: row.path for row in read_rows("ucf101", tmp_path, ReaderOptions())}
    assert all((tmp_path / path).is_file() for path in paths.values())
    assert paths["v_YoYo_g01_c01"] == "UCF-101/v_YoYo_g01_c01.avi"


def test_lists_may_lie_elsewhere(tmp_path):
    layouts.ucf101(tmp_path / "data")
    expected = read_rows("ucf101", tmp_path / "data", ReaderOptions())
    (tmp_path / "data" / "ucfTrainTestlist").rename(tmp_path / "data" / "lists")
    assert read_rows("ucf101", tmp_path / "data", ReaderOptions(annotations=tmp_path / "data" / "lists")) == expected


LINE = "Archery/v_Archery_g08_c01.avi"


@pytest.mark.parametrize(
    ("file", "line", "sentence"),
    [
        ("classInd", "ApplyEyeMakeup 1", "is no number and class such as '1 ApplyEyeMakeup'; get the list anew"),
        (
            "trainlist01",
            "v_YoYo_g08_c01.avi 3",
            "is no clip such as 'Archery/v_Archery_g08_c01.avi 3'; get the list anew",
        ),
        ("testlist01", "YoYo/holiday.avi", "is no clip such as 'Archery/v_Archery_g08_c01.avi 3'; get the list anew"),
    ],
)
def test_a_line_that_is_not_understood_is_named(tmp_path, file, line, sentence):
    layouts.ucf101(tmp_path)
    table = layouts.write_text(tmp_path / "ucfTrainTestlist" / f"{file}.txt", f"\n{line}\n")
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions())
    assert str(error.value) == f"{table} line 2: '{line}' {sentence}"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (LINE, "class 'Archery' is not in classInd.txt; use the lists of one download"),
        (
            "YoYo/v_YoYo_g08_c01.avi 2",
            "class 'YoYo' has number 2, in classInd.txt 3; use the lists of one download",
        ),
    ],
)
def test_lists_that_do_not_belong_together_are_refused(tmp_path, line, sentence):
    layouts.ucf101(tmp_path)
    table = layouts.write_text(tmp_path / "ucfTrainTestlist" / "trainlist01.txt", line)
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions())
    assert str(error.value) == f"{table} line 1: {sentence}"


def test_a_split_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"^data\.split 4: UCF-101 has the splits 1, 2 and 3; set one of them$"):
        read_rows("ucf101", Path(), ReaderOptions(split=4))


def test_absent_lists_are_named(tmp_path):
    layouts.write_video(tmp_path / "UCF-101" / LINE)
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions())
    assert str(error.value) == (
        f"UCF-101: there is no {tmp_path}/ucfTrainTestlist/classInd.txt or "
        f"{tmp_path.parent}/ucfTrainTestlist/classInd.txt or {tmp_path}/classInd.txt; {tmp_path} holds 'UCF-101', but "
        "it should hold the folder UCF-101 of UCF101.rar and the folder ucfTrainTestlist of "
        "UCF101TrainTestSplits-RecognitionTask.zip; unpack what comes from https://www.crcv.ucf.edu/data/UCF101.php "
        "there, or set source to the folder where it is"
    )
