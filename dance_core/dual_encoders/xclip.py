"""X-CLIP as a dual encoder: frames that exchange messages, and a small transformer over them."""

from typing import Any

import numpy as np
import torch
from transformers import XCLIPModel

from dance_core.devices import number_type, pick_device
from dance_core.dual_encoders.clip import expect_type, sentence_embedding
from dance_core.dual_encoders.settings import DualEncoderSettings
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.preprocessing import SpreadPictures


class VideoText:
    """A video-text encoder.

    The prompts that X-CLIP adds to a sentence for each video are left out: one embedding per concept must serve all
    clips.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Raises:
        ValueError: The model is absent, incomplete, no X-CLIP, or expects another number of frames.

    Source:
        Ni et al. 2022 (X-CLIP).
    """

    def __init__(self, settings: DualEncoderSettings) -> None:
        checkpoint = Checkpoint(settings.model, settings.revision, "dual_encoder.model", settings.weights)
        checkpoint.expect_loader(settings.name)
        expected = expect_type(checkpoint, settings.name).vision_config.num_frames
        if settings.frames != expected:
            raise ValueError(
                f"dual_encoder.frames is {settings.frames} but '{settings.model}' expects {expected}; "
                f"set dual_encoder.frames: {expected}"
            )
        self._device = pick_device(settings.device)
        self._precision = number_type(settings.precision)
        self._model: Any = checkpoint.load(XCLIPModel, self._device, self._precision)
        self._tokenizer = checkpoint.tokenizer()
        self.prepare = SpreadPictures(settings.frames, checkpoint.preprocessor())

    @torch.inference_mode()
    def clip_embeddings(self, inputs: np.ndarray) -> np.ndarray:
        """Embed the frames of each clip together.

        Args:
            inputs: Frames of n clips, uint8 of shape (n, frames, height, width, 3).

        Returns:
            float32 of shape (n, d).
        """
        pixels = self.prepare.preprocess.normalised(torch.from_numpy(inputs).to(self._device)).to(self._precision)
        return self._model.get_video_features(pixel_values=pixels).pooler_output.float().cpu().numpy()

    def text_embedding(self, text: str) -> np.ndarray:
        """Embed a sentence.

        Args:
            text: The sentence.

        Returns:
            float32 of shape (d,).
        """
        return sentence_embedding(self._model, self._tokenizer, text, self._device)


def load(settings: DualEncoderSettings) -> VideoText:
    """Load X-CLIP.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Returns:
        The dual encoder.

    Raises:
        ValueError: The model is absent, incomplete, no X-CLIP, or expects another number of frames.
    """
    return VideoText(settings)
