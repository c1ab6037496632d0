import cv2
import numpy as np
import pytest

from dance_core.poses.movenet import MoveNet, dequantised, next_square, quantised, shows_torso, whole_picture
from tests.unit.poses.people import MOVENET, clip

TORSO = [5, 6, 11, 12]


def standing(confidence=1.0):
    """Hips at 100, 100; shoulders 30 px above; ankles 60 px below; the rest at the hips, unsure."""
    keypoints = np.zeros((17, 3))
    keypoints[:, :2] = 100
    keypoints[[5, 6], 1] = 70
    keypoints[[15, 16], 1] = 160
    keypoints[[*TORSO, 15, 16], 2] = confidence
    return keypoints


def test_absent_weights_are_named(tmp_path):
    with pytest.raises(ValueError) as error:
        MoveNet(tmp_path)
    assert str(error.value) == (
        f"poses: weights 'movenet_single_pose_lightning_ptq.tflite' are not at {tmp_path}/movenet/ "
        "and cannot be downloaded here; put the file there or set poses.estimator: blazepose"
    )


def test_whole_picture_is_a_square_round_it():
    assert whole_picture(640, 480) == (0, -80, 640)
    assert whole_picture(480, 640) == (-80, 0, 640)


def test_the_torso_needs_a_shoulder_and_a_hip():
    keypoints = standing()
    assert shows_torso(keypoints)
    keypoints[[5, 6], 2] = 0.2
    assert not shows_torso(keypoints)


def test_the_square_holds_the_body_by_the_official_rule():
    # 1.9 x 30 px torso = 57; 1.2 x 60 px body = 72: half a side of 72.
    assert next_square(standing(), 640, 480) == (28, 28, 144)
    keypoints = standing()
    keypoints[[15, 16], 2] = 0.1  # unsure ankles do not count
    assert next_square(keypoints, 640, 480) == (43, 43, 114)


def test_the_square_is_the_whole_picture_when_the_body_fills_it_or_hides():
    assert next_square(standing(), 140, 140) is None
    assert next_square(standing(0.1), 640, 480) is None


def test_the_square_reaches_no_further_than_the_far_border():
    keypoints = standing()
    keypoints[[5, 6], 1] = 0
    # 1.9 x 100 px torso = 190, but no border is further than 100 px away.
    assert next_square(keypoints, 200, 200) == (0, 0, 200)


@pytest.mark.parametrize(
    ("kind", "quantization", "expected"),
    [
        (np.uint8, (0.0, 0), [0, 255]),
        (np.float32, (0.0, 0), [0, 255]),
        (np.int32, (0.0, 0), [0, 255]),
        (np.int8, (0.0, 0), [-128, 127]),
        (np.int8, (1.0, -128), [-128, 127]),
        (np.uint8, (2.0, 10), [10, 138]),
    ],
)
def test_pixels_in_the_type_of_the_network(kind, quantization, expected):
    given = quantised(np.array([0, 255], np.uint8), {"dtype": kind, "quantization": quantization})
    assert given.dtype == kind
    assert given.tolist() == expected


def test_outputs_as_floats():
    assert dequantised(np.array([0, 20], np.uint8), {"quantization": (0.5, 10)}).tolist() == [-5, 5]
    assert dequantised(np.array([0.25], np.float32), {"quantization": (0.0, 0)}).tolist() == [0.25]


@pytest.mark.skipif(not MOVENET.is_file(), reason=f"{MOVENET} is absent")
def test_a_real_picture_agrees_with_the_reference_beside_the_model():
    picture = cv2.imread(str(MOVENET.parent / "squat.bmp"))[:, :, ::-1]
    reference = np.loadtxt(
        MOVENET.parent / "movenet_single_pose_lightning_ptq_reference.csv", delimiter=",", skiprows=1
    )
    estimator = MoveNet("", MOVENET)
    estimator.reset(clip())
    [[found]] = estimator.people([(0, np.ascontiguousarray(picture))])
    height, width = picture.shape[:2]
    side = max(height, width)
    expected = reference[:17, 4:6] * side + ((width - side) / 2, (height - side) / 2)
    assert np.median(np.hypot(*(found.keypoints[:, :2] - expected).T)) < 0.03 * side
