"""The offline backbone: EfficientNet-Lite0 on crops of the person whose three channels are three moments.

A still-image network sees motion when its colour channels are the grey picture shortly before, at, and shortly after a
time: what moves gets coloured edges. Beside it the whole picture in colour, for what surrounds the person.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pandas as pd

from dance_core.backbones.person_crop import cut_square, person_squares, resized
from dance_core.backbones.settings import Backbone, BackboneSettings
from dance_core.devices import pick_device
from dance_core.networks.clip_frames import Clip, segment_centres
from dance_core.networks.efficientnet_lite import IMAGE_SIZE, EfficientNetLite

Network = Callable[[np.ndarray], np.ndarray]


def load(settings: BackboneSettings) -> Backbone:
    """Load the network.

    Args:
        settings: frames, context_frames, offset_s, margin, weights and device count.

    Returns:
        A backbone with features of shape (n, 4 * 1280): mean, standard deviation and mean absolute difference over
        the times of the crops, then the mean over the whole pictures.

    Raises:
        ValueError: The weights are absent, or a number of frames is less than one.
    """
    if settings.frames < 1 or settings.context_frames < 1:
        raise ValueError(
            f"backbone efficientnet: frames is {settings.frames} and context_frames {settings.context_frames}; "
            "both must be at least 1"
        )
    network = EfficientNetLite(settings.weights, pick_device(settings.device)).features

    def clip_features(images: np.ndarray) -> np.ndarray:
        crops, pictures = network(images[: settings.frames]), network(images[settings.frames :])
        return np.concatenate([pooled_over_time(crops), pictures.mean(axis=0)])

    def features(inputs: np.ndarray) -> np.ndarray:
        return np.stack([clip_features(images) for images in inputs])

    return Backbone(partial(clip_images, settings=settings), features)


def clip_images(clip: Clip, poses: pd.DataFrame, settings: BackboneSettings) -> np.ndarray:
    """Cut what the network looks at out of a clip; every frame is decoded once.

    Args:
        clip: The clip.
        poses: Its pose rows; may be empty.
        settings: frames, context_frames, offset_s and margin count.

    Returns:
        Temporal crops, then whole pictures: colours in [0, 255], float32 [frames + context_frames, 224, 224, 3].
    """
    step = max(1, round(settings.offset_s * clip.fps))
    times = segment_centres(clip.n_frames, settings.frames, border=step)
    moments = np.clip(times[:, None] + np.array([-step, 0, step]), 0, clip.n_frames - 1)
    context = segment_centres(clip.n_frames, settings.context_frames)
    frames = clip.frames([*moments.ravel(), *context])
    height, width = frames[int(times[0])].shape[:2]
    squares = person_squares(poses, times, width, height, settings.margin)
    crops = [
        resized(cv2.merge([_grey(cut_square(frames[int(moment)], square)) for moment in three]), IMAGE_SIZE)
        for three, square in zip(moments, squares, strict=True)
    ]
    pictures = [
        cv2.resize(frames[int(index)], (IMAGE_SIZE, IMAGE_SIZE), interpolation=cv2.INTER_AREA) for index in context
    ]
    return np.stack([*crops, *pictures], dtype=np.float32)


def _grey(frame: np.ndarray) -> np.ndarray:
    """Average the colours; summed channel by channel, which is much faster than along the last axis."""
    red, green, blue = (frame[..., channel] for channel in range(3))
    return (red.astype(np.uint16) + green + blue) / np.float32(3)


def pooled_over_time(features: np.ndarray) -> np.ndarray:
    """Summarise how features run over time.

    Args:
        features: Features at n times, shape (n, d).

    Returns:
        Mean, standard deviation (by n) and mean absolute difference of neighbours, float32 of shape (3 d,).
    """
    change = np.abs(np.diff(features, axis=0)).mean(axis=0) if len(features) > 1 else np.zeros(features.shape[1])
    return np.concatenate([features.mean(axis=0), features.std(axis=0), change]).astype(np.float32)
