"""Any video classifier of transformers as a backbone: the features are what its own classifier reads."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import AutoModelForVideoClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.devices import pick_device
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.clip_frames import Clip


def load(settings: BackboneSettings) -> Backbone:
    """Load a video classifier such as TimeSformer, ViViT or V-JEPA 2.

    Args:
        settings: model, revision, frames and device count.

    Returns:
        A function from a clip to the float32 input of the model's classifier, shape (d,).

    Raises:
        ValueError: The model is absent, incomplete, has no classifier, or expects another number of frames.
    """
    checkpoint = Checkpoint(settings.model, settings.revision, "backbone.model")
    model_type = checkpoint.config().model_type
    if model_type not in MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES:
        raise ValueError(
            f"backbone.model: '{settings.model}' is of type '{model_type}', which is no video classifier; "
            f"use one of: {', '.join(MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES)}"
        )
    expect_frames(checkpoint, settings.frames)
    device = pick_device(settings.device)
    classifier: Any = checkpoint.load(AutoModelForVideoClassification, device)
    preprocess = checkpoint.preprocessor()

    @torch.inference_mode()
    def features(clip: Clip, poses: pd.DataFrame) -> np.ndarray:
        inputs = torch.from_numpy(preprocess(clip.spread_frames(settings.frames)))[None].to(device)
        seen: list[torch.Tensor] = []
        hook = classifier.classifier.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
        try:
            classifier(inputs)
        finally:
            hook.remove()
        return seen[0][0].float().cpu().numpy()

    return features


def expect_frames(checkpoint: Checkpoint, frames: int) -> None:
    """Check that a model was made for this number of frames, which its position embeddings fix.

    Args:
        checkpoint: The model.
        frames: Frames that it shall see.

    Raises:
        ValueError: It expects another number.
    """
    config = checkpoint.config()
    expected = getattr(config, "num_frames", getattr(config, "frames_per_clip", frames))
    if expected != frames:
        raise ValueError(
            f"backbone.frames is {frames} but '{checkpoint.model}' expects {expected}; set backbone.frames: {expected}"
        )
