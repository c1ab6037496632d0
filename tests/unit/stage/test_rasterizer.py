"""Kernels: triangles against a slow count of pixels, depth, shadows, ground and layers."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra `stage` is not installed")

from dance_core.stage.backdrop import paint_contact, paint_ground, paint_layer
from dance_core.stage.camera import View
from dance_core.stage.rasterizer import draw_triangles, mark_triangles, vertex_normals
from dance_core.stage.shapes import box, sphere

LIGHT = np.array([0.0, -1.0, 0.0])
AHEAD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])  # right, up, forward of a camera along y
FACE = np.array([[0, 1, 2]], dtype=np.int32)


def draw(points, depth, colour):
    image = np.zeros((*depth.shape, 3), dtype=np.float32)
    normals = np.tile(-AHEAD[2], (3, 1))
    draw_triangles(points, FACE, np.array([colour], dtype=np.float32), normals, image, depth, LIGHT, 0.0)
    return image


@pytest.mark.parametrize("seed", range(5))
def test_a_triangle_covers_the_pixels_whose_middles_lie_in_it(seed):
    corners = np.random.default_rng(seed).uniform(0, 40, (3, 2))
    image = draw(np.column_stack([corners, np.ones(3)]), np.full((40, 40), 1e9), (100.0, 50.0, 10.0))
    edges = np.roll(corners, -1, 0) - corners
    columns, rows = np.meshgrid(np.arange(40) + 0.5, np.arange(40) + 0.5)
    sides = [e[0] * (rows - c[1]) - e[1] * (columns - c[0]) for e, c in zip(edges, corners, strict=True)]
    inside = np.logical_or(np.all(np.array(sides) > 0, axis=0), np.all(np.array(sides) < 0, axis=0))
    assert (inside != (image[..., 0] > 0)).sum() <= 2
    np.testing.assert_allclose(image[inside], 1.25 * np.tile([100.0, 50.0, 10.0], (inside.sum(), 1)), rtol=1e-4)


def test_the_nearer_triangle_hides_the_farther_one():
    depth = np.full((20, 20), 1e9)
    corners = np.array([[-10.0, -10.0], [50.0, -10.0], [-10.0, 50.0]])
    draw(np.column_stack([corners, np.full(3, 2.0)]), depth, (9.0, 9.0, 9.0))
    behind = draw(np.column_stack([corners, np.full(3, 3.0)]), depth, (9.0, 9.0, 9.0))
    assert behind.max() == 0.0
    np.testing.assert_allclose(depth[:10, :10], 2.0)


def test_a_triangle_behind_the_camera_is_left_out():
    depth = np.full((20, 20), 1e9)
    draw(np.array([[0.0, 0.0, -1.0], [19.0, 0.0, 1.0], [0.0, 19.0, 1.0]]), depth, (9.0, 9.0, 9.0))
    assert depth.min() == 1e9


def test_normals_of_a_sphere_point_outwards():
    ball = sphere(2.0)
    inner = np.abs(ball.vertices[:, 2]) < 1.9
    normals = vertex_normals(ball.vertices, ball.faces)
    np.testing.assert_allclose(normals[inner], ball.vertices[inner] / 2.0, atol=0.02)


def test_a_mask_and_a_drawing_cover_the_same_pixels():
    thing = box((-1, 4, -1), (1, 5, 1), (90.0, 90.0, 90.0)).moved((0.2, 0.0, 0.1))
    view = View(AHEAD, np.zeros(3), 300.0)
    mask, depth = np.zeros((480, 640), dtype=np.uint8), np.full((480, 640), 1e9)
    image = np.zeros((480, 640, 3), dtype=np.float32)
    points, normals = view.project(thing.vertices), vertex_normals(thing.vertices, thing.faces)
    mark_triangles(points, thing.faces, mask)
    draw_triangles(points, thing.faces, thing.colours, normals, image, depth, LIGHT, 1.0)
    np.testing.assert_array_equal(mask == 1, depth < 1e9)


def test_the_ground_begins_at_the_horizon():
    image, floor = np.zeros((40, 60, 3), dtype=np.float32), np.zeros((40, 60), dtype=np.uint8)
    tile = np.full((2, 8, 8, 3), 70.0, dtype=np.float32)
    sky = np.array([[10.0, 20.0, 30.0], [10.0, 20.0, 30.0]])
    paint_ground(image, floor, AHEAD, np.array([0.0, 0.0, 1.5]), 30.0, tile, 8.0, sky, 1e6)
    assert floor[:20].max() == 0
    assert floor[21:].min() == 1
    np.testing.assert_allclose(image[0, 0], [10, 20, 30])
    np.testing.assert_allclose(image[-1, 0], 70.0, rtol=1e-3)


def test_a_layer_stands_where_the_projection_says_and_repeats():
    texture = np.zeros((20, 40, 4), dtype=np.float32)
    texture[:, 10:20] = (50.0, 60.0, 70.0, 1.0)
    image, floor = np.zeros((80, 120, 3), dtype=np.float32), np.ones((80, 120), dtype=np.uint8)
    paint_layer(image, floor, AHEAD, np.zeros(3), 60.0, texture, 6.0, 10.0)
    # 10 pixels of the texture are a metre, which is 10 pixels of the picture at 6 m: columns 70 to 80, then every 40.
    row = image[30, :, 0]
    assert row[72:78].min() == row[32:38].min() == row[112:118].min() == 50.0
    assert row[44:66].max() == 0.0
    assert image[:19].max() == 0.0
    assert image[41:].max() == 0.0
    assert floor[30, 75] == 0
    assert floor[30, 60] == 1


def test_things_darken_the_ground_at_their_feet():
    image, floor = np.full((40, 60, 3), 100.0, dtype=np.float32), np.ones((40, 60), dtype=np.uint8)
    floor[:21] = 0
    paint_contact(image, floor, AHEAD, np.array([0.0, 0.0, 1.0]), 30.0, np.ones(8), 2.0, 4.0)
    at_foot = 20 + round(30.0 * 1.0 / 2.0)
    assert image[at_foot, 0, 0] < 65.0
    assert image[-1, 0, 0] > 95.0
    assert image[0, 0, 0] == 100.0
