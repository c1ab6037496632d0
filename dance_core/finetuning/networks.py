"""The network that is fine-tuned: from a checkpoint with a new classifier, or from nothing."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForVideoClassification,
    PreTrainedModel,
    VideoMAEConfig,
    VideoMAEForVideoClassification,
)
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from dance_core.backbones.transformers_video import classifier_config, expect_frames
from dance_core.finetuning.settings import FinetuneSettings
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.preprocessing import PicturePreprocessor
from dance_core.tables import write_json

# Hidden size, layers, heads, side of the picture and of a patch.
ARCHITECTURES = {
    "tiny": (128, 4, 4, 96, 16),
    "small": (384, 12, 6, 224, 16),
    "base": (768, 12, 12, 224, 16),
}
TUBELET = 2
CONFIG = "config.json"
# Weights that a checkpoint of another task does not have: those of the classifier.
NEW_WEIGHTS = ("classifier.", "fc_norm.", "pooler.")
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def starting_network(settings: FinetuneSettings, classes: Sequence[str]) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Make the network that training starts from.

    Args:
        settings: model, revision, architecture, frames, drop_path and seed count.
        classes: Class names; class k is the k-th.

    Returns:
        The network on the CPU in float32, and its preprocessor configuration.

    Raises:
        ValueError: The checkpoint or the architecture is absent, unfit or incomplete.
    """
    torch.manual_seed(settings.seed)
    labels = {"id2label": dict(enumerate(classes)), "label2id": {name: place for place, name in enumerate(classes)}}
    if not settings.model:
        return _from_nothing(settings, labels)
    checkpoint = starting_checkpoint(settings)
    config = classifier_config(checkpoint)
    expect_frames(checkpoint, settings.frames)
    config.id2label, config.label2id = labels["id2label"], labels["label2id"]
    if config.model_type == "videomae":
        # A classifier of a pretrained VideoMAE reads the mean of its tokens, normalised.
        config.use_mean_pooling = True
    return _from_checkpoint(checkpoint, config, settings.drop_path), checkpoint.preprocessor().config


def starting_checkpoint(settings: FinetuneSettings) -> Checkpoint:
    """Find the checkpoint that training starts from.

    Args:
        settings: model and revision count.

    Returns:
        The checkpoint.

    Raises:
        ValueError: It is absent, or in the layout of the authors' code.
    """
    checkpoint = Checkpoint(settings.model, settings.revision, "finetuning.model")
    if checkpoint.entry is not None:
        is_readable = any(CONFIG in names for names in checkpoint.entry.files)
    else:
        location = Path(checkpoint.location())
        is_readable = not location.exists() or (location / CONFIG).is_file()
    if not is_readable:
        raise ValueError(
            f"finetuning.model: '{settings.model}' has no {CONFIG}; training starts from a folder of transformers, "
            f"with {CONFIG}, model.safetensors and preprocessor_config.json, such as the registry's videomae-base"
        )
    return checkpoint


def _from_nothing(settings: FinetuneSettings, labels: dict[str, Any]) -> tuple[PreTrainedModel, dict[str, Any]]:
    """Make a VideoMAE with random weights."""
    if settings.architecture not in ARCHITECTURES:
        raise ValueError(
            f"finetuning.architecture '{settings.architecture}' is unknown; use one of: {', '.join(ARCHITECTURES)}"
        )
    if settings.frames % TUBELET:
        raise ValueError(
            f"backbone.frames is {settings.frames}, but a VideoMAE joins frames by {TUBELET}; set an even number"
        )
    width, depth, heads, side, patch = ARCHITECTURES[settings.architecture]
    config = VideoMAEConfig(
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        image_size=side,
        patch_size=patch,
        num_frames=settings.frames,
        tubelet_size=TUBELET,
        use_mean_pooling=True,
        **labels,
    )
    network = VideoMAEForVideoClassification(config)
    # Narrow layers that start as small as those of wide networks stay at chance for hundreds of steps.
    for weight in network.parameters():
        if weight.ndim > 1:
            torch.nn.init.xavier_uniform_(weight.detach().view(len(weight), -1))
    size = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}, "do_center_crop": True}
    return network, {**size, "resample": 2, **IMAGENET}


def _from_checkpoint(checkpoint: Checkpoint, config: Any, drop_path: float) -> PreTrainedModel:
    """Load a checkpoint; nothing but its classifier may be new."""
    disable_progress_bar()
    # What does not fit is said below; the table that transformers prints lists the decoder of a pretraining as well.
    set_verbosity_error()
    wanted: dict[str, Any] = {"output_loading_info": True, "ignore_mismatched_sizes": True, "dtype": torch.float32}
    # Written past the checks of the configuration, some of which take no share but 0.
    stored = config.__dict__.get("drop_path_rate")
    if stored is not None:
        config.__dict__["drop_path_rate"] = drop_path
    loader = partial(AutoModelForVideoClassification.from_pretrained, config=config, **wanted)
    model, report = checkpoint.found(loader, "the weights")
    if stored is not None:
        model.config.__dict__["drop_path_rate"] = stored
    absent = sorted(report["missing_keys"] | {key for key, *_ in report["mismatched_keys"]})
    absent = [key for key in absent if not key.startswith(NEW_WEIGHTS)]
    checkpoint.expect_complete(type(model).__name__, absent, [])
    return model


def picture_size(preprocess: PicturePreprocessor) -> tuple[int, int]:
    """Tell the height and width that a preprocessor brings pictures to."""
    height, width = preprocess([np.zeros((256, 256, 3), np.uint8)]).shape[1:3]
    return height, width


def save_network(model: PreTrainedModel, preprocessor: dict[str, Any], folder: str | Path) -> None:
    """Write a network as a folder that transformers and the backbones load.

    Args:
        model: The network.
        preprocessor: Its preprocessor configuration.
        folder: Where to; it is made.
    """
    disable_progress_bar()
    model.save_pretrained(folder, max_shard_size="100GB")
    write_json(Path(folder) / "preprocessor_config.json", preprocessor)
