"""The files of a model: what was damaged, changed or mixed up is refused with what is wrong."""

import json
from hashlib import sha256

import numpy as np
import pytest
from safetensors.numpy import save_file

from dance_core.model import Model
from tests.unit.test_model import small_model


@pytest.fixture
def folder(tmp_path):
    small_model().save(tmp_path)
    return tmp_path


def change(folder, **parts):
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(document | parts))


def test_a_folder_without_the_files_is_no_model(tmp_path):
    with pytest.raises(ValueError, match=r"model\.safetensors is absent; give the folder that the stage"):
        Model.load(tmp_path)


def test_another_version_of_the_format_is_refused_with_both_versions(folder):
    change(folder, format_version=9)
    with pytest.raises(ValueError, match="version 9 is unknown; this software reads version 1; use newer software, or"):
        Model.load(folder)
    change(folder, format_version=0)
    with pytest.raises(ValueError, match="version 0 is unknown; this software reads version 1; train the model again"):
        Model.load(folder)
    (folder / "model.json").write_text("[]")
    with pytest.raises(ValueError, match="version None is unknown"):
        Model.load(folder)


def test_the_document_knows_its_tensors(folder):
    digest = sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert json.loads((folder / "model.json").read_text())["tensors_sha256"] == digest
    small_model(seed=1).save(folder / "other")
    (folder / "model.safetensors").write_bytes((folder / "other" / "model.safetensors").read_bytes())
    other = sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=f"has sha256 {other[:12]}… but model.json belongs to one of {digest[:12]}…"):
        Model.load(folder)
    change(folder, tensors_sha256=None)  # as earlier software wrote it
    assert Model.load(folder).bias.tolist() == small_model(seed=1).bias.tolist()


@pytest.mark.parametrize("size", [0, 7, 100, -1])
def test_torn_tensors_are_refused(folder, size):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:size])
    with pytest.raises(ValueError, match=r"model\.safetensors: not a whole safetensors file .*; get or make it again"):
        Model.load(folder)


def test_other_tensors_are_refused(folder):
    save_file({"bias": np.zeros(3)}, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"holds \['bias'\]; expected \['bias', 'concept_weight'"):
        Model.load(folder)


def test_a_torn_document_is_refused(folder):
    text = (folder / "model.json").read_text()
    (folder / "model.json").write_text(text[:-20])
    with pytest.raises(ValueError, match=r"model\.json: not a JSON document in UTF-8 .*; get or make it again"):
        Model.load(folder)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"classes": ["box"]}, "1 classes, 4 concepts and 6 features need"),
        (
            {"classes": ["box", "box", "jog"]},
            r"'classes' holds \['box', 'box', 'jog'\]; expected names that all differ",
        ),
        ({"classes": "box"}, "model.json: 'classes' is a str; expected a list; take the original file"),
        ({"settings": None}, "model.json: 'settings' is a NoneType; expected a dict"),
        ({"concepts": ["arm"]}, "concept 0: is a str; expected family, id, name, extra"),
        ({"concepts": [{"family": "motion", "id": 0, "extra": {}}]}, "concept 0: 'name' is absent; expected a str"),
    ],
)
def test_a_changed_document_is_refused_with_the_place(folder, parts, message):
    change(folder, **parts)
    with pytest.raises(ValueError, match=message):
        Model.load(folder)
