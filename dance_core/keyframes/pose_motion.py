"""Keyframes by motion: the poses at which the body moves fastest."""

import numpy as np
from scipy.signal import find_peaks

from dance_core.keyframes.settings import KeyframeSettings

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 5, 6, 11, 12  # COCO-17
FEWEST_JOINTS = 4
SMOOTHING_SECONDS = 0.2
LONGEST_GAP_SECONDS = 0.5
MOST_KEYFRAMES = 12


def motion_energy(frames: np.ndarray, keypoints: np.ndarray, fps: float) -> np.ndarray:
    """Measure how fast the body moves at each sampled pose.

    The speed between two consecutive poses is the mean over the joints that both have, in torso lengths per second; a
    pose has the mean of the speeds before and after it, smoothed over 0.2 seconds. Walking through the picture counts
    as motion, and so does waving on the spot.

    Args:
        frames: Frame numbers of the poses, ascending, shape (n,).
        keypoints: x px, y px, confidence of the COCO-17 joints, x and y NaN where missing, shape (n, 17, 3).
        fps: Frames per second.

    Returns:
        Energy of each pose, 0 where nothing is known, shape (n,).
    """
    if len(frames) < 2:
        return np.zeros(len(frames))
    points = keypoints[..., :2].astype(np.float64)
    seconds = np.diff(frames) / fps
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1)
    known = np.isfinite(steps)
    mean_step = np.where(known, steps, 0).sum(1) / np.maximum(known.sum(1), 1)
    speed = mean_step / seconds / _torso_length(points)
    trusted = (known.sum(1) >= FEWEST_JOINTS) & (seconds <= max(LONGEST_GAP_SECONDS, 1.5 * seconds.min()))
    sums, counts = np.zeros(len(frames)), np.zeros(len(frames))
    for shift in (slice(None, -1), slice(1, None)):
        sums[shift] += np.where(trusted, speed, 0)
        counts[shift] += trusted
    reach = min(int(SMOOTHING_SECONDS / 2 / np.median(seconds)), (len(frames) - 1) // 2)
    window = np.ones(2 * reach + 1)
    return np.convolve(sums, window, "same") / np.maximum(np.convolve(counts, window, "same"), 1)


def _torso_length(points: np.ndarray) -> float:
    """Give the clip's median distance from mid-shoulders to mid-hips; half the body's height where none is seen."""
    shoulders = (points[:, LEFT_SHOULDER] + points[:, RIGHT_SHOULDER]) / 2
    hips = (points[:, LEFT_HIP] + points[:, RIGHT_HIP]) / 2
    lengths = np.linalg.norm(shoulders - hips, axis=-1)
    if not np.isfinite(lengths).any() or np.nanmedian(lengths) <= 0:
        height = [np.ptp(pose[np.isfinite(pose)]) for pose in points[..., 1] if np.isfinite(pose).any()]
        lengths = np.array(height or [1.0]) / 2
    return max(float(np.nanmedian(lengths)), 1.0)


def motion_energy_keyframes(
    frames: np.ndarray, keypoints: np.ndarray, fps: float, settings: KeyframeSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the peaks of a clip's motion energy; evenly spaced poses where the body is still or peaks are few.

    Args:
        frames: Frame numbers of the poses, ascending, shape (n,).
        keypoints: x px, y px, confidence of the COCO-17 joints, shape (n, 17, 3).
        fps: Frames per second.
        settings: Limits.

    Returns:
        Frame numbers, ascending, int32; and their energies in torso lengths per second, float32.
    """
    energy = motion_energy(frames, keypoints, fps)
    peaks = [peak for peak in _local_maxima(energy) if energy[peak] >= settings.still_speed]
    gap = max(settings.minimum_gap_s * fps, 1)
    chosen: list[int] = []
    # Peaks by height fill up to the maximum, then evenly spaced poses up to the minimum.
    most = settings.maximum or MOST_KEYFRAMES
    by_height = sorted(peaks, key=lambda place: (-energy[place], place))
    candidates = [(most, peak) for peak in by_height]
    candidates += [(settings.minimum, place) for place in _evenly_spaced(frames, settings.minimum)]
    for limit, place in candidates:
        if len(chosen) < limit and all(abs(frames[place] - frames[other]) >= gap for other in chosen):
            chosen.append(place)
    places = np.array(sorted(chosen), np.int64)
    return frames[places].astype(np.int32), energy[places].astype(np.float32)


def _evenly_spaced(frames: np.ndarray, n: int) -> list[int]:
    """Find the poses nearest to the middles of n equal parts of the time they cover."""
    if not len(frames):
        return []
    middles = frames[0] + (np.arange(n) + 0.5) / n * (frames[-1] - frames[0])
    return [int(np.argmin(np.abs(frames - middle))) for middle in middles]


def _local_maxima(values: np.ndarray) -> np.ndarray:
    """Find the places higher than both neighbours, the middle of a plateau; the first and last place count as well."""
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    return find_peaks(padded)[0] - 1
