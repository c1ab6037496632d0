"""Clips prepared ahead by worker processes and embedded in batches, so that the network need not wait for them."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import Any

import cv2
import numpy as np
import torch

_log = logging.getLogger(__name__)

BATCH_ON_GPU = 16
# Prepared clips that wait, for each worker: enough that none is idle, few enough that memory stays small.
AHEAD = 2
KILLED = (
    "a process that decodes clips was killed, most likely for want of memory; run the stage again with fewer threads "
    "or more memory"
)


def batch_size(chosen: int | None, device: torch.device) -> int:
    """Give the number of clips that a network takes at once.

    Args:
        chosen: What the settings say, or None.
        device: Where the network runs.

    Returns:
        The chosen number; else 1 on a CPU, where more bring nothing, and 16 on a GPU.

    Raises:
        ValueError: The number is less than one.
    """
    if chosen is not None and chosen < 1:
        raise ValueError(f"batch_size is {chosen}; give at least 1, or null for the usual one")
    return chosen or (1 if device.type == "cpu" else BATCH_ON_GPU)


def embedded(
    prepare: Callable[..., np.ndarray],
    items: Iterable[tuple],
    embed: Callable[[np.ndarray], np.ndarray],
    size: int = 1,
    workers: int = 0,
) -> Iterator[np.ndarray]:
    """Prepare and embed clips, in order.

    Every batch is full: the last one is filled up with copies, since a network may round differently in batches of
    different size, and a clip's features shall not depend on how many clips follow it.

    Args:
        prepare: From the arguments of one item to the input of the network, always of one shape; it is sent to
            workers, so it should hold no network.
        items: Arguments of `prepare`, a tuple for each clip.
        embed: From stacked inputs [n, ...] to their embeddings [n, d].
        size: Clips in a batch; halved for good where the memory of the device does not suffice.
        workers: Processes that prepare clips ahead; 0 prepares each when its turn comes.

    Yields:
        One embedding of shape (d,) for each item.

    Raises:
        ValueError: A clip cannot be prepared, a worker was killed, or the memory does not suffice for a single clip.
    """
    run = _Batches(embed, size)
    if not workers:
        yield from run(prepare(*item) for item in items)
        return
    # Forked workers need not import torch and the network again; where there is no fork they do.
    context = get_context("fork") if torch.multiprocessing.get_all_start_methods()[0] == "fork" else None
    with ProcessPoolExecutor(workers, context, _without_threads) as pool:
        yield from run(_in_background(_prepared_ahead(pool, prepare, items, AHEAD * max(workers, size))))


def _without_threads() -> None:
    """Keep a forked worker from waiting for OpenCV's threads, which live on in the parent only."""
    cv2.setNumThreads(0)


def _prepared_ahead(
    pool: ProcessPoolExecutor, prepare: Callable[..., np.ndarray], items: Iterable[tuple], ahead: int
) -> Iterator[np.ndarray]:
    """Keep some items in preparation, and give them in order."""
    waiting: deque[Future[np.ndarray]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(prepare, *item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise ValueError(KILLED) from error
    finally:
        for future in waiting:
            future.cancel()


def _in_background(values: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Fetch the next value while the present one is used, since receiving it from a process takes time too."""
    nothing = object()
    with ThreadPoolExecutor(1) as thread:
        coming: Future[Any] = thread.submit(next, values, nothing)
        while (value := coming.result()) is not nothing:
            coming = thread.submit(next, values, nothing)
            yield value


class _Batches:
    """Cuts inputs into batches that fit the device, and gives an embedding for each."""

    def __init__(self, embed: Callable[[np.ndarray], np.ndarray], size: int) -> None:
        self._embed = embed
        self._size = size

    def __call__(self, inputs: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        while batch := list(islice(inputs, self._size)):
            filled = batch + batch[-1:] * (self._size - len(batch))
            yield from self._embeddings(np.stack(filled))[: len(batch)]

    def _embeddings(self, inputs: np.ndarray) -> np.ndarray:
        """Embed a batch in as many parts as the memory of the device needs."""
        parts, start = [], 0
        while start < len(inputs):
            try:
                parts.append(self._embed(inputs[start : start + self._size]))
                start += self._size
            except torch.OutOfMemoryError as error:
                self._halve(error)
        return np.concatenate(parts)

    def _halve(self, error: torch.OutOfMemoryError) -> None:
        if self._size == 1:
            raise ValueError(
                "the memory of the device does not suffice for one clip; set device: cpu, a lower precision, or a "
                "smaller model"
            ) from error
        torch.cuda.empty_cache()
        _log.warning("batches of %d clips do not fit the device; going on with %d", self._size, self._size // 2)
        self._size //= 2
