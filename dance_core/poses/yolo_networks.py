"""Runtimes of exported YOLO pose networks: ONNX Runtime, OpenVINO and LiteRT, each on one core or one GPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np

from dance_core.poses.movenet import dequantised, quantised
from dance_core.poses.yolo_boxes import ANCHOR_VALUES

RUNTIMES = ("onnxruntime", "openvino")
PRECISIONS = ("float32", "float16", "bfloat16")
SUFFIXES = (".onnx", ".xml", ".tflite")
STRIDE = 32
# What ONNX Runtime and OpenVINO call the types that a network can take.
HALF_TYPES = ("tensor(float16)", "f16")

Loaded = TypeVar("Loaded")


class Network(Protocol):
    """A network that looks at a batch of pictures.

    Attributes:
        size: Height and width of its input in px; None where it takes any.
        batch_size: Pictures that it takes at once; None where it takes any number.
        stride: Pixels of a cell of its coarsest grid.
    """

    size: tuple[int, int] | None
    batch_size: int | None
    stride: int

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Look at pictures.

        Args:
            pictures: RGB, shape (n, height, width, 3), uint8.

        Returns:
            The answer to each, in px of the pictures; shape (n, rows, columns).
        """


def network_of(model: Path, runtime: str, device: str, precision: str) -> Network:
    """Load an exported network.

    Args:
        model: An .onnx file; an .xml file of OpenVINO; or a .tflite file, which LiteRT runs whatever the runtime is.
        runtime: One of `RUNTIMES`.
        device: cpu, or cuda or cuda:1 for a GPU (ONNX Runtime).
        precision: One of `PRECISIONS`; other than float32 only with OpenVINO, on processors that have it.

    Returns:
        The network.

    Raises:
        ValueError: The runtime is unknown or absent, cannot do what is asked for, or cannot read the file.
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"poses: runtime '{runtime}' is unknown; use one of {', '.join(RUNTIMES)}")
    if model.suffix not in SUFFIXES:
        raise ValueError(
            f"poses: model '{model}' is no exported network; the yolo estimator reads {', '.join(SUFFIXES)} "
            "(ultralytics reads .pt)"
        )
    chosen = {".xml": "openvino", ".tflite": "LiteRT"}.get(model.suffix, runtime)
    if precision != "float32" and chosen != "openvino":
        raise ValueError(
            f"poses: {chosen} runs '{model.name}' in the precision that it was exported in, not in {precision}; "
            "set poses.precision: float32, or poses.runtime: openvino"
        )
    if device != "cpu" and chosen != "onnxruntime":
        raise ValueError(
            f"poses: {chosen} runs on the processor only, not on '{device}'; set poses.device: cpu, "
            "or use an .onnx file with poses.runtime: onnxruntime"
        )
    if chosen == "LiteRT":
        return loaded(model, lambda: TfliteNetwork(model))
    if chosen == "openvino":
        return loaded(model, lambda: OpenVinoNetwork(model, precision))
    return loaded(model, lambda: OnnxNetwork(model, device))


def onnx_session(model: Path, device: str) -> Any:
    """Load an ONNX file into ONNX Runtime.

    Args:
        model: The file.
        device: cpu, or cuda or cuda:1 for a GPU.

    Returns:
        An `onnxruntime.InferenceSession` that runs on one core beside the GPU, if any.

    Raises:
        ValueError: The package is absent, or has no way to that device.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError(
            f"poses: package 'onnxruntime' cannot be imported ({error}); "
            "run 'pip install onnxruntime==1.31.1' or set poses.estimator: blazepose"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a job has one core
    options.log_severity_level = 3
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    if kind != "cuda" or "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ValueError(
            f"poses: onnxruntime cannot run on '{device}' here, only on {onnxruntime.get_available_providers()}; "
            "run 'pip install onnxruntime-gpu' in place of onnxruntime, or set poses.device: cpu"
        )
    gpu = ("CUDAExecutionProvider", {"device_id": int(number or 0)})
    return onnxruntime.InferenceSession(str(model), options, providers=[gpu, "CPUExecutionProvider"])


