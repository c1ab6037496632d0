"""Mimetics: mimed actions of shared classes, as a further test set."""

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets import layouts


@pytest.fixture
def both(tmp_path):
    layouts.ucf101(tmp_path / "ucf")
    return tmp_path / "ucf", layouts.mimetics(tmp_path / "ucf" / "mimetics")


def mimed(source, folder):
    rows = read_rows("ucf101", source, ReaderOptions(extra_tests={"mimetics": folder}))
    return [row for row in rows if row.split == "mimetics"]


def test_clips_of_shared_classes_are_a_split_of_their_own(both, caplog):
    rows = mimed(*both)
    assert rows == [
        (
            "mimetics__a-_B4567890_000003_000009",
            "mimetics/data/yo yo/a-_B4567890_000003_000009.mp4",
            "YoYo",
            "mimetics",
            "mimetics a-_B4567890",
        ),
        (
            "mimetics__b1234567890_000000_000010",
            "mimetics/data/yo yo/b1234567890_000000_000010.mp4",
            "YoYo",
            "mimetics",
            "mimetics b1234567890",
        ),
    ]
    assert "1 of 3 clips are left out, the data set has no such class" in caplog.text
    assert "1 of 2 clips of mimetics are not there" in caplog.text


def test_its_clips_are_read(both):
    source, folder = both
    listing = list_clips(source, 0, reader="ucf101", options=ReaderOptions(extra_tests={"mimetics": folder}))
    manifest = probe_clips(listing[listing["split"] == "mimetics"], source)
    assert manifest["status"].tolist() == ["ok", "unreadable"]
    assert manifest["reason"].tolist() == ["", "there is no such file"]


@pytest.mark.parametrize("name", ["a-_B4567890_3_9.mkv", "deep/below/a-_B4567890.MP4"])
def test_videos_as_other_downloaders_name_them_are_found(both, name):
    source, folder = both
    video = folder / "data" / "yo yo" / "a-_B4567890_000003_000009.mp4"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    video.rename(folder / name)
    assert mimed(source, folder)[0].path == f"mimetics/{name}"


def test_the_table_may_come_from_a_spreadsheet(both):
    source, folder = both
    expected = mimed(source, folder)
    table = folder / "mimetics_v1.0.csv"
    layouts.write_text(folder / "list.csv", "\ufeff" + table.read_text().replace("\n", "\r\n") + "\r\n")
    table.unlink()
    assert mimed(source, folder) == expected


@pytest.mark.parametrize("text", ["", "archery,abc,0,3\n"])
def test_a_table_without_a_class_of_the_data_set_is_refused(both, text):
    source, folder = both
    table = layouts.write_text(folder / "mimetics_v1.0.csv", f"label,youtube_id,time_start,time_end\n{text}")
    with pytest.raises(ValueError) as error:
        mimed(source, folder)
    assert str(error.value) == (
        f"{table}: none of its clips is of a class of the data set, such as 'ApplyEyeMakeup'; "
        "leave mimetics out of data.extra_tests"
    )


def test_an_absent_table_is_named(both):
    source, folder = both
    (folder / "mimetics_v1.0.csv").unlink()
    with pytest.raises(ValueError) as error:
        mimed(source, folder)
    assert str(error.value) == (
        f"data.extra_tests.mimetics: {folder} holds 'data'; expected mimetics_v1.0.csv and the videos, at "
        "data/class/id_start_end.mp4 or anywhere below, see "
        "https://europe.naverlabs.com/research/computer-vision/mimetics"
    )
