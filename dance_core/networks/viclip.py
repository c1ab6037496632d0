"""ViCLIP: a joint space-time transformer over frames and CLIP's text tower, for the checkpoints of InternVid.

The checkpoints come with code that wants to be run; it is not. The architecture is written here, its sizes are read
from the shapes of the tensors, and every tensor must be there, have its shape, and be asked for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from dance_core.networks.torch_files import read_torch

HEAD_WIDTH = 64
CONTEXT = 32
# The learnt temperature of the training loss, which no embedding depends on.
UNUSED = frozenset(["temp"])


class Attention(nn.Module):
    """Attention with several heads; query, key and value come from one fused matrix."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        """Mix tokens, shape (n, tokens, width); causal: each sees itself and those before it."""
        mixed = functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        query, key, value = mixed.unflatten(-1, (3, -1, HEAD_WIDTH)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out_proj(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and a perceptron with QuickGELU, each after a normalisation and added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = Attention(width)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})
        self.ln_2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        """Change tokens, shape (n, tokens, width)."""
        x = x + self.attn(self.ln_1(x), causal)
        hidden = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](hidden * torch.sigmoid(1.702 * hidden))


class Transformer(nn.Module):
    """Blocks, one after another."""

    def __init__(self, width: int, layers: int, causal: bool) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width) for _ in range(layers))
        self._causal = causal

    def forward(self, x: Tensor) -> Tensor:
        """Change tokens, shape (n, tokens, width)."""
        for block in self.resblocks:
            x = block(x, self._causal)
        return x


class VisionTower(nn.Module):
    """From frames to one embedding: the patches of all frames and one class token attend to each other."""

    def __init__(self, width: int, layers: int, patch: int, grid: int, frames: int, dim: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, width, (1, patch, patch), (1, patch, patch), bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty(grid**2 + 1, width))
        self.temporal_positional_embedding = nn.Parameter(torch.empty(1, frames, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, causal=False)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.empty(width, dim))

    def forward(self, pixels: Tensor) -> Tensor:
        """Embed clips, from shape (n, frames, 3, size, size) to (n, dim)."""
        patches = self.conv1(pixels.transpose(1, 2)).flatten(3).permute(0, 2, 3, 1)
        patches = patches + self.positional_embedding[1:] + self.temporal_positional_embedding[:, :, None]
        # It is the same for every frame, so that of one frame stands for the clip.
        token = (self.class_embedding + self.positional_embedding[0]).expand(len(pixels), 1, -1)
        x = self.transformer(self.ln_pre(torch.cat([token, patches.flatten(1, 2)], dim=1)))
        return self.ln_post(x[:, 0]) @ self.proj


class TextTower(nn.Module):
    """From tokens to one embedding, that of the token which ends the text."""

    def __init__(self, width: int, layers: int, vocabulary: int, context: int, dim: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.empty(context, width))
        self.transformer = Transformer(width, layers, causal=True)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, dim))

    def forward(self, tokens: Tensor) -> Tensor:
        """Embed texts, from shape (n, up to context) to (n, dim); the largest token of a text ends it."""
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        last = torch.arange(len(tokens), device=tokens.device), tokens.argmax(dim=1)
        return self.ln_final(self.transformer(x)[last]) @ self.text_projection


class ViClip(nn.Module):
    """Both towers.

    Args:
        tensors: Tensors of a checkpoint, of which only the shapes are read.
        place: What the checkpoint is called in errors.

    Attributes:
        frames: Frames that it sees of a clip.
        size: Height and width of a frame, pixels.
        context: Tokens that it sees of a text, at most.
        vocabulary: Number of tokens that it knows.

    Raises:
        ValueError: A tensor that tells a size is missing or cannot be that of a ViCLIP.

    Source:
        Wang et al. 2024 (InternVid), section 4 (ViCLIP).
    """

    def __init__(self, tensors: Mapping[str, Tensor], place: str) -> None:
        super().__init__()
        shapes = _Shapes(tensors, place)
        width, _, _, patch, _ = shapes.of("vision_encoder.conv1.weight", 5)
        places, _ = shapes.of("vision_encoder.positional_embedding", 2)
        _, self.frames, _ = shapes.of("vision_encoder.temporal_positional_embedding", 3)
        _, dim = shapes.of("vision_encoder.proj", 2)
        self.vocabulary, text_width = shapes.of("text_encoder.token_embedding.weight", 2)
        context, _ = shapes.of("text_encoder.positional_embedding", 2)
        shapes.expect_heads("vision_encoder.conv1.weight", width)
        shapes.expect_heads("text_encoder.token_embedding.weight", text_width)
        grid, self.context = round((places - 1) ** 0.5), min(context, CONTEXT)
        self.size = grid * patch
        vision_layers, text_layers = shapes.layers("vision_encoder"), shapes.layers("text_encoder")
        self.vision_encoder = VisionTower(width, vision_layers, patch, grid, self.frames, dim)
        self.text_encoder = TextTower(text_width, text_layers, self.vocabulary, self.context, dim)


class _Shapes:
    """What the tensors of a checkpoint tell about the sizes of the model."""

    def __init__(self, tensors: Mapping[str, Tensor], place: str) -> None:
        self._tensors = tensors
        self._place = place

    def of(self, name: str, dimensions: int) -> tuple[int, ...]:
        if name not in self._tensors:
            raise ValueError(f"{self._place}: tensor '{name}' is missing; a checkpoint of ViCLIP is expected")
        shape = tuple(self._tensors[name].shape)
        if len(shape) != dimensions:
            raise ValueError(
                f"{self._place}: tensor '{name}' has shape {shape}; {dimensions} dimensions are expected in a "
                "checkpoint of ViCLIP"
            )
        return shape

    def expect_heads(self, name: str, width: int) -> None:
        if width % HEAD_WIDTH:
            raise ValueError(
                f"{self._place}: tensor '{name}' has width {width}; a multiple of {HEAD_WIDTH} is expected"
            )

    def layers(self, tower: str) -> int:
        """Count the blocks by the names of their tensors; one that is missing between others is told as such later."""
        start = f"{tower}.transformer.resblocks."
        numbers = [name.removeprefix(start).split(".")[0] for name in self._tensors if name.startswith(start)]
        return max((int(number) + 1 for number in numbers if number.isdecimal()), default=0)


def load_viclip(path: str | Path) -> ViClip:
    """Load both towers from a file, every tensor of it and nothing else.

    Args:
        path: A .safetensors file, or a file of torch with a dictionary of tensors or one below the key "model".

    Returns:
        The model in float32, ready for inference.

    Raises:
        ValueError: The file cannot be read, or a tensor is missing, not expected, or of another shape.
    """
    tensors = {name: value for name, value in checkpoint_tensors(path).items() if name not in UNUSED}
    with torch.device("meta"):
        model = ViClip(tensors, str(path))
    position = "text_encoder.positional_embedding"
    tensors[position] = tensors[position][: model.context]
    _expect_same_tensors(tensors, model.state_dict(), str(path))
    model.load_state_dict({name: value.float() for name, value in tensors.items()}, strict=True, assign=True)
    return model.eval().requires_grad_(False)


def checkpoint_tensors(path: str | Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint; nothing else in a file of torch is ever loaded.

    Args:
        path: A .safetensors file, or a file of torch with a dictionary of tensors or one below the key "model".

    Returns:
        Tensors by name.

    Raises:
        ValueError: The file cannot be read, or holds something else.
    """
    content = _safetensors(path) if Path(path).suffix == ".safetensors" else read_torch(path)
    tensors: Any = content.get("model", content) if isinstance(content, dict) else content
    if not isinstance(tensors, dict) or not tensors or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise ValueError(f"{path}: holds no dictionary of tensors; a checkpoint of ViCLIP is expected")
    return tensors


def _safetensors(path: str | Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); put a whole .safetensors file there") from error


def _expect_same_tensors(found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], place: str) -> None:
    """Compare names and shapes, and name the first tensor of each kind of difference."""
    misshaped = sorted(name for name in set(wanted) & set(found) if found[name].shape != wanted[name].shape)
    shapes = [f"{tuple(found[name].shape)} in place of {tuple(wanted[name].shape)}" for name in misshaped[:1]]
    kinds = {
        "is missing": sorted(set(wanted) - set(found)),
        "is not expected": sorted(set(found) - set(wanted)),
        f"has shape {''.join(shapes)}": misshaped,
    }
    differences = [f"tensor '{names[0]}' {kind} ({len(names)} such)" for kind, names in kinds.items() if names]
    if differences:
        raise ValueError(f"{place}: {', '.join(differences)}; a complete checkpoint of ViCLIP is expected")
