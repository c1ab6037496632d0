"""ConSE, the offline dual encoder: a picture is the mean of what its likely ImageNet classes mean.

An image classifier says how likely each of its classes is; a sentence encoder says what the names of the classes mean.
The embedding of a picture is the convex combination of the meanings, weighted by the probabilities, so any words can be
compared with it, though no picture-text pair was ever seen in training.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from dance_core.devices import pick_device
from dance_core.dual_encoders.settings import DualEncoderSettings
from dance_core.networks.clip_frames import Clip
from dance_core.networks.efficientnet_lite import IMAGE_SIZE, EfficientNetLite
from dance_core.networks.sentence_encoder import SentenceEncoder
from dance_core.weights import weight_file

CLASS_SENTENCE = "a photo of a {}"
# Left, top, right, bottom as shares of the picture: all of it, and its halves, where small things are twice as large.
VIEWS = ((0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0))


class ConvexCombination:
    """Pictures and sentences in the space of a sentence encoder.

    Args:
        probabilities: From pictures uint8 [n, 224, 224, 3] to class probabilities [n, classes].
        sentence: From n sentences to their embeddings, shape (n, d).
        class_names: The names of each class.
        frames: Frames that stand for a clip.

    Source:
        Norouzi et al. 2014 (ConSE).
    """

    def __init__(
        self,
        probabilities: Callable[[np.ndarray], np.ndarray],
        sentence: Callable[[Sequence[str]], np.ndarray],
        class_names: Sequence[Sequence[str]],
        frames: int,
    ) -> None:
        self._probabilities = probabilities
        self._sentence = sentence
        self.prepare = partial(clip_views, frames=frames)
        # All names in one list: the sentence encoder is much faster so.
        meanings = sentence([CLASS_SENTENCE.format(name) for names in class_names for name in names])
        ends = np.cumsum([len(names) for names in class_names])[:-1]
        self._classes = np.stack([part.mean(axis=0) for part in np.split(meanings, ends)])

    def clip_embeddings(self, inputs: np.ndarray) -> np.ndarray:
        """Combine the meanings of the classes that the classifier sees in several frames, each in several views.

        Args:
            inputs: Views of n clips, uint8 of shape (n, views, 224, 224, 3).

        Returns:
            float32 of shape (n, d).
        """
        return np.stack([self._probabilities(views).mean(axis=0) @ self._classes for views in inputs])

    def text_embedding(self, text: str) -> np.ndarray:
        """Embed a sentence.

        Args:
            text: The sentence.

        Returns:
            float32 of shape (d,).
        """
        return self._sentence([text])[0]


def clip_views(clip: Clip, frames: int) -> np.ndarray:
    """Cut frames that are spread over a clip into views.

    Args:
        clip: The clip.
        frames: Number of frames.

    Returns:
        uint8 of shape (frames * views, 224, 224, 3).
    """
    return np.stack([view for frame in clip.spread_frames(frames) for view in views_of(frame)])


def views_of(frame: np.ndarray) -> list[np.ndarray]:
    """Cut a picture into views, so that small things are large in one of them.

    Args:
        frame: RGB, uint8 of shape (height, width, 3).

    Returns:
        Views, each uint8 of shape (224, 224, 3).
    """
    height, width = frame.shape[:2]
    corners = np.rint(np.array(VIEWS) * [width, height, width, height]).astype(int)
    cuts = [np.ascontiguousarray(frame[top:bottom, left:right]) for left, top, right, bottom in corners]
    return [cv2.resize(cut, (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA) for cut in cuts]


def imagenet_class_names(weights: str | Path) -> list[list[str]]:
    """Read what the thousand ImageNet classes are called.

    Args:
        weights: Folder of all weights.

    Returns:
        The names of each class, in the order of the classifier.

    Raises:
        ValueError: The lists are absent, or are other ones.
    """
    synsets = weight_file(weights, "imagenet_names", "imagenet_synsets.txt").read_text("utf-8").split()
    lemmas = weight_file(weights, "imagenet_names", "imagenet_synset_to_lemma.txt").read_text("utf-8").splitlines()
    names = dict(line.split("\t") for line in lemmas if line)
    return [names[synset].split(", ") for synset in synsets]


def load(settings: DualEncoderSettings) -> ConvexCombination:
    """Load the classifier and the sentence encoder.

    Args:
        settings: weights, frames and device count.

    Returns:
        The dual encoder.

    Raises:
        ValueError: A file of the weights is absent, or is another one.
    """
    device = pick_device(settings.device)
    return ConvexCombination(
        EfficientNetLite(settings.weights, device).probabilities,
        SentenceEncoder(settings.weights, device),
        imagenet_class_names(settings.weights),
        settings.frames,
    )
