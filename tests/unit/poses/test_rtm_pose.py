"""Runs on the real package where it is installed, else on a fake of the few calls that are used."""

import sys
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest

from dance_core.poses import PoseSettings, pose_estimator
from dance_core.poses.rtm_pose import RtmPose, published_file
from tests.unit.poses import fake_rtmlib
from tests.unit.poses.onnx_networks import rtmo, rtmpose, yolo, yolox, yolox_of_classes
from tests.unit.poses.people import clip

BOXES = [(100, 50, 196, 178), (300, 200, 348, 264)]
# Where each joint is in the 192 x 256 px that RTMPose sees of a person.
PLACES = np.stack([10.0 * np.arange(17) + 8, 250 - 12.0 * np.arange(17)], axis=1)
RED, BLUE = np.full((416, 416, 3), (255, 0, 0), np.uint8), np.full((416, 416, 3), (0, 0, 255), np.uint8)


@pytest.fixture(autouse=True)
def package(monkeypatch):
    if not find_spec("rtmlib"):
        for name, module in fake_rtmlib.modules().items():
            monkeypatch.setitem(sys.modules, name, module)
    return sys.modules.get("rtmlib") or __import__("rtmlib")


@pytest.fixture
def two_steps(tmp_path):
    return rtmpose(tmp_path / "rtmpose.onnx", PLACES), yolox(tmp_path / "yolox.onnx", BOXES)


def test_each_box_gets_its_pose(two_steps):
    estimator = RtmPose("", *two_steps)
    estimator.reset(clip())
    [people] = estimator.people([(0, RED)])
    np.testing.assert_array_equal([person.box for person in people], BOXES)
    # The crops are 1.25 times as large as the boxes, which have its shape: 120 x 160 px and 60 x 80 px.
    for person, corner, scale in zip(people, [(88, 34), (294, 192)], (120 / 192, 60 / 192), strict=True):
        np.testing.assert_allclose(person.keypoints[:, :2], corner + PLACES * scale, atol=1e-3)
        np.testing.assert_allclose(person.keypoints[:, 2], 0.8)
        assert person.keypoints.dtype == np.float32
        assert (person.identity, person.score) == (None, pytest.approx(0.8))


def test_nobody_in_a_frame_is_nobody(two_steps):
    # Without a box, the package would look for a person in the whole picture.
    assert list(RtmPose("", *two_steps).people([(0, BLUE), (1, BLUE)])) == [[], []]


def test_people_of_one_network(tmp_path):
    points = np.concatenate([np.stack([PLACES, PLACES + 300]), np.full((2, 17, 1), 1.5)], axis=2)
    model = rtmo(tmp_path / "model.onnx", [(0, 0, 200, 300), (300, 300, 500, 600)], points)
    red, blue = (np.full((640, 640, 3), colour, np.uint8) for colour in ((255, 0, 0), (0, 0, 255)))
    people, nobody = RtmPose("", model).people([(0, red), (1, blue)])
    assert nobody == []
    people = sorted(people, key=lambda person: person.keypoints[0, 0])
    for person, away in zip(people, (0, 300), strict=True):
        np.testing.assert_allclose(person.keypoints[:, :2], PLACES + away, atol=1e-3)
        assert (person.keypoints[:, 2] == 1).all()  # the package's scores may be above 1
    # The joints span 160 x 192 px; a tenth of the longer side is added on each of theirs, within the picture.
    np.testing.assert_allclose(people[0].box, [0, 38.8, 187.2, 269.2], atol=1e-3)


def test_the_other_layouts_begin_with_the_coco_key_points(tmp_path):
    places = np.concatenate([PLACES, np.full((9, 2), 5.0)])
    files = rtmpose(tmp_path / "halpe.onnx", places), yolox(tmp_path / "yolox.onnx", BOXES[:1])
    [[person]] = RtmPose("", *files).people([(0, RED)])
    np.testing.assert_allclose(person.keypoints[:, :2], np.array([88, 34]) + PLACES * 0.625, atol=1e-3)


def test_other_key_points_are_refused(tmp_path):
    files = rtmpose(tmp_path / "hand.onnx", np.full((21, 2), 50.0)), yolox(tmp_path / "yolox.onnx", BOXES)
    with pytest.raises(ValueError) as error:
        list(RtmPose("", *files).people([(0, RED)]))
    assert str(error.value) == (
        "poses: the rtmlib model gives 21 key points; use a body model of 17 (COCO), 26 (Halpe) or 133 (COCO whole "
        "body)"
    )


@pytest.mark.skipif(not find_spec("rtmlib"), reason="rtmlib is not installed, and reads these answers itself")
def test_a_detector_of_many_classes_tells_people_only(tmp_path):
    # Cell (10, 20) of 8 px with its middle at 84, 164; the other class is at 204, 204.
    detector = yolox_of_classes(tmp_path / "yolox.onnx", [(10, 20, 48, 64)], [(25, 25, 60, 60)])
    [[person]] = RtmPose("", rtmpose(tmp_path / "rtmpose.onnx", PLACES), detector).people([(0, RED)])
    np.testing.assert_allclose(person.box, [60, 132, 108, 196], atol=1e-3)


