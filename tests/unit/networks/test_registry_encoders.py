"""Every encoder of the registry loads by the real path on a tiny model, and refuses a weight under another name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dance_core.backbones import BackboneSettings, load_backbone
from dance_core.dual_encoders import DualEncoderSettings, load_dual_encoder
from dance_core.encoder_check import self_test
from dance_core.networks.encoder_registry import EncoderEntry, encoder_registry
from tests.unit.networks.memory_clip import NOBODY, MemoryClip, random_pictures
from tests.unit.networks.tiny_encoders import SAVERS, rename_a_weight

CLIPS = [MemoryClip(random_pictures(seed, 20, 20, 30)) for seed in range(3)]
EVERY = pytest.mark.parametrize("name", sorted(encoder_registry()))
# How the first normalisation of a block is called in one or another of them.
WEIGHTS = ("layernorm_before.weight", "norm1.weight", "layer_norm1.weight", "ln_1.weight")


def without_digests(entry: EncoderEntry) -> EncoderEntry:
    """The entry for other weights than the real ones."""
    return replace(entry, files=tuple(dict.fromkeys(names) for names in entry.files))


@pytest.fixture
def weights(tmp_path, monkeypatch, name) -> Path:
    """A folder of weights with a tiny model in the place of one encoder."""
    tiny = {other: without_digests(entry) for other, entry in encoder_registry().items()}
    monkeypatch.setattr("dance_core.networks.checkpoints.encoder_registry", lambda: tiny)
    SAVERS[name](tmp_path / name)
    return tmp_path


def load(name: str, weights: Path):
    entry = encoder_registry()[name]
    settings = BackboneSettings if entry.kind == "backbone" else DualEncoderSettings
    loader = load_backbone if entry.kind == "backbone" else load_dual_encoder
    return loader(settings(name=entry.loader, model=name, weights=weights, frames=entry.frames, device="cpu"))


def outputs(encoder, clips) -> np.ndarray:
    if hasattr(encoder, "features"):
        return encoder.features(np.stack([encoder.prepare(clip, NOBODY) for clip in clips]))
    return encoder.clip_embeddings(np.stack([encoder.prepare(clip) for clip in clips]))


def test_there_is_a_tiny_model_for_every_entry():
    assert sorted(SAVERS) == sorted(encoder_registry())


@EVERY
def test_it_loads_and_a_clip_keeps_its_features_in_any_company(name, weights):
    encoder = load(name, weights)
    together = outputs(encoder, CLIPS)
    assert together.dtype == np.float32 and together.shape[0] == 3
    assert np.abs(together[0] - together[1]).max() > 1e-3 * np.abs(together).max()
    alone = np.concatenate([outputs(encoder, [clip]) for clip in CLIPS])
    np.testing.assert_allclose(alone, together, atol=1e-4 * np.abs(together).max())
    if encoder_registry()[name].kind == "dual_encoder":
        assert encoder.text_embedding("a video of red").shape == together[0].shape


@pytest.mark.parametrize(
    "name", ["videomae-base", "vjepa2-large-finetuned-ssv2", "timesformer-base-finetuned-kinetics"]
)
def test_a_backbone_passes_its_self_test(name, weights):
    assert self_test(name, weights, "cpu").startswith("features of 2 drawn clips change by ")


@pytest.mark.parametrize("name", ["clip-vit-base-patch16"])
def test_a_dual_encoder_with_random_weights_fails_its_self_test(name, weights):
    with pytest.raises(ValueError, match="self-test: of 8 drawn clips the encoder takes the wrong one of two captions"):
        self_test(name, weights, "cpu")


@EVERY
def test_a_weight_under_another_name_is_refused_and_named(name, weights):
    renamed = rename_a_weight(weights / name, WEIGHTS)
    # Transformers tells the name as its present version would have it, where that is another.
    with pytest.raises(ValueError, match=rf"{renamed.split('.', 2)[-1]}'|layers\.0\.layernorm_before\.weight_renamed'"):
        load(name, weights)


@EVERY
def test_a_folder_without_its_weights_says_how_to_get_them(name, weights):
    for path in (weights / name).iterdir():
        if path.suffix in (".bin", ".pth", ".safetensors"):
            path.unlink()
    entry = encoder_registry()[name]
    fetch = f"delete the folder '{weights / name}' and run 'snakemake --cores 1 weights/{name}'"
    how = "put checkpoint.pth into" if entry.hub is None else fetch
    with pytest.raises(ValueError, match=f"'{name}' is not complete at '{weights / name}'; {how}"):
        load(name, weights)


@pytest.mark.parametrize("name", ["videomae-base"])
def test_an_encoder_of_another_loader_is_refused(name, weights):
    with pytest.raises(ValueError, match=r"'videomae-base' is no model for clip; set backbone.name: videomae"):
        load_dual_encoder(DualEncoderSettings(name="clip", model=name, weights=weights))
