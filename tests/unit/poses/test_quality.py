import numpy as np
import pytest

from dance_core.poses.quality import fill_gaps, poses_over_time, quality_row, without_flips, without_unsure
from dance_core.poses.skeleton import KEYPOINTS, MIRROR
from dance_core.poses.tracking import Track
from tests.unit.poses.people import person


def line_of(*x):
    """Poses whose joints all lie at x, 0 with confidence 0.5; None where the joint is missing, 'unseen' the person."""
    poses = np.full((len(x), 17, 3), 0.5, np.float32)
    poses[:, :, 1] = 0
    for frame, value in enumerate(x):
        poses[frame, :, 0] = np.nan if value in (None, "unseen") else value
        if value == "unseen":
            poses[frame] = np.nan
        elif value is None:
            poses[frame, :, :2] = np.nan
    return poses


def test_a_gap_is_filled_on_a_line():
    filled, added = fill_gaps(line_of(0, None, None, None, 8), maximum_gap=3)
    np.testing.assert_array_equal(filled[:, 4, 0], [0, 2, 4, 6, 8])
    np.testing.assert_array_equal(added[:, 4], [False, True, True, True, False])
    np.testing.assert_array_equal(filled[:, :, 2], 0.5)


def test_a_longer_gap_and_the_ends_stay_open():
    filled, added = fill_gaps(line_of(None, 0, None, None, None, 8, None), maximum_gap=2)
    np.testing.assert_array_equal(filled[:, 0, 0], [np.nan, 0, np.nan, np.nan, np.nan, 8, np.nan])
    assert not added.any()


def test_frames_without_the_person_count_in_the_gap_but_stay_empty():
    filled, added = fill_gaps(line_of(0, None, "unseen", 6), maximum_gap=2)
    np.testing.assert_array_equal(filled[:, 0, 0], [0, 2, np.nan, 6])
    assert added.sum() == 17
    filled, _ = fill_gaps(line_of(0, None, "unseen", 6), maximum_gap=1)
    assert np.isnan(filled[1, 0, 0])


def test_each_joint_has_its_own_gaps():
    poses = line_of(0, 1, 2)
    poses[1, 3, :2] = np.nan
    filled, added = fill_gaps(poses, maximum_gap=5)
    assert added.sum() == 1
    assert filled[1, 3, 0] == 1


def test_unsure_joints_are_missing_and_keep_their_confidence():
    unsure = person(10, 20)
    unsure.keypoints[5, 2] = 0.29
    poses = without_unsure(poses_over_time(Track({1: unsure}), 3), minimum_confidence=0.3)
    assert np.isnan(poses[1, 5, :2]).all()
    assert poses[1, 5, 2] == np.float32(0.29)
    np.testing.assert_array_equal(poses[1, 6], [10, 20, 1])
    assert np.isnan(poses[[0, 2]]).all()


def test_the_quality_row_counts_shares():
    poses = line_of(0, None, None, "unseen")
    added = np.zeros((4, 17), bool)
    added[1] = True
    row = quality_row("a", poses, added, people=2, estimator="blazepose")
    assert row == {
        "clip_id": "a",
        "n_sampled": 4,
        "n_seen": 3,
        "seen": 0.75,
        "confidence": 0.5,
        "people": 2,
        "interpolated": pytest.approx(1 / 3),
        "status": "ok",
        "reason": "",
    }


def test_a_clip_without_a_person_says_so():
    row = quality_row("a", line_of("unseen", "unseen"), np.zeros((2, 17), bool), people=0, estimator="movenet")
    assert (row["status"], row["n_seen"], row["confidence"], row["interpolated"]) == ("no_person", 0, 0.0, 0.0)
    assert row["reason"] == "movenet found no person in any of the 2 sampled frames"


def facing(n_frames):
    """Poses of somebody who moves slowly to the right and faces the camera: the left side is right in the picture."""
    poses = np.ones((n_frames, 17, 3), np.float32)
    for joint, name in enumerate(KEYPOINTS):
        side = {"left": 30, "right": -30}.get(name.split("_")[0], 0)
        poses[:, joint, 0] = 100 + side + np.arange(n_frames)
        poses[:, joint, 2] = 0.5 + joint / 100
    return poses


@pytest.mark.parametrize("flipped", [[4], [4, 5], [0], [9], [2, 6]])
def test_short_exchanges_of_left_and_right_are_undone(flipped):
    poses = facing(10)
    poses[flipped] = poses[flipped][:, MIRROR]
    np.testing.assert_array_equal(without_flips(poses, 2), facing(10))


def test_long_exchanges_and_steady_poses_stay():
    poses = facing(10)
    np.testing.assert_array_equal(without_flips(poses, 5), poses)
    poses[3:6] = poses[3:6][:, MIRROR]
    np.testing.assert_array_equal(without_flips(poses, 2), poses)


def test_exchanges_are_found_beside_frames_without_the_person():
    poses = facing(10)
    poses[[3, 4]] = np.nan
    poses[5] = poses[5][list(MIRROR)]
    expected = facing(10)
    expected[[3, 4]] = np.nan
    np.testing.assert_array_equal(without_flips(poses, 2), expected)


def test_crossing_legs_are_no_exchange():
    poses = facing(10)
    for joint in (13, 14, 15, 16):
        poses[5:, joint, 0] = poses[5:, MIRROR[joint], 0].copy() if joint % 2 else poses[5:, joint, 0]
    np.testing.assert_array_equal(without_flips(poses, 5), poses)
