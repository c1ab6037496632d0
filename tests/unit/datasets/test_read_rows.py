"""What holds for every data set: classes to keep, missing videos, names of clips and of settings."""

from pathlib import Path

import pytest
import yaml

from dance_core.datasets import EXTRA_TESTS, READERS, ReaderOptions, read_rows
from dance_core.datasets.files import VideoFolder, bare_name, distinct_ids, numbered_lines, place_of, relative_path
from dance_core.datasets.settings import Origin
from dance_core.manifest import list_clips, missing_clips, probe_clips
from tests.unit.datasets import layouts

ROOT = Path(__file__).parents[3]


def test_every_reader_can_be_set():
    data = yaml.safe_load((ROOT / "schemas" / "config.schema.yaml").read_text("utf-8"))["properties"]["data"]
    assert data["properties"]["reader"]["enum"] == ["folder", *READERS]
    assert data["properties"]["extra_tests"]["propertyNames"]["pattern"] == f"^({'|'.join(EXTRA_TESTS)})[a-z0-9_]*$"


@pytest.mark.parametrize("name", READERS)
def test_every_reader_names_what_it_looks_for(tmp_path, name):
    with pytest.raises(ValueError, match=r"https://"):
        read_rows(name, tmp_path, ReaderOptions())


def test_an_unknown_reader_is_refused(tmp_path):
    with pytest.raises(ValueError) as error:
        read_rows("kht", tmp_path, ReaderOptions())
    assert str(error.value) == f"data.reader 'kht' is unknown; use one of folder, {', '.join(READERS)}"


@pytest.mark.parametrize("name", ["kth", "penn_action", "ssv2"])
def test_a_split_of_a_data_set_that_has_one_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=rf"^data\.split 2: {name} has one official split; set it to 1$"):
        read_rows(name, tmp_path, ReaderOptions(split=2))


def test_lists_without_a_clip_are_refused(tmp_path):
    layouts.ucf101(tmp_path)
    for part in ("train", "test"):
        layouts.write_text(tmp_path / "ucfTrainTestlist" / f"{part}list01.txt", "\r\n")
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions())
    assert str(error.value) == f"{tmp_path}: the lists of ucf101 name no clip; get them anew"


def test_only_the_classes_of_a_file_are_kept_however_they_are_spelt(tmp_path):
    layouts.ucf101(tmp_path)
    classes = layouts.write_text(tmp_path / "classes.txt", "\ufeffyo yo   \r\n\r\nhandstand_pushups\r\n")
    rows = read_rows("ucf101", tmp_path, ReaderOptions(classes=classes))
    assert {row.label for row in rows} == {"YoYo", "HandstandPushups"}
    assert len(rows) == 8


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("YoYo\nHandstandPushup\n", " line 2: class 'HandstandPushup' is unknown; did you mean 'HandstandPushups'?"),
        ("\n", ": there is no class in it; write one a line, or set data.classes to null"),
    ],
)
def test_a_file_of_classes_that_cannot_be_used_is_refused(tmp_path, text, sentence):
    layouts.ucf101(tmp_path)
    classes = layouts.write_text(tmp_path / "classes.txt", text)
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions(classes=classes))
    assert str(error.value) == f"{classes}{sentence}"


def test_an_absent_file_of_classes_is_named(tmp_path):
    layouts.ucf101(tmp_path)
    sentence = r"^data\.classes 'classes\.txt' is not a file; set it to a file with one class a line, or to null$"
    with pytest.raises(ValueError, match=sentence):
        read_rows("ucf101", tmp_path, ReaderOptions(classes=Path("classes.txt")))


def test_a_list_that_names_a_clip_twice_is_refused(tmp_path):
    layouts.ucf101(tmp_path)
    table = tmp_path / "ucfTrainTestlist" / "testlist01.txt"
    table.write_text(table.read_text() + "YoYo/v_YoYo_g08_c01.avi\n")
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions())
    path = "UCF-101/YoYo/v_YoYo_g08_c01.avi"
    assert str(error.value) == (
        f"{tmp_path}: '{path}' and '{path}' would both be clip 'v_YoYo_g08_c01'; "
        "the lists name a video twice, so get them anew"
    )


