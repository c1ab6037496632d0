"""VideoMAE as a backbone: the mean of its tokens, normalised as its classifier was trained to see them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import VideoMAEForVideoClassification, VideoMAEModel

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.backbones.transformers_video import expect_frames
from dance_core.devices import pick_device
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.clip_frames import Clip


def load(settings: BackboneSettings) -> Backbone:
    """Load a VideoMAE checkpoint.

    Args:
        settings: model, revision, frames and device count.

    Returns:
        A function from a clip to float32 features of shape (hidden size,).

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
    embed = _embedding(checkpoint, config.architectures or [], device)
    preprocess = checkpoint.preprocessor()

    @torch.inference_mode()
    def features(clip: Clip, poses: pd.DataFrame) -> np.ndarray:
        inputs = torch.from_numpy(preprocess(clip.spread_frames(settings.frames)))[None].to(device)
        return embed(inputs)[0].float().cpu().numpy()

    return features


def _embedding(
    checkpoint: Checkpoint, architectures: list[str], device: torch.device
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Give the function from pixels [1, frames, 3, height, width] to features [1, d]."""
    if "VideoMAEForVideoClassification" in architectures:
        classifier: Any = checkpoint.load(VideoMAEForVideoClassification, device)
        normalise: Any = classifier.fc_norm or torch.nn.Identity()
        return lambda pixels: normalise(classifier.videomae(pixels).last_hidden_state.mean(1))
    encoder: Any = checkpoint.load(VideoMAEModel, device)
    return lambda pixels: encoder(pixels).last_hidden_state.mean(1)
