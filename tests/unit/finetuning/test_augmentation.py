"""Crops, erased boxes and mixtures of clips, against what they must keep."""

from dataclasses import replace

import numpy as np
import pytest

from dance_core.finetuning.augmentation import augmented, erased, mixed, random_crop, resized_crop
from dance_core.finetuning.settings import AugmentationSettings

NOTHING = AugmentationSettings((1.0, 1.0), flip=False, operations=0, erasing=0.0, mixup=0.0, cutmix=0.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def still(height=40, width=60, n_frames=3, seed=1):
    """A clip whose frames are all the same."""
    return np.repeat(rng(seed).integers(0, 256, (1, height, width, 3), np.uint8), n_frames, axis=0)


def test_crops_have_the_area_and_aspect_that_were_asked_for():
    boxes = np.array([random_crop(400, 600, (0.2, 0.5), rng(seed)) for seed in range(300)])
    top, left, height, width = boxes.T
    assert (top >= 0).all() and (left >= 0).all()
    assert (top + height <= 400).all() and (left + width <= 600).all()
    shares, aspects = height * width / 240_000, width / height
    assert shares.min() > 0.19 and shares.max() < 0.51 and np.ptp(shares) > 0.25
    assert aspects.min() > 0.74 and aspects.max() < 1.35 and np.ptp(aspects) > 0.5


def test_a_picture_that_no_crop_fits_is_cut_in_the_middle():
    assert random_crop(10, 100, (1.0, 1.0), rng()) == (0, 43, 10, 13)
    assert random_crop(100, 10, (1.0, 1.0), rng()) == (43, 0, 13, 10)


def test_a_crop_of_the_wanted_size_keeps_every_pixel():
    clip = still()
    np.testing.assert_array_equal(resized_crop(clip, (5, 7, 20, 30), (20, 30)), clip[:, 5:25, 7:37])


def test_all_frames_are_changed_alike():
    full = AugmentationSettings(erasing=0.0)
    for seed in range(40):
        change = augmented(still(), (32, 32), full, rng(seed))
        assert change.shape == (3, 32, 32, 3) and change.dtype == np.uint8
        np.testing.assert_array_equal(change[0], change[1])
        np.testing.assert_array_equal(change[0], change[2])


def test_the_same_draw_gives_the_same_bits_and_half_of_the_clips_are_mirrored():
    clip = np.repeat(np.repeat(np.arange(0, 200, 5, np.uint8)[None, None, :, None], 40, 1), 3, 3).repeat(2, 0)
    flip = replace(NOTHING, flip=True)
    facing = [bool(augmented(clip, (40, 40), flip, rng(seed))[0, 0, 0, 0] > 100) for seed in range(200)]
    assert 70 < sum(facing) < 130
    assert not augmented(clip, (40, 40), NOTHING, rng(3))[0, 0, 0, 0]
    np.testing.assert_array_equal(augmented(clip, (9, 9), flip, rng(8)), augmented(clip, (9, 9), flip, rng(8)))


def test_a_box_is_erased_as_often_as_asked_in_all_frames_at_one_place():
    clip = np.zeros((4, 50, 50, 3), np.uint8)
    changes = [erased(clip, 0.25, rng(seed)) for seed in range(400)]
    hit = [change for change in changes if change.any()]
    assert 70 < len(hit) < 130
    for change in hit:
        places = change.any(axis=(0, 3))
        rows, columns = np.flatnonzero(places.any(1)), np.flatnonzero(places.any(0))
        share = (np.ptp(rows) + 1) * (np.ptp(columns) + 1) / 2500
        assert 0.01 < share < 0.36
        assert change[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 90
    assert not clip.any()


TARGETS = np.eye(2, 3, dtype=np.float32)


def pair():
    return np.stack([np.full((2, 20, 30, 3), 40, np.uint8), np.full((2, 20, 30, 3), 200, np.uint8)])


def test_a_blend_shows_each_clip_by_the_share_of_its_target():
    for seed in range(50):
        clips, targets = mixed(pair(), TARGETS, replace(NOTHING, mixup=0.8), rng(seed))
        np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)
        np.testing.assert_allclose(clips[0], 40 * targets[0, 0] + 200 * targets[0, 1], atol=0.51)
        np.testing.assert_allclose(clips[1], 40 * targets[1, 0] + 200 * targets[1, 1], atol=0.51)


def test_a_swapped_box_covers_the_share_of_the_target():
    shares = []
    for seed in range(50):
        clips, targets = mixed(pair(), TARGETS, replace(NOTHING, cutmix=1.0), rng(seed))
        assert set(np.unique(clips)) <= {40, 200}
        assert (clips[0] == 40).mean() == pytest.approx(targets[0, 0], abs=1e-6)
        assert (clips[1] == 200).mean() == pytest.approx(targets[1, 1], abs=1e-6)
        shares.append(targets[0, 0])
    assert np.ptp(shares) > 0.5


def test_both_kinds_take_turns_and_none_changes_nothing():
    both = replace(NOTHING, mixup=0.8, cutmix=1.0)
    swaps = [set(np.unique(mixed(pair(), TARGETS, both, rng(seed))[0])) <= {40, 200} for seed in range(200)]
    assert 60 < sum(swaps) < 140
    clips, targets = mixed(pair(), TARGETS, NOTHING, rng())
    np.testing.assert_array_equal(clips, pair())
    np.testing.assert_array_equal(targets, TARGETS)
