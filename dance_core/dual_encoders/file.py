"""Embeddings of clips and concepts that somebody has computed already, read from files."""

from pathlib import Path

import numpy as np

from dance_core.dual_encoders.settings import DualEncoderSettings
from dance_core.networks.clip_frames import Clip
from dance_core.networks.feature_files import read_features

SUFFIXES = (".parquet", ".safetensors")


class Embeddings:
    """A folder with clip_features and concept_features, each as .parquet or as .safetensors with its .json of keys.

    A concept is looked up by its own name: whatever sentence it was put into has been embedded by the user.

    Args:
        settings: model is the folder.

    Raises:
        ValueError: A file is absent, or not as it should be.
    """

    def __init__(self, settings: DualEncoderSettings) -> None:
        self._folder = Path(settings.model)
        self._clips = read_features(self._file("clip_features"), "clip_id", "dual_encoder.model")
        self._concepts = read_features(self._file("concept_features"), "concept", "dual_encoder.model")

    def _file(self, stem: str) -> Path:
        """Find a file by its stem; the first kind is named when there is none."""
        files = [self._folder / f"{stem}{suffix}" for suffix in SUFFIXES]
        return next((file for file in files if file.is_file()), files[0])

    def clip_embedding(self, clip: Clip) -> np.ndarray:
        """Look a clip up.

        Args:
            clip: The clip.

        Returns:
            float32 of shape (d,).

        Raises:
            ValueError: The clip has no embedding.
        """
        return self._found(self._clips, "clip", clip.clip_id)

    def text_embedding(self, text: str) -> np.ndarray:
        """Look a concept up.

        Args:
            text: The concept.

        Returns:
            float32 of shape (d,).

        Raises:
            ValueError: The concept has no embedding.
        """
        return self._found(self._concepts, "concept", text)

    def _found(self, table: dict[str, np.ndarray], kind: str, key: str) -> np.ndarray:
        if key not in table:
            raise ValueError(f"{self._folder}: {kind} '{key}' has no features; add it to {kind}_features")
        return table[key]


def load(settings: DualEncoderSettings) -> Embeddings:
    """Read the embeddings.

    Args:
        settings: model is the folder.

    Returns:
        The dual encoder.

    Raises:
        ValueError: A file is absent, or not as it should be.
    """
    return Embeddings(settings)
