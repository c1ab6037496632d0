"""KTH: clips by the sequence file, splits by person, and the slips of the official file."""

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.datasets.kth import SPLITS, frame_ranges
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets import layouts

OPTIONS = ReaderOptions()


def test_every_range_becomes_a_clip_of_its_person_and_split(tmp_path):
    rows = {row.clip_id: row for row in read_rows("kth", layouts.kth(tmp_path), OPTIONS)}
    assert len(rows) == 4 * 2 * 3
    assert rows["person01_boxing_d1_2"] == (
        "person01_boxing_d1_2",
        "boxing/person01_boxing_d1_uncomp.avi#frames=8-15",
        "boxing",
        "val",
        "person01",
    )
    assert {row.group: row.split for row in rows.values()} == {
        f"person{person}": split for person, split in layouts.KTH_PEOPLE.items()
    }


def test_the_people_are_those_of_the_official_split():
    assert sorted(person for people in SPLITS.values() for person in people) == list(range(1, 26))
    assert [len(SPLITS[split]) for split in ("train", "val", "test")] == [8, 8, 9]
    for split, line in zip(("train", "val", "test"), layouts.KTH_HEAD.strip().splitlines()[-3:], strict=True):
        named = line.partition("person")[2].split(", ")
        assert sorted(map(int, named)) == list(SPLITS[split])


def test_clips_are_read_and_those_of_an_absent_video_are_counted(tmp_path, caplog):
    listing = list_clips(layouts.kth(tmp_path), 0, reader="kth")
    manifest = probe_clips(listing, tmp_path).set_index("clip_id")
    assert manifest.loc["person11_boxing_d1_1", ["n_frames", "status"]].tolist() == [8, "ok"]
    lost = manifest[manifest["status"] == "unreadable"]
    assert lost.index.tolist() == [f"person12_walking_d1_{part}" for part in (1, 2, 3)]
    assert set(lost["reason"]) == {"there is no such file"}
    assert "3 of 12 clips of train are not there" in caplog.text


def test_videos_without_folders_of_classes_and_of_other_containers_are_found(tmp_path):
    layouts.kth(tmp_path)
    for video in (tmp_path / "boxing").iterdir():
        video.rename(tmp_path / video.name.replace(".avi", ".MP4"))
    rows = read_rows("kth", tmp_path, OPTIONS)
    assert rows[0].path == "person01_boxing_d1_uncomp.MP4#frames=0-7"


def test_the_sequence_file_may_lie_elsewhere_and_have_other_line_ends(tmp_path):
    layouts.kth(tmp_path / "videos")
    text = (tmp_path / "videos" / "00sequences.txt").read_text()
    expected = read_rows("kth", tmp_path / "videos", OPTIONS)
    (tmp_path / "videos" / "00sequences.txt").unlink()
    layouts.write_text(tmp_path / "lists" / "00sequences.txt", "\ufeff" + text.replace("\n", "\r\n"))
    assert read_rows("kth", tmp_path / "videos", ReaderOptions(annotations=tmp_path / "lists")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1-95, 96-185", [(0, 94), (95, 184)]),
        ("104-206, 207-311, 212-456", [(103, 205), (206, 310), (311, 455)]),  # person16_handwaving_d4
        ("225-365, 266-500", [(224, 364), (365, 499)]),  # person21_handclapping_d1
        ("113-162, 153-254, 255-408", [(112, 161), (162, 253), (254, 407)]),  # person21_boxing_d2
        ("156-228, 228-285", [(155, 227), (228, 284)]),  # person15_handclapping_d2
        ("134-238, 237-344", [(133, 237), (238, 343)]),  # person12_handclapping_d4
        ("232-338, 338-432", [(231, 337), (338, 431)]),  # person03_walking_d4
        ("1-64, 270-332, 194-264, 490-570", [(0, 63), (269, 331), (193, 263), (489, 569)]),  # person07_jogging_d4
        ("1-10,", [(0, 9)]),
    ],
)
def test_ranges_are_read_as_they_were_meant(text, expected):
    assert frame_ranges(text, "here") == expected


@pytest.mark.parametrize("part", ["96", "0-9", "9-3", "a-b"])
def test_a_range_that_is_none_is_refused(tmp_path, part):
    layouts.kth(tmp_path)
    layouts.write_text(tmp_path / "00sequences.txt", f"person01_boxing_d1\t\tframes\t1-8, {part}\n")
    with pytest.raises(ValueError) as error:
        read_rows("kth", tmp_path, OPTIONS)
    assert str(error.value) == (
        f"{tmp_path}/00sequences.txt line 1: '{part}' is no range of frames such as 96-185; copy the file anew"
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "person01_boxing_d1 1-95",
            " line 1: 'person01_boxing_d1 1-95' is no sequence; expected 'person01_boxing_d1 frames 1-95, 96-185'",
        ),
        (
            "person26_boxing_d1 frames 1-95",
            " line 1: 'person26_boxing_d1' is not one of KTH's 25 people and 6 actions (boxing, handclapping, "
            "handwaving, jogging, running, walking); copy the file anew",
        ),
        ("hello", ": there is no sequence in it; copy it anew from https://www.csc.kth.se/cvap/actions"),
    ],
)
def test_a_damaged_sequence_file_is_refused(tmp_path, line, sentence):
    table = layouts.write_text(tmp_path / "00sequences.txt", line)
    with pytest.raises(ValueError) as error:
        read_rows("kth", tmp_path, OPTIONS)
    assert str(error.value) == f"{table}{sentence}"


def test_a_folder_without_the_sequence_file_is_refused(tmp_path):
    layouts.write_video(tmp_path / "boxing" / "person01_boxing_d1_uncomp.avi")
    with pytest.raises(ValueError) as error:
        read_rows("kth", tmp_path, OPTIONS)
    assert str(error.value) == (
        f"KTH: there is no {tmp_path}/00sequences.txt or {tmp_path}/sequences.txt; {tmp_path} holds 'boxing', "
        "but it should hold 00sequences.txt and the folders boxing, handclapping, handwaving, jogging, running, "
        "walking with the videos of the zip files; unpack what comes from https://www.csc.kth.se/cvap/actions there, "
        "or set source to the folder where it is"
    )
