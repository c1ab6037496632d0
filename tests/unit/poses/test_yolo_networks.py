import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from dance_core.poses.yolo_networks import OnnxNetwork, TfliteNetwork, network_of, planes
from tests.unit.poses.onnx_networks import yolo
from tests.unit.poses.people import MOVENET


def test_pictures_become_planes_in_0_to_1():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    values = planes(pictures)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, np.moveaxis(pictures, 3, 1) / 255, rtol=1e-6)
    assert planes(pictures, half=True).dtype == np.float16
    np.testing.assert_allclose(planes(pictures, half=True), np.moveaxis(pictures, 3, 1) / 255, rtol=1e-3)


def test_a_file_tells_its_size_its_batch_and_its_grid(tmp_path):
    free = OnnxNetwork(yolo(tmp_path / "free.onnx"), "cpu")
    assert (free.size, free.batch_size, free.stride) == (None, None, 32)
    bound = OnnxNetwork(yolo(tmp_path / "bound.onnx", 2, 96, 128, metadata={"stride": "16"}), "cpu")
    assert (bound.size, bound.batch_size, bound.stride) == ((96, 128), 2, 16)


def test_a_half_precision_file_gets_half_precision(tmp_path):
    white = np.full((1, 32, 64, 3), 255, np.uint8)
    answer = network_of(yolo(tmp_path / "model.onnx", half=True), "onnxruntime", "cpu", "float32").answers(white)
    assert answer.shape == (1, 56, 2)
    np.testing.assert_allclose(answer[0, :5], [[16, 48], [16, 16], [64, 64], [64, 64], [1, 1]])


@pytest.mark.skipif(not find_spec("openvino"), reason="openvino is not installed")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_openvino_gives_the_same(tmp_path, precision):
    model = yolo(tmp_path / "model.onnx", "n", 64, 96)
    pictures = np.random.default_rng(0).integers(150, 256, (2, 64, 96, 3), dtype=np.uint8)
    network = network_of(model, "openvino", "cpu", precision)
    assert (network.size, network.batch_size) == ((64, 96), None)
    given = network_of(model, "onnxruntime", "cpu", "float32").answers(pictures)
    np.testing.assert_allclose(network.answers(pictures), given, atol=1e-4 if precision == "float32" else 0.5)


class FakeInterpreter:
    """Answers with the mean of its input as the score, and with the middle of the picture, half as large."""

    def __init__(self, path, num_threads):
        assert num_threads == 1

    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return [{"index": 0, "shape": np.array([1, 64, 128, 3]), "dtype": np.int8, "quantization": (1 / 255, -128)}]

    def get_output_details(self):
        return [{"index": 1, "shape": np.array([1, 56, 2]), "dtype": np.float32, "quantization": (0.0, 0)}]

    def set_tensor(self, index, values):
        assert (index, values.dtype, values.shape) == (0, np.int8, (1, 64, 128, 3))
        self.mean = (values.astype(float) + 128).mean() / 255

    def invoke(self):
        pass

    def get_tensor(self, index):
        answer = np.full((1, 56, 2), 0.5, np.float32)
        answer[0, 4] = self.mean
        return answer


def test_tensorflow_lite_answers_in_shares_of_the_sides(monkeypatch):
    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter", FakeInterpreter)
    network = TfliteNetwork(Path("model.tflite"))
    assert (network.size, network.batch_size) == ((64, 128), 1)
    [answer] = network.answers(np.full((1, 64, 128, 3), 51, np.uint8))
    np.testing.assert_allclose(answer[:8, 0], [64, 32, 64, 32, 0.2, 64, 32, 0.5], rtol=1e-6)
    np.testing.assert_allclose(answer[5:, 0].reshape(17, 3), np.tile([64, 32, 0.5], (17, 1)))


@pytest.mark.parametrize(
    ("model", "runtime", "device", "precision", "sentence"),
    [
        ("m.onnx", "tensorrt", "cpu", "float32", "runtime 'tensorrt' is unknown; use one of onnxruntime, openvino"),
        (
            "m.pt",
            "onnxruntime",
            "cpu",
            "float32",
            "model 'm.pt' is no exported network; the yolo estimator reads .onnx, .xml, .tflite "
            "(ultralytics reads .pt)",
        ),
        (
            "m.onnx",
            "onnxruntime",
            "cpu",
            "float16",
            "onnxruntime runs 'm.onnx' in the precision that it was exported in, not in float16; "
            "set poses.precision: float32, or poses.runtime: openvino",
        ),
        (
            "m.tflite",
            "openvino",
            "cuda:0",
            "float32",
            "LiteRT runs on the processor only, not on 'cuda:0'; set poses.device: cpu, "
            "or use an .onnx file with poses.runtime: onnxruntime",
        ),
    ],
)
def test_what_a_runtime_cannot_do_is_said(model, runtime, device, precision, sentence):
    with pytest.raises(ValueError) as error:
        network_of(Path(model), runtime, device, precision)
    assert str(error.value) == f"poses: {sentence}"


def test_an_absent_gpu_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ValueError) as error:
        network_of(yolo(tmp_path / "model.onnx"), "onnxruntime", "cuda:1", "float32")
    assert str(error.value) == (
        "poses: onnxruntime cannot run on 'cuda:1' here, only on ['CPUExecutionProvider']; "
        "run 'pip install onnxruntime-gpu' in place of onnxruntime, or set poses.device: cpu"
    )


def test_the_gpu_of_a_number_is_asked_for(tmp_path, monkeypatch):
    given = {}

    def session(model, options, providers):
        given.update(threads=options.intra_op_num_threads, providers=providers)
        return real(model, options, providers=["CPUExecutionProvider"])

    import onnxruntime

    real = onnxruntime.InferenceSession
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr("onnxruntime.InferenceSession", session)
    network_of(yolo(tmp_path / "model.onnx"), "onnxruntime", "cuda:1", "float32")
    gpu = ("CUDAExecutionProvider", {"device_id": 1})
    assert given == {"threads": 1, "providers": [gpu, "CPUExecutionProvider"]}


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_a_file_of_another_kind_is_named(tmp_path, suffix):
    model = tmp_path / f"model{suffix}"
    model.write_bytes(b"no network")
    with pytest.raises(
        ValueError, match=rf"^poses: model '{model}' cannot be loaded \(.+\); export the network again$"
    ):
        network_of(model, "onnxruntime", "cpu", "float32")


def test_openvino_that_is_absent_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "openvino", None)
    sentence = (
        r"^poses: package 'openvino' cannot be imported \(.*\); "
        r"run 'pip install openvino==2026\.4\.1' or set poses\.runtime: onnxruntime$"
    )
    for name in ("model.onnx", "model.xml"):  # its own files need it whatever the runtime is
        with pytest.raises(ValueError, match=sentence):
            network_of(tmp_path / name, "openvino" if name == "model.onnx" else "onnxruntime", "cpu", "float32")


@pytest.mark.skipif(not MOVENET.is_file(), reason=f"{MOVENET} is absent")
def test_another_tensorflow_lite_network_is_refused():
    with pytest.raises(ValueError) as error:
        network_of(MOVENET, "onnxruntime", "cpu", "float32")
    assert str(error.value) == (
        f"poses: model '{MOVENET}' answers [1, 1, 17, 3]; a YOLO pose network of one class and the 17 COCO key points "
        "gives [1, 56, anchors]; export such a one, for one picture"
    )
