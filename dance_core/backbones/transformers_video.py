"""Any video classifier of transformers as a backbone: the features are what its own classifier reads."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForVideoClassification
from transformers.models.auto.modeling_auto import MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.devices import number_type, pick_device
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.clip_frames import SAMPLINGS
from dance_core.networks.preprocessing import PicturePreprocessor, SpreadPictures


def load(settings: BackboneSettings) -> Backbone:
    """Load a video classifier such as TimeSformer or ViViT.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Returns:
        A backbone whose features are the input of the model's classifier.

    Raises:
        ValueError: The model is absent, incomplete, has no classifier, or expects another number of frames.
    """
    checkpoint = backbone_checkpoint(settings, "transformers_video")
    classifier_config(checkpoint)
    expect_frames(checkpoint, settings.frames)
    device = pick_device(settings.device)
    classifier: Any = checkpoint.load(AutoModelForVideoClassification, device, number_type(settings.precision))
    return picture_backbone(classifier_input(classifier), checkpoint.preprocessor(), settings, device)


def classifier_input(model: Any) -> Callable[[torch.Tensor], torch.Tensor]:
    """Get at what a video classifier reads, however its model pools the tokens.

    Args:
        model: A model of transformers with a part called classifier.

    Returns:
        A function from pixels [n, frames, 3, height, width] to features [n, d].
    """

    def embed(pixels: torch.Tensor) -> torch.Tensor:
        seen: list[torch.Tensor] = []
        hook = model.classifier.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
        try:
            model(pixels)
        finally:
            hook.remove()
        return seen[0]

    return embed


def backbone_checkpoint(settings: BackboneSettings, loader: str) -> Checkpoint:
    """Find what a backbone of transformers is loaded from.

    Args:
        settings: model, revision and weights count.
        loader: Name of the backbone that loads it.

    Returns:
        The checkpoint.

    Raises:
        ValueError: The model is an encoder of the registry that another backbone loads.
    """
    checkpoint = Checkpoint(settings.model, settings.revision, "backbone.model", settings.weights)
    checkpoint.expect_loader(loader)
    return checkpoint


def picture_backbone(
    embed: Callable[[torch.Tensor], torch.Tensor],
    preprocess: PicturePreprocessor,
    settings: BackboneSettings,
    device: torch.device,
) -> Backbone:
    """Make a backbone of a network that sees frames spread over a clip.

    Args:
        embed: From pixels [n, frames, 3, height, width] to features [n, d].
        preprocess: How the network wants its pictures.
        settings: frames, sampling, stride and precision count.
        device: Where the network is.

    Returns:
        The backbone.

    Raises:
        ValueError: The sampling or the precision is unknown.
    """
    precision = number_type(settings.precision)

    @torch.inference_mode()
    def features(inputs: np.ndarray) -> np.ndarray:
        pixels = preprocess.normalised(torch.from_numpy(inputs).to(device)).to(precision)
        return embed(pixels).float().cpu().numpy()

    if settings.sampling not in SAMPLINGS:
        raise ValueError(f"backbone: sampling '{settings.sampling}' is unknown; use one of: {', '.join(SAMPLINGS)}")
    stride = settings.stride if settings.sampling == "dense" else None
    return Backbone(SpreadPictures(settings.frames, preprocess, stride), features)


def classifier_config(checkpoint: Checkpoint) -> Any:
    """Read the configuration of a video classifier.

    Args:
        checkpoint: The model.

    Returns:
        The configuration.

    Raises:
        ValueError: The model is absent, or of another kind.
    """
    config = checkpoint.config()
    if config.model_type not in MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES:
        raise ValueError(
            f"{checkpoint.place}: '{checkpoint.model}' is of type '{config.model_type}', which is no video classifier; "
            f"use one of: {', '.join(MODEL_FOR_VIDEO_CLASSIFICATION_MAPPING_NAMES)}"
        )
    return config


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