class OnnxNetwork:
    """An ONNX file in ONNX Runtime."""

    def __init__(self, model: Path, device: str) -> None:
        self._session = onnx_session(model, device)
        given = self._session.get_inputs()[0]
        self._name = given.name
        self._half = given.type in HALF_TYPES
        self.batch_size, self.size = _limits(given.shape)
        self.stride = int(self._session.get_modelmeta().custom_metadata_map.get("stride", STRIDE))

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Look at pictures; see `Network.answers`."""
        return self._session.run(None, {self._name: planes(pictures, self._half)})[0]


class OpenVinoNetwork:
    """An ONNX file, or one of its own, in OpenVINO."""

    def __init__(self, model: Path, precision: str) -> None:
        try:
            import openvino
        except ImportError as error:
            raise ValueError(
                f"poses: package 'openvino' cannot be imported ({error}); "
                "run 'pip install openvino==2026.4.1' or set poses.runtime: onnxruntime"
            ) from error
        kinds = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
        limits = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": kinds[precision]}
        core = openvino.Core()
        self._network = core.compile_model(core.read_model(str(model)), "CPU", limits)
        given = self._network.input(0)
        self._half = given.get_element_type().get_type_name() in HALF_TYPES
        sides = given.get_partial_shape()
        self.batch_size, self.size = _limits([side.get_length() if side.is_static else None for side in sides])
        self.stride = STRIDE

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Look at pictures; see `Network.answers`."""
        return self._network(planes(pictures, self._half))[0]


class TfliteNetwork:
    """A TensorFlow Lite file, quantised or not; its answers are in shares of the input's sides."""

    stride = STRIDE
    batch_size: int | None = 1

    def __init__(self, model: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._network = Interpreter(str(model), num_threads=1)
        self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]
        self._output = self._network.get_output_details()[0]
        _, height, width, _ = self._input["shape"].tolist()
        self.size: tuple[int, int] | None = (height, width)
        if self._output["shape"].tolist()[:2] != [1, ANCHOR_VALUES]:
            raise ValueError(
                f"poses: model '{model}' answers {self._output['shape'].tolist()}; a YOLO pose network of one class "
                f"and the 17 COCO key points gives [1, {ANCHOR_VALUES}, anchors]; export such a one, for one picture"
            )

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Look at pictures; see `Network.answers`."""
        shares = pictures.astype(np.float32) / np.float32(255)
        self._network.set_tensor(self._input["index"], quantised(shares, self._input))
        self._network.invoke()
        found = dequantised(self._network.get_tensor(self._output["index"]), self._output)
        height, width = pictures.shape[1:3]
        sides = np.array([width, height], np.float32)[None, :, None]
        found[:, 0:2] *= sides
        found[:, 2:4] *= sides
        found[:, 5::3] *= sides[:, 0]
        found[:, 6::3] *= sides[:, 1]
        return found


def planes(pictures: np.ndarray, half: bool = False) -> np.ndarray:
    """Turn pictures into what an exported network takes.

    Args:
        pictures: RGB, shape (n, height, width, 3), uint8.
        half: Whether the network takes float16.

    Returns:
        Values in [0, 1], shape (n, 3, height, width), float32 or float16.
    """
    n, height, width, _ = pictures.shape
    values = np.empty((n, 3, height, width), np.float16 if half else np.float32)
    for picture, target in zip(pictures, values, strict=True):
        for plane, row in zip(cv2.split(picture), target, strict=True):
            np.multiply(plane, np.float32(1 / 255), out=row, casting="same_kind")
    return values


def _limits(shape: list[Any]) -> tuple[int | None, tuple[int, int] | None]:
    """Batch size and height and width that an input of shape (n, 3, height, width) is bound to."""
    batch_size, _, height, width = (side if isinstance(side, int) and side > 0 else None for side in shape)
    return batch_size, (height, width) if height and width else None


def loaded(model: Path, load: Callable[[], Loaded]) -> Loaded:
    """Load a network.

    Args:
        model: Its file.
        load: Reads it.

    Returns:
        What was loaded.

    Raises:
        ValueError: The runtime cannot read the file.
    """
    try:
        return load()
    except Exception as error:  # each runtime has its own kinds
        if str(error).startswith("poses: "):
            raise
        raise ValueError(
            f"poses: model '{model}' cannot be loaded ({str(error).strip()[:300]}); export the network again"
        ) from error
