import numpy as np

from dance_core.poses.person import box_around, largest_side


def test_box_has_a_margin_and_stays_in_the_picture():
    points = np.array([[10.0, 50], [110, 90], [np.nan, 5]])
    np.testing.assert_array_equal(box_around(points, 640, 480), [0, 40, 120, 100])
    np.testing.assert_array_equal(box_around(points, 115, 480), [0, 40, 115, 100])


def test_box_of_no_points_is_unknown():
    assert np.isnan(box_around(np.full((3, 2), np.nan), 640, 480)).all()


def test_largest_side():
    assert largest_side(np.array([0, 10, 30, 15])) == 30
