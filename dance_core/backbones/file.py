"""Features that somebody has computed already, read from a file."""

from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.networks.clip_frames import Clip
from dance_core.networks.feature_files import read_features


def load(settings: BackboneSettings) -> Backbone:
    """Read a file of features.

    Args:
        settings: model is the path of the file.

    Returns:
        A backbone that looks a clip up by its id.

    Raises:
        ValueError: The file is absent, of another kind, or (when called) lacks a clip.
    """
    path = Path(settings.model)
    table = read_features(path, "clip_id", "backbone.model")

    def looked_up(clip: Clip, poses: pd.DataFrame) -> np.ndarray:
        if clip.clip_id not in table:
            raise ValueError(f"{path}: clip '{clip.clip_id}' has no features; add it, or take it out of the manifest")
        return table[clip.clip_id]

    return Backbone(looked_up, lambda features: features)
