"""SCUBA: test videos of UCF-101 on other backgrounds, as a further test set."""

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets import layouts


@pytest.fixture
def both(tmp_path):
    layouts.ucf101(tmp_path / "ucf")
    return tmp_path / "ucf", layouts.scuba(tmp_path / "scuba")


def options(folder, name="scuba_places", split=1):
    return ReaderOptions(split, extra_tests={name: folder})


def test_its_clips_are_a_split_of_their_own_beside_the_test_clips(both):
    source, folder = both
    rows = {row.clip_id: row for row in read_rows("ucf101", source, options(folder)) if row.split == "scuba_places"}
    assert len(rows) == 4
    assert rows["scuba_places__v_HandStandPushups_g01_c01__1"] == (
        "scuba_places__v_HandStandPushups_g01_c01__1",
        "../scuba/generated_videos/v_HandStandPushups_g01_c01__1#fps=25",
        "HandstandPushups",
        "scuba_places",
        "handstandpushups_g01",
    )


def test_it_is_read_as_pictures_and_takes_no_part_in_the_draw(both):
    source, folder = both
    listing = list_clips(source, 0, reader="ucf101", options=options(folder))
    alone = list_clips(source, 0, reader="ucf101")
    assert listing[listing["split"] != "scuba_places"].reset_index(drop=True).equals(alone)
    manifest = probe_clips(listing[listing["split"] == "scuba_places"], source)
    assert manifest[["n_frames", "fps", "status"]].drop_duplicates().to_numpy().tolist() == [[4, 25, "ok"]]


def test_without_a_list_the_names_tell_the_class(both):
    source, folder = both
    expected = read_rows("ucf101", source, options(folder))
    (folder / "testlist01.txt").unlink()
    assert read_rows("ucf101", source, options(folder)) == expected


def test_videos_do_as_well_as_pictures_and_may_be_missing(both, caplog):
    source, folder = both
    names = sorted(place.name for place in (folder / "generated_videos").iterdir())
    (folder / "generated_videos").rename(folder.parent / "away")
    for name in names[1:]:
        layouts.write_video(folder / f"{name}.mp4")
    paths = [row.path for row in read_rows("ucf101", source, options(folder)) if row.split == "scuba_places"]
    assert paths == [f"../scuba/{names[0]}", *(f"../scuba/{name}.mp4" for name in names[1:])]
    assert "1 of 4 clips of scuba_places are not there" in caplog.text


def test_names_that_do_not_tell_the_class_are_looked_up_by_number(tmp_path):
    layouts.hmdb51(tmp_path / "hmdb")
    clip = "April_09_sit_u_nm_np1_ba_goo_0__0"
    layouts.write_pictures(tmp_path / "scuba" / clip, 2)
    layouts.write_text(tmp_path / "scuba" / "testlist01.txt", f"{clip} 2 1\n")
    rows = read_rows("hmdb51", tmp_path / "hmdb", options(tmp_path / "scuba", "scuba"))
    assert [(row.label, row.group) for row in rows if row.split == "scuba"] == [
        ("sit", "scuba April_09_sit_u_nm_np1_ba_goo_0")
    ]
    (tmp_path / "scuba" / "testlist01.txt").unlink()
    sentence = rf"scuba/{clip}: the class of '{clip}' cannot be told; add the list testlist01\.txt to the folder$"
    with pytest.raises(ValueError, match=sentence):
        read_rows("hmdb51", tmp_path / "hmdb", options(tmp_path / "scuba", "scuba"))


def test_a_line_that_is_not_understood_is_named(both):
    source, folder = both
    layouts.write_text(folder / "testlist01.txt", "v_YoYo_g01_c01 4 1\n")
    sentence = r"line 1: 'v_YoYo_g01_c01 4 1' is no clip such as 'v_Basketball_g01_c01__0 240 7'; get the list anew$"
    with pytest.raises(ValueError, match=sentence):
        read_rows("ucf101", source, options(folder))


def test_another_split_would_have_trained_on_its_people(both):
    source, folder = both
    layouts.ucf101(source, split=2)
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", source, options(folder, split=2))
    assert str(error.value) == (
        "data.extra_tests.scuba_places: SCUBA was made from the test videos of split 1, but data.split is 2, "
        "which trains on some of them; set data.split to 1"
    )


def test_an_empty_or_absent_folder_is_named(both):
    source, folder = both
    (folder.parent / "none").mkdir()
    for place, there in (
        (folder.parent / "none", "nothing"),
        (folder.parent / "x", "nothing, there is no such folder"),
    ):
        with pytest.raises(ValueError) as error:
            read_rows("ucf101", source, options(place))
        assert str(error.value) == (
            f"data.extra_tests.scuba_places: {place} holds {there}; expected the folders of pictures of one background "
            "and their list testlist01.txt, see https://github.com/lihaoxin05/StillMix"
        )
