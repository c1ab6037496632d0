"""MoveNet single-pose: one small network on a square of the picture that follows the person.

Source:
    MoveNet on TensorFlow Hub, google/movenet/singlepose/lightning/4; the crop rule of its tutorial.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from dance_core.poses.model_files import expect_file, model_path
from dance_core.poses.person import Person, box_around
from dance_core.poses.skeleton import KEYPOINTS

DEFAULT_MODEL = "movenet/movenet_single_pose_lightning_ptq.tflite"
CROP_CONFIDENCE = 0.2
PERSON_SCORE = 0.2
TORSO_MARGIN = 1.9
BODY_MARGIN = 1.2
SHOULDERS, HIPS = [5, 6], [11, 12]

Square = tuple[float, float, float]


class MoveNet:
    """Finds the one most prominent person."""

    name = "movenet"
    reads_video = True

    def __init__(self, weights: str | Path, model: str | Path | None = None) -> None:
        path = model_path(weights, model, DEFAULT_MODEL)
        expect_file(path)
        cv2.setNumThreads(1)  # a job has one core
        self._network = Interpreter(str(path), num_threads=1)
        self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]
        self._output = self._network.get_output_details()[0]
        if len(self._input["shape"]) != 4 or tuple(self._output["shape"][-2:]) != (len(KEYPOINTS), 3):
            raise ValueError(
                f"poses: weights '{path}' take {self._input['shape']} and give {self._output['shape']}; "
                "a MoveNet single-pose model takes a picture and gives [1, 1, 17, 3]"
            )
        self.reset()

    def reset(self, clip: Any = None) -> None:
        """Forget where the person of the last clip was."""
        self._square: Square | None = None

    def people(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[list[Person]]:
        """Find the person of each frame; see `PoseEstimator.people`."""
        for _, frame in frames:
            height, width = frame.shape[:2]
            square = self._square or whole_picture(width, height)
            keypoints = self._keypoints(frame, square)
            self._square = next_square(keypoints, width, height)
            score = float(keypoints[:, 2].mean())
            box = box_around(keypoints[keypoints[:, 2] >= CROP_CONFIDENCE, :2], width, height)
            is_person = score >= PERSON_SCORE and shows_torso(keypoints)
            yield [Person(keypoints.astype(np.float32), box, score)] if is_person else []

    def _keypoints(self, frame: np.ndarray, square: Square) -> np.ndarray:
        """Run the network on a square of the picture; x px, y px, confidence, shape (17, 3)."""
        left, top, side = square
        pixels = int(self._input["shape"][1])
        to_picture = np.array([[side / pixels, 0, left], [0, side / pixels, top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(frame, to_picture, (pixels, pixels), flags=flags)
        self._network.set_tensor(self._input["index"], quantised(picture[None], self._input))
        self._network.invoke()
        found = dequantised(self._network.get_tensor(self._output["index"]), self._output)[0, 0].astype(np.float64)
        return np.stack([found[:, 1] * side + left, found[:, 0] * side + top, found[:, 2]], axis=1)


def whole_picture(width: int, height: int) -> Square:
    """Left, top and side of the square round the whole picture, in px."""
    side = max(width, height)
    return (width - side) / 2, (height - side) / 2, float(side)


def shows_torso(keypoints: np.ndarray) -> bool:
    """Whether a shoulder and a hip are seen."""
    sure = keypoints[:, 2] > CROP_CONFIDENCE
    return bool(sure[SHOULDERS].any() and sure[HIPS].any())


def next_square(keypoints: np.ndarray, width: int, height: int) -> Square | None:
    """Choose where to look in the next frame.

    Args:
        keypoints: x px, y px, confidence, shape (17, 3).
        width: Width of the picture in px.
        height: Height of the picture in px.

    Returns:
        Left, top and side in px of a square round the body; None for the whole picture.
    """
    if not shows_torso(keypoints):
        return None
    x, y = keypoints[HIPS, :2].mean(axis=0).tolist()
    reach = np.abs(keypoints[:, :2] - (x, y)).max(axis=1)
    torso = reach[SHOULDERS + HIPS].max()
    body = reach[keypoints[:, 2] >= CROP_CONFIDENCE].max()
    half = min(max(torso * TORSO_MARGIN, body * BODY_MARGIN), max(x, width - x, y, height - y))
    if not 0 < half <= max(width, height) / 2:
        return None
    return x - half, y - half, 2 * half


def quantised(picture: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Turn a picture into what a network takes.

    Args:
        picture: Pixels as the network was trained on them: 0 to 255, or 0 to 1 as float32.
        details: The network's input: its dtype and quantization (scale, zero point), scale 0 where there is none.

    Returns:
        The picture in the network's type; 0 to 255 shifted to -128 to 127 for int8 without a scale.
    """
    kind = np.dtype(details["dtype"])
    scale, zero = details["quantization"]
    if kind == np.int8 and not scale:
        scale, zero = 1.0, -128
    if kind.kind == "f" or not scale:
        return picture.astype(kind)
    limits = np.iinfo(kind)
    return np.clip(np.rint(picture / scale + zero), limits.min, limits.max).astype(kind)


def dequantised(values: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Turn what a network gives into floats; `details` as in `quantised`."""
    scale, zero = details["quantization"]
    return (values.astype(np.float32) - zero) * scale if scale else values.astype(np.float32)
