"""What a dual encoder is told, and what it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from dance_core.networks.clip_frames import Clip


class DualEncoder(Protocol):
    """Clips and sentences in one space, where the cosine says how well they fit.

    Clips come in two steps, so that they are decoded ahead and embedded in batches.
    """

    @property
    def prepare(self) -> Callable[[Clip], np.ndarray]:
        """From a clip to what the network sees of it, always of one shape; without the network."""
        ...

    def clip_embeddings(self, inputs: np.ndarray) -> np.ndarray:
        """Embed stacked inputs [n, ...] of clips, float32 of shape (n, d)."""
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
        model: pretrained: a name of the registry of encoders, a local folder or file, or a hub id; file:
            a folder with the features of clips and concepts.
        revision: pretrained: commit of a hub id, so that the same weights come every time.
        device: "auto", "cpu", "cuda" or "mps".
        batch_size: Clips that the network takes at once; None for 1 on a CPU and 16 on a GPU.
        precision: transformers: "float32", "float16" or "bfloat16".
        decoder: Name of the video decoder.
    """

    name: str = "conse"
    weights: Path = Path("weights")
    frames: int = 4
    model: str = ""
    revision: str = ""
    device: str = "auto"
    batch_size: int | None = None
    precision: str = "float32"
    decoder: str = "pyav"
