"""HMDB-51: a list for each class, clips of one film together, and names with odd characters."""

from pathlib import Path

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.datasets.hmdb51 import group_of
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets import layouts


def test_clips_of_both_lists_are_found_and_unused_ones_left_out(tmp_path):
    rows = {row.clip_id: row for row in read_rows("hmdb51", layouts.hmdb51(tmp_path), ReaderOptions())}
    assert len(rows) == 7
    assert not any("Prelinger" in clip for clip in rows)
    assert rows["April_09_brush_hair_u_nm_np1_ba_goo_0"] == (
        "April_09_brush_hair_u_nm_np1_ba_goo_0",
        "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi",
        "brush_hair",
        "train",
        "brush_hair: April_09",
    )
    assert rows["April_09_sit_u_nm_np1_ba_goo_0"].split == "test"  # the same film under another class


def test_a_film_is_told_by_the_name():
    name = "Silky Straight Hair_original_brush_hair_h_nm_np1_fr_goo_0.avi"
    assert group_of(name, "brush_hair") == "brush_hair: Silky Straight Hair_original"
    assert group_of("20060723sfjffbartsinger_Sit_f_cm_np1_ba_med_0.avi", "sit") == "sit: 20060723sfjffbartsinger"
    assert group_of("holiday.avi", "sit") == ""


def test_val_is_drawn_from_train_and_odd_names_are_read(tmp_path):
    listing = list_clips(layouts.hmdb51(tmp_path), 0, reader="hmdb51")
    assert listing["split"].value_counts().to_dict() == {"train": 3, "test": 2, "val": 2}
    manifest = probe_clips(listing, tmp_path).set_index("clip_id")
    assert set(manifest["status"]) == {"ok"}
    assert manifest.loc["_Trick_brush_hair_u_cm_np1_fr_med_0", "path"].startswith("brush_hair/#Trick")
    assert manifest.loc["_Rad_Bank__sit_f_cm_np1_ri_med_0", "path"].startswith("sit/(Rad)Bank!")
    assert manifest.loc["Silky_Straight_Hair_original_brush_hair_h_nm_np1_fr_goo_0", "n_frames"] == 12


def test_an_absent_clip_whose_name_begins_with_a_number_sign_is_counted(tmp_path, caplog):
    layouts.hmdb51(tmp_path)
    (tmp_path / "brush_hair" / "#Trick_brush_hair_u_cm_np1_fr_med_0.avi").unlink()
    listing = list_clips(tmp_path, 0, reader="hmdb51")
    assert "1 of 2 clips of test are not there, such as 'brush_hair/#Trick" in caplog.text
    manifest = probe_clips(listing, tmp_path).set_index("clip_id")
    assert manifest.loc["_Trick_brush_hair_u_cm_np1_fr_med_0", "reason"] == "there is no such file"


def test_a_film_on_both_sides_of_the_official_split_is_parted_and_told(tmp_path, caplog):
    layouts.hmdb51(tmp_path)
    table = tmp_path / "testTrainMulti_7030_splits" / "brush_hair_test_split1.txt"
    table.write_text(table.read_text().replace("goo_1.avi 1", "goo_1.avi 2"))
    listing = list_clips(tmp_path, 0, reader="hmdb51").set_index("clip_id")
    groups = listing.loc[[f"April_09_brush_hair_u_nm_np1_ba_goo_{i}" for i in (0, 1)], "group"].tolist()
    assert groups == ["brush_hair: April_09 (train)", "brush_hair: April_09 (test)"]
    assert "HMDB-51: the official lists have 1 groups in two splits, such as 'brush_hair: April_09'" in caplog.text


@pytest.mark.parametrize("videos", ["hmdb51_org", "videos", ""])
@pytest.mark.parametrize("lists", ["testTrainMulti_7030_splits", "test_train_splits/testTrainMulti_7030_splits", ""])
def test_layouts_of_other_tools_are_read(tmp_path, videos, lists):
    layouts.hmdb51(tmp_path, videos=videos, lists=lists)
    rows = read_rows("hmdb51", tmp_path, ReaderOptions())
    assert all((tmp_path / row.path).is_file() for row in rows)


def test_lists_may_lie_elsewhere_and_be_of_another_split(tmp_path):
    layouts.hmdb51(tmp_path / "data", split=3, lists="../lists")
    assert len(read_rows("hmdb51", tmp_path / "data", ReaderOptions(3, annotations=tmp_path / "lists"))) == 7


@pytest.mark.parametrize("line", ["holiday.avi 3", "holiday.avi", "1"])
def test_a_line_that_is_not_understood_is_named(tmp_path, line):
    layouts.hmdb51(tmp_path)
    table = tmp_path / "testTrainMulti_7030_splits" / "sit_test_split1.txt"
    table.write_text(f"\r\n{line}\r\n")
    with pytest.raises(ValueError) as error:
        read_rows("hmdb51", tmp_path, ReaderOptions())
    assert str(error.value) == (f"{table} line 2: '{line}' is no video and 0, 1 (train) or 2 (test); get the list anew")


def test_a_split_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"^data\.split 0: HMDB-51 has the splits 1, 2 and 3; set one of them$"):
        read_rows("hmdb51", Path(), ReaderOptions(split=0))


def test_absent_lists_are_named(tmp_path):
    (tmp_path / "sit").mkdir()
    with pytest.raises(ValueError) as error:
        read_rows("hmdb51", tmp_path, ReaderOptions())
    assert str(error.value) == (
        f"HMDB-51: there is no {tmp_path}/testTrainMulti_7030_splits/brush_hair_test_split1.txt; {tmp_path} holds "
        "'sit', but it should hold the class folders of hmdb51_org.rar (each is an archive of its own) and the folder "
        "testTrainMulti_7030_splits of test_train_splits.rar; unpack what comes from "
        "https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database there, "
        "or set source to the folder where it is"
    )
