import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from dance_core.poses import PoseSettings, pose_estimator
from dance_core.poses.ultralytics_pose import UltralyticsPose
from tests.unit.poses.people import clip


class FakeYolo:
    """Sees in each frame as many people as the first pixel's red value says."""

    def __init__(self, model, task):
        self.model, self.task = model, task
        self.calls = []
        self.joints = 17

    def track(self, source, **options):
        if not hasattr(self, "predictor"):
            self.predictor = SimpleNamespace(trackers=[SimpleNamespace(resets=0)])
            tracker = self.predictor.trackers[0]
            tracker.reset = lambda: setattr(tracker, "resets", tracker.resets + 1)
        self.calls.append((len(source), options))
        return [self._result(int(frame[0, 0, 2])) for frame in source]

    def _result(self, n):
        boxes = SimpleNamespace(
            xyxy=np.tile([0.0, 0, 10, 20], (n, 1)), conf=np.full(n, 0.5), id=np.arange(1.0, n + 1) if n > 1 else None
        )
        keypoints = SimpleNamespace(data=np.ones((n, self.joints, 3)))

        class Boxes(SimpleNamespace):
            def __len__(self):
                return n

        return SimpleNamespace(boxes=Boxes(**vars(boxes)), keypoints=keypoints)


@pytest.fixture
def model(tmp_path, monkeypatch):
    package = ModuleType("ultralytics")
    package.YOLO = FakeYolo
    monkeypatch.setitem(sys.modules, "ultralytics", package)
    for variable in ("YOLO_AUTOINSTALL", "YOLO_OFFLINE"):
        monkeypatch.setenv(variable, "unset")
    path = tmp_path / "pose.pt"
    path.write_bytes(b"")
    return path


def frames_of(*reds):
    return [(number, np.full((4, 4, 3), (red, 9, 9), np.uint8)) for number, red in enumerate(reds)]


