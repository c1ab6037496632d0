"""What training and validation see: clips decoded, augmented and mixed by worker processes, ahead of the network.

All that is drawn for a clip follows from the seed, the epoch and the clip, so it depends neither on the workers nor on
how a step is shared among processes.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from dance_core.finetuning.augmentation import augmented, mixed
from dance_core.finetuning.sampling import Pair, chosen_frames
from dance_core.finetuning.settings import FinetuneSettings
from dance_core.networks.clip_batches import KILLED
from dance_core.networks.clip_frames import Clip
from dance_core.networks.preprocessing import PicturePreprocessor

Batch = tuple[torch.Tensor, torch.Tensor]
"""Pictures, uint8 [n, frames, height, width, 3], and targets: shares of the classes [n, K] or class indices [n]."""

# Draws of a clip and of a pair come from streams of their own.
OF_CLIP, OF_PAIR = 0, 1
# Batches that each worker prepares ahead.
AHEAD = 2


@dataclass(frozen=True)
class TrainClips(Dataset):
    """Train clips, looked up by pairs.

    Attributes:
        clips: The clips.
        labels: Class of each.
        n_classes: K.
        size: Height and width that the network sees.
        settings: What is drawn.
    """

    clips: Sequence[Clip]
    labels: np.ndarray
    n_classes: int
    size: tuple[int, int]
    settings: FinetuneSettings

    def __getitem__(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        """Give the augmented and mixed versions of a pair.

        Args:
            pair: Which clips, in which epoch.

        Returns:
            Pictures, uint8 [repeats * clips of the pair, frames, height, width, 3], and targets, float32 [.., K].
        """
        versions = np.stack([self._versions(pair.epoch, number) for number in pair.clips], axis=1)
        targets = np.stack([self._target(number) for number in pair.clips])
        rng = np.random.default_rng([self.settings.seed, pair.epoch, pair.first, OF_PAIR])
        mixtures = [
            mixed(clips, targets, self.settings.augmentation, rng) if pair.second is not None else (clips, targets)
            for clips in versions
        ]
        return np.concatenate([clips for clips, _ in mixtures]), np.concatenate([target for _, target in mixtures])

    def _versions(self, epoch: int, number: int) -> np.ndarray:
        """Give differently augmented versions of one clip, which is decoded once."""
        rng = np.random.default_rng([self.settings.seed, epoch, number, OF_CLIP])
        clip = self.clips[number]
        frames = _read(clip, chosen_frames(clip.n_frames, self.settings, rng))
        return np.stack(
            [augmented(frames, self.size, self.settings.augmentation, rng) for _ in range(self.settings.repeats)]
        )

    def _target(self, number: int) -> np.ndarray:
        """Give the shares of the classes of one clip, smoothed."""
        spread = self.settings.label_smoothing
        target = np.full(self.n_classes, spread / self.n_classes, np.float32)
        target[self.labels[number]] += 1 - spread
        return target


@dataclass(frozen=True)
class ValClips(Dataset):
    """Clips to judge by, as the frozen backbone will see them.

    Attributes:
        clips: The clips.
        labels: Class of each.
        preprocess: How the model wants its pictures.
        settings: frames, sampling and stride count.
    """

    clips: Sequence[Clip]
    labels: np.ndarray
    preprocess: PicturePreprocessor
    settings: FinetuneSettings

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Give one clip: pictures, uint8 [1, frames, height, width, 3], and its class [1]."""
        clip = self.clips[number]
        pictures = self.preprocess(list(_read(clip, chosen_frames(clip.n_frames, self.settings))))
        return pictures[None], self.labels[number : number + 1]


def prepared(clips: TrainClips | ValClips, batches: Iterable[Sequence[Any]], workers: int) -> Iterator[Batch]:
    """Go through batches of clips, in order.

    Args:
        clips: The clips.
        batches: Keys of each batch.
        workers: Processes that prepare batches ahead; 0 prepares each when its turn comes.

    Yields:
        Pictures and targets of each batch.

    Raises:
        ValueError: A clip cannot be read, or a worker was killed.
    """
    # Where processes cannot be forked a worker would run the script of the job again.
    workers = workers if sys.platform == "linux" else 0
    ahead: dict[str, Any] = {}
    if workers:
        ahead = {
            "multiprocessing_context": get_context("fork"),
            "prefetch_factor": AHEAD,
            "worker_init_fn": _one_thread,
        }
    # What a worker raises would come as the text of its traceback.
    keys, pinned = cast(Any, batches), torch.cuda.is_available()
    found = DataLoader(
        _Told(clips), batch_sampler=keys, num_workers=workers, collate_fn=_joined, pin_memory=pinned, **ahead
    )
    try:
        for batch in found:
            if isinstance(batch, ValueError):
                raise batch
            yield batch
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker"):
            raise
        raise ValueError(KILLED) from error


@dataclass(frozen=True)
class _Told(Dataset):
    """Clips, or in the place of one what is wrong with it."""

    clips: TrainClips | ValClips

    def __getitem__(self, key: Any) -> tuple[np.ndarray, np.ndarray] | ValueError:
        try:
            return self.clips[key]
        except ValueError as error:
            return error


def _one_thread(worker: int) -> None:
    cv2.setNumThreads(0)


def _joined(items: list[tuple[np.ndarray, np.ndarray] | ValueError]) -> Batch | ValueError:
    """Put the items of a batch behind each other; the first that is an error stands for all."""
    wrong = next((item for item in items if isinstance(item, ValueError)), None)
    if wrong is not None:
        return wrong
    pictures, targets = (np.concatenate(parts) for parts in zip(*items, strict=True))
    return torch.from_numpy(pictures), torch.from_numpy(targets)


def _read(clip: Clip, indices: np.ndarray) -> np.ndarray:
    """Read frames, uint8 [n, height, width, 3]."""
    frames = clip.frames(indices)
    return np.stack([frames[int(index)] for index in indices])
