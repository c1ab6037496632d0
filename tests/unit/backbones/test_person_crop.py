"""The square that follows the person, by hand."""

import numpy as np
import pandas as pd
import pytest

from dance_core.backbones.person_crop import cut_square, person_squares, resized


def pose_row(frame, points, bbox=(0, 0, 0, 0)):
    """A pose with the given (x, y) for the first joints and none for the others."""
    keypoints = np.full((17, 3), np.nan, np.float32)
    keypoints[:, 2] = 0
    for joint, point in enumerate(points):
        keypoints[joint] = (*point, 0.9)
    return {"frame": frame, "bbox": np.float32(bbox), "keypoints": keypoints.ravel()}


def test_the_centre_is_interpolated_and_the_side_is_the_largest_extent():
    poses = pd.DataFrame([pose_row(10, [(50, 20), (70, 60)]), pose_row(4, [(10, 20), (40, 100)])])
    squares = person_squares(poses, np.array([0, 4, 7, 10, 99]), 320, 240, margin=1.5)
    assert squares[:, 0] == pytest.approx([25, 25, 42.5, 60, 60])
    assert squares[:, 1] == pytest.approx([60, 60, 50, 40, 40])
    assert squares[:, 2] == pytest.approx([1.5 * 80] * 5)


def test_the_box_of_the_detector_serves_where_keypoints_are_missing():
    poses = pd.DataFrame([pose_row(0, [(5, 5)], bbox=(10, 20, 30, 80))])
    assert person_squares(poses, np.array([3]), 320, 240, margin=1.0).tolist() == [[20, 50, 60]]


def test_without_a_person_the_middle_of_the_picture_is_taken():
    nobody = pd.DataFrame({"frame": [], "bbox": [], "keypoints": []})
    assert person_squares(nobody, np.array([0, 9]), 320, 240, margin=1.3).tolist() == [[160, 120, 240]] * 2


def test_a_cut_inside_the_picture():
    picture = np.arange(48, dtype=np.float32).reshape(6, 8)
    assert cut_square(picture, np.array([4.0, 3.0, 2.0])).tolist() == picture[2:4, 3:5].tolist()


def test_beyond_the_border_the_edge_is_repeated():
    picture = np.array([[1, 2], [3, 4]], np.uint8)
    assert cut_square(picture, np.array([0.0, 0.0, 4.0])).tolist() == [
        [1, 1, 1, 2],
        [1, 1, 1, 2],
        [1, 1, 1, 2],
        [3, 3, 3, 4],
    ]


def test_a_large_cut_is_averaged_not_sampled():
    stripes = np.tile(np.uint8([0, 200]), (8, 4))
    assert resized(cut_square(stripes, np.array([4.0, 4.0, 8.0])), 4).tolist() == [[100] * 4] * 4


def test_colours_are_kept():
    picture = np.zeros((6, 6, 3), np.uint8)
    picture[..., 1] = 7
    assert resized(cut_square(picture, np.array([3.0, 3.0, 2.0])), 5).tolist() == [[[0, 7, 0]] * 5] * 5