def test_absent_weights_are_named_and_nothing_is_imported(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(ValueError) as error:
        UltralyticsPose(tmp_path, None, "cpu", 4)
    assert str(error.value) == (
        f"poses: weights 'yolo11m-pose.pt' are not at {tmp_path}/ and poses.download is false; put the file there, "
        "set poses.download: true to have ultralytics fetch it, or set poses.estimator: blazepose"
    )


def test_an_absent_package_is_named(monkeypatch, model):
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    sentence = (
        r"^poses: package 'ultralytics' cannot be imported \(.*\); "
        r"run 'pip install ultralytics==8\.4\.190 lap' \(AGPL-3\.0\) or set poses\.estimator: blazepose$"
    )
    with pytest.raises(ValueError, match=sentence):
        UltralyticsPose("", model, "cpu", 4)


def test_a_batch_has_at_least_one_frame(model):
    with pytest.raises(ValueError, match="poses: batch_size is 0; give at least 1"):
        UltralyticsPose("", model, "cpu", 0)


def test_an_unknown_tracker_is_refused(model):
    with pytest.raises(ValueError, match=r"^poses: tracker 'sort' is unknown; use one of bytetrack, botsort$"):
        UltralyticsPose("", model, tracker="sort")


@pytest.mark.parametrize(("device", "precision"), [("cpu", "float16"), ("cuda:0", "bfloat16")])
def test_a_precision_that_the_package_does_not_have_is_refused(model, device, precision):
    with pytest.raises(ValueError) as error:
        UltralyticsPose("", model, device, precision=precision)
    assert str(error.value) == (
        f"poses: ultralytics does not run in {precision} on '{device}'; set poses.precision: float32, "
        "or float16 with poses.device: cuda:0"
    )


def test_the_package_may_neither_install_nor_ask_the_network(model):
    UltralyticsPose("", model, "cpu", 4)
    assert (os.environ["YOLO_AUTOINSTALL"], os.environ["YOLO_OFFLINE"]) == ("false", "true")


def test_frames_go_in_batches_and_come_back_in_order(model):
    estimator = UltralyticsPose("", model, "cuda:0", 2)
    estimator.reset(clip())
    people = list(estimator.people(frames_of(0, 1, 3, 2, 0)))
    assert [len(present) for present in people] == [0, 1, 3, 2, 0]
    assert [n for n, _ in estimator._network.calls] == [2, 2, 1]
    options = estimator._network.calls[0][1]
    assert (options["persist"], options["device"], options["tracker"]) == (True, "cuda:0", "bytetrack.yaml")
    assert options["imgsz"] == 640
    assert "quantize" not in options


def test_the_settings_reach_the_package(model):
    settings = PoseSettings(
        estimator="ultralytics", model=model, device="cuda:1", image_size=320, tracker="botsort", precision="float16"
    )
    estimator = pose_estimator(settings)
    list(estimator.people(frames_of(*[1] * 20)))
    assert [n for n, _ in estimator._network.calls] == [16, 4]
    options = estimator._network.calls[0][1]
    assert (options["device"], options["imgsz"], options["tracker"]) == ("cuda:1", 320, "botsort.yaml")
    assert options["quantize"] == 16


def test_frames_go_one_by_one_on_the_processor(model):
    estimator = UltralyticsPose("", model)
    list(estimator.people(frames_of(1, 1, 1)))
    assert [n for n, _ in estimator._network.calls] == [1, 1, 1]


def downloads(monkeypatch, attempt):
    module = ModuleType("ultralytics.utils.downloads")
    module.attempt_download_asset = attempt
    monkeypatch.setitem(sys.modules, "ultralytics.utils", ModuleType("ultralytics.utils"))
    monkeypatch.setitem(sys.modules, "ultralytics.utils.downloads", module)


def test_a_model_is_fetched_into_the_weights_when_allowed(model, monkeypatch, tmp_path):
    asked = []

    def attempt(file):
        asked.append(file)
        Path(file).write_bytes(b"")

    downloads(monkeypatch, attempt)
    estimator = UltralyticsPose(tmp_path / "weights", "yolo11n-pose.pt", download=True)
    assert asked == [str(tmp_path / "weights" / "yolo11n-pose.pt")]
    assert estimator._network.model == asked[0]
    UltralyticsPose(tmp_path / "weights", "yolo11n-pose.pt")
    UltralyticsPose(tmp_path / "weights", "yolo11n-pose.pt", download=True)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (lambda file: (_ for _ in ()).throw(ConnectionError("no network")), "no network"),
        (lambda file: None, "ultralytics finds no published model of that name"),
    ],
)
def test_a_model_that_cannot_be_fetched_is_named(model, monkeypatch, tmp_path, attempt, reason):
    downloads(monkeypatch, attempt)
    with pytest.raises(ValueError) as error:
        UltralyticsPose(tmp_path, "mine.pt", download=True)
    assert str(error.value) == (
        f"poses: weights 'mine.pt' are not at {tmp_path}/ and cannot be downloaded ({reason}); "
        "put the file there or set poses.estimator: blazepose"
    )


def test_identities_are_bytetracks(model):
    estimator = UltralyticsPose("", model, "cpu", 8)
    people = list(estimator.people(frames_of(2, 1)))
    assert [found.identity for found in people[0]] == [1, 2]
    assert people[1][0].identity is None
    assert people[0][0].keypoints.shape == (17, 3)
    np.testing.assert_array_equal(people[0][0].box, [0, 0, 10, 20])


def test_reset_resets_the_tracker(model):
    estimator = UltralyticsPose("", model, "cpu", 8)
    estimator.reset(clip())
    list(estimator.people(frames_of(1)))
    estimator.reset(clip())
    assert estimator._network.predictor.trackers[0].resets == 1


def test_a_model_of_other_joints_is_refused(model):
    estimator = UltralyticsPose("", model, "cpu", 8)
    estimator._network.joints = 21
    with pytest.raises(ValueError, match=r"gives key points of shape \(21, 3\); use a pose model of the 17 COCO"):
        list(estimator.people(frames_of(1)))
