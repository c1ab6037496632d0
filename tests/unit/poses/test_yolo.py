import sys
from importlib.util import find_spec

import cv2
import numpy as np
import pytest

from dance_core.poses import PoseSettings, estimate_poses
from dance_core.poses.yolo import Yolo
from dance_core.video import iterate_frames
from tests.unit.poses.onnx_networks import BOX, JOINT_CONFIDENCE, OFFSETS, yolo
from tests.unit.poses.people import SHARED, YOGA, clip, manifest

QUANTISED = SHARED / "real" / "weights" / "yolo11n_pose_integer_quant_tflite" / "yolo11n-pose_integer_quant.tflite"
RUNTIMES = [
    "onnxruntime",
    pytest.param("openvino", marks=pytest.mark.skipif(not find_spec("openvino"), reason="openvino is not installed")),
]


def frame(*cells, height=480, width=640, scale=2, top=8):
    """A dark frame with white squares where, scaled and with a border above, cells (column, row) of 32 px lie."""
    picture = np.full((height, width, 3), 30, np.uint8)
    for column, row in cells:
        x, y = column * 32 * scale, (row * 32 - top) * scale
        picture[y : y + 32 * scale, x : x + 32 * scale] = 255
    return picture


def expected(column, row, scale=2, top=8):
    """Key points and box of the person in a cell, in px of the frame."""
    middle = np.array([column * 32 + 16, row * 32 + 16 - top])
    return (middle + OFFSETS) * scale, np.concatenate([middle - BOX / 2, middle + BOX / 2]) * scale


def assert_person(person, column, row, scale=2, top=8):
    points, box = expected(column, row, scale, top)
    np.testing.assert_allclose(person.keypoints[:, :2], points, atol=1e-3)
    np.testing.assert_allclose(person.keypoints[:, 2], JOINT_CONFIDENCE)
    np.testing.assert_allclose(person.box, box, atol=1e-3)
    assert person.identity is None


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("end_to_end", [False, True])
def test_people_are_found_where_they_are(tmp_path, runtime, end_to_end):
    # 640 x 480 is seen as 320 x 240 in 320 x 256.
    model = yolo(tmp_path / "model.onnx", end_to_end=end_to_end)
    estimator = Yolo("", model, runtime=runtime, image_size=320, batch_size=2)
    estimator.reset(clip())
    frames = [frame((2, 3)), frame(), frame((5, 2), (2, 5)), frame((7, 4))]
    people = list(estimator.people(enumerate(frames)))
    assert [len(present) for present in people] == [1, 0, 2, 1]
    assert_person(people[0][0], 2, 3)
    assert_person(people[3][0], 7, 4)
    for person in people[2]:
        assert_person(person, *((5, 2) if person.keypoints[0, 0] > 200 else (2, 5)))
    assert people[0][0].score == pytest.approx(1)


def test_a_network_of_fixed_size_keeps_its_own(tmp_path):
    # 640 x 480 is seen as 320 x 240 in 320 x 320: 40 px above.
    estimator = Yolo("", yolo(tmp_path / "model.onnx", "n", 320, 320))
    [[person]] = estimator.people([(0, frame((4, 5), top=40))])
    assert_person(person, 4, 5, top=40)


def test_an_upright_video_is_seen_whole(tmp_path):
    estimator = Yolo("", yolo(tmp_path / "model.onnx"), image_size=320)
    [[person]] = estimator.people([(0, frame((2, 6), height=640, width=512, top=0))])
    assert_person(person, 2, 6, top=0)


@pytest.mark.parametrize("taken", [1, 3])
def test_a_network_of_fixed_batch_gets_its_number(tmp_path, taken):
    estimator = Yolo("", yolo(tmp_path / "model.onnx", taken, 256, 320), batch_size=2)
    people = list(estimator.people(enumerate([frame((column, 3)) for column in (1, 3, 5, 7)])))
    assert [len(present) for present in people] == [1] * 4
    for [person], column in zip(people, (1, 3, 5, 7), strict=True):
        assert_person(person, column, 3)


def test_frames_of_several_sizes_go_in_batches_of_their_own(tmp_path):
    estimator = Yolo("", yolo(tmp_path / "model.onnx"), image_size=320, batch_size=4)
    small = frame((2, 3), height=240, width=320, scale=1)
    people = list(estimator.people(enumerate([frame((2, 3)), frame((4, 3)), small, frame((6, 3))])))
    for [person], (column, scale) in zip(people, [(2, 2), (4, 2), (2, 1), (6, 2)], strict=True):
        assert_person(person, column, 3, scale)


