"""What reaches the network: shapes, targets, and bits that depend on the seed alone."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from dance_core.finetuning.clips import TrainClips, ValClips, prepared
from dance_core.finetuning.sampling import Pair
from dance_core.finetuning.settings import AugmentationSettings, FinetuneSettings
from dance_core.networks.preprocessing import PicturePreprocessor
from dance_core.video.clip_source import UnreadableVideo
from tests.unit.networks.memory_clip import MemoryClip, random_pictures
from tests.unit.networks.tiny_models import PREPROCESSOR

SETTINGS = FinetuneSettings(frames=4, repeats=3, label_smoothing=0.1)
CLIPS = [MemoryClip(random_pictures(seed, 16, 20, 30)) for seed in range(4)]
LABELS = np.array([0, 1, 1, 0])


def train_clips(**changes):
    settings = replace(SETTINGS, **changes)
    return TrainClips(CLIPS, LABELS, 2, (12, 14), settings)


UNMIXED = replace(AugmentationSettings(), mixup=0.0, cutmix=0.0)


def test_a_pair_gives_all_versions_of_both_clips():
    pictures, targets = train_clips(augmentation=UNMIXED)[Pair(0, 0, 1)]
    assert pictures.shape == (6, 4, 12, 14, 3) and pictures.dtype == np.uint8
    assert len({version.tobytes() for version in pictures}) == 6
    np.testing.assert_allclose(targets, [[0.95, 0.05], [0.05, 0.95]] * 3)
    assert targets.dtype == np.float32


def test_a_clip_is_decoded_once_for_all_of_its_versions():
    clip = MemoryClip(random_pictures(9, 16, 20, 30))
    TrainClips([clip], LABELS, 2, (12, 14), SETTINGS)[Pair(0, 0, None)]
    assert len(clip.calls) == 1


def test_mixtures_have_mixed_targets_and_a_single_clip_is_never_mixed():
    _, targets = train_clips()[Pair(0, 0, 1)]
    np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(targets[::2] + targets[1::2], 1, atol=1e-6)
    assert len(np.unique(targets[::2, 0])) > 1
    _, alone = train_clips()[Pair(0, 1, None)]
    np.testing.assert_allclose(alone, [[0.05, 0.95]] * 3)


def test_what_is_drawn_follows_from_seed_epoch_and_clip():
    clips = train_clips(augmentation=UNMIXED)
    first = clips[Pair(0, 0, 1)][0]
    np.testing.assert_array_equal(first, clips[Pair(0, 0, 1)][0])
    # The versions of clip 1 do not depend on the clip it is paired with.
    np.testing.assert_array_equal(first[1::2], clips[Pair(0, 2, 1)][0][1::2])
    assert not np.array_equal(first, clips[Pair(1, 0, 1)][0])
    assert not np.array_equal(first, train_clips(augmentation=UNMIXED, seed=1)[Pair(0, 0, 1)][0])


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_no_bit(workers):
    batches = [[Pair(0, 0, 1), Pair(0, 2, 3)], [Pair(1, 3, None)]]
    ours = list(prepared(train_clips(), batches, workers))
    for (pictures, targets), (expected, shares) in zip(ours, prepared(train_clips(), batches, 0), strict=True):
        assert pictures.equal(expected) and targets.equal(shares)
    assert [len(pictures) for pictures, _ in ours] == [12, 3]


class Broken(MemoryClip):
    """A clip that went bad after it was listed."""

    def frames(self, indices):
        raise UnreadableVideo("run.avi", "the file is empty")


class Fatal(MemoryClip):
    """A clip that takes its process along."""

    def frames(self, indices):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_clip_that_cannot_be_read_is_told_in_its_own_sentence(workers):
    clips = TrainClips([CLIPS[0], Broken(CLIPS[1].pictures)], LABELS, 2, (12, 14), SETTINGS)
    batches = prepared(clips, [[Pair(0, 0, None)], [Pair(0, 0, 1)]], workers)
    assert len(next(batches)[0]) == 3
    with pytest.raises(UnreadableVideo, match=r"^run.avi: the file is empty; replace the file or take the clip"):
        next(batches)


def test_a_killed_worker_is_told():
    clips = TrainClips([Fatal(CLIPS[0].pictures)], LABELS, 2, (12, 14), SETTINGS)
    with pytest.raises(ValueError, match=r"^a process that decodes clips was killed, most likely for want of memory; "):
        list(prepared(clips, [[Pair(0, 0, None)]], 1))


def test_val_is_seen_as_the_frozen_backbone_sees_it():
    preprocess = PicturePreprocessor(PREPROCESSOR, "here")
    val = ValClips(CLIPS, LABELS, preprocess, SETTINGS)
    ((pictures, labels),) = prepared(val, [[1, 3]], 0)
    assert labels.tolist() == [1, 0]
    for place, number in enumerate((1, 3)):
        np.testing.assert_array_equal(pictures[place], preprocess(CLIPS[number].spread_frames(4)))