def test_a_data_set_without_any_video_is_refused(tmp_path):
    layouts.ucf101(tmp_path)
    (tmp_path / "UCF-101").rename(tmp_path / "videos_of_ucf")
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions())
    assert str(error.value) == (
        f"{tmp_path}: none of the 12 clips that ucf101 lists is there, the first would be "
        "'ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi'; unpack the videos there, "
        "or set source to the folder that holds them"
    )


def test_an_unknown_test_set_is_refused(tmp_path):
    layouts.ucf101(tmp_path)
    with pytest.raises(ValueError) as error:
        read_rows("ucf101", tmp_path, ReaderOptions(extra_tests={"hat": tmp_path}))
    assert str(error.value) == (
        "data.extra_tests: 'hat' is unknown; a name begins with one of mimetics, scuba, such as scuba_places"
    )


def test_missing_clips_are_counted_by_split(tmp_path):
    listing = list_clips(layouts.penn_action(tmp_path, skip=("0001", "0003")), 0, reader="penn_action")
    listing.loc[listing["clip_id"] == "0003", "split"] = "train"
    (tmp_path / "frames" / "0002" / "000001.jpg").write_bytes(b"no picture")
    assert missing_clips(probe_clips(listing, tmp_path)) == {
        "test": (1, 2),
        "train": (1, int((listing["split"] == "train").sum())),
    }


def test_lines_are_read_whatever_their_ends(tmp_path):
    file = layouts.write_text(tmp_path / "list.txt", "\ufeffa b \r\n\r\n\tc\n")
    assert numbered_lines(file) == [(1, "a b"), (3, "c")]
    with pytest.raises(ValueError, match=r"list\.txt: byte 3 is not UTF-8; save the file as UTF-8$"):
        numbered_lines(layouts.write_text(file, "caf\xe9", "latin-1"))


def test_the_first_place_that_exists_is_taken_and_an_error_shows_what_is_there(tmp_path):
    origin = Origin("Set", "https://set.org", "x and y")
    for name in "abcdefg":
        (tmp_path / name).touch()
    (tmp_path / ".hidden").touch()
    assert place_of((None, tmp_path / "none", tmp_path), ("x", "b", "a"), origin) == tmp_path / "b"
    with pytest.raises(ValueError) as error:
        place_of((None, tmp_path / "none", tmp_path), ("x",), origin)
    assert str(error.value) == (
        f"Set: there is no {tmp_path}/none/x or {tmp_path}/x; {tmp_path} holds 'a', 'b', 'c', 'd', 'e' and 2 more, but "
        "it should hold x and y; unpack what comes from https://set.org there, or set source to the folder where it is"
    )


def test_videos_are_found_by_name_then_by_stem(tmp_path):
    for name in ("v.a.AVI", "v.b.mp4", "v.b.txt", "é x.mkv"):
        layouts.write_text(tmp_path / "videos" / "c d" / name, "")
    videos = VideoFolder(tmp_path / "videos", tmp_path)
    assert videos.path_of("c d/v.a.avi") == "videos/c d/v.a.AVI"
    assert videos.path_of("c d/V.b.avi") == "videos/c d/v.b.mp4"
    assert videos.path_of("none/v.b.avi", "c d/é x") == "videos/c d/é x.mkv"
    assert videos.path_of("c d/v.c.avi", "v.c.avi") == "videos/c d/v.c.avi"


def test_a_path_out_of_the_source_holds_through_links(tmp_path):
    for folder in ("disk/data", "disk/tests", "home"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "home" / "data").symlink_to(tmp_path / "disk" / "data")
    path = relative_path(tmp_path / "disk" / "tests", tmp_path / "home" / "data")
    assert (tmp_path / "home" / "data" / path).samefile(tmp_path / "disk" / "tests")
    assert relative_path(tmp_path / "home", tmp_path / "home") == ""


def test_ids_are_distinct_and_can_be_file_names():
    assert distinct_ids(["a b", "#1", "a/b", "c", ".d"]) == ["a_b_1", "_1", "a_b_2", "c", "d"]


def test_a_class_is_known_by_its_letters():
    assert bare_name("Jump_Rope") == bare_name("JumpRope") == bare_name("jump rope") == "jumprope"
