"""What a dual encoder is told, and what it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from dance_core.networks.clip_frames import Clip


class DualEncoder(Protocol):
    """Clips and sentences in one space, where the cosine says how well they fit."""

    def clip_embedding(self, clip: Clip) -> np.ndarray:
        """Embed a clip, shape (d,)."""
        ...

    def text_embedding(self, text: str) -> np.ndarray:
        """Embed a sentence, shape (d,)."""
        ...


@dataclass(frozen=True)
class DualEncoderSettings:
    """Settings of all dual encoders; each reads those that concern it.

    Attributes:
        name: Key of the registry.
        weights: Folder of the weights that the project fetches.
        frames: Frames that the encoder sees of a clip.
        model: transformers: a local folder or a hub id; file: a folder with the features of clips and concepts.
        revision: transformers: commit of the hub id, so that the same weights come every time.
        device: "auto", "cpu", "cuda" or "mps".
        decoder: Name of the video decoder.
    """

    name: str = "conse"
    weights: Path = Path("weights")
    frames: int = 4
    model: str = ""
    revision: str = ""
    device: str = "auto"
    decoder: str = "pyav"
