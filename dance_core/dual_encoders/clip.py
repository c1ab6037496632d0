"""CLIP and SigLIP as dual encoders: every frame is embedded as a picture, and the embeddings are averaged."""

from typing import Any

import numpy as np
import torch
from transformers import AutoModel

from dance_core.devices import number_type, pick_device
from dance_core.dual_encoders.settings import DualEncoderSettings
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.preprocessing import SpreadPictures


class FrameAverage:
    """A picture-text encoder that sees a clip frame by frame.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Raises:
        ValueError: The model is absent, incomplete, or no picture-text encoder.

    Source:
        Radford et al. 2021 (CLIP); Zhai et al. 2023 (SigLIP), Tschannen et al. 2025 (SigLIP 2 at a fixed resolution).
    """

    def __init__(self, settings: DualEncoderSettings) -> None:
        checkpoint = Checkpoint(settings.model, settings.revision, "dual_encoder.model", settings.weights)
        checkpoint.expect_loader(settings.name)
        expect_type(checkpoint, settings.name)
        self._device = pick_device(settings.device)
        self._precision = number_type(settings.precision)
        self._model: Any = checkpoint.load(AutoModel, self._device, self._precision)
        self._tokenizer = checkpoint.tokenizer()
        self.prepare = SpreadPictures(settings.frames, checkpoint.preprocessor())

    @torch.inference_mode()
    def clip_embeddings(self, inputs: np.ndarray) -> np.ndarray:
        """Average the normalised embeddings of the frames of each clip.

        Args:
            inputs: Frames of n clips, uint8 of shape (n, frames, height, width, 3).

        Returns:
            float32 of shape (n, d).
        """
        pictures = torch.from_numpy(inputs).to(self._device).flatten(0, 1)
        pixels = self.prepare.preprocess.normalised(pictures).to(self._precision)
        frames = self._model.get_image_features(pixel_values=pixels).pooler_output
        directions = torch.nn.functional.normalize(frames.float(), dim=1)
        return directions.unflatten(0, inputs.shape[:2]).mean(1).cpu().numpy()

    def text_embedding(self, text: str) -> np.ndarray:
        """Embed a sentence.

        Args:
            text: The sentence.

        Returns:
            float32 of shape (d,).
        """
        return sentence_embedding(self._model, self._tokenizer, text, self._device)


@torch.inference_mode()
def sentence_embedding(model: Any, tokenizer: Any, text: str, device: torch.device) -> np.ndarray:
    """Embed one sentence with the text tower of a model.

    Args:
        model: A model of transformers with get_text_features.
        tokenizer: Its tokenizer.
        text: The sentence.
        device: Where the model is.

    Returns:
        float32 of shape (d,).
    """
    length = model.config.text_config.max_position_embeddings
    # SigLIP was trained on lower-case text padded to its full length, and reads the last position.
    siglip = model.config.model_type == "siglip"
    tokens = tokenizer(
        [text.lower() if siglip else text],
        padding="max_length" if siglip else False,
        padding_side="right",
        max_length=length,
        truncation=True,
        return_tensors="pt",
    )
    names = ("input_ids",) if siglip else ("input_ids", "attention_mask")
    features = model.get_text_features(**{name: tokens[name].to(device) for name in names})
    return features.pooler_output[0].float().cpu().numpy()


def expect_type(checkpoint: Checkpoint, model_type: str) -> Any:
    """Check that a checkpoint is of the kind that an encoder can use.

    Args:
        checkpoint: The model.
        model_type: Kind of transformers model, which is also the name of the dual encoder.

    Returns:
        Its configuration.

    Raises:
        ValueError: It is of another kind.
    """
    config = checkpoint.config()
    if config.model_type != model_type:
        raise ValueError(
            f"dual_encoder.model: '{checkpoint.model}' is of type '{config.model_type}'; "
            f"the dual encoder '{model_type}' needs a model of type '{model_type}'"
        )
    return config


def load(settings: DualEncoderSettings) -> FrameAverage:
    """Load CLIP or SigLIP.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Returns:
        The dual encoder.

    Raises:
        ValueError: The model is absent, incomplete, or no picture-text encoder.
    """
    return FrameAverage(settings)
