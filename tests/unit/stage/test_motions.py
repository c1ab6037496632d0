"""Motions: what tells the six actions apart, and arms that get where they should."""

import numpy as np
import pytest

from dance_core.stage.casting import Clip, planned_clips
from dance_core.stage.gaits import GAITS, gait_motion, periodic_curve
from dance_core.stage.gestures import boxing_motion, handclapping_motion, handwaving_motion
from dance_core.stage.motions import motion_of
from dance_core.stage.posture import Build, directions, reach

BUILD = Build(shoulder_half_width=0.18, upper_arm=0.3, forearm=0.26, leg=0.85)


def wrists(motion):
    """Wrists from the middle of the chest as (forward, outward, up), shape (n, 2, 3)."""
    arm = BUILD.upper_arm * motion.upper_arm + BUILD.forearm * motion.forearm
    return arm + np.array([0.0, BUILD.shoulder_half_width, 0.0])


@pytest.mark.parametrize("seed", range(5))
def test_an_arm_reaches_places_within_its_length(seed):
    rng = np.random.default_rng(seed)
    places = np.array([0.3, 0.1, 0.0]) + rng.uniform(-0.12, 0.12, (20, 3))
    upper, lower = reach(BUILD, places, np.array([0.0, 0.5, -1.0]))
    np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1.0)
    got = BUILD.upper_arm * upper + BUILD.forearm * lower + np.array([0.0, BUILD.shoulder_half_width, 0.0])
    np.testing.assert_allclose(got, places, atol=1e-9)


def test_an_arm_stretches_towards_a_place_out_of_reach():
    upper, lower = reach(BUILD, np.array([[2.0, 0.18, 0.0]]), np.array([0.0, 0.0, -1.0]))
    assert upper[0, 0] > 0.9
    assert lower[0, 0] > 0.9


def test_directions_have_length_one():
    np.testing.assert_allclose(directions(np.array([3.0, 0.0]), 0.0, np.array([4.0, 2.0])), [[0.6, 0, 0.8], [0, 0, 1]])


def test_a_periodic_curve_comes_round_and_keeps_its_mean():
    knots = ((0, 10), (25, 10), (50, 10), (75, 10))
    np.testing.assert_allclose(periodic_curve(knots, np.linspace(0, 1, 9)), 10.0)
    knee = GAITS["walking"].knee
    np.testing.assert_allclose(periodic_curve(knee, np.array([0.0])), periodic_curve(knee, np.array([1.0])))
    peak = np.argmax(periodic_curve(knee, np.linspace(0, 1, 101)))
    assert 68 <= peak <= 74


def test_gaits_differ_as_in_life():
    walk, jog, run = (GAITS[name] for name in ("walking", "jogging", "running"))
    assert walk.cadence_hz[1] < jog.cadence_hz[0] < jog.cadence_hz[1] < run.cadence_hz[0]
    assert walk.stance > 0.5 > jog.stance > run.stance
    assert walk.elbow < 30 < jog.elbow < run.elbow
    assert walk.hop == 0.0 < jog.hop < run.hop


@pytest.mark.parametrize("action", GAITS)
def test_arms_swing_against_the_legs_of_their_side(action):
    motion = gait_motion(action, 100, 25.0, np.random.default_rng(1))
    for side in range(2):
        assert np.corrcoef(motion.hip[:, side], motion.upper_arm[:, side, 0])[0, 1] < -0.6
    assert np.corrcoef(motion.hip[:, 0], motion.hip[:, 1])[0, 1] < -0.5
    assert (motion.hop > 0).any() == (action != "walking")


@pytest.mark.parametrize("seed", range(6))
def test_hands_clap_in_front_of_the_chest(seed):
    motion = handclapping_motion(BUILD, 80, 25.0, np.random.default_rng(seed))
    place = wrists(motion)
    assert place[:, :, 1].min() > 0.02  # the hands never pass through each other
    assert place[:, :, 1].min() < 0.11
    assert np.ptp(place[:, 0, 1]) > 0.2
    assert (place[:, :, 0] > 0.15).all()
    assert (np.abs(place[:, :, 2]) < 0.3).all()


@pytest.mark.parametrize("seed", range(6))
def test_waving_hands_go_over_the_head(seed):
    place = wrists(handwaving_motion(80, 25.0, np.random.default_rng(seed)))
    assert place[:, :, 2].max() > 0.42
    assert place[:, :, 2].min() < 0.3


@pytest.mark.parametrize("seed", range(6))
def test_fists_punch_in_turn_and_come_back_to_the_guard(seed):
    place = wrists(boxing_motion(BUILD, 80, 25.0, np.random.default_rng(seed)))
    forward = place[:, :, 0]
    assert (forward.max(0) > 0.42).all()
    assert (forward.min(0) < 0.36).all()
    assert np.corrcoef(forward.T)[0, 1] < 0.0


def test_the_motion_depends_on_neither_scene_nor_prop():
    here = Clip("a", 3, "running", "field", "ball", "train")
    there = Clip("b", 3, "running", "gym", "none", "test")
    np.testing.assert_array_equal(motion_of(here, BUILD).hip, motion_of(there, BUILD).hip)


@pytest.mark.parametrize("clip", planned_clips()[::20], ids=lambda clip: clip.clip_id)
def test_no_joint_jumps_between_frames(clip):
    motion = motion_of(clip, BUILD)
    for angles in (motion.hip, motion.knee, motion.ankle):
        assert np.abs(np.diff(angles, axis=0)).max() < 35.0
    assert np.abs(np.diff(wrists(motion), axis=0)).max() < 0.25
    assert {"cadence_hz", "amplitude"} <= set(motion.facts)
