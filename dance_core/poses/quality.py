"""What is missing in the poses of a clip, what was filled in, and whether a person was there at all."""

from itertools import pairwise

import numpy as np

from dance_core.poses.skeleton import MIRROR
from dance_core.poses.tracking import Track

# Left and right were exchanged between two frames if undoing it brings the joints nearer by this factor.
FLIP_FACTOR = 0.5


def poses_over_time(main: Track, n_sampled: int) -> np.ndarray:
    """Key points of the main person in every sampled frame.

    Args:
        main: The main person.
        n_sampled: Number of sampled frames.

    Returns:
        x px, y px, confidence, shape (n_sampled, 17, 3), float32; all NaN where the person was not seen.
    """
    poses = np.full((n_sampled, len(MIRROR), 3), np.nan, np.float32)
    for position, person in main.members.items():
        poses[position] = person.keypoints
    return poses


def without_unsure(poses: np.ndarray, minimum_confidence: float) -> np.ndarray:
    """Take away x and y of key points below a confidence; the confidence stays. Shapes as in `fill_gaps`."""
    unsure = ~(poses[:, :, 2] >= minimum_confidence)
    return np.where(unsure[:, :, None] & (np.arange(3) < 2), np.float32(np.nan), poses)


def without_flips(poses: np.ndarray, maximum_length: int) -> np.ndarray:
    """Put left and right back where an estimator exchanged them for a few frames (somebody seen as from behind).

    Args:
        poses: x px, y px, confidence, shape (n_sampled, 17, 3), all NaN where the person was not seen.
        maximum_length: Longest exchange to undo, in frames in which the person was seen.

    Returns:
        The poses; only whole bodies are exchanged, and only between longer stretches that agree.
    """
    straight = poses.copy()
    seen = np.flatnonzero(np.isfinite(poses[:, :, 2]).any(axis=1))
    flips = [place for place, (before, after) in enumerate(pairwise(seen), 1) if _is_flip(poses[before], poses[after])]
    bounds = [0, *flips, len(seen)]
    lengths = np.diff(bounds)
    for i, length in enumerate(lengths):
        neighbours = lengths[max(i - 1, 0) : i + 2]
        if len(lengths) > 1 and length <= maximum_length and (neighbours > length).sum() == len(neighbours) - 1:
            stretch = seen[bounds[i] : bounds[i + 1]]
            straight[stretch] = poses[stretch][:, MIRROR]
    return straight


def _is_flip(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether left and right were exchanged between two poses, shape (17, 3)."""
    moved = np.hypot(*(after - before)[:, :2].T)
    mirrored = np.hypot(*(after[list(MIRROR)] - before)[:, :2].T)
    both = np.isfinite(moved) & np.isfinite(mirrored)
    return bool(mirrored[both].sum() < FLIP_FACTOR * moved[both].sum())


def fill_gaps(poses: np.ndarray, maximum_gap: int) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate each key point over short gaps between two frames that have it.

    Args:
        poses: x px, y px, confidence, shape (n_sampled, 17, 3); x and y NaN where missing, all NaN in frames where the
            person was not seen. Those frames count as part of a gap but stay empty.
        maximum_gap: Longest gap to fill, in sampled frames.

    Returns:
        The poses, and which key points were filled in, shape (n_sampled, 17).
    """
    filled = poses.copy()
    known = np.isfinite(poses[:, :, :2]).all(axis=2)
    seen = np.isfinite(poses[:, :, 2]).any(axis=1)
    added = np.zeros_like(known)
    for joint in range(poses.shape[1]):
        at = np.flatnonzero(known[:, joint])
        for before, after in pairwise(at):
            if 1 < after - before <= maximum_gap + 1:
                gap = before + 1 + np.flatnonzero(seen[before + 1 : after])
                share = ((gap - before) / (after - before))[:, None]
                ends = poses[[before, after], joint, :2].astype(np.float64)
                filled[gap, joint, :2] = (1 - share) * ends[0] + share * ends[1]
                added[gap, joint] = True
    return filled, added


def quality_row(clip_id: str, poses: np.ndarray, added: np.ndarray, people: int, estimator: str) -> dict[str, object]:
    """Sum up the poses of one clip.

    Args:
        clip_id: The clip.
        poses: x px, y px, confidence, shape (n_sampled, 17, 3), all NaN where the main person was not seen.
        added: Which key points were interpolated, shape (n_sampled, 17).
        people: Largest number of people at once.
        estimator: Its name, for the reason.

    Returns:
        One row of pose_quality; confidence and interpolated are 0 when nobody was seen.
    """
    seen = np.isfinite(poses[:, :, 2]).any(axis=1)
    n_sampled, n_seen = len(poses), int(seen.sum())
    reason = "" if n_seen else f"{estimator} found no person in any of the {n_sampled} sampled frames"
    return {
        "clip_id": clip_id,
        "n_sampled": n_sampled,
        "n_seen": n_seen,
        "seen": n_seen / n_sampled if n_sampled else 0.0,
        "confidence": float(np.nanmean(poses[seen, :, 2].astype(np.float64))) if n_seen else 0.0,
        "people": people,
        "interpolated": float(added[seen].mean()) if n_seen else 0.0,
        "status": "ok" if n_seen else "no_person",
        "reason": reason,
    }
