"""Penn Action: folders of pictures, and the flag of the authors in each annotation."""

from collections import Counter
from pathlib import Path

import pytest
from scipy.io import savemat

from dance_core.datasets import ReaderOptions, penn_action, read_rows
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets import layouts

REAL = Path(__file__).parents[4] / "shared" / "real" / "penn_action" / "labels"


def test_a_clip_is_a_folder_of_pictures_and_test_is_what_is_not_trained_on(tmp_path):
    rows = read_rows("penn_action", layouts.penn_action(tmp_path), ReaderOptions())
    assert rows[0] == ("0001", "frames/0001#fps=30", "tennis_serve", "test", "")
    assert {row.clip_id: (row.label, {"train": 1, "test": -1}[row.split]) for row in rows} == layouts.PENN


def test_val_is_drawn_from_train_and_pictures_are_read(tmp_path, caplog):
    listing = list_clips(layouts.penn_action(tmp_path), 0, reader="penn_action")
    drawn = listing.set_index("clip_id")["split"]
    assert drawn[["0001", "0004"]].tolist() == ["test", "test"]
    assert (
        sorted(drawn[["0002", "0003", "0007"]]) == sorted(drawn[["0005", "0006", "0008"]]) == ["train", "train", "val"]
    )
    manifest = probe_clips(listing, tmp_path).set_index("clip_id")
    assert manifest.loc["0005", ["n_frames", "fps", "status"]].tolist() == [12, 30, "ok"]
    assert manifest.loc["0003", ["n_frames", "reason"]].tolist() == [0, "there is no such file"]
    assert "1 of 6 clips of train are not there, such as 'frames/0003#fps=30'" in caplog.text


def test_the_archive_may_have_been_unpacked_below_and_the_labels_elsewhere(tmp_path):
    layouts.penn_action(tmp_path / "Penn_Action")
    assert read_rows("penn_action", tmp_path, ReaderOptions())[0].path == "Penn_Action/frames/0001#fps=30"
    (tmp_path / "Penn_Action" / "labels").rename(tmp_path / "elsewhere")
    options = ReaderOptions(annotations=tmp_path / "elsewhere")
    assert read_rows("penn_action", tmp_path, options)[0].path == "Penn_Action/frames/0001#fps=30"


@pytest.mark.skipif(not REAL.is_dir(), reason="the annotations of Penn Action are not at hand")
def test_the_official_annotations_give_the_official_split(tmp_path):
    (tmp_path / "frames").mkdir()
    rows = penn_action.rows(tmp_path, ReaderOptions(annotations=REAL))
    assert Counter(row.split for row in rows) == {"train": 1258, "test": 1068}
    assert len({row.label for row in rows}) == 15


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"action": "bowl"}, "not a Penn Action annotation (KeyError('train')); it needs action and train"),
        ({"action": "bowl", "train": 0}, "action is 'bowl' and train is 0; expected a name, and 1 or -1 (test)"),
        ({"action": " ", "train": 1}, "action is '' and train is 1; expected a name, and 1 or -1 (test)"),
    ],
)
def test_a_damaged_annotation_is_named(tmp_path, content, sentence):
    layouts.penn_action(tmp_path)
    savemat(tmp_path / "labels" / "0002.mat", content)
    with pytest.raises(ValueError) as error:
        read_rows("penn_action", tmp_path, ReaderOptions())
    assert str(error.value) == f"{tmp_path}/labels/0002.mat: {sentence}"


def test_a_file_that_is_no_matlab_file_is_named(tmp_path):
    layouts.penn_action(tmp_path)
    (tmp_path / "labels" / "0002.mat").write_text("no")
    with pytest.raises(ValueError, match=r"labels/0002\.mat: not a Penn Action annotation \("):
        read_rows("penn_action", tmp_path, ReaderOptions())


def test_absent_folders_are_named(tmp_path):
    with pytest.raises(ValueError) as error:
        read_rows("penn_action", tmp_path, ReaderOptions())
    assert str(error.value) == (
        f"Penn Action: there is no {tmp_path}/frames or {tmp_path}/Penn_Action/frames; {tmp_path} holds nothing, but "
        "it should hold the folders frames and labels of Penn_Action.tar.gz; unpack what comes from "
        "https://dreamdragon.github.io/PennAction there, or set source to the folder where it is"
    )
    (tmp_path / "frames").mkdir()
    (tmp_path / "labels").mkdir()
    with pytest.raises(ValueError, match=rf"^Penn Action: there is no {tmp_path}/labels/0001\.mat; .* holds nothing"):
        read_rows("penn_action", tmp_path, ReaderOptions())
