"""Which frames of a clip the network sees, and which clips make up a step; all of it follows from the seed."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from dance_core.finetuning.settings import FinetuneSettings
from dance_core.networks.clip_frames import dense_frames, segment_centres


class Pair(NamedTuple):
    """One or two clips of a step, which are mixed with each other.

    Attributes:
        epoch: Number of the epoch, from 0.
        first: Number of a train clip.
        second: Number of another one, or None.
    """

    epoch: int
    first: int
    second: int | None

    @property
    def clips(self) -> tuple[int, ...]:
        """Numbers of the clips."""
        return (self.first,) if self.second is None else (self.first, self.second)


def chosen_frames(n_frames: int, settings: FinetuneSettings, rng: np.random.Generator | None = None) -> np.ndarray:
    """Choose the frames that the network sees of a clip.

    Args:
        n_frames: Frames of the clip.
        settings: frames, sampling and stride count.
        rng: Draws the frames; without it they are the middle ones, as the frozen backbone sees the clip.

    Returns:
        Frame indices, ascending, int64 of shape (frames,); a short clip repeats some.

    Source:
        Wang et al. 2016 (segment sampling), Tong et al. 2022 (dense sampling of 16 frames, every fourth).
    """
    if settings.sampling == "dense":
        return dense_frames(n_frames, settings.frames, settings.stride, rng)
    if rng is None:
        return segment_centres(n_frames, settings.frames)
    places = np.arange(settings.frames) + rng.random(settings.frames)
    return np.minimum((places * n_frames / settings.frames).astype(np.int64), n_frames - 1)


def steps_per_epoch(n_clips: int, batch_size: int) -> int:
    """Return the number of full batches that the train clips make, at least one."""
    return max(1, n_clips // batch_size)


def step_pairs(n_clips: int, settings: FinetuneSettings, step: int) -> list[Pair]:
    """Tell which clips are in a step.

    Every epoch goes through the clips in an order of its own; what does not fill a batch is left out, as it is other
    clips every time.

    Args:
        n_clips: Train clips.
        settings: batch_size and seed count.
        step: Number of the step, from 0, over all epochs.

    Returns:
        Pairs of clips; the last has one clip where the batch size is odd.
    """
    epoch, place = divmod(step, steps_per_epoch(n_clips, settings.batch_size))
    order = np.random.default_rng([settings.seed, epoch]).permutation(n_clips)
    clips = order[place * settings.batch_size : (place + 1) * settings.batch_size].tolist()
    seconds = [*clips[1::2], None]
    return [Pair(epoch, first, second) for first, second in zip(clips[::2], seconds, strict=False)]


def parts_of(pairs: list[Pair], n_parts: int) -> list[list[Pair]]:
    """Cut a step into parts of nearly equal size, in order.

    Args:
        pairs: Pairs of the step.
        n_parts: Processes times parts of each.

    Returns:
        One list of pairs for each part.

    Raises:
        ValueError: There are fewer pairs than parts.
    """
    if len(pairs) < n_parts:
        raise ValueError(
            f"finetuning: a step of {sum(len(pair.clips) for pair in pairs)} clips makes {len(pairs)} pairs, but "
            f"processes times accumulation is {n_parts}; raise finetuning.batch_size or lower one of these"
        )
    return [[pairs[i] for i in places] for places in np.array_split(np.arange(len(pairs)), n_parts)]


def share_of(
    n_clips: int, settings: FinetuneSettings, steps: range, rank: int = 0, n_processes: int = 1
) -> Iterator[list[Pair]]:
    """Go through what one process computes, part by part.

    Args:
        n_clips: Train clips.
        settings: batch_size, accumulation and seed count.
        steps: Steps to go through.
        rank: Number of the process, from 0.
        n_processes: How many there are.

    Yields:
        The pairs of each part; `accumulation` parts a step.
    """
    own = slice(rank * settings.accumulation, (rank + 1) * settings.accumulation)
    for step in steps:
        yield from parts_of(step_pairs(n_clips, settings, step), n_processes * settings.accumulation)[own]