@pytest.mark.parametrize(("batch_size", "batches"), [(None, [1, 1, 1]), (2, [2, 1])])
def test_the_size_is_640_and_the_batch_1_where_none_is_set(tmp_path, batch_size, batches):
    estimator = Yolo("", yolo(tmp_path / "model.onnx"), batch_size=batch_size)
    seen = []
    answers = estimator._network.answers
    estimator._network.answers = lambda pictures: seen.append(pictures.shape) or answers(pictures)
    list(estimator.people(enumerate([frame(), frame(), frame()])))
    assert seen == [(n, 480, 640, 3) for n in batches]


def test_a_size_between_two_grids_is_rounded_up(tmp_path):
    estimator = Yolo("", yolo(tmp_path / "model.onnx"), image_size=300)
    assert estimator._letterbox(480, 640).inside == (0, 8, 320, 240)


def test_the_grid_of_the_file_is_heeded(tmp_path):
    estimator = Yolo("", yolo(tmp_path / "model.onnx", metadata={"stride": "64"}), image_size=320)
    assert [estimator._letterbox(480, 640).height, estimator._letterbox(480, 640).width] == [256, 320]
    assert estimator._letterbox(300, 640).height == 192  # 150 px, in whole 64


def test_the_settings_make_it_and_a_bare_name_lies_in_weights(tmp_path):
    yolo(tmp_path / "yolo11m-pose.onnx")
    settings = PoseSettings(estimator="yolo", weights=tmp_path, image_size=64)
    poses, quality = estimate_poses(manifest(clip(status="unreadable")), tmp_path, settings)
    assert len(poses) == len(quality) == 0
    assert Yolo(tmp_path, "yolo11m-pose.onnx").name == "yolo"


def test_absent_weights_are_named(tmp_path):
    with pytest.raises(ValueError) as error:
        Yolo(tmp_path, None)
    assert str(error.value) == (
        f"poses: weights 'yolo11m-pose.onnx' are not at {tmp_path}/ and cannot be downloaded here; "
        "put the file there or set poses.estimator: blazepose"
    )


def test_a_batch_has_at_least_one_frame(tmp_path):
    with pytest.raises(ValueError, match=r"^poses: batch_size is 0; give at least 1$"):
        Yolo("", yolo(tmp_path / "model.onnx"), batch_size=0)


def test_a_size_that_the_network_does_not_take_is_refused(tmp_path):
    model = yolo(tmp_path / "model.onnx", "n", 256, 320)
    assert Yolo("", model, image_size=320).name == "yolo"
    with pytest.raises(ValueError) as error:
        Yolo("", model, image_size=640)
    assert str(error.value) == (
        f"poses: model '{model}' takes pictures of (256, 320) px and no others, but image_size is 640; "
        "set poses.image_size: null, or export the network with dynamic sizes"
    )


def test_a_network_of_other_answers_is_refused_at_the_first_picture(tmp_path):
    from tests.unit.poses.onnx_networks import yolox

    estimator = Yolo("", yolox(tmp_path / "detector.onnx", [(1, 2, 3, 4)]))
    with pytest.raises(ValueError, match=r"^poses: the network answers \(1, 5\) for a picture; a YOLO pose network"):
        list(estimator.people([(0, frame())]))


@pytest.mark.skipif(not QUANTISED.is_file(), reason=f"{QUANTISED} is absent")
def test_a_real_network_finds_real_people():
    """The same file by another way: OpenCV's suppression, and the picture enlarged by hand."""
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(QUANTISED), num_threads=1)
    network.allocate_tensors()
    paths = sorted(YOGA.glob("trikonasana/*"))[:2] + sorted(YOGA.glob("padmasana/*"))[:2]
    estimator = Yolo("", QUANTISED)
    for path in paths:
        [(_, picture)] = iterate_frames(path, [20])
        [[person]] = estimator.people([(20, picture)])
        height, width = picture.shape[:2]
        square = np.full((width, width, 3), 114, np.uint8)
        above = (width - height) // 2
        square[above : above + height] = picture
        shares = cv2.resize(square, (256, 256)).astype(np.float32) / 255
        network.set_tensor(network.get_input_details()[0]["index"], shares[None])
        network.invoke()
        rows = network.get_tensor(network.get_output_details()[0]["index"])[0].T * width
        corners = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]], axis=1)
        [best] = cv2.dnn.NMSBoxes(corners.tolist(), (rows[:, 4] / width).tolist(), 0.25, 0.5)
        points = rows[best, 5:].reshape(17, 3)[:, :2] - (0, above)
        assert person.score > 0.6
        # The answers come in steps of 5 px here, and the picture is made smaller in another order.
        assert np.median(np.abs(person.keypoints[:, :2] - points)) < 0.02 * width


def test_without_the_package_it_says_what_to_install(monkeypatch, tmp_path):
    model = yolo(tmp_path / "model.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    sentence = (
        r"^poses: package 'onnxruntime' cannot be imported \(.*\); "
        r"run 'pip install onnxruntime==1\.31\.1' or set poses\.estimator: blazepose$"
    )
    with pytest.raises(ValueError, match=sentence):
        Yolo("", model)
