"""V-JEPA 2 as a backbone: the mean of its tokens, or what its classifier reads where it was fine-tuned."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import VJEPA2ForVideoClassification, VJEPA2Model

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.backbones.transformers_video import backbone_checkpoint, classifier_input, picture_backbone
from dance_core.devices import number_type, pick_device
from dance_core.networks.checkpoints import Checkpoint


def load(settings: BackboneSettings) -> Backbone:
    """Load a V-JEPA 2 checkpoint.

    Its positions are rotations, so it takes any number of frames that it can join in pairs, though it was trained with
    the number that the registry states.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Returns:
        A backbone with features of shape (n, hidden size).

    Raises:
        ValueError: The model is absent, incomplete, no V-JEPA 2, or cannot divide the frames.

    Source:
        Assran et al. 2025 (V-JEPA 2); the pretrained encoder has no pooling of its own, the fine-tuned one an attentive
        pooler.
    """
    checkpoint = backbone_checkpoint(settings, "vjepa2")
    config: Any = checkpoint.config()
    if config.model_type != "vjepa2":
        raise ValueError(
            f"backbone.model: '{settings.model}' is of type '{config.model_type}', not vjepa2; "
            "set backbone.name: transformers_video"
        )
    if settings.frames % config.tubelet_size:
        raise ValueError(
            f"backbone.frames is {settings.frames} but '{settings.model}' joins every {config.tubelet_size} frames; "
            f"set backbone.frames: {config.frames_per_clip}"
        )
    device = pick_device(settings.device)
    embed = _embedding(checkpoint, config.architectures or [], device, number_type(settings.precision))
    return picture_backbone(embed, checkpoint.preprocessor(), settings, device)


def _embedding(
    checkpoint: Checkpoint, architectures: list[str], device: torch.device, precision: torch.dtype
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Give the function from pixels [n, frames, 3, height, width] to features [n, d]."""
    if "VJEPA2ForVideoClassification" in architectures:
        return classifier_input(checkpoint.load(VJEPA2ForVideoClassification, device, precision))
    model: Any = checkpoint.load(VJEPA2Model, device, precision)
    return lambda pixels: model.get_vision_features(pixels).mean(1)
