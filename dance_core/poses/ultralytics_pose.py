"""Ultralytics YOLO-pose with ByteTrack or BoT-SORT: several people, in batches of frames, on a GPU if there is one.

The package is an optional extra (AGPL-3.0); the model file is the user's own, or fetched by the package when asked to.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dance_core.poses.model_files import expect_file, model_path
from dance_core.poses.person import Person
from dance_core.poses.skeleton import KEYPOINTS

DEFAULT_MODEL = "yolo11m-pose.pt"
TRACKERS = ("bytetrack", "botsort")
PERSON_CLASS = 0
IMAGE_SIZE = 640
# The trackers' second pass uses boxes as unsure as this, as the package's own default for tracking does.
BOX_CONFIDENCE = 0.1


class UltralyticsPose:
    """Finds and tracks all people.

    Args:
        weights: Folder of the fetched weights.
        model: The model file; a bare name, or None for `DEFAULT_MODEL`, lies in `weights`.
        device: cpu, or cuda:0 for a GPU.
        batch_size: Frames given to the network at once; None for 1 on the processor and 16 on a GPU.
        image_size: Longer side in px of what the network sees; None for 640.
        tracker: One of `TRACKERS`.
        precision: float32, or float16 on a GPU.
        download: Whether the package may fetch a model that is absent.

    Raises:
        ValueError: A setting is out of its bounds, or the package or the model is absent and cannot be had.
    """

    name = "ultralytics"
    reads_video = True

    def __init__(
        self,
        weights: str | Path,
        model: str | Path | None,
        device: str = "cpu",
        batch_size: int | None = None,
        image_size: int | None = None,
        tracker: str = "bytetrack",
        precision: str = "float32",
        download: bool = False,
    ) -> None:
        _expect_sound(device, batch_size, tracker, precision)
        path = model_path(weights, model, DEFAULT_MODEL)
        if not download:
            expect_file(path, "ultralytics")
        network = _package()
        if not path.exists():
            _fetch(path)
        self._network = network(str(path), task="pose")
        self._batch_size = batch_size or (1 if device == "cpu" else 16)
        self._options = {
            "persist": True,
            "tracker": f"{tracker}.yaml",
            "classes": [PERSON_CLASS],
            "conf": BOX_CONFIDENCE,
            "imgsz": image_size or IMAGE_SIZE,
            "device": device,
            "verbose": False,
        }
        if precision == "float16":
            self._options["quantize"] = 16

    def reset(self, clip: Any = None) -> None:
        """Forget the tracks of the last clip."""
        for tracker in getattr(getattr(self._network, "predictor", None), "trackers", []):
            tracker.reset()

    def people(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[list[Person]]:
        """Find the people of each frame; see `PoseEstimator.people`."""
        left = iter(frames)
        while batch := [frame for _, frame in islice(left, self._batch_size)]:
            source = [np.ascontiguousarray(frame[:, :, ::-1]) for frame in batch]
            for result in self._network.track(source=source, **self._options):
                yield _people_of(result)


def _expect_sound(device: str, batch_size: int | None, tracker: str, precision: str) -> None:
    """Refuse settings that are out of their bounds."""
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"poses: batch_size is {batch_size}; give at least 1")
    if tracker not in TRACKERS:
        raise ValueError(f"poses: tracker '{tracker}' is unknown; use one of {', '.join(TRACKERS)}")
    if precision == "bfloat16" or (precision == "float16" and device == "cpu"):
        raise ValueError(
            f"poses: ultralytics does not run in {precision} on '{device}'; set poses.precision: float32, "
            "or float16 with poses.device: cuda:0"
        )


def _package() -> Any:
    """Import the package's class of networks, with its ways to the network closed."""
    # Read by the package when it is imported: it shall neither install packages nor ask the network for anything but a
    # model that it is told to fetch.
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_OFFLINE"] = "true"
    try:
        from ultralytics import YOLO
    except ImportError as error:
        raise ValueError(
            f"poses: package 'ultralytics' cannot be imported ({error}); "
            "run 'pip install ultralytics==8.4.190 lap' (AGPL-3.0) or set poses.estimator: blazepose"
        ) from error
    return YOLO


def _fetch(path: Path) -> None:
    """Have the package download a model that it publishes."""
    from ultralytics.utils.downloads import attempt_download_asset

    path.parent.mkdir(parents=True, exist_ok=True)
    reason = "ultralytics finds no published model of that name"
    try:
        attempt_download_asset(str(path.resolve()))
    except Exception as error:  # the package's own kinds, and those of what it downloads with
        reason = str(error).strip()[:300]
    if not path.is_file():
        raise ValueError(
            f"poses: weights '{path.name}' are not at {path.parent}/ and cannot be downloaded ({reason}); "
            "put the file there or set poses.estimator: blazepose"
        )


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
