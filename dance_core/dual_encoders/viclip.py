"""ViCLIP, the dual encoder of the paper: frames that attend to each other across space and time, and a text tower."""

from pathlib import Path

import numpy as np
import torch

from dance_core.devices import number_type, pick_device
from dance_core.dual_encoders.settings import DualEncoderSettings
from dance_core.networks.checkpoints import Checkpoint
from dance_core.networks.clip_tokenizer import FILES as TOKENIZER_FILES
from dance_core.networks.clip_tokenizer import clip_tokenizer
from dance_core.networks.preprocessing import PicturePreprocessor, SpreadPictures
from dance_core.networks.viclip import load_viclip

PLACE = "dual_encoder.model"
WEIGHTS = "model.safetensors"
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")
IMAGENET = {"image_mean": (0.485, 0.456, 0.406), "image_std": (0.229, 0.224, 0.225)}


class VideoText:
    """A video-text encoder that sees frames of the whole clip together.

    Args:
        settings: model, revision, weights, frames, device and precision count. The model is a name of the registry,
            a folder with the weights and the files of CLIP's tokenizer, a weight file beside those, or a hub id.

    Raises:
        ValueError: The model is absent, incomplete, no ViCLIP, or expects another number of frames.

    Source:
        DANCE, section 4 (ViCLIP as the dual encoder); Wang et al. 2024 (InternVid).
    """

    def __init__(self, settings: DualEncoderSettings) -> None:
        self._device = pick_device(settings.device)
        weights, folder = _files(settings)
        network = load_viclip(weights)
        if settings.frames != network.frames:
            raise ValueError(
                f"dual_encoder.frames is {settings.frames} but '{settings.model}' expects {network.frames}; "
                f"set dual_encoder.frames: {network.frames}"
            )
        self._tokenizer = clip_tokenizer(folder, network.context, network.vocabulary, PLACE)
        self._precision = number_type(settings.precision)
        self._network = network.to(self._device, self._precision)
        size = {"size": {"shortest_edge": network.size}, **IMAGENET}
        self.prepare = SpreadPictures(network.frames, PicturePreprocessor(size, PLACE))

    @torch.inference_mode()
    def clip_embeddings(self, inputs: np.ndarray) -> np.ndarray:
        """Embed the frames of each clip together.

        Args:
            inputs: Frames of n clips, uint8 of shape (n, frames, height, width, 3).

        Returns:
            float32 of shape (n, d).
        """
        pixels = self.prepare.preprocess.normalised(torch.from_numpy(inputs).to(self._device)).to(self._precision)
        return self._network.vision_encoder(pixels).float().cpu().numpy()

    @torch.inference_mode()
    def text_embedding(self, text: str) -> np.ndarray:
        """Embed a sentence; what follows its first 30 tokens or so is not read.

        Args:
            text: The sentence.

        Returns:
            float32 of shape (d,).
        """
        tokens = torch.tensor([self._tokenizer.encode(text).ids], device=self._device)
        return self._network.text_encoder(tokens)[0].float().cpu().numpy()


def _files(settings: DualEncoderSettings) -> tuple[Path, Path]:
    """Find the weights, and the folder of the tokenizer."""
    checkpoint = Checkpoint(settings.model, settings.revision, PLACE, settings.weights)
    checkpoint.expect_loader(settings.name)
    location = Path(checkpoint.location())
    if location.is_file():
        return location, location.parent
    if not location.is_dir():
        return _from_hub(checkpoint)
    found = sorted(file for file in location.iterdir() if file.suffix in SUFFIXES)
    chosen = [file for file in found if file.name == WEIGHTS] or found
    if len(chosen) != 1:
        names = ", ".join(file.name for file in chosen) or f"no weights ({', '.join(SUFFIXES)})"
        raise ValueError(f"{PLACE}: folder '{location}' has {names}; put {WEIGHTS} there, or name one file")
    return chosen[0], location


def _from_hub(checkpoint: Checkpoint) -> tuple[Path, Path]:
    """Fetch the weights and what there is of tokenizer files; the code beside them is left where it is."""
    weights = checkpoint.file(WEIGHTS)
    if weights is None:
        raise ValueError(f"{PLACE}: '{checkpoint.model}' has no {WEIGHTS}; name another model, or a local folder")
    for name in TOKENIZER_FILES:
        checkpoint.file(name)
    return weights, weights.parent


def load(settings: DualEncoderSettings) -> VideoText:
    """Load ViCLIP.

    Args:
        settings: model, revision, weights, frames, device and precision count.

    Returns:
        The dual encoder.

    Raises:
        ValueError: The model is absent, incomplete, no ViCLIP, or expects another number of frames.
    """
    return VideoText(settings)
