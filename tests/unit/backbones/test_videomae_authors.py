"""VideoMAE in its authors' layout, compared with their forward pass written out slowly."""

import argparse

import numpy as np
import pytest
import torch
from torch.nn import functional

from dance_core.backbones import BackboneSettings, load_backbone
from dance_core.backbones.videomae_authors import load_authors
from dance_core.networks.checkpoints import Checkpoint
from tests.unit.networks import tiny_models
from tests.unit.networks.memory_clip import MemoryClip, features_of, random_pictures
from tests.unit.networks.tiny_encoders import authors_tensors

CLIP = MemoryClip(random_pictures(4, 16, 20, 30))
WIDTH, DEPTH, PATCH, SIDE, FRAMES = 128, 2, 8, 16, 4
EPSILON = 1e-6


def saved(path, content):
    torch.save(content, path)
    return Checkpoint(str(path), "", "backbone.model")


def network(path, content):
    return load_authors(saved(path, content), path, torch.device("cpu"), frames=FRAMES, image_size=SIDE)


def norm(values, weights, name):
    return functional.layer_norm(values, values.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], EPSILON)


def tokens_by_hand(weights, pixels):
    """The authors' encoder for one clip [frames, 3, side, side]: patches, sine positions, blocks."""
    frames, _, height, width = pixels.shape
    kernel = weights["patch_embed.proj.weight"]
    rows = [
        torch.einsum(
            "dcthw,tchw->d",
            kernel,
            pixels[t : t + 2, :, y : y + PATCH, x : x + PATCH],
        )
        + weights["patch_embed.proj.bias"]
        for t in range(0, frames, 2)
        for y in range(0, height, PATCH)
        for x in range(0, width, PATCH)
    ]
    tokens = torch.stack(rows)
    places = np.arange(len(rows))[:, None] / 10000 ** (2 * (np.arange(WIDTH) // 2) / WIDTH)
    places[:, 0::2], places[:, 1::2] = np.sin(places[:, 0::2]), np.cos(places[:, 1::2])
    tokens = tokens + torch.tensor(places, dtype=torch.float32)
    heads = WIDTH // 64
    for block in range(DEPTH):
        own = {name.removeprefix(f"blocks.{block}."): value for name, value in weights.items()}
        bias = torch.cat([own["attn.q_bias"], torch.zeros(WIDTH), own["attn.v_bias"]])
        mixed = norm(tokens, own, "norm1") @ own["attn.qkv.weight"].T + bias
        query, key, value = mixed.reshape(len(tokens), 3, heads, 64).permute(1, 2, 0, 3)
        attention = torch.softmax(query @ key.transpose(1, 2) / 64**0.5, dim=-1) @ value
        attention = attention.transpose(0, 1).reshape(len(tokens), WIDTH)
        tokens = tokens + attention @ own["attn.proj.weight"].T + own["attn.proj.bias"]
        inner = functional.gelu(norm(tokens, own, "norm2") @ own["mlp.fc1.weight"].T + own["mlp.fc1.bias"])
        tokens = tokens + inner @ own["mlp.fc2.weight"].T + own["mlp.fc2.bias"]
    return tokens


@pytest.fixture
def pixels():
    return torch.randn((FRAMES, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(2))


def test_a_fine_tuned_checkpoint_gives_the_normalised_mean(tmp_path, pixels):
    weights = authors_tensors(WIDTH, DEPTH, finetuned=True, patch=PATCH)
    features = network(tmp_path / "a.pth", {"module": weights})(pixels[None])[0]
    expected = norm(tokens_by_hand(weights, pixels).mean(0), weights, "fc_norm")
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_a_pretrained_checkpoint_gives_the_mean_of_normalised_tokens(tmp_path, pixels):
    weights = authors_tensors(WIDTH, DEPTH, finetuned=False, patch=PATCH)
    # As training leaves it: with the arguments of the command line beside the weights.
    content = {"model": weights, "epoch": 799, "args": argparse.Namespace(lr=1e-3, output_dir="x")}
    features = network(tmp_path / "a.pth", content)(pixels[None])[0]
    own = {name.removeprefix("encoder."): value for name, value in weights.items()}
    expected = norm(tokens_by_hand(own, pixels), own, "norm").mean(0)
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_a_classifier_without_mean_pooling_reads_the_first_token(tmp_path, pixels):
    weights = authors_tensors(WIDTH, DEPTH, finetuned=True, patch=PATCH)
    weights = {name.replace("fc_norm", "norm"): value for name, value in weights.items()}
    features = network(tmp_path / "a.pth", weights)(pixels[None])[0]
    np.testing.assert_allclose(features, norm(tokens_by_hand(weights, pixels)[0], weights, "norm"), atol=1e-5)


def test_a_file_is_a_model_of_its_own(tmp_path):
    saved(tmp_path / "own.pth", {"model": authors_tensors(64, 1, finetuned=True)})
    settings = BackboneSettings("videomae", model=str(tmp_path / "own.pth"), device="cpu")
    assert features_of(load_backbone(settings), CLIP).shape == (64,)
    with pytest.raises(ValueError, match=r"backbone\.frames is 8 but 'own\.pth' expects 16; set backbone\.frames: 16"):
        load_backbone(BackboneSettings("videomae", model=str(tmp_path / "own.pth"), frames=8))


def test_an_absent_weight_is_named_as_in_the_file(tmp_path):
    weights = authors_tensors(64, 2, finetuned=True)
    del weights["blocks.1.attn.qkv.weight"]
    with pytest.raises(ValueError, match=r"has no weight 'blocks\.1\.attn\.qkv\.weight' of the right shape \(1 such\)"):
        network(tmp_path / "a.pth", {"model": weights})
    weights["blocks.1.attn.qkv.weight"] = torch.zeros(3 * 64, 32)
    with pytest.raises(ValueError, match=r"has no weight 'blocks\.1\.attn\.qkv\.weight' of the right shape \(1 such\)"):
        network(tmp_path / "a.pth", {"model": weights})


def test_a_weight_that_the_network_does_not_know_is_named(tmp_path):
    weights = {**authors_tensors(64, 1, finetuned=True), "blocks.0.gamma_1": torch.ones(64)}
    with pytest.raises(ValueError, match=r"has a weight 'blocks\.0\.gamma_1' \(1 such\) which VideoMAE does not know"):
        network(tmp_path / "a.pth", {"model": weights})


def test_a_checkpoint_of_another_network(tmp_path):
    with pytest.raises(
        ValueError, match=r"is no VideoMAE in its authors' layout: it has no 'patch_embed\.proj\.weight'"
    ):
        network(tmp_path / "a.pth", {"model": {"conv1.weight": torch.zeros(3)}})
    with pytest.raises(
        ValueError, match=r"among 0 tensors \(such as ''\); name a checkpoint of vit_\{small,base,large\}"
    ):
        network(tmp_path / "a.pth", [1, 2])


def test_code_in_a_checkpoint_is_never_run(tmp_path):
    class Harmful:
        def __reduce__(self):
            return exec, ("raise SystemExit('code of a checkpoint was run')",)

    with pytest.raises(ValueError, match=r"a\.pth: refused, it is not a plain tensor file"):
        network(tmp_path / "a.pth", {"model": Harmful()})


def test_a_folder_of_another_architecture_names_both(tmp_path):
    folder = tiny_models.timesformer(tmp_path)
    with pytest.raises(ValueError, match=r"is of type 'timesformer', not videomae"):
        load_backbone(BackboneSettings("videomae", model=str(folder)))
