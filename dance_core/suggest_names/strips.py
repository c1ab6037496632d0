"""A movement as one still picture: skeletons side by side, for an eye that sees no video."""

import io

import numpy as np
from PIL import Image, ImageDraw

from dance_core.poses.skeleton import BONES, KEYPOINTS, bone_colour

POSES = 8
CELL_WIDTH, CELL_HEIGHT, FOOTER = 200, 260, 28
MARGIN = 16
LINE = 7
# Drawn larger and made smaller again, which smooths the edges.
OVERSAMPLING = 3
# Of the palette; a picture of few colours is a small one to send.
COLOURS = 64

PAPER, RULE, INK = "#ffffff", "#dddddd", "#333333"
_FACE = [0, 1, 2, 3, 4]
_SHOULDERS, _HIPS = [5, 6], [11, 12]
_HEAD_OF_TORSO = 0.22
"""Radius of the head as a share of the torso's length."""


def skeleton_strip(joints: np.ndarray) -> bytes:
    """Draw poses of a segment side by side, from left to right, all at one scale.

    Args:
        joints: Normalised segment, shape (L, 17, 2) or flat, y downwards; NaN where a joint is missing.

    Returns:
        PNG of `POSES` numbered poses at equal steps of time, the first and the last among them; fewer where the
        segment is shorter. Left limbs have another colour than right ones.

    Raises:
        ValueError: No joint of the segment is known.
    """
    joints = np.asarray(joints, np.float64).reshape(-1, len(KEYPOINTS), 2)
    if not np.isfinite(joints).any():
        raise ValueError("suggest_names: a segment without any joint cannot be drawn; rebuild pose_segments")
    chosen = joints[np.unique(np.linspace(0, len(joints) - 1, POSES).round().astype(int))]
    head = _HEAD_OF_TORSO * _torso(chosen)
    low, high = np.nanmin(chosen, axis=(0, 1)) - head, np.nanmax(chosen, axis=(0, 1)) + head
    room = np.array([CELL_WIDTH, CELL_HEIGHT]) - 2 * MARGIN
    scale = OVERSAMPLING * float((room / np.maximum(high - low, 1e-6)).min())
    size = len(chosen) * CELL_WIDTH, CELL_HEIGHT + FOOTER
    picture = Image.new("RGB", (size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), PAPER)
    pen = ImageDraw.Draw(picture)
    middle = OVERSAMPLING * np.array([CELL_WIDTH, CELL_HEIGHT]) / 2
    for place, pose in enumerate(chosen):
        left = place * CELL_WIDTH * OVERSAMPLING
        if place:
            pen.line([(left, 0), (left, size[1] * OVERSAMPLING)], fill=RULE, width=OVERSAMPLING)
        _draw_pose(pen, (pose - (low + high) / 2) * scale + middle + (left, 0), head * scale)
        where = left + middle[0], (CELL_HEIGHT + FOOTER / 2 - 2) * OVERSAMPLING
        pen.text(where, str(place + 1), fill=INK, anchor="mm", font_size=18 * OVERSAMPLING)
    buffer = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS).quantize(COLOURS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _torso(poses: np.ndarray) -> float:
    """Median length from the middle of the shoulders to the middle of the hips, 1 where it is not known."""
    lengths = np.linalg.norm(poses[:, _SHOULDERS].mean(axis=1) - poses[:, _HIPS].mean(axis=1), axis=1)
    known = lengths[np.isfinite(lengths)]
    return float(np.median(known)) if len(known) else 1.0


def _draw_pose(pen: ImageDraw.ImageDraw, pose: np.ndarray, head: float) -> None:
    """Draw one pose, float [17, 2] in pixels; joints that are missing leave their bones out."""
    width = LINE * OVERSAMPLING
    face, neck = pose[_FACE], pose[_SHOULDERS].mean(axis=0)
    seen = np.isfinite(face).all(axis=1)
    if seen.any():
        centre = face[seen].mean(axis=0)
        if np.isfinite(neck).all():
            pen.line([tuple(neck), tuple(centre)], fill=INK, width=width)
        pen.ellipse([*(centre - head), *(centre + head)], fill=PAPER, outline=INK, width=width * 2 // 3)
    # The right side last: segments are turned to face the right, where it is the nearer one.
    for bone in sorted((bone for bone in BONES if bone[0] not in _FACE), key=_order):
        ends = pose[list(bone)]
        if np.isfinite(ends).all():
            pen.line([tuple(ends[0]), tuple(ends[1])], fill=bone_colour(bone), width=width)
    for joint in pose[5:][np.isfinite(pose[5:]).all(axis=1)]:
        pen.ellipse([*(joint - width * 0.6), *(joint + width * 0.6)], fill=INK)


def _order(bone: tuple[int, int]) -> str:
    return KEYPOINTS[bone[1]]
