"""What an estimator says about one frame: the people in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

BOX_MARGIN = 0.1


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one frame.

    Attributes:
        keypoints: x px, y px and confidence in [0, 1] of the COCO key points, shape (17, 3), float32.
        box: x0, y0, x1, y1 in px, float32.
        score: How sure the estimator is of the person, in [0, 1].
        identity: Number that the estimator gives the same person in every frame; None where it does not know.
    """

    keypoints: np.ndarray
    box: np.ndarray
    score: float
    identity: int | None = None


class PoseEstimator(Protocol):
    """Finds people in the frames of one clip at a time.

    Attributes:
        name: Written beside every pose.
        reads_video: Whether it looks at pixels; if not, the frames given to it are None.
    """

    name: str
    reads_video: bool

    def reset(self, clip: Any) -> None:
        """Forget the last clip and begin another.

        Args:
            clip: Row of the manifest: clip_id, n_frames, status and the other columns as attributes.
        """

    def people(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[list[Person]]:
        """Find the people of each frame.

        Args:
            frames: Frame number and upright RGB picture, shape (height, width, 3), uint8, in the order of time.

        Yields:
            The people of one frame, none to many.
        """


def box_around(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Box of a body from its points, which end before the skin, the hair and the shoes do.

    Args:
        points: x, y in px, shape (n, 2); NaN where missing.
        width: Width of the picture in px.
        height: Height of the picture in px.

    Returns:
        x0, y0, x1, y1 in px inside the picture, float32; NaN where no point is known.
    """
    known = points[np.isfinite(points).all(axis=1)]
    if not len(known):
        return np.full(4, np.nan, np.float32)
    low, high = known.min(axis=0), known.max(axis=0)
    margin = BOX_MARGIN * (high - low).max()
    limits = np.array([width, height], np.float32)
    corners = [np.clip(low - margin, 0, limits), np.clip(high + margin, 0, limits)]
    return np.concatenate(corners).astype(np.float32)


def largest_side(box: np.ndarray) -> float:
    """Length in px of the longer side of a box x0, y0, x1, y1."""
    return float(max(box[2] - box[0], box[3] - box[1]))