def test_networks_run_on_one_core(two_steps):
    estimator = RtmPose("", *two_steps)
    for tool in (estimator._pose, estimator._detector):
        assert tool.session.get_session_options().intra_op_num_threads == 1


def test_a_pose_model_alone_needs_a_detector(two_steps):
    with pytest.raises(ValueError) as error:
        RtmPose("", two_steps[0])
    assert str(error.value) == (
        f"poses: model '{two_steps[0]}' looks at one person and has to be told where; "
        "set poses.detector to a YOLOX file, or poses.model to an RTMO file"
    )


def test_a_network_of_another_kind_is_refused(tmp_path, two_steps):
    model = yolo(tmp_path / "yolo.onnx")
    with pytest.raises(ValueError) as error:
        RtmPose("", model)
    assert str(error.value) == (
        f"poses: model '{model}' answers [['n', 56, 'anchors']]; an RTMPose file gives two rows of bins for each key "
        "point, an RTMO file boxes and key points"
    )


def test_a_network_of_any_size_is_refused(tmp_path, two_steps):
    model = yolo(tmp_path / "yolo.onnx")
    with pytest.raises(ValueError) as error:
        RtmPose("", two_steps[0], model)
    assert str(error.value) == (
        f"poses: model '{model}' takes pictures of any size, which rtmlib cannot choose; export it for one size"
    )


def test_a_damaged_file_is_named(tmp_path):
    model = tmp_path / "rtmo.onnx"
    model.write_bytes(b"no network")
    with pytest.raises(ValueError, match=rf"^poses: model '{model}' cannot be loaded \(.+\); export the net"):
        RtmPose("", model)


def test_an_absent_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    sentence = (
        r"^poses: package 'rtmlib' cannot be imported \(.*\); "
        r"run 'pip install --no-deps rtmlib==0\.0\.16 tqdm' or set poses\.estimator: blazepose$"
    )
    with pytest.raises(ValueError, match=sentence):
        RtmPose("")


def test_absent_files_are_named(tmp_path, two_steps):
    with pytest.raises(ValueError) as error:
        RtmPose(tmp_path, "rtmpose-m.onnx")
    assert str(error.value) == (
        f"poses: weights 'rtmpose-m.onnx' are not at {tmp_path}/ and cannot be downloaded here; "
        "put the file there or set poses.estimator: blazepose"
    )
    with pytest.raises(ValueError, match=r"^poses: weights 'yolox-m\.onnx' are not at "):
        RtmPose(tmp_path, two_steps[0], "yolox-m.onnx")


def zipped(path, model):
    """An archive as the package's models are published in."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(model, "end2end.onnx")
    return f"file://{path}"


def test_published_models_are_fetched_once_and_only_when_allowed(package, monkeypatch, tmp_path, two_steps):
    addresses = {
        part: zipped(tmp_path / f"{part}_256x192.zip", file)
        for part, file in zip(("pose", "det"), two_steps, strict=True)
    }
    monkeypatch.setitem(package.Body.MODE, "lightweight", addresses)
    settings = {"estimator": "rtmlib", "model": "lightweight", "weights": tmp_path}
    with pytest.raises(ValueError) as error:
        pose_estimator(PoseSettings(**settings))
    assert str(error.value) == (
        f"poses: weights 'pose_256x192.onnx' are not at {tmp_path}/rtmlib/ and poses.download is false; put the file "
        "there, set poses.download: true to have rtmlib fetch it, or set poses.estimator: blazepose"
    )
    fetched = pose_estimator(PoseSettings(**settings, download=True))
    assert sorted(path.name for path in (tmp_path / "rtmlib").iterdir()) == ["det_256x192.onnx", "pose_256x192.onnx"]
    assert [len(people) for people in fetched.people([(0, RED)])] == [2]
    for archive in tmp_path.glob("*.zip"):
        archive.unlink()
    assert pose_estimator(PoseSettings(**settings)).name == "rtmlib"


def test_one_network_of_the_package(package, monkeypatch, tmp_path):
    model = rtmo(tmp_path / "model.onnx", BOXES, np.zeros((2, 17, 3)))
    monkeypatch.setitem(package.Body.RTMO_MODE, "balanced", {"pose": zipped(tmp_path / "rtmo-m.zip", model)})
    RtmPose(tmp_path, "rtmo-balanced", download=True)
    assert [path.name for path in (tmp_path / "rtmlib").iterdir()] == ["rtmo-m.onnx"]


def test_the_usual_models_are_the_balanced_ones(tmp_path, package):
    with pytest.raises(ValueError) as error:
        RtmPose(tmp_path)
    name = package.Body.MODE["balanced"]["pose"].rpartition("/")[2].replace(".zip", ".onnx")
    assert f"'{name}'" in str(error.value)


def test_a_download_that_fails_leaves_nothing(tmp_path):
    sentence = (
        rf"^poses: weights 'absent\.onnx' are not at {tmp_path}/ and cannot be downloaded \(.+\); "
        r"put the file there or set poses\.estimator: blazepose$"
    )
    with pytest.raises(ValueError, match=sentence):
        published_file(f"file://{tmp_path}/absent.zip", tmp_path, download=True)
    assert list(tmp_path.iterdir()) == []
