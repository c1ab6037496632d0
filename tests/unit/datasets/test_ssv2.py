"""Something-Something V2: templates become classes, validation becomes test, and the lists are checked."""

import json

import pytest

from dance_core.datasets import ReaderOptions, read_rows
from dance_core.manifest import list_clips, probe_clips
from tests.unit.datasets.layouts import write_video

LABELS = {"Closing something": "5", "Pushing something from left to right": "93", "Stacking number of something": "144"}
TEMPLATES = ("Closing [something]", "Pushing [something] from left to right", "Stacking [number of] [something]")
OPTIONS = ReaderOptions()


def entry(number, template):
    return {"id": str(number), "label": "closing a box", "template": template, "placeholders": ["a box"]}


def data_set(folder, names="{}.json", start="labels", absent=(8,)):
    """Nine train and three validation clips of three classes; clip 8 is missing."""
    lists = folder / start
    lists.mkdir(parents=True, exist_ok=True)
    train = [entry(number, TEMPLATES[number % 3]) for number in range(9)]
    validation = [entry(number, TEMPLATES[number % 3]) for number in range(9, 12)]
    for name, document in (("labels", LABELS), ("train", train), ("validation", validation), ("test", [{"id": "99"}])):
        (lists / names.format(name)).write_text(json.dumps(document))
    videos = folder / "20bn-something-something-v2"
    videos.mkdir()
    for number in set(range(12)) - set(absent):
        (videos / f"{number}.webm").write_bytes(b"")
    return folder


def rewrite(folder, name, change):
    path = folder / "labels" / f"{name}.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_templates_without_brackets_are_the_classes_and_validation_is_the_test_set(tmp_path):
    rows = {row.clip_id: row for row in read_rows("ssv2", data_set(tmp_path), OPTIONS)}
    assert len(rows) == 12  # the clip without a label is not listed
    assert rows["1"] == (
        "1",
        "20bn-something-something-v2/1.webm",
        "Pushing something from left to right",
        "train",
        "1",
    )
    assert rows["11"].label == "Stacking number of something"
    assert [rows[str(number)].split for number in range(12)] == ["train"] * 9 + ["test"] * 3


@pytest.mark.parametrize(
    ("names", "start"),
    [
        ("something-something-v2-{}.json", ""),
        ("something-something-v2-{}.json", "annotations"),
        ("{}.json", "20bn-something-something-download-package-labels/labels"),
    ],
)
def test_the_lists_are_found_under_their_names_of_all_years(tmp_path, names, start):
    assert len(read_rows("ssv2", data_set(tmp_path, names, start), OPTIONS)) == 12


def test_the_lists_may_lie_elsewhere(tmp_path):
    data_set(tmp_path / "data", start="../lists")
    options = ReaderOptions(annotations=tmp_path / "lists")
    assert len(read_rows("ssv2", tmp_path / "data", options)) == 12


def test_val_is_drawn_out_of_train_and_a_missing_clip_is_counted(tmp_path, caplog):
    listing = list_clips(data_set(tmp_path), 0, (0.6, 0.2, 0.2), reader="ssv2")
    assert (listing["split"] == "test").sum() == 3
    assert (listing["split"] == "val").sum() > 0
    assert "1 of 9 clips of train are not there, such as '20bn-something-something-v2/8.webm'" in caplog.text


def test_clips_are_read(tmp_path):
    data_set(tmp_path)
    (tmp_path / "20bn-something-something-v2" / "0.webm").unlink()
    write_video(tmp_path / "20bn-something-something-v2" / "0.mp4", 12)  # converted by its owner
    listing = list_clips(tmp_path, 0, reader="ssv2")
    manifest = probe_clips(listing[listing["clip_id"] == "0"], tmp_path)
    assert manifest[["n_frames", "status"]].to_numpy().tolist() == [[12, "ok"]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda rows: rows[1].pop("template"),
            "entry 2: 'template' is absent; expected an id and a template as in the",
        ),
        (lambda rows: rows[0].pop("id"), "entry 1: 'id' is absent; expected an id and a template as in the official"),
        (lambda rows: rows.insert(0, 7), "entry 1: 'id' is absent"),
        (lambda rows: rows[0].update(id="../7"), "entry 1: id '../7' is not a number; expected one such as 78687"),
        (
            lambda rows: rows[0].update(template="Closing [somthing]"),
            "entry 1: class 'Closing somthing' is not in labels.json (did you mean 'Closing something'?); take both "
            "lists from the same release",
        ),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(tmp_path, change, sentence):
    rewrite(data_set(tmp_path), "train", change)
    with pytest.raises(ValueError) as error:
        read_rows("ssv2", tmp_path, OPTIONS)
    assert f"{tmp_path}/labels/train.json {sentence}" in str(error.value)


def test_a_list_of_another_form_is_refused(tmp_path):
    data_set(tmp_path)
    (tmp_path / "labels" / "validation.json").write_text("{}")
    with pytest.raises(ValueError, match=r"validation.json: found dict; expected list as in the official list"):
        read_rows("ssv2", tmp_path, OPTIONS)
    (tmp_path / "labels" / "validation.json").write_text("[")
    with pytest.raises(ValueError, match=r"validation.json: not a JSON document .*; unpack the lists again"):
        read_rows("ssv2", tmp_path, OPTIONS)


def test_an_absent_list_is_named(tmp_path):
    data_set(tmp_path)
    (tmp_path / "labels" / "train.json").unlink()
    with pytest.raises(ValueError, match=r"Something-Something V2: there is no [^ ]*train.json; "):
        read_rows("ssv2", tmp_path, OPTIONS)
