"""Solids and props: closed, outward facing, in their place."""

import numpy as np
import pytest

from dance_core.stage.casting import PROPS, Clip
from dance_core.stage.props import props_of
from dance_core.stage.shapes import bar, box, joined, lathe, sphere

WHITE = (255.0, 255.0, 255.0)


def volume(mesh):
    """Volume by the divergence theorem: positive when all faces look outwards."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float((a * np.cross(b, c)).sum() / 6.0)


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (box((0, 0, 0), (1, 2, 3), WHITE), 6.0),
        (sphere(0.5), np.pi / 6.0),
        (bar((0, 0, 0), (0, 3, 4), 0.1, WHITE, 64), 5.0 * np.pi * 0.01),
        (lathe([(0.0, 0.0), (1.0, 0.0), (0.0, 3.0)], WHITE, 128), np.pi),
    ],
    ids=["box", "sphere", "bar", "cone"],
)
def test_solids_are_closed_and_face_outwards(mesh, expected):
    assert volume(mesh) == pytest.approx(expected, rel=0.01)


def test_joining_keeps_every_triangle():
    whole = joined([box((0, 0, 0), (1, 1, 1), WHITE), box((2, 0, 0), (3, 1, 1), WHITE)])
    assert len(whole.faces) == 24
    assert volume(whole) == pytest.approx(2.0)


def test_a_mesh_can_be_moved():
    moved = box((0, 0, 0), (1, 1, 1), WHITE).moved((5, 0, 0))
    assert moved.vertices[:, 0].min() == 5.0


@pytest.mark.parametrize("prop", PROPS[1:])
def test_props_stand_on_the_ground_beside_a_person_who_stays(prop):
    clip = Clip("a", 1, "handwaving", "field", prop, "train")
    (thing,) = props_of(clip, np.zeros((10, 3)), 0.0)
    lowest = thing.vertices[:, 2].min()
    assert lowest >= -0.05
    assert lowest < (0.6 if prop == "punching bag" else 0.02)
    near = thing.vertices[(np.abs(thing.vertices[:, 1]) < 0.3) & (thing.vertices[:, 2] < 1.9)]
    assert len(near) == 0 or np.abs(near[:, 0]).min() > 0.3


@pytest.mark.parametrize("prop", PROPS[1:])
def test_a_person_who_travels_passes_a_row_of_props_behind_the_way(prop):
    clip = Clip("a", 1, "running", "field", prop, "train")
    path = np.column_stack([np.linspace(-4, 4, 50), np.zeros(50), np.zeros(50)])
    row = props_of(clip, path, 90.0)
    assert len(row) >= 5
    assert min(thing.vertices[:, 1].min() for thing in row) > 0.2


def test_no_prop_is_no_mesh():
    assert props_of(Clip("a", 1, "boxing", "gym", "none", "train"), np.zeros((5, 3)), 60.0) == []


def test_the_bag_hangs_where_the_boxer_faces():
    clip = Clip("a", 1, "boxing", "gym", "punching bag", "train")
    for yaw in (-70.0, 70.0):
        (bag,) = props_of(clip, np.zeros((5, 3)), yaw)
        assert np.sign(bag.vertices[:, 0].mean()) == np.sign(yaw)
