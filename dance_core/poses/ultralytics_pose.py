"""Ultralytics YOLO-pose with ByteTrack: several people, in batches of frames, on a GPU if there is one.

The package is an optional extra (AGPL-3.0); the model file is the user's own.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dance_core.poses.person import Person
from dance_core.poses.skeleton import KEYPOINTS

DEFAULT_MODEL = "yolo11m-pose.pt"
PERSON_CLASS = 0
# ByteTrack's second pass uses boxes as unsure as this, as the package's own default for tracking does.
BOX_CONFIDENCE = 0.1


class UltralyticsPose:
    """Finds and tracks all people."""

    name = "ultralytics"
    reads_video = True

    def __init__(self, weights: str | Path, model: str | Path | None, device: str, batch_size: int) -> None:
        path = Path(model) if model is not None else Path(weights) / DEFAULT_MODEL
        if not path.exists():
            raise ValueError(
                f"poses: weights '{path.name}' are not at {path.parent}/ and cannot be downloaded here; "
                "put the file there or set poses.estimator: blazepose"
            )
        if batch_size < 1:
            raise ValueError(f"poses: batch_size is {batch_size}; give at least 1")
        # Read by the package when it is imported: it shall neither install packages nor ask the network for anything.
        os.environ["YOLO_AUTOINSTALL"] = "false"
        os.environ["YOLO_OFFLINE"] = "true"
        try:
            from ultralytics import YOLO
        except ImportError as error:
            raise ValueError(
                f"poses: package 'ultralytics' cannot be imported ({error}); "
                "run 'pip install ultralytics==8.4.190 lap' (AGPL-3.0) or set poses.estimator: blazepose"
            ) from error
        self._network = YOLO(str(path), task="pose")
        self._device = device
        self._batch_size = batch_size

    def reset(self, clip: Any = None) -> None:
        """Forget the tracks of the last clip."""
        for tracker in getattr(getattr(self._network, "predictor", None), "trackers", []):
            tracker.reset()

    def people(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[list[Person]]:
        """Find the people of each frame; see `PoseEstimator.people`."""
        left = iter(frames)
        while batch := [frame for _, frame in islice(left, self._batch_size)]:
            results = self._network.track(
                source=[np.ascontiguousarray(frame[:, :, ::-1]) for frame in batch],
                persist=True,
                tracker="bytetrack.yaml",
                classes=[PERSON_CLASS],
                conf=BOX_CONFIDENCE,
                device=self._device,
                verbose=False,
            )
            for result in results:
                yield _people_of(result)


def _people_of(result: Any) -> list[Person]:
    """Read the people of one frame from the package's result."""
    if result.keypoints is None or result.boxes is None or not len(result.boxes):
        return []
    boxes = _array(result.boxes.xyxy)
    scores = _array(result.boxes.conf)
    identities = [None] * len(boxes) if result.boxes.id is None else _array(result.boxes.id).astype(int).tolist()
    keypoints = _array(result.keypoints.data)
    if keypoints.shape[1:] != (len(KEYPOINTS), 3):
        raise ValueError(
            f"poses: the ultralytics model gives key points of shape {keypoints.shape[1:]}; "
            "use a pose model of the 17 COCO key points with confidence"
        )
    return [
        Person(points, box, float(score), identity)
        for points, box, score, identity in zip(keypoints, boxes, scores, identities, strict=True)
    ]


def _array(values: Any) -> np.ndarray:
    """Copy a tensor on any device into a float32 array."""
    return np.array(values.cpu().numpy() if hasattr(values, "cpu") else values, dtype=np.float32)
