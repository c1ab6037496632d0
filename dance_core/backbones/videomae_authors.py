"""VideoMAE as its authors save it: a .pth file with the names of their own code, pretrained or fine-tuned."""

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import VideoMAEConfig, VideoMAEModel

from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.torch_files import read_torch

SUFFIXES = (".pt", ".pth")
IMAGE_SIZE = 224
FRAMES = 16
LAYER_NORM_EPSILON = 1e-6
HEAD_WIDTH = 64
# The largest of the authors' sizes has wider heads than the others.
HUGE = (1280, 16)
# Parts of a checkpoint that features do not need: the decoder of the pretraining, and the classifier.
UNUSED = ("decoder.", "encoder_to_decoder.", "mask_token", "head.")
# Names in the authors' code and in transformers, of the whole and of each block.
_WHOLE = {"patch_embed.proj": "embeddings.patch_embeddings.projection"}
_BLOCK = {
    "norm1.weight": "layernorm_before.weight",
    "norm1.bias": "layernorm_before.bias",
    "attn.q_bias": "attention.attention.query.bias",
    "attn.v_bias": "attention.attention.value.bias",
    "attn.proj.weight": "attention.output.dense.weight",
    "attn.proj.bias": "attention.output.dense.bias",
    "norm2.weight": "layernorm_after.weight",
    "norm2.bias": "layernorm_after.bias",
    "mlp.fc1.weight": "intermediate.dense.weight",
    "mlp.fc1.bias": "intermediate.dense.bias",
    "mlp.fc2.weight": "output.dense.weight",
    "mlp.fc2.bias": "output.dense.bias",
}
# One matrix there, three here.
_JOINED = "attn.qkv.weight"
_PARTS = tuple(f"attention.attention.{part}.weight" for part in ("query", "key", "value"))


