"""The geometry of BlazePose: anchors, letterbox, turned regions, merged detections, heatmaps.

Source:
    MediaPipe 0.10.21, modules pose_detection and pose_landmark: the constants and the order of the anchors.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import expit

DETECTOR_SIDE = 224
STRIDES = (8, 16, 32, 32, 32)
REGION_SCALE = 1.25
OVERLAP_THRESHOLD = 0.3
HEATMAP_RADIUS = 3
HEATMAP_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Region:
    """A square of the picture, turned so that the person in it stands upright.

    Attributes:
        x: Centre in px.
        y: Centre in px.
        side: Length of a side in px.
        angle: Clockwise turn in radians, in [-pi, pi).
    """

    x: float
    y: float
    side: float
    angle: float

    def to_picture(self, points: np.ndarray) -> np.ndarray:
        """Place points of the square, x and y in [0, 1], in the picture, in px."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turned = (points - 0.5) @ np.array([[cosine, sine], [-sine, cosine]])
        return turned * self.side + np.array([self.x, self.y])


def anchor_centres() -> np.ndarray:
    """Centres of the detector's anchors.

    Returns:
        x, y in [0, 1], shape (2254, 2): two anchors a cell and layer, layers of one stride side by side.
    """
    centres = []
    for stride in sorted(set(STRIDES)):
        cells = DETECTOR_SIDE // stride
        steps = (np.arange(cells) + 0.5) / cells
        grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        centres.append(np.repeat(grid, 2 * STRIDES.count(stride), axis=0))
    return np.concatenate(centres)


def letterbox(frame: np.ndarray, side: int) -> tuple[np.ndarray, float, np.ndarray]:
    """Fit a picture into the middle of a black square.

    Args:
        frame: RGB picture, shape (height, width, 3), uint8.
        side: Side of the square in px.

    Returns:
        The square; the scale; x and y of the picture's corner in it. Square = picture * scale + corner.
    """
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    corner = (side - np.array(size)) // 2
    square = np.zeros((side, side, 3), np.uint8)
    inside = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)
    square[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]] = inside
    return square, scale, corner


def region_around(hips: np.ndarray, tip: np.ndarray) -> Region:
    """Square round a body from the middle of the hips and a point on the circle round the body, above the head."""
    across, down = (tip - hips).tolist()
    angle = np.pi / 2 - np.arctan2(-down, across)
    angle -= 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi))
    side = 2 * REGION_SCALE * float(np.hypot(across, down))
    return Region(float(hips[0]), float(hips[1]), side, float(angle))


def weighted_suppression(boxes: np.ndarray, points: np.ndarray, scores: np.ndarray) -> list[np.ndarray]:
    """Merge the detections of each person, the best first, weighted by their scores.

    Args:
        boxes: x0, y0, x1, y1, shape (n, 4).
        points: Points that go with each box, shape (n, p, 2).
        scores: In [0, 1], shape (n,).

    Returns:
        The mean points of each person, shape (p, 2).
    """
    people = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        near = overlaps(boxes[left[0]], boxes[left]) > OVERLAP_THRESHOLD
        near[0] = True
        merged = left[near]
        people.append(np.average(points[merged], axis=0, weights=scores[merged]))
        left = left[~near]
    return people


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of one box with each of n others, x0, y0, x1, y1."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - common
    return common / np.maximum(union, 1e-9)


def refine(points: np.ndarray, heatmaps: np.ndarray) -> np.ndarray:
    """Move each point to the centre of mass of its heatmap nearby, where the heatmap is sure.

    Args:
        points: x, y in [0, 1], shape (n, 2).
        heatmaps: Logits, shape (rows, columns, n).

    Returns:
        The points, shape (n, 2).
    """
    rows, columns, n_points = heatmaps.shape
    border = (HEATMAP_RADIUS, HEATMAP_RADIUS)
    padded = np.pad(heatmaps, (border, border, (0, 0)), constant_values=-np.inf)
    cell = np.floor(points * (columns, rows)).astype(int)
    inside = ((cell >= 0) & (cell < (columns, rows))).all(axis=1)
    cell = np.clip(cell, 0, (columns - 1, rows - 1))
    window = np.arange(2 * HEATMAP_RADIUS + 1)
    row, column = (cell[:, 1, None] + window)[:, :, None], (cell[:, 0, None] + window)[:, None]
    patch = expit(padded[row, column, np.arange(n_points)[:, None, None]].astype(np.float64))
    total = patch.sum(axis=(1, 2))
    moved = inside & (patch.max(axis=(1, 2)) >= HEATMAP_CONFIDENCE)
    offset = window - HEATMAP_RADIUS
    x = cell[:, 0] + (patch.sum(axis=1) * offset).sum(axis=1) / np.maximum(total, 1e-9)
    y = cell[:, 1] + (patch.sum(axis=2) * offset).sum(axis=1) / np.maximum(total, 1e-9)
    return np.where(moved[:, None], np.stack([x / columns, y / rows], axis=1), points)
