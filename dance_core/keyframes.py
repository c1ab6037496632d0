"""Keyframes: the frames around which a clip's pose segments are cut."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.signal import find_peaks

from dance_core.manifest import usable
from dance_core.tables import matrix
from dance_core.video import iterate_frames

DETECTORS = ("pose_motion", "frame_difference")
KEYFRAME_SCHEMA = pa.schema(
    [("clip_id", pa.string()), ("frames", pa.list_(pa.int32())), ("scores", pa.list_(pa.float32()))]
)
LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 5, 6, 11, 12  # COCO-17
FEWEST_JOINTS = 4
SMOOTHING_SECONDS = 0.2
LONGEST_GAP_SECONDS = 0.5
MOST_KEYFRAMES = 12
# Frame rate taken for a clip that is known by its poses only, such as those of Penn Action, which do not state it.
USUAL_FPS = 25.0


@dataclass(frozen=True)
class KeyframeSettings:
    """How keyframes are chosen.

    Attributes:
        detector: "pose_motion", or "frame_difference", the one of the authors.
        maximum: Keyframes a clip may have, the strongest of them; None for 12 of pose_motion, and for no limit of
            frame_difference, as the paper has it.
        minimum: Keyframes that pose_motion gives a clip where it can, evenly spaced ones where peaks are too few.
        minimum_gap_s: Seconds between two keyframes of pose_motion, at least.
        still_speed: Torso lengths per second; slower peaks are trembling, not motion, to pose_motion.
        threshold: Height of a peak of frame_difference, as a share of the clip's range.
        long_clip_frames: A clip with more frames has `threshold` raised by 0.2 in frame_difference.
    """

    detector: str = "pose_motion"
    maximum: int | None = None
    minimum: int = 3
    minimum_gap_s: float = 0.3
    still_speed: float = 0.3
    threshold: float = 0.3
    long_clip_frames: int = 70

    def __post_init__(self) -> None:
        """Refuse settings that cannot be meant.

        Raises:
            ValueError: The detector is unknown, or a number is out of bounds.
        """
        if self.detector not in DETECTORS:
            raise ValueError(f"keyframe detector '{self.detector}' is unknown; use one of {', '.join(DETECTORS)}")
        crossed = self.maximum is not None and self.maximum < self.minimum
        if self.minimum < 1 or (self.detector == "pose_motion" and crossed):
            raise ValueError(
                f"keyframes: minimum {self.minimum} and maximum {self.maximum} do not go together; "
                "set 1 <= minimum <= maximum"
            )


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


def select_keyframes(
    manifest: pd.DataFrame,
    source: str | Path,
    poses: pd.DataFrame | None,
    settings: KeyframeSettings,
    decoder: str = "pyav",
) -> pd.DataFrame:
    """Choose the keyframes of some clips.

    Args:
        manifest: Rows of the manifest; unusable clips are left out. A rate that is not known counts as 25 frames per
            second.
        source: Folder that the paths start from.
        poses: Poses of these clips; frame_difference needs none.
        settings: Detector and limits.
        decoder: Video decoder of frame_difference.

    Returns:
        One row per usable clip, sorted by clip_id: clip_id, frames, scores (`KEYFRAME_SCHEMA`). Without a pose
        pose_motion finds no keyframe.

    Raises:
        ValueError: pose_motion was given no table of poses.
    """
    clips = usable(manifest).sort_values("clip_id", ignore_index=True)
    if settings.detector == "frame_difference":
        rows = _frame_difference_rows(clips, source, settings, decoder)
    elif poses is None:
        raise ValueError("keyframes: detector 'pose_motion' needs poses; give them or use detector 'frame_difference'")
    else:
        rows = _pose_motion_rows(clips, poses, settings)
    found = [(clip_id, frames, scores) for clip_id, (frames, scores) in zip(clips["clip_id"], rows, strict=True)]
    return pd.DataFrame(found, columns=KEYFRAME_SCHEMA.names)


def _pose_motion_rows(
    clips: pd.DataFrame, poses: pd.DataFrame, settings: KeyframeSettings
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    by_clip = {clip_id: rows.sort_values("frame") for clip_id, rows in poses.groupby("clip_id")}
    for clip_id, fps in zip(clips["clip_id"], clips["fps"], strict=True):
        rows = by_clip.get(clip_id, poses.iloc[:0])
        keypoints = matrix(rows["keypoints"]).reshape(-1, 17, 3)
        rate = float(fps) if fps > 0 else USUAL_FPS
        yield motion_energy_keyframes(rows["frame"].to_numpy(), keypoints, rate, settings)


def _frame_difference_rows(
    clips: pd.DataFrame, source: str | Path, settings: KeyframeSettings, decoder: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for path in clips["path"]:
        frames = (frame for _, frame in iterate_frames(Path(source) / path, None, decoder))
        yield frame_difference_keyframes(frames, settings)