@dataclass(frozen=True)
class AuthorsNetwork:
    """The encoder of a checkpoint and what follows it.

    Attributes:
        encoder: The tokens of a clip, normalised where the checkpoint has a norm there.
        norm: The layer norm of the mean token, None where there is none.
        first_token: Whether the first token stands for the clip; else the mean of all does.
    """

    encoder: VideoMAEModel
    norm: nn.LayerNorm | None
    first_token: bool

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Describe clips as the authors' classifier sees them.

        Args:
            pixels: Shape (n, frames, 3, height, width).

        Returns:
            Features, shape (n, d).
        """
        tokens = self.encoder(pixels).last_hidden_state
        pooled = tokens[:, 0] if self.first_token else tokens.mean(1)
        return pooled if self.norm is None else self.norm(pooled)


def load_authors(
    checkpoint: Checkpoint,
    path: Path,
    device: torch.device,
    precision: torch.dtype = torch.float32,
    frames: int = FRAMES,
    image_size: int = IMAGE_SIZE,
) -> AuthorsNetwork:
    """Load a checkpoint of the authors' code, every weight of it into its place.

    Args:
        checkpoint: What the settings name, for errors.
        path: The .pth file.
        device: Where the network shall run.
        precision: Numbers that it shall compute with.
        frames: Frames that it sees.
        image_size: Side of its pictures in pixels.

    Returns:
        The network, ready for inference.

    Raises:
        ValueError: The file cannot be read, is no VideoMAE of this layout, or a weight is absent or unknown.

    Source:
        Tong et al. 2022 (VideoMAE): pretrained encoders end with a norm of each token, fine-tuned ones with a norm of
        their mean.
    """
    weights = _own_weights(checkpoint, path)
    classifies = any(name.startswith("head.") for name in weights)
    weights = {name: value for name, value in weights.items() if not name.startswith(UNUSED)}
    config = _config(weights, frames, image_size)
    encoder = VideoMAEModel(config)
    norm = nn.LayerNorm(config.hidden_size, eps=LAYER_NORM_EPSILON) if config.use_mean_pooling else None
    network = AuthorsNetwork(encoder, norm, first_token=classifies and norm is None)
    _fill(network, weights, checkpoint)
    for part in filter(None, (encoder, norm)):
        part.eval().requires_grad_(False).to(device, precision)
    return network


def _own_weights(checkpoint: Checkpoint, path: Path) -> dict[str, torch.Tensor]:
    """Take the tensors out of a training checkpoint, under the names that the fine-tuned network gives them."""
    content = read_torch(path)
    content = content if isinstance(content, dict) else {}
    state = next(
        (content[key] for key in ("model", "module", "state_dict") if isinstance(content.get(key), dict)), content
    )
    tensors = {str(name): value for name, value in state.items() if isinstance(value, torch.Tensor)}
    own = {re.sub(r"^(encoder|backbone)\.", "", name): value for name, value in tensors.items()}
    if "patch_embed.proj.weight" not in own or own["patch_embed.proj.weight"].ndim != 5:
        raise ValueError(
            f"{checkpoint.place}: '{path}' is no VideoMAE in its authors' layout: it has no 'patch_embed.proj.weight' "
            f"of 5 dimensions among {len(tensors)} tensors (such as '{next(iter(tensors), '')}'); name a checkpoint of "
            "vit_{small,base,large}_patch16_224, or a folder of the transformers library"
        )
    return own


def _config(weights: dict[str, torch.Tensor], frames: int, image_size: int) -> VideoMAEConfig:
    """Read the sizes of the network off its weights."""
    width, channels, tubelet, patch, _ = weights["patch_embed.proj.weight"].shape
    blocks = [int(match[1]) for name in weights if (match := re.match(r"blocks\.(\d+)\.", name))]
    inner = weights.get("blocks.0.mlp.fc1.bias")
    return VideoMAEConfig(
        image_size=image_size,
        patch_size=patch,
        num_channels=channels,
        num_frames=frames,
        tubelet_size=tubelet,
        hidden_size=width,
        num_hidden_layers=max(blocks, default=-1) + 1,
        num_attention_heads=HUGE[1] if width == HUGE[0] else max(width // HEAD_WIDTH, 1),
        intermediate_size=4 * width if inner is None else len(inner),
        layer_norm_eps=LAYER_NORM_EPSILON,
        use_mean_pooling="norm.weight" not in weights,
    )


def _fill(network: AuthorsNetwork, weights: dict[str, torch.Tensor], checkpoint: Checkpoint) -> None:
    """Put weights into the network, all of them and into all of it."""
    places = _places(network)
    parts = {name: tensor.detach() for name, tensor in network.encoder.named_parameters()}
    if network.norm is not None:
        parts |= {f"fc_norm.{name}": tensor.detach() for name, tensor in network.norm.named_parameters()}
    shapes = {
        name: (sum(len(parts[target]) for target in targets), *parts[targets[0]].shape[1:])
        for name, targets in places.items()
    }
    absent = sorted(name for name, shape in shapes.items() if name not in weights or weights[name].shape != shape)
    checkpoint.expect_complete("VideoMAE", absent, sorted(set(weights) - set(places)))
    for name, targets in places.items():
        for target, rows in zip(targets, weights[name].chunk(len(targets)), strict=True):
            parts[target].copy_(rows)


def _places(network: AuthorsNetwork) -> dict[str, tuple[str, ...]]:
    """Say where in the network each weight of the checkpoint goes."""
    whole = dict(_WHOLE) if network.encoder.layernorm is None else {**_WHOLE, "norm": "layernorm"}
    whole |= {"fc_norm": "fc_norm"} if network.norm is not None else {}
    places: dict[str, tuple[str, ...]]
    places = {f"{old}.{kind}": (f"{new}.{kind}",) for old, new in whole.items() for kind in ("weight", "bias")}
    for block in range(network.encoder.config.num_hidden_layers):
        start, layer = f"blocks.{block}.", f"encoder.layer.{block}."
        places |= {start + old: (layer + new,) for old, new in _BLOCK.items()}
        places[start + _JOINED] = tuple(layer + part for part in _PARTS)
    return places
