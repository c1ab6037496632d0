"""Branches left out at random: the factors, where they act, and what the network gives then."""

import copy

import pytest
import torch
from torch import nn
from transformers import (
    TimesformerForVideoClassification,
    VideoMAEForVideoClassification,
    VivitConfig,
    VivitForVideoClassification,
)

from dance_core.finetuning.layers import DropPath, depth_of, layers_of
from tests.unit.networks import tiny_models

PIXELS = torch.rand(3, 4, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network(tmp_path):
    return VideoMAEForVideoClassification.from_pretrained(tiny_models.videomae(tmp_path)).eval()


def without_branches(network, attention, perceptron):
    """The same network whose last layer lacks a branch."""
    last = network.videomae.encoder.layer[-1]
    with torch.no_grad():
        for module in ([last.attention.output.dense] if attention else []) + (
            [last.output.dense] if perceptron else []
        ):
            module.weight.zero_()
            module.bias.zero_()
    return network


def test_factors_keep_the_mean_and_rise_with_depth(network):
    drop_path = DropPath(network, 0.4)
    keep = drop_path.draw(20_000, generator())
    assert keep.shape == (4, 20_000)
    assert (keep[:2] == 1).all()
    torch.testing.assert_close(keep.mean(1), torch.ones(4), atol=0.03, rtol=0)
    torch.testing.assert_close(keep[2:].unique(), torch.tensor([0, 1 / 0.6]))


def test_a_branch_is_left_out_for_one_clip_and_not_for_another(network):
    with torch.no_grad():
        whole = network(PIXELS).logits
        missing = [
            without_branches(copy.deepcopy(network), *which)(PIXELS).logits for which in ((True, False), (False, True))
        ]
        drop_path = DropPath(network, 0.4)
        keep = torch.ones(4, 3)
        keep[2, 1], keep[3, 2] = 0, 0
        drop_path.use(keep)
        found = network(PIXELS).logits
        torch.testing.assert_close(found, torch.stack([whole[0], missing[0][1], missing[1][2]]))
        assert (found[1:] - whole[1:]).abs().max() > 1e-3
        drop_path.use(None)
        torch.testing.assert_close(network(PIXELS).logits, whole, atol=0, rtol=0)


def test_a_network_with_its_own_way_is_left_alone(tmp_path):
    network = TimesformerForVideoClassification.from_pretrained(tiny_models.timesformer(tmp_path))
    assert not len(DropPath(network, 0.3).draw(2, generator()))
    assert not any(module._forward_hooks for module in network.modules())


def test_another_transformer_has_branches_too():
    small = {**tiny_models.SMALL, "num_labels": 2}
    network = VivitForVideoClassification(
        VivitConfig(**small, image_size=16, tubelet_size=[2, 8, 8], num_frames=4)
    ).eval()
    drop_path = DropPath(network, 0.5)
    with torch.no_grad():
        whole = network(PIXELS).logits
        drop_path.use(torch.zeros(4, 3))
        assert not torch.allclose(network(PIXELS).logits, whole)


class Odd(nn.Module):
    """Layers that do not tell their branches."""

    def __init__(self) -> None:
        super().__init__()
        self.config = object()
        self.blocks = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])


def test_a_network_without_branches_is_refused():
    with pytest.raises(
        ValueError, match=r"the layers of Odd have no branches that can be left out; set finetuning.drop_"
    ):
        DropPath(Odd(), 0.1)
    DropPath(Odd(), 0.0)
    with pytest.raises(
        ValueError, match="finetuning: Linear has no list of layers; use a transformer such as VideoMAE"
    ):
        layers_of(nn.Linear(2, 2))


def test_depth_is_read_from_the_name(network):
    prefix, layers = layers_of(network)
    assert (prefix, len(layers)) == ("videomae.encoder.layer", 2)
    depths = [
        depth_of(name, prefix, 2) for name in ("videomae.embeddings.x", f"{prefix}.1.output.dense.bias", "fc_norm.bias")
    ]
    assert depths == [0, 2, 3]
