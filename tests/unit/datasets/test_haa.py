"""HAA500: splits by the number of a clip, as released and as in DANCE, and the hundred classes of the paper."""

from collections import Counter
from pathlib import Path

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets.layouts import write_video

ROOT = Path(__file__).parents[3]
CLASSES = ("arm_wave", "jump rope", "yoga_updog")


def release(folder, start="video", absent=("arm_wave_003",)):
    """Three classes of 20 clips; only their names matter here."""
    for label in CLASSES:
        for number in range(20):
            name = f"{label}_{number:03d}"
            if name not in absent:
                path = folder / start / label / f"{name}.mp4"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"")
    return folder


def splits(rows, label="arm_wave"):
    return ["".join(sorted({row.split for row in rows if row.clip_id == f"{label}_{i:03d}"})) for i in range(20)]


def test_the_release_has_16_train_1_val_and_3_test_clips_a_class(tmp_path):
    rows = read_rows("haa", release(tmp_path), ReaderOptions(split=1))
    assert len(rows) == 60
    assert splits(rows) == ["train"] * 16 + ["val"] + ["test"] * 3
    assert rows[0] == ("arm_wave_000", "video/arm_wave/arm_wave_000.mp4", "arm_wave", "train", "")


def test_dance_tests_on_the_last_four(tmp_path):
    rows = read_rows("haa", release(tmp_path), ReaderOptions(split=2))
    assert splits(rows) == ["train"] * 16 + ["test"] * 4
    listing = list_clips(tmp_path, 0, (0.8, 0.1, 0.1), reader="haa", options=ReaderOptions(split=2))
    assert Counter(listing["split"])["test"] == 12
    assert (listing["split"] == "val").sum() > 0


def test_a_clip_that_is_not_there_stays_in_the_list(tmp_path):
    rows = {row.clip_id: row for row in read_rows("haa", release(tmp_path), ReaderOptions())}
    assert rows["arm_wave_003"].path == "video/arm_wave/arm_wave_003.mp4"
    assert not (tmp_path / rows["arm_wave_003"].path).exists()


def test_a_name_with_a_space_becomes_a_clip_id_and_keeps_its_path(tmp_path):
    rows = {row.clip_id: row for row in read_rows("haa", release(tmp_path), ReaderOptions())}
    assert rows["jump_rope_007"].path == "video/jump rope/jump rope_007.mp4"
    assert rows["jump_rope_007"].label == "jump rope"


def test_clips_beyond_the_twentieth_are_test_clips(tmp_path):
    release(tmp_path)
    (tmp_path / "video" / "arm_wave" / "arm_wave_020.mp4").write_bytes(b"")
    rows = {row.clip_id: row for row in read_rows("haa", tmp_path, ReaderOptions())}
    assert rows["arm_wave_020"].split == "test"


def test_the_folder_of_the_videos_may_be_the_source(tmp_path):
    rows = read_rows("haa", release(tmp_path, start=""), ReaderOptions())
    assert rows[0].path == "arm_wave/arm_wave_000.mp4"


def test_classes_keep_a_part(tmp_path):
    (tmp_path / "classes.txt").write_text("arm_wave\njump rope\n")
    options = ReaderOptions(classes=tmp_path / "classes.txt")
    assert {row.label for row in read_rows("haa", release(tmp_path), options)} == {"arm_wave", "jump rope"}


def test_the_list_of_haa_100_has_a_hundred_classes_in_the_paper_s_order():
    names = (ROOT / "data" / "classes" / "haa100.txt").read_text("utf-8").splitlines()
    assert len(set(names)) == len(names) == 100
    assert (names[0], names[29], names[51], names[70:72], names[-1]) == (
        "arm_wave",
        "CPR",
        "jump rope",
        ["soccer_throw", "soccer_shoot"],
        "yoga_updog",
    )


def test_clips_are_read(tmp_path):
    release(tmp_path)
    write_video(tmp_path / "video" / "arm_wave" / "arm_wave_000.mp4", 12)
    listing = list_clips(tmp_path, 0, reader="haa")
    manifest = probe_clips(listing[listing["clip_id"] == "arm_wave_000"], tmp_path)
    assert manifest[["n_frames", "status"]].to_numpy().tolist() == [[12, "ok"]]


def test_another_split_is_refused(tmp_path):
    with pytest.raises(ValueError) as error:
        read_rows("haa", release(tmp_path), ReaderOptions(split=3))
    assert str(error.value) == (
        "data.split 3: HAA500 has the splits 1 (16 train, 1 val and 3 test clips of a class, as released) and 2 (16 "
        "train and 4 test clips, as in DANCE); set one of them"
    )


def test_a_folder_without_classes_is_refused(tmp_path):
    (tmp_path / "annotations").mkdir()
    with pytest.raises(ValueError, match=r"HAA500: there is no .*/arm_wave_000.mp4; .* holds 'annotations', but it "):
        read_rows("haa", tmp_path, ReaderOptions())
