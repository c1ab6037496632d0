"""Batches: in order, always full, decoded ahead without a difference, halved where memory is short."""

import os
import signal

import numpy as np
import pytest
import torch

from dance_core.networks.clip_batches import batch_size, embedded
from dance_core.video import UnreadableVideo


class Network:
    """Doubles its inputs, remembers the sizes of its batches, and runs out of memory beyond a limit."""

    def __init__(self, limit=100):
        self.sizes, self.limit = [], limit

    def __call__(self, inputs):
        self.sizes.append(len(inputs))
        if len(inputs) > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 2.0 * inputs


def prepared(number):
    """What a network sees of a clip, at module level so that other processes find it."""
    return np.array([number, -number], np.float32)


def refused(number):
    if number == 3:
        raise ValueError("clip 3 cannot be read; mend it")
    return prepared(number)


def gone_bad(number):
    if number == 3:
        raise UnreadableVideo("clip 3", "the file is empty")
    return prepared(number)


def killed(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return prepared(number)


def values(n, **options):
    network = Network(options.pop("limit", 100))
    rows = list(embedded(options.pop("prepare", prepared), ((k,) for k in range(n)), network, **options))
    return [row.tolist() for row in rows], network.sizes


@pytest.mark.parametrize("n", [0, 1, 4, 7])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_clip_gets_its_own_embedding_in_full_batches(n, workers):
    rows, sizes = values(n, size=3, workers=workers)
    assert rows == [[2.0 * k, -2.0 * k] for k in range(n)]
    assert sizes == [3] * -(-n // 3)


def test_a_batch_that_does_not_fit_is_halved_for_good():
    rows, sizes = values(12, size=8, limit=2)
    assert rows == [[2.0 * k, -2.0 * k] for k in range(12)]
    assert sizes == [8, 4, 2, 2, 2, 2, 2, 2]


def test_a_single_clip_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="does not suffice for one clip; set device: cpu, a lower precision, or a sma"):
        values(2, size=2, limit=0)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (refused, r"^clip 3 cannot be read; mend it$"),
        (gone_bad, r"^clip 3: the file is empty; replace the file or take the clip out of the data set$"),
    ],
)
def test_a_clip_that_cannot_be_prepared_is_an_error_with_its_own_words(workers, prepare, sentence):
    with pytest.raises(ValueError, match=sentence):
        values(9, size=2, workers=workers, prepare=prepare)


def test_a_worker_that_the_system_kills_is_an_error_with_the_cure():
    with pytest.raises(ValueError, match=r"^a process that decodes clips was killed, most likely for want of memory; "):
        values(9, size=2, workers=2, prepare=killed)


def test_the_usual_batch_follows_the_device():
    assert [batch_size(None, torch.device(name)) for name in ("cpu", "cuda")] == [1, 16]
    assert batch_size(5, torch.device("cpu")) == 5
    with pytest.raises(ValueError, match="batch_size is 0; give at least 1, or null for the usual one"):
        batch_size(0, torch.device("cpu"))
