"""A square that follows the person through a clip, of one size so that growing and shrinking is never an artefact."""

import cv2
import numpy as np
import pandas as pd

from dance_core.tables import matrix


def person_squares(poses: pd.DataFrame, frames: np.ndarray, width: int, height: int, margin: float) -> np.ndarray:
    """Place a square around the person at some frames of one clip.

    The side is the largest extent of the person in the clip times the margin; the centre is interpolated between the
    frames that have a pose, and held before the first and after the last.

    Args:
        poses: Pose rows of the clip (frame, bbox, keypoints); may be empty.
        frames: Frames wanted, shape (n,).
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        margin: Side of the square over the extent of the person.

    Returns:
        Centre x, centre y and side in pixels, float64 of shape (n, 3); without poses the centred square of the picture.
    """
    if not len(poses):
        return np.tile([width / 2, height / 2, min(width, height)], (len(frames), 1)).astype(float)
    poses = poses.sort_values("frame")
    boxes = _person_boxes(poses)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    side = max(margin * float((boxes[:, 2:] - boxes[:, :2]).max()), 1.0)
    times = poses["frame"].to_numpy()
    x, y = (np.interp(frames, times, centres[:, axis]) for axis in (0, 1))
    return np.stack([x, y, np.full(len(frames), side)], axis=1)


def _person_boxes(poses: pd.DataFrame) -> np.ndarray:
    """Give the box of the keypoints per row, or the detector's box where fewer than two keypoints were found."""
    points = matrix(poses["keypoints"]).reshape(-1, 17, 3)[:, :, :2].astype(float)
    found = np.isfinite(points).all(axis=2)
    low = np.where(found[:, :, None], points, np.inf).min(axis=1)
    high = np.where(found[:, :, None], points, -np.inf).max(axis=1)
    boxes = np.concatenate([low, high], axis=1)
    return np.where(found.sum(axis=1)[:, None] >= 2, boxes, matrix(poses["bbox"]).astype(float))


def cut_square(picture: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Cut a square out of a picture; beyond the border the edge pixels are repeated.

    Args:
        picture: Shape (height, width) or (height, width, channels).
        square: Centre x, centre y and side in pixels, shape (3,).

    Returns:
        Shape (side, side) or (side, side, channels), of the type of the picture.
    """
    side = max(round(square[2]), 1)
    left, top = (round(centre - side / 2) for centre in square[:2])
    rows = np.clip(np.arange(top, top + side), 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(left, left + side), 0, picture.shape[1] - 1)
    inside = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return inside if inside.shape[:2] == (side, side) else picture[rows][:, columns]


def resized(square: np.ndarray, size: int) -> np.ndarray:
    """Resize a square, averaging where it shrinks.

    Args:
        square: Shape (side, side) or (side, side, channels).
        size: Side of the result in pixels.

    Returns:
        Shape (size, size) or (size, size, channels), of the type of the square.
    """
    shrinks = len(square) > size
    return cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
