"""The path over the ground: standing soles stay where they are."""

import numpy as np
import pytest

from dance_core.stage.bodies import phenotype
from dance_core.stage.ground import ground_path
from dance_core.stage.rotations import rotation_about, shortest_rotation, unit

FORWARD = np.array([0.0, -1.0, 0.0])
PATCH = np.array([[0.0, -0.1, 0.0], [0.0, 0.1, 0.0], [0.05, 0.0, 0.0]])


def stepping(n_frames, speed):
    """Soles of a body that walks on the spot: each moves back on the ground, then forward in the air."""
    phase = np.arange(n_frames) / 20.0
    soles = []
    for shift in (0.0, 0.5):
        share = np.mod(phase + shift, 1.0)
        standing = share < 0.5
        along = np.where(standing, speed * (share - 0.25), speed * (0.75 - share)) * 20.0
        height = np.where(standing, 0.0, 0.15 * np.sin(np.pi * (share - 0.5) / 0.5))
        soles.append(PATCH + np.stack([np.zeros(n_frames), along, height], axis=-1)[:, None])
    return soles


def test_the_body_goes_where_its_standing_foot_pushes_it():
    path = ground_path(stepping(81, 0.05), np.zeros(81), FORWARD)
    speed = np.diff(path[:, 1])
    assert np.median(speed) == pytest.approx(-0.05, abs=0.003)
    assert np.abs(path[:, 0]).max() < 1e-9
    np.testing.assert_allclose(path[0, :2], -path[-1, :2])


def test_soles_on_the_ground_do_not_move():
    soles = stepping(81, 0.05)
    path = ground_path(soles, np.zeros(81), FORWARD)
    placed = soles[0].mean(1) + path
    standing = np.mod(np.arange(81) / 20.0, 1.0)
    inner = np.flatnonzero((standing[:-1] > 0.1) & (standing[:-1] < 0.35))
    assert np.abs(np.diff(placed, axis=0)[inner]).max() < 0.004


def test_a_body_that_stands_still_stays():
    still = [np.tile(PATCH, (10, 1, 1)) - [0.0, 0.0, 0.9]] * 2
    np.testing.assert_allclose(ground_path(still, np.zeros(10), FORWARD), np.tile([0.0, 0.0, 0.9], (10, 1)), atol=1e-12)


def test_a_hop_lifts_the_body():
    still = [np.tile(PATCH, (9, 1, 1))] * 2
    hop = np.zeros(9)
    hop[4] = 0.08
    assert ground_path(still, hop, FORWARD)[4, 2] == pytest.approx(0.04)  # eased over the neighbouring frames


def test_people_are_grown_up_and_differ():
    first, second = (phenotype(np.random.default_rng(seed)) for seed in (1, 2))
    assert first != second
    for shape in (first, second):
        assert all(0.0 <= value <= 1.0 for value in shape.values())
        assert shape["age"] > 0.5


@pytest.mark.parametrize("axis", "xyz")
def test_rotations_keep_lengths_and_angles(axis):
    turn = rotation_about(axis, np.array([0.0, 30.0, 200.0]))
    np.testing.assert_allclose(turn @ np.swapaxes(turn, 1, 2), np.tile(np.eye(3), (3, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.trace(turn[1]), 1.0 + 2.0 * np.cos(np.radians(30.0)))


def test_a_quarter_turn_about_the_vertical_takes_x_to_y():
    np.testing.assert_allclose(rotation_about("z", 90.0) @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], atol=1e-12)


def test_the_shortest_rotation_reaches_its_end():
    start, end = np.random.default_rng(3).standard_normal((2, 30, 3))
    turned = (shortest_rotation(start, end) @ unit(start)[..., None])[..., 0]
    np.testing.assert_allclose(turned, unit(end), atol=1e-4)
