"""YOLO pose networks exported to ONNX, OpenVINO or TensorFlow Lite, without the package that trained them."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dance_core.poses.model_files import expect_file, model_path
from dance_core.poses.person import Person
from dance_core.poses.yolo_boxes import Letterbox, letterbox_of, people_found, whole_strides
from dance_core.poses.yolo_networks import network_of

DEFAULT_MODEL = "yolo11m-pose.onnx"
IMAGE_SIZE = 640


class Yolo:
    """Finds all people of each frame; who is who over the frames is left to `link_people`.

    Args:
        weights: Folder of the fetched weights.
        model: The exported network; a bare name, or None for `DEFAULT_MODEL`, lies in `weights`.
        runtime: What runs an .onnx file, onnxruntime or openvino.
        device: cpu, or cuda:0 for a GPU (onnxruntime).
        precision: float32; float16 or bfloat16 with openvino.
        image_size: Longer side in px of what the network sees; None for 640. A network of fixed size keeps its own.
        batch_size: Frames shown at once; None for 1 on the processor, where more are no faster, and 16 on a GPU.

    Raises:
        ValueError: The file is absent or no such network, or a setting is out of its bounds.
    """

    name = "yolo"
    reads_video = True

    def __init__(
        self,
        weights: str | Path,
        model: str | Path | None,
        runtime: str = "onnxruntime",
        device: str = "cpu",
        precision: str = "float32",
        image_size: int | None = None,
        batch_size: int | None = None,
    ) -> None:
        path = model_path(weights, model, DEFAULT_MODEL)
        expect_file(path)
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"poses: batch_size is {batch_size}; give at least 1")
        cv2.setNumThreads(1)  # a job has one core
        self._network = network_of(path, runtime, device, precision)
        self._image_size = image_size or IMAGE_SIZE
        if image_size and self._network.size and max(self._network.size) != image_size:
            raise ValueError(
                f"poses: model '{path}' takes pictures of {self._network.size} px and no others, but image_size is "
                f"{image_size}; set poses.image_size: null, or export the network with dynamic sizes"
            )
        self._batch_size = self._network.batch_size or batch_size or (1 if device == "cpu" else 16)

    def reset(self, clip: Any = None) -> None:
        """Nothing is kept from one frame to the next."""

    def people(self, frames: Iterable[tuple[int, np.ndarray]]) -> Iterator[list[Person]]:
        """Find the people of each frame; see `PoseEstimator.people`."""
        for _, alike in groupby((frame for _, frame in frames), key=lambda frame: frame.shape):
            while batch := list(islice(alike, self._batch_size)):
                yield from self._people_of(batch)

    def _people_of(self, batch: list[np.ndarray]) -> Iterator[list[Person]]:
        """Show the network a batch of frames of one size."""
        letterbox = self._letterbox(*batch[0].shape[:2])
        # A network that takes so many pictures and no fewer gets the last one again.
        missing = (self._network.batch_size or len(batch)) - len(batch)
        answers = self._network.answers(np.stack([letterbox.fit(frame) for frame in batch + batch[-1:] * missing]))
        for answer in answers[: len(batch)]:
            found = people_found(answer, letterbox)
            yield [
                Person(points, box, float(score))
                for points, box, score in zip(found.keypoints, found.boxes, found.scores, strict=True)
            ]

    def _letterbox(self, height: int, width: int) -> Letterbox:
        """Choose where frames of one size lie in the network's input."""
        if self._network.size:
            return letterbox_of(height, width, *self._network.size)
        side = whole_strides(self._image_size, self._network.stride)
        return letterbox_of(height, width, side, side, self._network.stride)
