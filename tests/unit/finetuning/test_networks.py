"""The network that training starts from: what is kept of a checkpoint, what is new, and what is refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import VideoMAEForVideoClassification, VideoMAEModel

from dance_core.finetuning.networks import picture_size, save_network, starting_network
from dance_core.finetuning.settings import FinetuneSettings
from dance_core.networks.preprocessing import PicturePreprocessor
from tests.unit.networks import tiny_models

CLASSES = ("boxing", "running", "walking", "waving")


def settings(folder="", **changes):
    return FinetuneSettings(model=str(folder), **{"frames": 4, **changes})


@pytest.mark.parametrize("finetuned", [True, False])
def test_a_checkpoint_keeps_its_encoder_and_gets_a_new_classifier(tmp_path, finetuned):
    folder = tiny_models.videomae(tmp_path, finetuned=finetuned)
    network, preprocessor = starting_network(settings(folder), CLASSES)
    assert preprocessor == tiny_models.PREPROCESSOR
    assert network.classifier.weight.shape == (4, 16)
    assert network.config.id2label == dict(enumerate(CLASSES))
    assert network.fc_norm is not None
    stored, found = VideoMAEModel.from_pretrained(folder).state_dict(), network.videomae.state_dict()
    assert found.keys() == stored.keys()
    assert all(torch.equal(found[name], stored[name]) for name in found)
    # A layer norm starts at one; that of a fine-tuned classifier is kept.
    assert torch.equal(network.fc_norm.weight, torch.ones(16)) != finetuned


def test_a_pretrained_model_is_read_through_the_mean_of_its_tokens(tmp_path):
    folder = tiny_models.videomae(tmp_path, finetuned=False, use_mean_pooling=False)
    network, _ = starting_network(settings(folder), CLASSES)
    assert network.config.use_mean_pooling
    assert network.videomae.layernorm is None


def test_the_seed_draws_what_is_new():
    first, again, other = (starting_network(settings(seed=seed), CLASSES)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["classifier.weight"], other["classifier.weight"])


def test_an_architecture_from_nothing_knows_its_pictures():
    network, preprocessor = starting_network(settings(frames=8), CLASSES)
    side = network.config.image_size
    assert (network.config.num_frames, network.config.num_labels) == (8, 4)
    assert picture_size(PicturePreprocessor(preprocessor, "here")) == (side, side)
    assert network(torch.zeros(1, 8, 3, side, side)).logits.shape == (1, 4)


def test_another_kind_of_classifier_gets_the_drop_path_of_its_own(tmp_path):
    folder = tiny_models.timesformer(tmp_path / "model")
    network, preprocessor = starting_network(settings(folder, drop_path=0.25), CLASSES)
    rates = [module.drop_prob for module in network.modules() if hasattr(module, "drop_prob")]
    assert rates and max(rates) == pytest.approx(0.25)
    assert network.classifier.weight.shape == (4, 16)
    save_network(network, preprocessor, tmp_path / "out")
    assert starting_network(settings(tmp_path / "out"), CLASSES)[0].config.drop_path_rate == 0


def test_what_is_saved_can_be_loaded(tmp_path):
    network, preprocessor = starting_network(settings(), CLASSES)
    save_network(network, preprocessor, tmp_path / "out")
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        *("config.json", "model.safetensors", "preprocessor_config.json")
    }
    again = VideoMAEForVideoClassification.from_pretrained(tmp_path / "out")
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in again.state_dict().items())
    assert json.loads((tmp_path / "out" / "config.json").read_text())["id2label"]["3"] == "waving"


def test_a_missing_weight_is_refused(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["videomae.encoder.layer.1.output.dense.bias"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ValueError,
        match=r"finetuning.model: '.*' has no weight 'videomae.encoder.layer.1.output.dense.bias' of the rig",
    ):
        starting_network(settings(folder), CLASSES)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("model.safetensors", None, "the weights"),
        ("model.safetensors", b"text", "the weights"),
        ("config.json", b"{", "the configuration"),
    ],
)
def test_a_damaged_folder_is_told_in_one_sentence(tmp_path, name, content, part):
    damaged = tiny_models.videomae(tmp_path) / name
    damaged.write_bytes(damaged.read_bytes()[:-9] if content is None else content)
    with pytest.raises(
        ValueError, match=rf"^finetuning.model: {part} of '.*' cannot be loaded here \(.+\); put a c"
    ) as told:
        starting_network(settings(tmp_path), CLASSES)
    assert "\n" not in str(told.value)


def test_weights_of_another_network_are_refused(tmp_path):
    folder, other = tiny_models.videomae(tmp_path / "one"), tiny_models.timesformer(tmp_path / "other")
    (folder / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(
        ValueError, match=r"has no weight 'videomae\.embeddings.*; a complete checkpoint of VideoMAEForVideoClassif"
    ):
        starting_network(settings(folder), CLASSES)


@pytest.mark.parametrize("name", ["videomae-base-authors", "viclip-base-patch16", "folder", "folder/checkpoint.pth"])
def test_what_transformers_cannot_read_is_refused_with_what_it_can(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "checkpoint.pth").touch()
    model = tmp_path / name if name.startswith("folder") else name
    with pytest.raises(
        ValueError,
        match=rf"^finetuning.model: '{model}' has no config.json; training starts from a folder of transformers, with "
        r"config.json, model.safetensors and preprocessor_config.json, such as the registry's videomae-base$",
    ):
        starting_network(settings(model), CLASSES)


def test_unfit_models_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"finetuning.architecture 'huge' is unknown; use one of: tiny, small, base"):
        starting_network(settings(architecture="huge"), CLASSES)
    with pytest.raises(ValueError, match=r"backbone.frames is 5, but a VideoMAE joins frames by 2; set an even number"):
        starting_network(settings(frames=5), CLASSES)
    folder = tiny_models.clip(tmp_path / "clip")
    with pytest.raises(
        ValueError, match=r"finetuning.model: '.*' is of type 'clip', which is no video classifier; use "
    ):
        starting_network(settings(folder), CLASSES)
    folder = tiny_models.videomae(tmp_path / "videomae")
    with pytest.raises(ValueError, match=r"backbone.frames is 8 but .* expects 4; set backbone.frames: 4"):
        starting_network(settings(folder, frames=8), CLASSES)
