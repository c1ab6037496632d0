"""Annotations of Penn Action: 13 joints of one person, whether each is visible, and the person's box, in every frame.

Source:
    Zhang, Zhu, Derpanis: From Actemes to Action, ICCV 2013 (the data set's labels, `{clip}.mat`).
"""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from dance_core.poses.skeleton import KEYPOINTS

# Head, then left and right shoulder, elbow, wrist, hip, knee and ankle; the head stands for the nose.
JOINTS = (0, *range(5, 17))
# Confidence of a joint that was marked though it is hidden.
HIDDEN = 0.5
# A joint that was not marked lies at (1, 1) before the annotation was scaled with the picture, by up to 1.53.
CORNER = 2.0


def penn_action_poses(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the joints and boxes of a clip.

    Args:
        path: Penn Action annotation, .mat.

    Returns:
        x px, y px, confidence of the COCO key points, shape (n_frames, 17, 3): 1 where visible, 0.5 where marked though
        hidden, 0 where not marked, where the skeleton has no such point, and in frames with no visible joint at all
        (nobody is there to be seen). And boxes x0, y0, x1, y1 px, shape (n_frames, 4), NaN in frames without a box.

    Raises:
        ValueError: The file is no Penn Action annotation, or its parts disagree.
    """
    content = _content(path, ("x", "y", "visibility", "bbox", "dimensions"))
    x, y, visible = (content[name].astype(np.float64) for name in ("x", "y", "visibility"))
    n_frames = len(x)
    if not x.shape == y.shape == visible.shape == (n_frames, len(JOINTS)):
        raise ValueError(
            f"{path}: x, y and visibility have shapes {x.shape}, {y.shape} and {visible.shape}, "
            f"but a Penn Action annotation has {len(JOINTS)} joints in every frame of each; copy the file again"
        )
    marked = np.maximum(x, y) >= CORNER
    confidence = np.where(visible > 0, 1.0, np.where(marked, HIDDEN, 0.0))
    confidence[~(visible > 0).any(axis=1)] = 0
    poses = np.zeros((n_frames, len(KEYPOINTS), 3))
    poses[:, JOINTS] = np.stack([x, y, confidence], axis=2)
    # Two of the official files have a box fewer than frames.
    boxes = np.full((n_frames, 4), np.nan, np.float32)
    given = content["bbox"].reshape(-1, 4)[:n_frames]
    boxes[: len(given)] = given
    return poses, boxes


def penn_action_size(path: str | Path) -> tuple[int, int, int]:
    """Read how long and how large a clip is.

    Args:
        path: Penn Action annotation, .mat.

    Returns:
        n_frames, width px, height px. The frame rate is not in the file.

    Raises:
        ValueError: The file is no Penn Action annotation, or states another number of frames than it has poses for.
    """
    content = _content(path, ("x", "dimensions"))
    height, width, stated = content["dimensions"].ravel()[:3].astype(int).tolist()
    if stated != len(content["x"]):
        raise ValueError(
            f"{path}: states {stated} frames but has the joints of {len(content['x'])}; copy the file again"
        )
    return stated, width, height


def _content(path: str | Path, names: tuple[str, ...]) -> dict[str, Any]:
    """Read some variables of a .mat file."""
    try:
        content = loadmat(path, variable_names=names)
        for name in names:
            content[name].astype(np.float64)
        if content["dimensions"].size < 3:
            raise ValueError("dimensions are not height, width and frames")
    except (AttributeError, KeyError, TypeError, ValueError, NotImplementedError, MatReadError) as error:
        raise ValueError(
            f"{path}: not a Penn Action annotation ({error!r}); it needs x, y, visibility, bbox and dimensions"
        ) from error
    return content
