"""The training loop: steps, epochs judged on val, checkpoints, and the end."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from dance_core.devices import number_type
from dance_core.finetuning.checkpoints import (
    Checkpoints,
    Progress,
    below,
    optimiser_tensors,
    restore_optimiser,
    with_prefix,
)
from dance_core.finetuning.clips import Batch, TrainClips, ValClips, prepared
from dance_core.finetuning.layers import DropPath
from dance_core.finetuning.sampling import parts_of, share_of, step_pairs, steps_per_epoch
from dance_core.finetuning.schedule import learning_rate, make_optimiser, set_learning_rate
from dance_core.finetuning.settings import FinetuneSettings
from dance_core.finetuning.team import Team
from dance_core.networks.preprocessing import PicturePreprocessor

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 60.0


@dataclass(frozen=True)
class Task:
    """What is trained on what.

    Attributes:
        network: Where training starts, on the CPU; it is changed.
        preprocess: How the network wants its pictures.
        train: Clips to learn from.
        val: Clips to judge by.
        settings: How.
        workers: Processes that prepare clips ahead, for each process that trains.
    """

    network: PreTrainedModel
    preprocess: PicturePreprocessor
    train: TrainClips
    val: ValClips
    settings: FinetuneSettings
    workers: int = 0


class Trainer:
    """Trains a network, from where the last run was left.

    Args:
        task: What is trained on what.
        team: The processes that do it.
        checkpoints: Where its state is kept.
    """

    def __init__(self, task: Task, team: Team, checkpoints: Checkpoints) -> None:
        self._task, self._team, self._checkpoints, self._settings = task, team, checkpoints, task.settings
        self._drop_path = DropPath(task.network, task.settings.drop_path)
        network: Any = task.network
        self._network = network.to(team.device).train()
        self._optimiser = make_optimiser(self._network, task.settings)
        half = task.settings.precision == "float16" and team.device.type == "cuda"
        self._scaler = torch.amp.GradScaler(team.device.type, enabled=half)
        self._average: dict[str, torch.Tensor] = {}
        self._progress = Progress()
        self._loss = torch.zeros((), device=team.device)
        self._start = time.monotonic()
        self._resume()
        self._model = team.wrapped(self._network)

    def run(self) -> Progress:
        """Train until the last epoch, or until val gains no more.

        Returns:
            How it went; the best weights are in the checkpoints.

        Raises:
            ValueError: The loss is no longer a number, or the memory of the device does not suffice.
        """
        task, n_clips = self._task, len(self._task.train.clips)
        per_epoch = steps_per_epoch(n_clips, self._settings.batch_size)
        steps = range(self._progress.step, 0 if self._is_stale() else per_epoch * self._settings.epochs)
        shares = share_of(n_clips, self._settings, steps, self._team.rank, self._team.size)
        parts = iter(prepared(task.train, shares, task.workers))
        told, self._start = time.monotonic(), time.monotonic() - self._progress.seconds
        for step in steps:
            self._learn(step, per_epoch, parts)
            self._progress.step = step + 1
            if (step + 1) % per_epoch == 0:
                self._finish_epoch(per_epoch)
                if self._is_stale():
                    break
            elif self._team.rank == 0 and self._checkpoints.is_due():
                self._save()
            if time.monotonic() - told >= SECONDS_BETWEEN_LINES:
                told = time.monotonic()
                _log.info("epoch %d, step %d of %d", step // per_epoch + 1, step % per_epoch + 1, per_epoch)
        return self._progress

    def _learn(self, step: int, per_epoch: int, parts: Iterator[Batch]) -> None:
        """Make one step of the optimiser from all parts of this process."""
        settings, team = self._settings, self._team
        pairs = parts_of(step_pairs(len(self._task.train.clips), settings, step), team.size * settings.accumulation)
        sizes = [settings.repeats * sum(len(pair.clips) for pair in part) for part in pairs]
        bounds = np.cumsum([0, *sizes])
        keep = self._drop_path.draw(int(bounds[-1]), torch.Generator().manual_seed(_seed_of(settings.seed, step, 0)))
        for part in range(settings.accumulation):
            place = team.rank * settings.accumulation + part
            torch.manual_seed(_seed_of(settings.seed, step, 1 + place))
            self._drop_path.use(keep[:, bounds[place] : bounds[place + 1]])
            with team.apart(self._model) if part + 1 < settings.accumulation else nullcontext():
                self._learn_part(next(parts), int(bounds[-1]))
        self._drop_path.use(None)
        self._step(step, per_epoch)

    def _learn_part(self, batch: Batch, n_versions: int) -> None:
        """Add the gradient of one part; all parts of all processes sum up to the gradient of the mean loss."""
        pictures, targets = (values.to(self._team.device, non_blocking=True) for values in batch)
        try:
            with self._numbers():
                logits = self._model(self._task.preprocess.normalised(pictures)).logits
            loss = cross_entropy(logits.float(), targets, reduction="sum") / n_versions
            # Gradients of several processes are averaged, not summed.
            self._scaler.scale(loss * self._team.size).backward()
        except torch.OutOfMemoryError as error:
            raise ValueError(
                f"finetuning: the memory of the device does not suffice for {len(pictures)} clips at once; "
                "raise finetuning.accumulation"
            ) from error
        self._loss += self._team.total(loss.detach())

    def _step(self, step: int, per_epoch: int) -> None:
        """Change the weights, and the average of them."""
        settings = self._settings
        n_steps, warmup = per_epoch * settings.epochs, round(per_epoch * settings.warmup_epochs)
        set_learning_rate(self._optimiser, learning_rate(step, n_steps, warmup, settings))
        if settings.maximum_gradient_norm is not None:
            self._scaler.unscale_(self._optimiser)
            torch.nn.utils.clip_grad_norm_(self._network.parameters(), settings.maximum_gradient_norm)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._optimiser.zero_grad(set_to_none=True)
        if settings.ema_decay is not None:
            for name, weight in self._network.named_parameters():
                average = self._average.setdefault(name, weight.detach().clone())
                average.lerp_(weight.detach(), 1 - settings.ema_decay)

    def _finish_epoch(self, per_epoch: int) -> None:
        """Judge by val, keep the best weights, write a row and a checkpoint."""
        progress, settings = self._progress, self._settings
        epoch, loss = progress.step // per_epoch, self._finite_loss() / per_epoch
        top1, val_loss = self._judge()
        best = progress.best
        gained = best is None or (top1, -val_loss) > (best["top1"], -best["loss"])
        rate = max(group["lr"] for group in self._optimiser.param_groups)
        row = {"epoch": epoch, "learning_rate": rate, "train_loss": loss, "val_loss": val_loss, "val_top1": top1}
        progress.rows.append({**row, "seconds": time.monotonic() - self._start})
        progress.stale = 0 if gained else progress.stale + 1
        progress.best = {"epoch": epoch, "top1": top1, "loss": val_loss} if gained else best
        self._loss.zero_()
        self._start = time.monotonic()
        if self._team.rank == 0:
            if gained:
                self._checkpoints.save_best(progress, self._weights())
            self._save()
            _log.info(_line(progress, settings.epochs))

    @torch.no_grad()
    def _judge(self) -> tuple[float, float]:
        """Return the share of val clips that are right, and the mean loss."""
        mine = list(range(len(self._task.val.clips)))[self._team.rank :: self._team.size]
        settings = self._settings
        size = max(1, settings.batch_size * settings.repeats // (self._team.size * settings.accumulation))
        weights = self._weights()
        sums = torch.zeros(3, device=self._team.device)
        self._network.eval()
        for batch in prepared(
            self._task.val, [mine[i : i + size] for i in range(0, len(mine), size)], self._task.workers
        ):
            pictures, labels = (values.to(self._team.device) for values in batch)
            pixels = self._task.preprocess.normalised(pictures)
            with self._numbers():
                logits = functional_call(self._network, weights, (pixels,)).logits.float()
            right = (logits.argmax(1) == labels).sum()
            sums += torch.stack([right, cross_entropy(logits, labels, reduction="sum"), torch.ones_like(labels).sum()])
        self._network.train()
        right, loss, count = self._team.total(sums).tolist()
        return right / count, loss / count

    def _numbers(self) -> AbstractContextManager[Any]:
        """Compute with the precision of the settings, on a GPU."""
        if self._team.device.type != "cuda" or self._settings.precision == "float32":
            return nullcontext()
        return torch.autocast("cuda", number_type(self._settings.precision))

    def _weights(self) -> dict[str, torch.Tensor]:
        """Give the weights that are judged and kept."""
        return {**self._network.state_dict(), **self._average}

    def _is_stale(self) -> bool:
        return self._settings.patience is not None and self._progress.stale >= self._settings.patience

    def _finite_loss(self) -> float:
        """Give the sum of the losses of this epoch, if it is a number."""
        loss = float(self._loss)
        if not np.isfinite(loss):
            raise ValueError(
                f"finetuning: the train loss is {loss} after step {self._progress.step}; lower "
                "finetuning.learning_rate, or set finetuning.precision: float32"
            )
        return loss

    def _save(self) -> None:
        self._progress.loss, self._progress.seconds = self._finite_loss(), time.monotonic() - self._start
        tensors = with_prefix("network", self._network.state_dict())
        tensors |= with_prefix("optimiser", optimiser_tensors(self._optimiser)) | with_prefix("average", self._average)
        self._checkpoints.save(self._progress, tensors, self._scaler.state_dict())

    def _resume(self) -> None:
        found = self._checkpoints.latest()
        if found is None:
            return
        self._progress, tensors, scaler = found
        self._network.load_state_dict(below("network", tensors))
        restore_optimiser(self._optimiser, below("optimiser", tensors))
        average = below("average", tensors).items()
        self._average = {name: tensor.to(self._team.device) for name, tensor in average}
        # A checkpoint of a device that scales nothing has no scale.
        if scaler:
            self._scaler.load_state_dict(scaler)
        self._loss += self._progress.loss
        _log.info("going on from step %d: %s", self._progress.step, asdict(self._progress)["best"])


def _seed_of(seed: int, step: int, place: int) -> int:
    """Derive a seed for one part of one step."""
    return int(np.random.SeedSequence([seed, step, place]).generate_state(1, np.uint64)[0] >> 1)


def _line(progress: Progress, epochs: int) -> str:
    """Say in one line how the last epoch went."""
    row, best = progress.rows[-1], progress.best or {}
    left = np.mean([row["seconds"] for row in progress.rows]) * (epochs - row["epoch"]) / 60
    return (
        f"epoch {row['epoch']} of {epochs}: train loss {row['train_loss']:.3f}, val loss {row['val_loss']:.3f}, "
        f"val top-1 {row['val_top1']:.3f} (best {best['top1']:.3f} in epoch {best['epoch']}), "
        f"learning rate {row['learning_rate']:.1e}, {row['seconds']:.0f} s, at most {left:.0f} min left"
    )
