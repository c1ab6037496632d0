import numpy as np
import pytest

from dance_core.poses import blazepose
from dance_core.poses.blazepose import BlazePose, Followed, LandmarkModel
from dance_core.poses.blazepose_geometry import Region
from dance_core.weights import weight_file
from tests.unit.poses.people import WEIGHTS, clip, person

FRAME = np.zeros((480, 640, 3), np.uint8)


class Scene:
    """Stands for both networks: people at known places, counted looks."""

    def __init__(self, *people):
        self.people = [Region(x, y, 100, angle) for x, y, angle in people]
        self.detected = None
        self.detections = 0
        self.looks = 0

    def regions(self, frame):
        self.detections += 1
        return list(self.people if self.detected is None else self.detected)

    def follow(self, frame, region):
        self.looks += 1
        near = [other for other in self.people if np.hypot(other.x - region.x, other.y - region.y) < 50]
        if not near:
            return None
        return Followed(person(near[0].x, near[0].y, 80), Region(near[0].x, near[0].y, 100, region.angle))


@pytest.fixture
def estimator_of(monkeypatch):
    def make(scene, maximum_people=3, fps=25.0):
        monkeypatch.setattr(blazepose, "weight_file", lambda *names: "")
        monkeypatch.setattr(blazepose, "PersonDetector", lambda model: scene)
        monkeypatch.setattr(blazepose, "LandmarkModel", lambda model: scene)
        estimator = BlazePose("", maximum_people)
        estimator.reset(clip(fps=fps))
        return estimator

    return make


def frames_of(*numbers):
    return [(number, FRAME) for number in numbers]


def test_one_person_costs_one_look_a_frame_and_a_detection_each_0_4_seconds(estimator_of):
    scene = Scene((300, 200, 0))
    people = list(estimator_of(scene).people(frames_of(*range(25))))
    assert [found[0].identity for found in people] == [0] * 25
    assert scene.detections == 3  # frames 0, 10, 20
    assert scene.looks == 25


def test_sparse_frames_are_detected_each(estimator_of):
    scene = Scene((300, 200, 0))
    list(estimator_of(scene).people(frames_of(0, 12, 24)))
    assert scene.detections == 3


def test_a_lost_person_is_sought_in_the_same_frame(estimator_of):
    scene = Scene((300, 200, 0))
    estimator = estimator_of(scene)
    list(estimator.people(frames_of(0)))
    scene.people = [Region(500, 200, 100, 0)]
    [found] = estimator.people(frames_of(1))
    assert [(other.keypoints[0, 0], other.identity) for other in found] == [(500, 1)]


def test_a_jump_asks_the_detector(estimator_of):
    scene = Scene((300, 200, 0))
    estimator = estimator_of(scene)
    list(estimator.people(frames_of(0)))
    scene.people = [Region(326, 200, 100, 0)]
    [found] = estimator.people(frames_of(1))
    assert scene.detections == 2
    assert [other.identity for other in found] == [0]


def test_people_keep_their_identity_whatever_the_detector_says_first(estimator_of):
    scene = Scene((100, 200, 0), (300, 200, 0), (500, 200, 0), (620, 400, 0))
    estimator = estimator_of(scene)
    [first] = estimator.people(frames_of(0))
    assert [other.identity for other in first] == [0, 1, 2]
    scene.detected = scene.people[::-1]
    [later] = estimator.people(frames_of(20))
    assert [(other.keypoints[0, 0], other.identity) for other in later] == [(100, 0), (300, 1), (500, 2)]


def test_two_regions_of_one_person_give_one(estimator_of):
    scene = Scene((300, 200, 0))
    scene.detected = [Region(300, 200, 100, 0), Region(330, 200, 100, 0)]
    [found] = estimator_of(scene).people(frames_of(0))
    assert len(found) == 1


def test_the_detector_turns_a_region_that_is_turned_wrongly(estimator_of):
    scene = Scene((300, 200, 0))
    estimator = estimator_of(scene)
    list(estimator.people(frames_of(0)))
    scene.detected = [Region(300, 200, 100, np.pi / 2)]
    [found] = estimator.people(frames_of(10))
    assert estimator._followed[0].region.angle == pytest.approx(np.pi / 2)
    assert found[0].identity == 0


def test_only_the_surest_detection_of_a_person_turns_the_region(estimator_of):
    scene = Scene((300, 200, 0))
    scene.detected = [Region(300, 200, 100, 0), Region(330, 200, 100, np.pi)]
    estimator = estimator_of(scene)
    list(estimator.people(frames_of(0, 10)))
    assert estimator._followed[0].region.angle == pytest.approx(0)


def test_angles_are_compared_round_the_circle():
    half_turn = [Region(0, 0, 1, angle) for angle in (-3.1, 3.1, 0.0)]
    assert blazepose._angle_between(half_turn[0], half_turn[1]) == pytest.approx(2 * np.pi - 6.2)
    assert blazepose._angle_between(half_turn[1], half_turn[2]) == pytest.approx(3.1)


def test_reset_forgets_everybody(estimator_of):
    scene = Scene((300, 200, 0))
    estimator = estimator_of(scene)
    list(estimator.people(frames_of(0)))
    estimator.reset(clip())
    scene.people = []
    assert list(estimator.people(frames_of(0))) == [[]]


def test_crop_is_turned_upright():
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[45:55, 70:80] = 255  # the head of somebody who lies to the right
    crop = blazepose._crop(frame, Region(50, 50, 64, np.pi / 2))
    assert crop.shape == (256, 256, 3)
    rows, columns = np.nonzero(crop[:, :, 0] > 127)
    assert rows.mean() == pytest.approx(128 - 4 * 24.5, abs=4)
    assert columns.mean() == pytest.approx(128, abs=4)


def test_nobody_in_an_empty_picture():
    try:
        model = weight_file(WEIGHTS, "blazepose", "pose_landmark_full.tflite")
    except ValueError as error:
        pytest.skip(str(error))
    assert LandmarkModel(model).follow(FRAME, Region(320, 240, 400, 0)) is None
    estimator = BlazePose(WEIGHTS)
    estimator.reset(clip())
    assert list(estimator.people(frames_of(0, 1))) == [[], []]
