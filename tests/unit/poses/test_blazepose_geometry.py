import numpy as np
import pytest

from dance_core.poses.blazepose_geometry import (
    Region,
    anchor_centres,
    letterbox,
    overlaps,
    refine,
    region_around,
    weighted_suppression,
)


def test_anchors_follow_mediapipe_order():
    anchors = anchor_centres()
    assert anchors.shape == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2)
    half = 0.5 / 28
    np.testing.assert_allclose(anchors[:4], [[half, half], [half, half], [3 * half, half], [3 * half, half]])
    np.testing.assert_allclose(anchors[28 * 2], [half, 3 * half])
    np.testing.assert_allclose(anchors[28 * 28 * 2], [0.5 / 14, 0.5 / 14])
    np.testing.assert_allclose(anchors[-6:], [[6.5 / 7, 6.5 / 7]] * 6)


def test_letterbox_puts_a_wide_picture_into_the_middle():
    frame = np.full((240, 320, 3), 200, np.uint8)
    square, scale, corner = letterbox(frame, 224)
    assert scale == pytest.approx(0.7)
    assert corner.tolist() == [0, 28]
    assert square[27].max() == 0 and square[28].min() == 200 and square[195].min() == 200 and square[196].max() == 0


def test_letterbox_puts_a_tall_picture_into_the_middle():
    _, scale, corner = letterbox(np.zeros((400, 100, 3), np.uint8), 200)
    assert (scale, corner.tolist()) == (0.5, [75, 0])


def test_the_region_of_somebody_upright_is_not_turned():
    region = region_around(np.array([50.0, 60.0]), np.array([50.0, 20.0]))
    assert (region.x, region.y, region.side) == (50, 60, pytest.approx(100))
    assert region.angle == pytest.approx(0)


@pytest.mark.parametrize(("tip", "angle"), [((90, 60), np.pi / 2), ((10, 60), -np.pi / 2), ((50, 100), -np.pi)])
def test_the_region_turns_with_the_body(tip, angle):
    region = region_around(np.array([50.0, 60.0]), np.array(tip, float))
    assert abs(region.angle - angle) % (2 * np.pi) == pytest.approx(0)
    # The head is up in the region: above its middle, at 1 / (2 * 1.25) of its side.
    np.testing.assert_allclose(region.to_picture(np.array([[0.5, 0.1]])), [tip], atol=1e-9)


def test_region_corners_by_hand():
    corners = Region(100, 50, 20, np.pi / 2).to_picture(np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.5]]))
    np.testing.assert_allclose(corners, [[110, 40], [110, 60], [100, 50]], atol=1e-9)


def test_overlaps_by_hand():
    box = np.array([0.0, 0, 2, 2])
    others = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]])
    np.testing.assert_allclose(overlaps(box, others), [1, 2 / 6, 0])


def test_suppression_averages_each_person_by_score():
    boxes = np.array([[10.0, 0, 12, 2], [0, 0, 2, 2], [0, 0, 2, 2.2]])
    points = np.array([[[11.0, 1]], [[1, 1]], [[5, 1]]])
    people = weighted_suppression(boxes, points, np.array([0.6, 0.9, 0.3]))
    np.testing.assert_allclose(people, [[[2, 1]], [[11, 1]]])


def test_refine_moves_to_the_centre_of_mass():
    heatmaps = np.full((64, 64, 3), -50.0, np.float32)
    heatmaps[10, 20, 0] = heatmaps[10, 22, 0] = 50
    heatmaps[10, 20, 1] = -1  # not sure enough
    points = np.array([[20.5, 10.5], [20.5, 10.5], [70, 10]]) / 64
    np.testing.assert_allclose(refine(points, heatmaps) * 64, [[21, 10], [20.5, 10.5], [70, 10]])


def test_refine_looks_three_cells_around_and_not_beyond_the_border():
    heatmaps = np.full((64, 64, 2), -50.0, np.float32)
    heatmaps[0, 0, 0] = 50
    heatmaps[0, 4, 1] = 50
    np.testing.assert_allclose(refine(np.full((2, 2), 0.5 / 64), heatmaps) * 64, [[0, 0], [0.5, 0.5]], atol=1e-9)
