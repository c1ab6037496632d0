"""Keyframes by changed pixels, the detector of the authors."""

from collections.abc import Iterable

import numpy as np
from scipy.signal import find_peaks

from dance_core.keyframes.settings import KeyframeSettings


def changed_pixels(frames: Iterable[np.ndarray]) -> np.ndarray:
    """Count the pixels that differ from the frame before, however little, after a Gaussian blur of 9 by 9.

    Args:
        frames: Pictures, uint8 of shape (height, width, 3).

    Returns:
        Number of changed pixels, 0 for the first frame, shape (n,).

    Source:
        The authors' copy of joelibaceta/video-keyframe-detector.
    """
    import cv2

    counts: list[int] = []
    before = None
    for frame in frames:
        grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (9, 9), 0)
        counts.append(0 if before is None else int(np.count_nonzero(grey != before)))
        before = grey
    return np.array(counts, np.float64)


def polynomial_baseline(values: np.ndarray, degree: int = 2, rounds: int = 100, tolerance: float = 1e-3) -> np.ndarray:
    """Fit a polynomial under a signal: fit, cut what sticks out above the fit, and again until it stands still.

    Args:
        values: Signal, shape (n,).
        degree: Degree of the polynomial.
        rounds: Fits at most.
        tolerance: Relative change of the coefficients at which the fit stands still.

    Returns:
        The baseline, shape (n,).

    Source:
        peakutils.baseline.
    """
    if not len(values) or not np.abs(values).max() > 0:
        return np.zeros(len(values))
    powers = np.vander(np.linspace(0, np.abs(values).max() ** (1 / (degree + 1)), len(values)), degree + 1)
    inverse = np.linalg.pinv(powers)
    cut, baseline, coefficients = values.astype(np.float64), values.astype(np.float64), np.ones(degree + 1)
    for _ in range(rounds):
        fitted = inverse @ cut
        if np.linalg.norm(fitted - coefficients) < tolerance * np.linalg.norm(coefficients):
            break
        coefficients, baseline = fitted, powers @ fitted
        cut = np.minimum(cut, baseline)
    return baseline


def frame_difference_keyframes(
    frames: Iterable[np.ndarray], settings: KeyframeSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Choose keyframes as the authors do: peaks of the number of changed pixels above its baseline.

    Args:
        frames: All frames of a clip, uint8 of shape (height, width, 3); a stream will do.
        settings: Threshold, length of a long clip, and limit.

    Returns:
        Frame numbers, ascending, int32; and the heights of their peaks in pixels, float32.

    Source:
        DANCE, section 3.1 (keyframe detection), with the authors' threshold rule.
    """
    counts = changed_pixels(frames)
    heights = counts - polynomial_baseline(counts)
    if not len(heights):
        return np.empty(0, np.int32), np.empty(0, np.float32)
    threshold = settings.threshold + (0.2 if len(heights) > settings.long_clip_frames else 0)
    peaks = find_peaks(heights)[0]
    peaks = peaks[heights[peaks] > heights.min() + threshold * np.ptp(heights)]
    peaks = np.sort(peaks[np.argsort(-heights[peaks], kind="stable")][: settings.maximum])
    return peaks.astype(np.int32), heights[peaks].astype(np.float32)
