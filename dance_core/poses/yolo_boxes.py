"""What a YOLO pose network is shown and what it answers: letterbox, layouts of its output, non-maximum suppression.

Source:
    Ultralytics 8.4: the padding, the thresholds and the layouts of its exported pose networks.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from dance_core.poses.blazepose_geometry import overlaps
from dance_core.poses.person import largest_side
from dance_core.poses.skeleton import KEYPOINTS

PADDING = 114
PERSON_CLASS = 0
BOX_CONFIDENCE = 0.25
# Two answers are one person where their boxes overlap more than this, or where their joints are nearer than this on
# average, in longer sides of the surer box: a second answer for a crouching body often has half of its box.
SAME_BOX = 0.7
SAME_POSE = 0.2
# Box, score, then x, y and confidence of each key point; an end-to-end network puts a class behind the score.
ANCHOR_VALUES = 5 + 3 * len(KEYPOINTS)
END_TO_END_VALUES = 1 + ANCHOR_VALUES


class Found(NamedTuple):
    """The people in one picture, the surest first.

    Attributes:
        boxes: x0, y0, x1, y1 in px, shape (n, 4), float32.
        scores: In [0, 1], shape (n,), float32.
        keypoints: x px, y px, confidence, shape (n, 17, 3), float32.
    """

    boxes: np.ndarray
    scores: np.ndarray
    keypoints: np.ndarray


@dataclass(frozen=True)
class Letterbox:
    """Where a picture lies in the middle of a network's input.

    Attributes:
        height: Height of the input in px.
        width: Width of the input in px.
        frame: Height and width of the picture in px.
        inside: Left, top, width and height of the picture in the input in px.
    """

    height: int
    width: int
    frame: tuple[int, int]
    inside: tuple[int, int, int, int]

    def fit(self, frame: np.ndarray) -> np.ndarray:
        """Make the input of a network.

        Args:
            frame: RGB picture of the size that the letterbox was made for, uint8.

        Returns:
            The picture between grey borders, shape (height, width, 3), uint8.
        """
        left, top, width, height = self.inside
        whole = np.full((self.height, self.width, 3), PADDING, np.uint8)
        if frame.shape[:2] != (height, width):
            frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
        whole[top : top + height, left : left + width] = frame
        return whole

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Place points of the input in the picture, x and y in px, shape (..., 2)."""
        left, top, width, height = self.inside
        # Whole pixels make the scales of the two axes differ a little.
        scale = np.array([width / self.frame[1], height / self.frame[0]], np.float32)
        return (points - np.array([left, top], np.float32)) / scale


def letterbox_of(frame_height: int, frame_width: int, height: int, width: int, stride: int | None = None) -> Letterbox:
    """Choose where a picture lies in a network's input.

    Args:
        frame_height: Height of the picture in px.
        frame_width: Width of the picture in px.
        height: Height of the input in px.
        width: Width of the input in px.
        stride: For a network that takes any whole number of so many px: its input is no larger than it has to be.

    Returns:
        The picture as large as fits, in the middle.
    """
    scale = min(height / frame_height, width / frame_width)
    inner_width, inner_height = max(1, round(frame_width * scale)), max(1, round(frame_height * scale))
    if stride is not None:
        height, width = whole_strides(inner_height, stride), whole_strides(inner_width, stride)
    # The smaller half of an odd border comes first.
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    return Letterbox(height, width, (frame_height, frame_width), (left, top, inner_width, inner_height))


def whole_strides(side: int, stride: int) -> int:
    """Round a side up to a whole number of strides."""
    return -(-side // stride) * stride


def people_found(answer: np.ndarray, letterbox: Letterbox) -> Found:
    """Read the people out of a network's answer for one picture.

    Args:
        answer: Either (56, anchors): box middle x, y, width, height, score, key points; or, from an end-to-end
            network, (n, 57): box x0, y0, x1, y1, score, class, key points. All in px of the input.
        letterbox: Where the picture lay in the input.

    Returns:
        The people, each once, boxes inside the picture.

    Raises:
        ValueError: The answer has another shape, or a value of a person is not finite.
    """
    if answer.ndim == 2 and answer.shape[0] == ANCHOR_VALUES:
        values = answer[:, answer[4] > BOX_CONFIDENCE].T.astype(np.float32)
        half = values[:, 2:4] / 2
        boxes = np.concatenate([values[:, :2] - half, values[:, :2] + half], axis=1)
        points = values[:, 5:]
    elif answer.ndim == 2 and answer.shape[1] == END_TO_END_VALUES:
        values = answer[(answer[:, 4] > BOX_CONFIDENCE) & (answer[:, 5] == PERSON_CLASS)].astype(np.float32)
        boxes, points = values[:, :4], values[:, 6:]
    else:
        raise ValueError(
            f"poses: the network answers {answer.shape} for a picture; a YOLO pose network of one class and the 17 "
            f"COCO key points gives ({ANCHOR_VALUES}, anchors) or (people, {END_TO_END_VALUES}); export such a one"
        )
    if not np.isfinite(values).all():
        raise ValueError("poses: the network answers with numbers that are not finite; export it again, in float32")
    keypoints = points.reshape(-1, len(KEYPOINTS), 3)
    kept = one_each(boxes, keypoints, values[:, 4])
    corners = np.clip(letterbox.to_picture(boxes[kept].reshape(-1, 2, 2)), 0, letterbox.frame[::-1])
    places = np.concatenate([letterbox.to_picture(keypoints[kept, :, :2]), keypoints[kept, :, 2:]], axis=2)
    return Found(corners.reshape(-1, 4).astype(np.float32), values[kept, 4], places)


def one_each(boxes: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Keep the surest of all that show one person (greedy non-maximum suppression of boxes and of poses).

    Args:
        boxes: x0, y0, x1, y1 in px, shape (n, 4).
        keypoints: x px, y px, confidence, shape (n, 17, 3).
        scores: Shape (n,); of equal ones the earlier goes first.

    Returns:
        Indices of those that stay, the surest first.
    """
    left = np.argsort(-scores, kind="stable")
    kept = []
    while len(left):
        first, left = left[0], left[1:]
        kept.append(first)
        apart = np.hypot(*(keypoints[left] - keypoints[first])[:, :, :2].transpose(2, 0, 1)).mean(axis=1)
        same = overlaps(boxes[first], boxes[left]) > SAME_BOX
        left = left[~(same | (apart < SAME_POSE * largest_side(boxes[first])))]
    return np.array(kept, dtype=int)
