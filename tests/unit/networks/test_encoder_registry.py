"""The registry itself, its errors, and the digests by which a model knows its encoders."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml
from transformers import CLIPImageProcessorPil, SiglipImageProcessorPil, VideoMAEImageProcessorPil

from dance_core.networks.encoder_registry import (
    REGISTRY_FILE,
    complete_folder,
    encoder_digests,
    encoder_registry,
    has_encoder,
    model_encoders,
)
from dance_core.networks.preprocessing import PicturePreprocessor
from dance_core.tables import write_json
from dance_core.weights import weight_digests
from tests.unit.networks.memory_clip import random_pictures

ENTRY = yaml.safe_load(REGISTRY_FILE.read_text("utf-8"))["videomae-base-finetuned-kinetics"]
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
OPENAI = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
CLIP = CLIPImageProcessorPil(**OPENAI)
VIDEOMAE = VideoMAEImageProcessorPil(**IMAGENET)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def refusal(tmp_path: Path, **changes) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({"mine": {**ENTRY, **changes}}))
    with pytest.raises(ValueError) as error:
        encoder_registry(path)
    return str(error.value)


def test_every_pinned_encoder_has_a_commit_and_a_licence():
    entries = encoder_registry()
    unpinned = {name for name, entry in entries.items() if entry.revision is None}
    assert {name for name in unpinned if entries[name].hub} == {
        "videomae-base-finetuned-ssv2",
        "videomae-large-finetuned-kinetics",
        "videomae-small-finetuned-kinetics",
    }
    assert all(entry.licence and entry.source for entry in entries.values())
    assert all(entry.text for entry in entries.values() if entry.kind == "dual_encoder")


def test_pickled_weights_are_never_the_preferred_file():
    for entry in encoder_registry().values():
        for names in entry.files if entry.hub else ():
            assert not next(iter(names)).endswith((".bin", ".pth", ".pt")), entry.name


@pytest.mark.parametrize(
    ("name", "processor"),
    [
        ("clip-vit-base-patch16", CLIP),
        ("siglip2-base-patch16-224", SiglipImageProcessorPil(resample=2)),
        ("xclip-base-patch32", VIDEOMAE),
        ("viclip-base-patch16", VIDEOMAE),
        ("videomae-base", VIDEOMAE),
        (
            "timesformer-base-finetuned-kinetics",
            VideoMAEImageProcessorPil(image_mean=[0.45] * 3, image_std=[0.225] * 3),
        ),
    ],
)
def test_pictures_are_prepared_as_the_processor_of_transformers_does(name, processor):
    import torch

    frames = list(random_pictures(3, 2, 250, 330))
    expected = np.asarray(processor(frames, return_tensors="np")["pixel_values"]).reshape(2, 3, 224, 224)
    prepare = PicturePreprocessor(encoder_registry()[name].preprocessing, name)
    ours = prepare.normalised(torch.from_numpy(prepare(frames))).numpy()
    np.testing.assert_allclose(ours, expected, atol=3e-6)


def test_pictures_of_vivit_and_vjepa2_by_hand():
    import torch

    white, black = np.full((256, 300, 3), 255, np.uint8), np.zeros((256, 300, 3), np.uint8)
    vivit = PicturePreprocessor(encoder_registry()["vivit-base-finetuned-kinetics"].preprocessing, "vivit")
    values = vivit.normalised(torch.from_numpy(vivit([white, black]))).numpy()
    assert values.shape == (2, 3, 224, 224)
    # From 0 to 255 to -1 to 1, then less 0.5 and over 0.5.
    assert values[0] == pytest.approx(1) and values[1] == pytest.approx(-3)
    vjepa2 = PicturePreprocessor(encoder_registry()["vjepa2-large"].preprocessing, "vjepa2")
    values = vjepa2.normalised(torch.from_numpy(vjepa2([white]))).numpy()
    assert values.shape == (1, 3, 256, 256)
    assert values[0, :, 0, 0] == pytest.approx((1 - np.array(IMAGENET["image_mean"])) / IMAGENET["image_std"])


def test_an_entry_with_another_key(tmp_path):
    assert refusal(tmp_path, frame=3).endswith("differing: ['frame']")
    assert refusal(tmp_path, text={}).startswith("own.yaml: encoder 'mine': it must have just the keys")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"loader": "clip"}, "kind 'backbone' with loader 'clip' is unknown; use one of"),
        ({"kind": "tripod"}, "kind 'tripod' with loader 'videomae' is unknown"),
        ({"revision": "main"}, "revision 'main' must be the 40 digits of a commit, or null"),
        ({"files": []}, "files must have 64 digits of a SHA-256 each, or null; found None"),
        ({"files": [{"a.bin": "12ab"}]}, "files must have 64 digits of a SHA-256 each, or null; found '12ab'"),
        ({"frames": 0}, "frames is 0; a whole number of at least 1 is expected"),
        ({"width": "wide"}, "width is 'wide'; a whole number of at least 1 is expected"),
        ({"preprocessing": {"size": 3, "resample": "nearest"}}, "preprocessing needs size, mean, std and resample out"),
    ],
)
def test_a_wrong_entry_names_its_place(tmp_path, changes, sentence):
    assert f"own.yaml: encoder 'mine': {sentence}" in refusal(tmp_path, **changes)


@pytest.fixture
def clip_large(tmp_path):
    """A folder that has every file of an encoder with pinned digests, none of them the right one."""
    folder = tmp_path / "clip-vit-large-patch14"
    folder.mkdir()
    for names in encoder_registry()[folder.name].files:
        (folder / next(iter(names))).write_bytes(b"other")
    return folder


def test_other_weights_than_the_pinned_ones_are_refused(clip_large):
    with pytest.raises(ValueError) as error:
        complete_folder(encoder_registry()[clip_large.name], clip_large.parent, "dual_encoder.model")
    assert str(error.value) == (
        f"weights '{clip_large / 'config.json'}' have sha256 {sha256(b'other')[:12]}… but 8a09b467700c… is expected; "
        f"delete the folder '{clip_large}' and run 'snakemake --cores 1 weights/clip-vit-large-patch14', or put "
        "config.json, preprocessor_config.json, tokenizer.json, tokenizer_config.json, model.safetensors of "
        "https://huggingface.co/openai/clip-vit-large-patch14/tree/"
        f"{encoder_registry()[clip_large.name].revision} into '{clip_large}'"
    )


@pytest.fixture
def finetuned(tmp_path):
    """A complete folder of an encoder without pinned digests."""
    folder = tmp_path / "videomae-base-finetuned-kinetics"
    folder.mkdir()
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_files_that_were_noted_when_they_were_fetched_are_checked(finetuned):
    entry = encoder_registry()[finetuned.name]
    noted = {path.name: sha256(path.read_bytes()) for path in finetuned.iterdir()}
    write_json(finetuned / "source.json", {"files": noted})
    assert complete_folder(entry, finetuned.parent, "backbone.model") == finetuned
    write_json(finetuned / "source.json", {"files": {**noted, "model.safetensors": sha256(b"as fetched")}})
    with pytest.raises(ValueError, match=rf"model\.safetensors' have .* but {sha256(b'as fetched')[:12]}… is expected"):
        complete_folder(entry, finetuned.parent, "backbone.model")


def test_files_that_nothing_is_known_of_are_told(finetuned, caplog):
    complete_folder(encoder_registry()[finetuned.name], finetuned.parent, "backbone.model")
    assert f"model.safetensors: no SHA-256 is known to check it by; it is {sha256(b'model.safetensors')}" in caplog.text


def test_digests_of_an_encoder_of_the_registry(finetuned):
    settings = {"name": "videomae", "model": finetuned.name, "revision": ""}
    names = ("config.json", "preprocessor_config.json", "model.safetensors")
    expected = {finetuned.name: {name: sha256(name.encode()) for name in names}}
    assert encoder_digests(settings, finetuned.parent) == expected
    both = model_encoders(["minilm"], [settings, {"name": "conse", "model": "", "revision": ""}], finetuned.parent)
    assert both == expected | weight_digests(["minilm"])
    (finetuned / "model.safetensors").unlink()
    with pytest.raises(
        # Snakemake would take the folder for finished.
        ValueError,
        match=r"is not complete at .*; delete the folder .* and run 'snakemake --cores 1 weights/videomae-base-finet",
    ):
        encoder_digests(settings, finetuned.parent)


def test_only_an_encoder_that_can_be_loaded_is_here(finetuned, clip_large):
    assert has_encoder(encoder_registry()[finetuned.name], finetuned.parent)
    assert not has_encoder(encoder_registry()[clip_large.name], clip_large.parent)
    (finetuned / "config.json").unlink()
    assert not has_encoder(encoder_registry()[finetuned.name], finetuned.parent)


def test_an_encoder_without_a_pinned_commit_is_had_from_its_page(tmp_path):
    entry = encoder_registry()["videomae-base-finetuned-ssv2"]
    page = "model.safetensors or pytorch_model.bin of https://huggingface.co/MCG-NJU/videomae-base-finetuned-ssv2"
    assert entry.how_to_get(tmp_path / "absent").endswith(f"{page} into '{tmp_path / 'absent'}'")
    assert entry.by_hand(tmp_path, "0" * 40).endswith(f"{page}/tree/{'0' * 40} into '{tmp_path}'")


def test_digests_of_a_local_model_and_of_a_hub_id(finetuned, tmp_path):
    (finetuned / "README.md").write_text("not what it computes")
    write_json(finetuned / "source.json", {})
    digests = encoder_digests({"name": "videomae", "model": str(finetuned), "revision": ""})
    assert sorted(digests[finetuned.name]) == ["config.json", "model.safetensors", "preprocessor_config.json"]
    (tmp_path / "own.pth").write_bytes(b"x")
    digests = encoder_digests({"name": "videomae", "model": str(tmp_path / "own.pth"), "revision": ""})
    assert digests == {"own.pth": {"own.pth": sha256(b"x")}}
    hub = {"name": "clip", "model": "someone/clip", "revision": "0" * 40}
    assert encoder_digests(hub) == {"someone/clip": {"revision": "0" * 40}}
    assert encoder_digests({"name": "file", "model": str(finetuned), "revision": ""}) == {}
    assert encoder_digests({"name": "efficientnet", "model": "", "revision": ""}) == {}
