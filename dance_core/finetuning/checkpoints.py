"""Where training stands, on disk: whole or not at all, and without pickle.

Nothing is drawn from a running stream of random numbers (every draw follows from the seed and its place), so the
weights, the optimiser and the number of the step are all that a resumed run needs to give the same bits.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from dance_core.tables import whole_file

_log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.safetensors"
Weights = Mapping[str, torch.Tensor]


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: Next step, from 0.
        loss: Sum of the mean losses of the steps of this epoch.
        seconds: Time spent in this epoch.
        stale: Epochs since the last gain on val.
        best: Epoch with the best val: epoch (from 1), top1 and loss; None before the first.
        rows: One record for each finished epoch.
    """

    step: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    stale: int = 0
    best: dict[str, Any] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)


class Checkpoints:
    """The folder of a run's checkpoints: the latest state, and the best weights until then.

    Args:
        folder: Where they are; it is made when the first is written.
        fingerprint: Stands for everything that decides the outcome; a checkpoint of another run is not used.
        minutes: Time between checkpoints.
    """

    def __init__(self, folder: str | Path, fingerprint: str, minutes: float) -> None:
        self._folder, self._fingerprint, self._minutes = Path(folder), fingerprint, minutes
        self._written = time.monotonic()

    def is_due(self) -> bool:
        """Tell whether it is time for a checkpoint."""
        return time.monotonic() - self._written >= 60 * self._minutes

    def save(self, progress: Progress, tensors: Weights, numbers: Mapping[str, Any]) -> None:
        """Write the state in the place of the last one.

        Args:
            progress: How far the run is.
            tensors: Weights and the optimiser's state.
            numbers: What else belongs to it, plain JSON values.
        """
        state = {"fingerprint": self._fingerprint, "progress": asdict(progress), "numbers": dict(numbers)}
        self._write(CHECKPOINT, tensors, {"state": json.dumps(state)})
        best = self._best_name(progress)
        for file in self._folder.glob("best_*.safetensors"):
            if file.name != best:
                file.unlink()
        self._written = time.monotonic()

    def save_best(self, progress: Progress, weights: Weights) -> None:
        """Write the best weights; those that the latest state names stay until the next one is written."""
        self._write(self._best_name(progress), weights, {"format": "pt"})

    def best_weights(self, progress: Progress) -> dict[str, torch.Tensor]:
        """Read the weights of the best epoch."""
        return load_file(self._folder / self._best_name(progress))

    def latest(self) -> tuple[Progress, dict[str, torch.Tensor], dict[str, Any]] | None:
        """Find where the run was left.

        Returns:
            Progress, tensors and numbers as they were saved; None where there is no checkpoint of this run.

        Raises:
            ValueError: The checkpoint is damaged.
        """
        path = self._folder / CHECKPOINT
        if not path.is_file():
            return None
        try:
            with safe_open(path, "pt") as file:
                state = json.loads(file.metadata()["state"])
            if state["fingerprint"] != self._fingerprint:
                _log.info("%s belongs to other settings or clips; starting anew", path)
                return None
            tensors = load_file(path)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path}: not a whole checkpoint ({error}); delete the folder '{self._folder}' to start anew"
            ) from error
        return Progress(**state["progress"]), tensors, state["numbers"]

    def delete(self) -> None:
        """Remove the checkpoints, and what a killed process left half written."""
        for pattern in ("*.safetensors", ".*.partial"):
            for file in self._folder.glob(pattern):
                file.unlink()
        if self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _best_name(self, progress: Progress) -> str:
        return f"best_{progress.best['epoch']:04d}.safetensors" if progress.best else ""

    def _write(self, name: str, tensors: Weights, metadata: dict[str, str]) -> None:
        plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        with whole_file(self._folder / name) as partial:
            save_file(plain, partial, metadata)


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Give the state of an optimiser as named tensors."""
    state = optimiser.state_dict()["state"]
    return {f"{number}.{key}": torch.as_tensor(value) for number in state for key, value in state[number].items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Weights) -> None:
    """Give an optimiser back the state that `optimiser_tensors` took."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        number, key = name.split(".", 1)
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def with_prefix(prefix: str, tensors: Weights) -> dict[str, torch.Tensor]:
    """Put a word before every name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def below(prefix: str, tensors: Weights) -> dict[str, torch.Tensor]:
    """Take the tensors whose names start with a word, without it."""
    return {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}
