"""X-CLIP as a dual encoder: frames that exchange messages, and a small transformer over them."""

from typing import Any

import numpy as np
import torch
from transformers import XCLIPModel

from dance_core.devices import pick_device
from dance_core.dual_encoders.clip import expect_type, sentence_embedding
from dance_core.dual_encoders.settings import DualEncoderSettings
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.clip_frames import Clip


class VideoText:
    """A video-text encoder.

    The prompts that X-CLIP adds to a sentence for each video are left out: one embedding per concept must serve all
    clips.

    Args:
        settings: model, revision, frames and device count.

    Raises:
        ValueError: The model is absent, incomplete, no X-CLIP, or expects another number of frames.

    Source:
        Ni et al. 2022 (X-CLIP).
    """

    def __init__(self, settings: DualEncoderSettings) -> None:
        checkpoint = Checkpoint(settings.model, settings.revision, "dual_encoder.model")
        expected = expect_type(checkpoint, settings.name).vision_config.num_frames
        if settings.frames != expected:
            raise ValueError(
                f"dual_encoder.frames is {settings.frames} but '{settings.model}' expects {expected}; "
                f"set dual_encoder.frames: {expected}"
            )
        self._device = pick_device(settings.device)
        self._frames = settings.frames
        self._model: Any = checkpoint.load(XCLIPModel, self._device)
        self._tokenizer = checkpoint.tokenizer()
        self._preprocess = checkpoint.preprocessor()

    @torch.inference_mode()
    def clip_embedding(self, clip: Clip) -> np.ndarray:
        """Embed frames spread over the clip, together.

        Args:
            clip: The clip.

        Returns:
            float32 of shape (d,).
        """
        pixels = torch.from_numpy(self._preprocess(clip.spread_frames(self._frames)))[None].to(self._device)
        return self._model.get_video_features(pixel_values=pixels).pooler_output[0].float().cpu().numpy()

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
        settings: model, revision, frames and device count.

    Returns:
        The dual encoder.

    Raises:
        ValueError: The model is absent, incomplete, no X-CLIP, or expects another number of frames.
    """
    return VideoText(settings)
