"""Where a model comes from: a folder, or a hub id at a pinned commit."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import VideoMAEForVideoClassification, VideoMAEModel

from dance_core.networks.checkpoints import Checkpoint
from tests.unit.networks import tiny_models
from tests.unit.networks.local_hub import LocalHub, usual_hub

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_folder_is_never_looked_up_on_the_hub(tmp_path):
    assert Checkpoint(str(tmp_path), "", "backbone.model").options() == {
        "trust_remote_code": False,
        "local_files_only": True,
    }


def test_a_hub_id_is_pinned():
    assert Checkpoint("MCG-NJU/videomae-base", COMMIT, "backbone.model").options()["revision"] == COMMIT


def test_no_model_is_refused():
    with pytest.raises(ValueError, match=r"backbone.model is empty; name an encoder of the registry \(python -m d"):
        Checkpoint("", "", "backbone.model").options()


def test_an_absent_folder_is_refused():
    with pytest.raises(ValueError, match=r"backbone.model: folder '/models/videomae/base' is absent; put the model"):
        Checkpoint("/models/videomae/base", "", "backbone.model").options()


@pytest.mark.parametrize("revision", ["", "main", COMMIT[:12]])
def test_a_hub_id_without_a_commit_is_refused(revision):
    with pytest.raises(ValueError, match="give the 40 digits of a commit, so that every run gets the same weights"):
        Checkpoint("MCG-NJU/videomae-base", revision, "backbone.model").options()


def test_an_incomplete_folder_is_one_sentence(tmp_path):
    with pytest.raises(
        ValueError, match=r"backbone.model: the configuration of '.*' cannot be loaded here \(.*\); put "
    ):
        Checkpoint(str(tmp_path), "", "backbone.model").config()


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    checkpoint = Checkpoint("someone/videomae-nowhere", COMMIT, "backbone.model")
    for part, call in (("the configuration", checkpoint.config), ("preprocessor_config.json", checkpoint.preprocessor)):
        with pytest.raises(
            ValueError,
            match=rf"^backbone\.model: {part} of 'someone/videomae-nowhere' cannot be loaded here \(HF_HUB_OFFLINE is "
            r"set\); put a complete copy of the model into a local folder and name that folder$",
        ):
            call()


def test_weights_of_another_shape_are_refused(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 20}))
    with pytest.raises(ValueError, match=r"'encoder.layer.0.intermediate.dense.bias' of the right shape \(6 such\)"):
        Checkpoint(str(folder), "", "backbone.model").load(VideoMAEModel, torch.device("cpu"))


def test_a_folder_without_preprocessor_is_refused(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ValueError, match=r"has no preprocessor_config\.json; copy it beside the weights"):
        Checkpoint(str(folder), "", "backbone.model").preprocessor()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub that has a model as one pickled file."""
    folder = tiny_models.videomae(tmp_path / "own")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    files = {name: (folder / name).read_bytes() for name in ("config.json", "pytorch_model.bin")}
    with usual_hub(LocalHub(COMMIT, files), monkeypatch, tmp_path / "cache") as server:
        yield server


def test_nobody_is_asked_to_convert_what_the_hub_has(hub, monkeypatch):
    asked = []
    monkeypatch.setattr("transformers.modeling_utils.auto_conversion", lambda *names, **_: asked.append(names))
    monkeypatch.delenv("DISABLE_SAFETENSORS_CONVERSION", raising=False)
    Checkpoint("someone/tiny", COMMIT, "x").load(VideoMAEForVideoClassification, torch.device("cpu"))
    assert asked == []


def test_what_the_hub_answers_is_said(hub):
    with pytest.raises(
        ValueError, match=r"^x: the configuration of 'someone/tiny' cannot be .*\(the hub has no such com"
    ):
        Checkpoint("someone/tiny", "f" * 40, "x").config()
    hub.refusals["config.json"] = (401, "")
    with pytest.raises(
        ValueError, match=r"\(the hub answers 401: it does not know the token; log in again with 'hf aut"
    ):
        Checkpoint("someone/tiny", COMMIT, "x").config()
    with pytest.raises(ValueError, match=r"^x: 'someone/tiny' has no preprocessor_config\.json; copy it beside the we"):
        Checkpoint("someone/tiny", COMMIT, "x").preprocessor()


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Path}, folder / "pytorch_model.bin")
    with pytest.raises(
        ValueError, match=r"\(the file is broken, or it would have to run code, which is refused\); put"
    ):
        Checkpoint(str(folder), "", "x").load(VideoMAEForVideoClassification, torch.device("cpu"))


def test_a_broken_preprocessor_is_named(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    (folder / "preprocessor_config.json").write_text("{")
    with pytest.raises(ValueError, match=r"preprocessor_config\.json: not a JSON document in UTF-8"):
        Checkpoint(str(folder), "", "x").preprocessor()


def test_a_loaded_model_is_frozen_float32(tmp_path):
    model = Checkpoint(str(tiny_models.videomae(tmp_path)), "", "x").load(
        VideoMAEForVideoClassification, torch.device("cpu")
    )
    assert not model.training
    assert {(weight.requires_grad, weight.dtype) for weight in model.parameters()} == {(False, torch.float32)}
