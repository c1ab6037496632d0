"""Random crops, flips, erased boxes and mixtures of clips; what is drawn for a clip holds for all of its frames."""

import math

import cv2
import numpy as np

from dance_core.finetuning.random_operations import random_operations
from dance_core.finetuning.settings import AugmentationSettings

Box = tuple[int, int, int, int]
"""Top, left, height and width in pixels."""

CROP_ASPECT = (3 / 4, 4 / 3)
ERASED_AREA, ERASED_ASPECT = (0.02, 1 / 3), (0.3, 10 / 3)
ATTEMPTS = 10
# Mean and standard deviation of the colours of natural pictures, for noise that looks like none of them.
NOISE_MEAN, NOISE_STD = 115.0, 58.0


def augmented(
    clip: np.ndarray, size: tuple[int, int], settings: AugmentationSettings, rng: np.random.Generator
) -> np.ndarray:
    """Crop and resize a clip at random, and change its colours, its shape and its facing.

    Args:
        clip: Frames, uint8 of shape (n, height, width, 3).
        size: Height and width wanted.
        settings: How strongly.
        rng: Draws everything.

    Returns:
        uint8 of shape (n, *size, 3).

    Source:
        Szegedy et al. 2015 (random resized crop), Cubuk et al. 2020 (RandAugment), Zhong et al. 2020 (random erasing),
        as Tong et al. 2022 combine them; here the crop comes first, so that the rest works on small pictures.
    """
    clip = resized_crop(clip, random_crop(clip.shape[1], clip.shape[2], settings.crop_scale, rng), size)
    clip = random_operations(clip, settings.operations, settings.magnitude, rng)
    if settings.flip and rng.random() < 0.5:
        clip = clip[:, :, ::-1]
    return erased(clip, settings.erasing, rng)


def random_crop(height: int, width: int, scale: tuple[float, float], rng: np.random.Generator) -> Box:
    """Draw a box by its share of the picture and its aspect; the largest centred one where none fits."""
    box = _random_box(height, width, scale, CROP_ASPECT, rng)
    if box is not None:
        return box
    inner_height, inner_width = min(height, round(width / CROP_ASPECT[0])), min(width, round(height * CROP_ASPECT[1]))
    return (height - inner_height) // 2, (width - inner_width) // 2, inner_height, inner_width


def _random_box(
    height: int, width: int, area: tuple[float, float], aspect: tuple[float, float], rng: np.random.Generator
) -> Box | None:
    """Draw a box whose area is uniform and whose logarithm of the aspect is uniform; None where none fits."""
    for _ in range(ATTEMPTS):
        pixels = rng.uniform(*area) * height * width
        ratio = math.exp(rng.uniform(math.log(aspect[0]), math.log(aspect[1])))
        box_height, box_width = round(math.sqrt(pixels / ratio)), round(math.sqrt(pixels * ratio))
        if 0 < box_height <= height and 0 < box_width <= width:
            top, left = int(rng.integers(height - box_height + 1)), int(rng.integers(width - box_width + 1))
            return top, left, box_height, box_width
    return None


def resized_crop(clip: np.ndarray, box: Box, size: tuple[int, int]) -> np.ndarray:
    """Cut a box out of all frames and resize it; shape (n, *size, 3)."""
    top, left, height, width = box
    method = cv2.INTER_AREA if height > size[0] and width > size[1] else cv2.INTER_LINEAR
    cut = np.ascontiguousarray(clip[:, top : top + height, left : left + width])
    return np.stack([cv2.resize(frame, (size[1], size[0]), interpolation=method) for frame in cut])


def erased(clip: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    """Fill a random box of all frames with noise, with some probability.

    Args:
        clip: Frames, uint8 of shape (n, height, width, 3).
        probability: How often.
        rng: Draws everything.

    Returns:
        The clip, or a changed copy.
    """
    if rng.random() >= probability:
        return clip
    box = _random_box(clip.shape[1], clip.shape[2], ERASED_AREA, ERASED_ASPECT, rng)
    if box is None:
        return clip
    top, left, height, width = box
    noise = rng.normal(NOISE_MEAN, NOISE_STD, (len(clip), height, width, 3))
    clip = clip.copy()
    clip[:, top : top + height, left : left + width] = np.clip(noise, 0, 255).round()
    return clip


def mixed(
    clips: np.ndarray, targets: np.ndarray, settings: AugmentationSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mix two clips with each other: blend them, or swap a box, in equal shares where both are wanted.

    Args:
        clips: Two clips, uint8 of shape (2, n, height, width, 3).
        targets: Shares of the classes, shape (2, K).
        settings: mixup and cutmix count.
        rng: Draws everything.

    Returns:
        The mixed clips and their targets, of the same shapes.

    Source:
        Zhang et al. 2018 (mixup), Yun et al. 2019 (CutMix).
    """
    if not settings.mixup and not settings.cutmix:
        return clips, targets
    swap = bool(settings.cutmix) and (not settings.mixup or rng.random() < 0.5)
    strength = settings.cutmix if swap else settings.mixup
    own = float(rng.beta(strength, strength))
    clips, own = _swapped(clips, own, rng) if swap else (_blended(clips, own), own)
    return clips, (own * targets + (1 - own) * targets[::-1]).astype(np.float32)


def _blended(clips: np.ndarray, own: float) -> np.ndarray:
    """Give each clip the share `own` of itself and the rest of the other."""
    one, two = np.float32(own) * clips, np.float32(1 - own) * clips[::-1]
    return (one + two).round().astype(np.uint8)


def _swapped(clips: np.ndarray, own: float, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Swap a box around a random place that leaves each clip a share `own`; return the share that the border left."""
    height, width = clips.shape[2:4]
    side = math.sqrt(1 - own)
    y, x = int(rng.integers(height)), int(rng.integers(width))
    rows = slice(max(0, y - int(side * height) // 2), min(height, y + int(side * height) // 2))
    columns = slice(max(0, x - int(side * width) // 2), min(width, x + int(side * width) // 2))
    mixture = clips.copy()
    mixture[:, :, rows, columns] = clips[::-1, :, rows, columns]
    return mixture, 1 - (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
