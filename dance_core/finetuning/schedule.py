"""How fast each weight learns, and when."""

import math
from typing import Any

import torch
from torch import nn

from dance_core.finetuning.layers import depth_of, layers_of
from dance_core.finetuning.settings import FinetuneSettings

BETAS, EPSILON = (0.9, 0.999), 1e-8
# Weights that say where a token is or stand for one: shrinking them would move it.
UNSHRUNK = ("position_embeddings", "time_embeddings", "cls_token", "mask_token")


def learning_rate(step: int, n_steps: int, warmup_steps: int, settings: FinetuneSettings) -> float:
    """Return the learning rate of a step: a linear rise, then half a cosine.

    Args:
        step: Number of the step, from 0.
        n_steps: Steps of the whole run.
        warmup_steps: Steps of the rise.
        settings: The peak, and the rate at both ends.

    Returns:
        The rate of the last layers.

    Source:
        Loshchilov & Hutter 2017 (cosine); Goyal et al. 2017 (warm-up).
    """
    low, high = settings.minimum_learning_rate, settings.peak_learning_rate
    if step < warmup_steps:
        return low + (high - low) * step / warmup_steps
    passed = (step - warmup_steps) / max(n_steps - warmup_steps, 1)
    return low + (high - low) * (1 + math.cos(math.pi * passed)) / 2


def make_optimiser(model: nn.Module, settings: FinetuneSettings) -> torch.optim.AdamW:
    """Make AdamW with one group of weights for each depth, and one more for those that are not shrunk.

    Args:
        model: The network.
        settings: layer_decay and weight_decay count.

    Returns:
        The optimiser; each group has a factor "scale" that its learning rate is multiplied by.

    Source:
        Clark et al. 2020, Bao et al. 2022 (a lower rate for lower layers).
    """
    prefix, layers = layers_of(model)
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, weight in model.named_parameters():
        shrunk = weight.ndim > 1 and not any(part in name for part in UNSHRUNK)
        depth = depth_of(name, prefix, len(layers))
        scale = settings.layer_decay ** (len(layers) + 1 - depth)
        decay = settings.weight_decay if shrunk else 0.0
        group = groups.setdefault((depth, shrunk), {"params": [], "scale": scale, "weight_decay": decay})
        group["params"].append(weight)
    return torch.optim.AdamW([groups[key] for key in sorted(groups)], lr=0.0, betas=BETAS, eps=EPSILON)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of a rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["scale"]
