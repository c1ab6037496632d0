"""Frames of a clip and clips of a step, against answers by hand."""

import numpy as np
import pytest

from dance_core.finetuning.sampling import Pair, chosen_frames, parts_of, share_of, step_pairs
from dance_core.finetuning.settings import FinetuneSettings

SEGMENTS = FinetuneSettings(frames=4)


def test_segments_give_one_frame_each_in_training_and_their_middle_at_evaluation():
    np.testing.assert_array_equal(chosen_frames(40, SEGMENTS), [5, 15, 25, 35])
    drawn = np.stack([chosen_frames(40, SEGMENTS, np.random.default_rng(seed)) for seed in range(400)])
    np.testing.assert_array_equal(drawn // 10, np.tile([0, 1, 2, 3], (400, 1)))
    assert all(len(set(column % 10)) == 10 for column in drawn.T)


def test_a_short_clip_repeats_frames():
    drawn = np.stack([chosen_frames(2, SEGMENTS, np.random.default_rng(seed)) for seed in range(20)])
    np.testing.assert_array_equal(drawn, np.tile([0, 0, 1, 1], (20, 1)))


def test_dense_windows_start_anywhere_in_training_and_lie_in_the_middle_at_evaluation():
    dense = FinetuneSettings(frames=4, sampling="dense", stride=3)
    # The window is 10 frames long, so it can start at 0 to 6.
    np.testing.assert_array_equal(chosen_frames(16, dense), [3, 6, 9, 12])
    starts = {int(chosen_frames(16, dense, np.random.default_rng(seed))[0]) for seed in range(200)}
    assert starts == set(range(7))
    np.testing.assert_array_equal(chosen_frames(8, dense), [0, 3, 6, 7])


def test_every_epoch_sees_every_clip_that_fits_once_in_an_order_of_its_own():
    settings = FinetuneSettings(batch_size=5)
    epochs = [
        [pair for step in range(4 * epoch, 4 * epoch + 4) for pair in step_pairs(20, settings, step)]
        for epoch in (0, 1)
    ]
    seen = [[number for pair in pairs for number in pair.clips] for pairs in epochs]
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(20))
    assert seen[0] != seen[1]
    assert [len(pair.clips) for pair in step_pairs(20, settings, 0)] == [2, 2, 1]
    assert {pair.epoch for pair in epochs[1]} == {1}


def test_fewer_clips_than_a_batch_make_one_step():
    assert sorted(n for pair in step_pairs(3, FinetuneSettings(batch_size=8), 2) for n in pair.clips) == [0, 1, 2]


@pytest.mark.parametrize(("processes", "accumulation"), [(1, 1), (2, 1), (1, 3), (2, 2)])
def test_processes_and_parts_share_the_same_step(processes, accumulation):
    settings = FinetuneSettings(batch_size=10, accumulation=accumulation)
    steps = range(1, 3)
    shares = [list(share_of(23, settings, steps, rank, processes)) for rank in range(processes)]
    assert all(len(share) == accumulation * len(steps) for share in shares)
    for place, step in enumerate(steps):
        own = slice(place * accumulation, (place + 1) * accumulation)
        together = [pair for share in shares for part in share[own] for pair in part]
        assert together == step_pairs(23, settings, step)


def test_a_step_that_cannot_be_shared_is_refused():
    with pytest.raises(
        ValueError,
        match=r"a step of 3 clips makes 2 pairs, but processes times accumulation is 4; raise finetuning.batch",
    ):
        parts_of([Pair(0, 1, 2), Pair(0, 3, None)], 4)
