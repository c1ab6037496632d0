"""The layers of a video network: how deep a weight lies, and branches that are left out at random."""

from functools import partial
from typing import Any

import torch
from torch import nn


def layers_of(model: nn.Module) -> tuple[str, nn.ModuleList]:
    """Find the transformer layers of a network: its longest list of modules.

    Args:
        model: The network.

    Returns:
        Name of the list, and the list.

    Raises:
        ValueError: It has no list of modules.
    """
    lists = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise ValueError(
            f"finetuning: {type(model).__name__} has no list of layers; use a transformer such as VideoMAE"
        )
    return max(lists, key=lambda entry: len(entry[1]))


def depth_of(name: str, prefix: str, n_layers: int) -> int:
    """Tell how deep a weight lies.

    Args:
        name: Of the weight.
        prefix: Name of the list of layers.
        n_layers: Its length.

    Returns:
        0 for embeddings, 1 to `n_layers` for layers, one more for what comes after them.
    """
    if name.startswith(f"{prefix}."):
        return int(name[len(prefix) + 1 :].split(".")[0]) + 1
    return 0 if "embeddings" in name else n_layers + 1


class DropPath:
    """Leaves out branches of layers for some clips of a batch; of those that stay the output is scaled up.

    Where the network has such a thing of its own it is used; else the outputs of the two branches of each layer are
    multiplied, attention and perceptron. What is left out is drawn for a whole step, so it does not depend on how the
    step is cut into parts.

    Args:
        model: The network.
        probability: For the last layer; it rises from 0 at the first.

    Raises:
        ValueError: The network has no branches that could be left out.

    Source:
        Huang et al. 2016 (stochastic depth).
    """

    def __init__(self, model: Any, probability: float) -> None:
        self._keep: torch.Tensor | None = None
        self._rates = torch.empty(0)
        if not probability or hasattr(model.config, "drop_path_rate"):
            return
        _, layers = layers_of(model)
        branches = [branch for layer in layers for branch in _branches(layer)]
        if len(branches) != 2 * len(layers):
            raise ValueError(
                f"finetuning: the layers of {type(model).__name__} have no branches that can be left out; "
                "set finetuning.drop_path: 0"
            )
        self._rates = torch.linspace(0, probability, len(layers)).repeat_interleave(2)
        for number, branch in enumerate(branches):
            branch.register_forward_hook(partial(self._scaled, number))

    def draw(self, n_clips: int, generator: torch.Generator) -> torch.Tensor:
        """Draw what each clip of a step keeps: factors of shape (branches, n_clips)."""
        keep = 1 - self._rates[:, None]
        return (torch.rand(len(keep), n_clips, generator=generator) < keep) / keep

    def use(self, keep: torch.Tensor | None) -> None:
        """Set what the clips of the next forward pass keep, shape (branches, n); None for everything."""
        self._keep = keep if keep is not None and len(keep) else None

    def _scaled(self, number: int, module: nn.Module, arguments: Any, output: Any) -> Any:
        if self._keep is None:
            return None
        first = output[0] if isinstance(output, tuple) else output
        scaled = first * self._keep[number].to(first)[:, None, None]
        return (scaled, *output[1:]) if isinstance(output, tuple) else scaled


def _branches(layer: nn.Module) -> list[nn.Module]:
    """Find the modules of a layer whose output is added to what came in."""
    found = [getattr(layer, "attention", None), getattr(layer, "mlp", None)]
    if found[1] is None:
        found[1] = getattr(getattr(layer, "output", None), "dense", None)
    return [module for module in found if module is not None]
