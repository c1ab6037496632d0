"""What a backbone is told, and what it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.networks.clip_frames import Clip


@dataclass(frozen=True)
class Backbone:
    """A frozen network in two steps, so that clips are decoded ahead and embedded in batches.

    Attributes:
        prepare: From a clip and its pose rows (possibly none) to what the network sees of it, always of one shape. It
            is sent to other processes, so it holds no network.
        features: From stacked inputs [n, ...] to float32 features of shape (n, d).
    """

    prepare: Callable[[Clip, pd.DataFrame], np.ndarray]
    features: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class BackboneSettings:
    """Settings of all backbones; each reads those that concern it.

    Attributes:
        name: Key of the registry.
        weights: Folder of the weights that the project fetches.
        frames: Frames, or times, that the network sees of a clip.
        sampling: transformers: "segment" (frames of equal segments) or "dense" (every few frames of a window in the
            middle of the clip).
        stride: dense: distance of two frames.
        context_frames: efficientnet: whole pictures beside the crops of the person.
        offset_s: efficientnet: seconds between the three moments of one crop.
        margin: efficientnet: side of the crop over the largest extent of the person.
        model: pretrained: a name of the registry of encoders, a local folder or file, or a hub id; file:
            the file of features.
        revision: pretrained: commit of a hub id, so that the same weights come every time.
        device: "auto", "cpu", "cuda" or "mps".
        batch_size: Clips that the network takes at once; None for 1 on a CPU and 16 on a GPU.
        precision: transformers: "float32", "float16" or "bfloat16".
        decoder: Name of the video decoder.
    """

    name: str = "efficientnet"
    weights: Path = Path("weights")
    frames: int = 16
    sampling: str = "segment"
    stride: int = 4
    context_frames: int = 4
    offset_s: float = 0.08
    margin: float = 1.3
    model: str = ""
    revision: str = ""
    device: str = "auto"
    batch_size: int | None = None
    precision: str = "float32"
    decoder: str = "pyav"

    @property
    def span(self) -> int:
        """Frames that a clip must have for the network to see what it asks for."""
        return 1 + (self.frames - 1) * (self.stride if self.sampling == "dense" else 1)
