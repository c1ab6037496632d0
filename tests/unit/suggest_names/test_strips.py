import io

import numpy as np
import pytest
from PIL import Image

from dance_core.poses.skeleton import LEFT_COLOUR, RIGHT_COLOUR
from dance_core.suggest_names import skeleton_strip
from dance_core.suggest_names.strips import CELL_WIDTH, POSES

FACE = [(0, -1.6), (0, -1.65), (0, -1.65), (0, -1.6), (0, -1.6)]
ARMS = [(0.3, -1), (-0.3, -1), (0.5, -0.5), (-0.5, -0.5), (0.7, 0), (-0.7, 0)]
LEGS = [(0.2, 0), (-0.2, 0), (0.25, 0.8), (-0.25, 0.8), (0.3, 1.6), (-0.3, 1.6)]
STANDING = np.array([*FACE, *ARMS, *LEGS])


def pixels(joints):
    return np.asarray(Image.open(io.BytesIO(skeleton_strip(joints))).convert("RGB"), int)


def share(cell, colour):
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return (np.abs(cell - wanted).max(axis=2) < 40).mean()


def cells(picture):
    return np.split(picture, picture.shape[1] // CELL_WIDTH, axis=1)


def test_poses_lie_side_by_side_with_both_sides_of_the_body_in_their_colours():
    found = cells(pixels(np.tile(STANDING, (16, 1, 1))))
    assert len(found) == POSES
    for cell in found:
        left, right = cell[:, CELL_WIDTH // 2 + 8 :], cell[:, : CELL_WIDTH // 2 - 8]
        # The left limbs of a person who looks at us are on the right of the picture.
        assert share(left, LEFT_COLOUR) > 0.01 > share(left, RIGHT_COLOUR)
        assert share(right, RIGHT_COLOUR) > 0.01 > share(right, LEFT_COLOUR)


def test_all_poses_have_one_scale_and_the_first_and_last_are_drawn():
    segment = np.tile(STANDING, (16, 1, 1))
    segment[0, 9], segment[-1, 10] = (2.5, -1), (-2.5, -1)
    first, *between, last = cells(pixels(segment))
    ink = [np.flatnonzero((cell[:260] < 200).any(axis=(1, 2))) for cell in (first, between[3], last)]
    assert len({(rows.min(), rows.max()) for rows in ink}) == 1
    assert share(first[:, 160:190], LEFT_COLOUR) > 0 == share(between[0][:, 160:190], LEFT_COLOUR)
    assert share(last[:, 10:40], RIGHT_COLOUR) > 0 == share(between[-1][:, 10:40], RIGHT_COLOUR)


def test_a_short_segment_has_fewer_poses_and_a_flat_one_is_understood():
    assert len(cells(pixels(np.tile(STANDING, (3, 1, 1)).ravel()))) == 3


def test_missing_joints_leave_their_bones_out():
    segment = np.tile(STANDING, (8, 1, 1))
    segment[:, 5::2] = np.nan
    segment[:, :5] = np.nan
    picture = pixels(segment)
    assert share(picture, LEFT_COLOUR) == 0
    assert share(picture, RIGHT_COLOUR) > 0.005


def test_a_segment_without_joints_is_refused():
    with pytest.raises(
        ValueError, match="suggest_names: a segment without any joint cannot be drawn; rebuild pose_seg"
    ):
        skeleton_strip(np.full((4, 17, 2), np.nan))
