"""Embeddings of clips and concepts that somebody has computed already, read from files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dance_core.dual_encoders.settings import DualEncoderSettings
from dance_core.networks.clip_frames import Clip
from dance_core.networks.feature_files import SUFFIXES, read_features

MOST_NAMED = 10


class Embeddings:
    """A folder with clip_features and concept_features, each of a kind that `read_features` knows.

    A text is looked up as it is: whatever sentence it was put into has been embedded by the user. The texts are the
    class names as `spoken_class` says them, every concept of the answers, and the words of a vocabulary.

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

    def prepare(self, clip: Clip) -> np.ndarray:
        """Look a clip up.

        Args:
            clip: The clip.

        Returns:
            float32 of shape (d,).

        Raises:
            ValueError: The clip has no embedding.
        """
        if clip.clip_id not in self._clips:
            raise ValueError(f"{self._folder}: clip '{clip.clip_id}' has no features; add it to clip_features")
        return self._clips[clip.clip_id]

    def clip_embeddings(self, inputs: np.ndarray) -> np.ndarray:
        """Give what was looked up, float32 of shape (n, d)."""
        return inputs

    def text_embedding(self, text: str) -> np.ndarray:
        """Look a class name, a concept or a word up.

        Args:
            text: The text.

        Returns:
            float32 of shape (d,).

        Raises:
            ValueError: The text has no embedding.
        """
        self.expect_texts([text])
        return self._concepts[text]

    def expect_texts(self, texts: Sequence[str]) -> None:
        """Check that all of some texts can be looked up, so that a user hears of every absent one at once.

        Args:
            texts: Class names, concepts or words.

        Raises:
            ValueError: A text has no embedding.
        """
        absent = sorted(set(texts) - self._concepts.keys())
        if absent:
            named = ", ".join(f"'{text}'" for text in absent[:MOST_NAMED])
            more = f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
            raise ValueError(
                f"{self._folder}: concept_features lacks {len(absent)} of {len(set(texts))} texts: {named}{more}; "
                "it must hold every class name as spoken (clean_and_jerk is 'clean and jerk'), every concept of the "
                "answers and every word of a vocabulary: add a row for each"
            )


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
