"""VideoMAE as a backbone: the mean of its tokens, normalised as its classifier was trained to see them."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import VideoMAEForVideoClassification, VideoMAEModel

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.backbones.transformers_video import expect_frames, picture_backbone
from dance_core.devices import number_type, pick_device
from dance_core.networks.checkpoints import Checkpoint


def load(settings: BackboneSettings) -> Backbone:
    """Load a VideoMAE checkpoint.

    Args:
        settings: model, revision, frames and device count.

    Returns:
        A backbone with features of shape (n, hidden size).

    Raises:
        ValueError: The model is absent, incomplete, no VideoMAE, or expects another number of frames.

    Source:
        Tong et al. 2022 (VideoMAE); a fine-tuned checkpoint carries a layer norm between mean and classifier, a
        pretrained one does not.
    """
    checkpoint = Checkpoint(settings.model, settings.revision, "backbone.model")
    config = checkpoint.config()
    if config.model_type != "videomae":
        raise ValueError(
            f"backbone.model: '{settings.model}' is of type '{config.model_type}', not videomae; "
            "set backbone.name: transformers_video"
        )
    expect_frames(checkpoint, settings.frames)
    device = pick_device(settings.device)
    embed = _embedding(checkpoint, config.architectures or [], device, number_type(settings.precision))
    return picture_backbone(embed, checkpoint.preprocessor(), settings, device)


def _embedding(
    checkpoint: Checkpoint, architectures: list[str], device: torch.device, precision: torch.dtype
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Give the function from pixels [n, frames, 3, height, width] to features [n, d]."""
    if "VideoMAEForVideoClassification" in architectures:
        classifier: Any = checkpoint.load(VideoMAEForVideoClassification, device, precision)
        normalise: Any = classifier.fc_norm or torch.nn.Identity()
        return lambda pixels: normalise(classifier.videomae(pixels).last_hidden_state.mean(1))
    encoder: Any = checkpoint.load(VideoMAEModel, device, precision)
    return lambda pixels: encoder(pixels).last_hidden_state.mean(1)
