"""A clip whose frames are in memory, so that tests of networks need no codec."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.networks.clip_frames import Clip


class MemoryClip(Clip):
    """A clip that counts how often each frame was asked for."""

    def __init__(self, pictures: np.ndarray, fps: float = 25.0, clip_id: str = "walking_01") -> None:
        super().__init__(clip_id, Path("nowhere.mp4"), len(pictures), fps)
        object.__setattr__(self, "pictures", pictures)
        object.__setattr__(self, "calls", [])

    def frames(self, indices: Sequence[int] | np.ndarray) -> dict[int, np.ndarray]:
        wanted = {int(index) for index in indices}
        self.calls.append(sorted(wanted))
        return {index: self.pictures[index] for index in wanted}


NOBODY = pd.DataFrame({"frame": [], "bbox": [], "keypoints": []})


def features_of(backbone, clip: Clip, poses: pd.DataFrame = NOBODY) -> np.ndarray:
    """Features of one clip, shape (d,)."""
    return backbone.features(backbone.prepare(clip, poses)[None])[0]


def embedding_of(encoder, clip: Clip) -> np.ndarray:
    """Embedding of one clip, shape (d,)."""
    return encoder.clip_embeddings(encoder.prepare(clip)[None])[0]


def random_pictures(seed: int, n_frames: int = 20, height: int = 24, width: int = 32) -> np.ndarray:
    """Coloured noise, uint8 [n_frames, height, width, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (n_frames, height, width, 3), dtype=np.uint8)
