"""VideoMAE as a backbone: what its classifier reads, or the mean of its tokens where it has none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import VideoMAEForVideoClassification, VideoMAEModel

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.backbones.transformers_video import (
    backbone_checkpoint,
    classifier_input,
    expect_frames,
    picture_backbone,
)
from dance_core.backbones.videomae_authors import FRAMES, SUFFIXES, load_authors
from dance_core.devices import number_type, pick_device
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.encoder_registry import encoder_registry
from dance_core.networks.preprocessing import PicturePreprocessor

# What a pretrained checkpoint has beside its encoder: the network that fills the masked patches in.
PRETRAINING = ("decoder.", "encoder_to_decoder.", "mask_token")


def load(settings: BackboneSettings) -> Backbone:
    """Load a VideoMAE checkpoint: a folder of transformers, or a file of the authors' own code.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Returns:
        A backbone with features of shape (n, hidden size).

    Raises:
        ValueError: The model is absent, incomplete, no VideoMAE, or expects another number of frames.

    Source:
        Tong et al. 2022 (VideoMAE); a fine-tuned checkpoint carries a layer norm between mean and classifier, or
        its classifier reads the first token; a pretrained one normalises each token.
    """
    checkpoint = backbone_checkpoint(settings, "videomae")
    if (path := _authors_file(checkpoint)) is not None:
        return _authors_backbone(checkpoint, path, settings)
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


def _authors_file(checkpoint: Checkpoint) -> Path | None:
    """Find the file of the authors' layout, where the settings name one; None where they name a folder or a hub id."""
    location = Path(checkpoint.location())
    if location.is_dir() and checkpoint.entry is not None:
        location = checkpoint.entry.present(location)[0]
    return location if location.suffix in SUFFIXES and location.is_file() else None


def _authors_backbone(checkpoint: Checkpoint, path: Path, settings: BackboneSettings) -> Backbone:
    if settings.frames != FRAMES:
        raise ValueError(
            f"backbone.frames is {settings.frames} but '{path.name}' expects {FRAMES}; set backbone.frames: {FRAMES}"
        )
    device = pick_device(settings.device)
    network = load_authors(checkpoint, path, device, number_type(settings.precision))
    # The file says nothing of pictures; all sizes were trained with the same.
    preprocessing = encoder_registry()["videomae-base-authors"].preprocessing
    return picture_backbone(network, PicturePreprocessor(preprocessing, path.name), settings, device)


def _embedding(
    checkpoint: Checkpoint, architectures: list[str], device: torch.device, precision: torch.dtype
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Give the function from pixels [n, frames, 3, height, width] to features [n, d]."""
    if "VideoMAEForVideoClassification" in architectures:
        return classifier_input(checkpoint.load(VideoMAEForVideoClassification, device, precision))
    encoder: Any = checkpoint.load(VideoMAEModel, device, precision, PRETRAINING)
    return lambda pixels: encoder(pixels).last_hidden_state.mean(1)
