"""The windows of one clip: where they lie, whether they pass the tests, what they hold."""

from itertools import pairwise
from typing import Any

import numpy as np

from dance_core.pose_segments.geometry import facing, filled, largest_moves, normalised, pose_cosines, torso_lengths
from dance_core.pose_segments.settings import SegmentSettings

# What becomes of a key frame, besides a segment.
OUTCOMES = ("rejected_discontinuity", "rejected_confidence", "no_pose", "duplicate", "surplus")


class Track:
    """The poses of one clip and what is measured once for all of its windows.

    Args:
        frames: Frames of the video, ascending, shape (n,).
        keypoints: x px, y px and confidence of every key point, shape (n, 17, 3).
        settings: Lengths, tests and normalisation.
    """

    def __init__(self, frames: np.ndarray, keypoints: np.ndarray, settings: SegmentSettings) -> None:
        self.frames, self.settings = frames, settings
        self.joints, self.confidence = keypoints[..., :2], keypoints[..., 2]
        # What the estimator's skeleton lacks has a confidence of NaN: it is neither sure nor unsure.
        self.lacking = np.isnan(self.confidence).all(axis=0)
        gaps = np.diff(frames)
        self.reach = settings.maximum_gap * (float(np.median(gaps)) if len(gaps) else 1.0)
        borders = [0, *(np.flatnonzero(gaps > self.reach) + 1).tolist(), len(frames)]
        self.runs = [range(start, stop) for start, stop in pairwise(borders)]
        self.torso = torso_lengths(self.joints)
        self.moves, self.cosines = largest_moves(self.joints), pose_cosines(self.joints)
        self.facing = facing(self.joints) if settings.mirror else None

    def segments(self, keyframes: np.ndarray) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Cut the windows around key frames.

        Args:
            keyframes: Frames of the video.

        Returns:
            The accepted windows in the order of their key frames (start, end, keyframe, frames, joints), and how many
            key frames came to each of `OUTCOMES`.
        """
        count = dict.fromkeys(OUTCOMES, 0)
        found = []
        tried: set[bytes] = set()
        for keyframe in np.sort(keyframes).tolist():
            positions = self._positions(keyframe)
            if isinstance(positions, str):
                count[positions] += 1
            elif positions.tobytes() in tried:
                count["duplicate"] += 1
            else:
                tried.add(positions.tobytes())
                segment = self._segment(keyframe, positions)
                if isinstance(segment, str):
                    count[segment] += 1
                else:
                    found.append(segment)
        kept = np.unique(np.linspace(0, len(found) - 1, min(len(found), self.settings.maximum)).astype(int))
        count["surplus"] = len(found) - len(kept)
        return [found[index] for index in kept], count

    def _positions(self, keyframe: int) -> np.ndarray | str:
        """Give the poses of the window around a key frame, or why there is none.

        A run of poses shorter than the window is stretched over it (evenly spaced positions, repeated where there are
        too few) if it is the whole clip or has at least half as many poses as a segment.
        """
        nearest = int(np.argmin(np.abs(self.frames - keyframe)))
        if abs(int(self.frames[nearest]) - keyframe) > self.reach:
            return "no_pose"
        length, step = self.settings.length, self.settings.step
        span = (length - 1) * step + 1
        run = next(run for run in self.runs if nearest in run)
        if len(run) >= span:
            return min(max(nearest - span // 2, run.start), run.stop - span) + step * np.arange(length)
        if len(run) < 2 or (len(self.runs) > 1 and 2 * len(run) < length):
            return "rejected_discontinuity"
        return run.start + np.floor(np.linspace(0, len(run) - 1, length) + 0.5).astype(np.int64)

    def _segment(self, keyframe: int, positions: np.ndarray) -> dict[str, Any] | str:
        """Test and normalise one window; give it, or why it is refused."""
        if self._jumps(positions):
            return "rejected_discontinuity"
        joints = filled(self.joints[positions])
        confidence = np.nan_to_num(self.confidence[positions][:, ~self.lacking])
        if joints is None or confidence.mean() < self.settings.minimum_confidence:
            return "rejected_confidence"
        frames = self.frames[positions].astype(np.int32)
        normal = normalised(joints, self.settings.normalisation, self.facing)
        normal[:, self.lacking] = np.nan
        return {
            "start": int(frames[0]),
            "end": int(frames[-1]),
            "keyframe": keyframe,
            "frames": frames,
            "joints": normal.ravel(),
        }

    def _jumps(self, positions: np.ndarray) -> bool:
        """Tell whether the pose jumps anywhere in a window, from one sampled pose to the next."""
        settings, first, last = self.settings, positions[0], positions[-1]
        if settings.discontinuity == "cosine":
            return bool((self.cosines[first:last] < settings.minimum_cosine).any())
        if settings.discontinuity == "none":
            return False
        torso = self.torso[first : last + 1]
        torso = torso[np.isfinite(torso)]  # a window that never shows a whole torso is left to the other test
        return len(torso) > 0 and bool(
            (self.moves[first:last] > settings.maximum_displacement * np.median(torso)).any()
        )
