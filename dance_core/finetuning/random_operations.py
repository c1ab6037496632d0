"""RandAugment for clips: a few random changes of colour or shape, each the same in all frames.

Every operation takes frames, uint8 of shape (n, height, width, 3), and a strength in [0, 1], and gives frames of the
same shape.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

PROBABILITY = 0.5
MAGNITUDE_STD = 0.5
HIGHEST = 10.0
# What comes into the picture from beyond its border.
FILL = (124, 116, 104)
BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)

Operation = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def random_operations(clip: np.ndarray, count: int, magnitude: float, rng: np.random.Generator) -> np.ndarray:
    """Change a clip by some operations drawn at random, with repeats.

    Args:
        clip: Frames, uint8 of shape (n, height, width, 3).
        count: Operations drawn; each is made with probability 0.5.
        magnitude: Mean strength from 0 to 10; the standard deviation is 0.5.
        rng: Draws everything.

    Returns:
        uint8 of the same shape.

    Source:
        Cubuk et al. 2020, with operations that grow stronger with the magnitude.
    """
    names = list(OPERATIONS)
    for place in rng.integers(len(names), size=count):
        if rng.random() < PROBABILITY:
            strength = float(np.clip(rng.normal(magnitude, MAGNITUDE_STD), 0, HIGHEST)) / HIGHEST
            clip = OPERATIONS[names[place]](clip, strength, rng)
    return clip


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0


def _looked_up(clip: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Replace every value by its entry in a table of 256."""
    return np.clip(np.round(table), 0, 255).astype(np.uint8)[clip]


def _invert(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return 255 - clip


def _solarize(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Invert what is brighter than a threshold."""
    values = np.arange(256)
    return _looked_up(clip, np.where(values < 256 * (1 - strength), values, 255 - values))


def _solarize_add(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Brighten the darker half of the values."""
    values = np.arange(256)
    return _looked_up(clip, np.where(values < 128, values + 110 * strength, values))


def _posterize(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Keep the four highest bits of every value, or fewer down to one."""
    kept = max(4 - int(4 * strength), 1)
    return clip & np.uint8(256 - (1 << 8 - kept))


def _autocontrast(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Stretch each colour to the full range of values."""
    stretched = clip
    for channel in range(3):
        low, high = int(clip[..., channel].min()), int(clip[..., channel].max())
        if high > low:
            stretched = stretched.copy() if stretched is clip else stretched
            table = (np.arange(256) - low) * (255.0 / (high - low))
            stretched[..., channel] = _looked_up(clip[..., channel], table)
    return stretched


def _equalize(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Make all values of each colour about equally frequent."""
    channels = []
    for channel in range(3):
        counts = np.bincount(clip[..., channel].ravel(), minlength=256)
        below = np.cumsum(counts) - counts[np.flatnonzero(counts)[0]]
        table = below * (255.0 / below[-1]) if below[-1] else np.arange(256.0)
        channels.append(_looked_up(clip[..., channel], table))
    return np.stack(channels, axis=-1)


def _towards(clip: np.ndarray, other: np.ndarray | float, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Move a clip towards another picture of it, or away from it."""
    factor = np.float32(1 + _sign(rng) * 0.9 * strength)
    base = np.asarray(other, np.float32)
    return np.clip(np.round(base + factor * (clip - base)), 0, 255).astype(np.uint8)


def _colour(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return _towards(clip, (clip @ BRIGHTNESS)[..., None], strength, rng)


def _contrast(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return _towards(clip, float((clip @ BRIGHTNESS).mean()), strength, rng)


def _brightness(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    return _towards(clip, 0.0, strength, rng)


def _sharpness(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    smooth = np.stack([cv2.blur(frame, (3, 3)) for frame in np.ascontiguousarray(clip)]).astype(np.float32)
    return _towards(clip, smooth, strength, rng)


def _warped(clip: np.ndarray, matrix: list[list[float]]) -> np.ndarray:
    """Move the pixels by an affine map around the centre of the picture; translation in pixels."""
    height, width = clip.shape[1:3]
    affine = np.array(matrix, np.float64)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    affine[:, 2] += centre - affine[:, :2] @ centre
    frames = np.ascontiguousarray(clip)
    return np.stack(
        [cv2.warpAffine(f, affine, (width, height), flags=cv2.INTER_LINEAR, borderValue=FILL) for f in frames]
    )


def _rotate(clip: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    angle = np.deg2rad(30 * strength * _sign(rng))
    return _warped(clip, [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])


def _shear(clip: np.ndarray, strength: float, rng: np.random.Generator, axis: int) -> np.ndarray:
    matrix = [[1.0, 0, 0], [0, 1.0, 0]]
    matrix[axis][1 - axis] = 0.3 * strength * _sign(rng)
    return _warped(clip, matrix)


def _translate(clip: np.ndarray, strength: float, rng: np.random.Generator, axis: int) -> np.ndarray:
    matrix = [[1.0, 0, 0], [0, 1.0, 0]]
    matrix[axis][2] = 0.45 * strength * _sign(rng) * clip.shape[2 - axis]
    return _warped(clip, matrix)


OPERATIONS: dict[str, Operation] = {
    "autocontrast": _autocontrast,
    "equalize": _equalize,
    "invert": _invert,
    "rotate": _rotate,
    "posterize": _posterize,
    "solarize": _solarize,
    "solarize_add": _solarize_add,
    "colour": _colour,
    "contrast": _contrast,
    "brightness": _brightness,
    "sharpness": _sharpness,
    "shear_x": partial(_shear, axis=0),
    "shear_y": partial(_shear, axis=1),
    "translate_x": partial(_translate, axis=0),
    "translate_y": partial(_translate, axis=1),
}
