"""One process or several that train together, each on its share of every step."""

import logging
import os
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dance_core.devices import pick_device

_log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Team:
    """The processes of a run, as one of them sees them.

    Attributes:
        rank: Number of this process, from 0; the first one writes files.
        size: How many there are.
        device: Where this process computes.
        accelerator: What connects them, where there are several.
    """

    rank: int
    size: int
    device: torch.device
    accelerator: Any = None

    def wrapped(self, model: nn.Module) -> nn.Module:
        """Make a model whose gradients are averaged over all processes."""
        return model if self.accelerator is None else self.accelerator.prepare_model(model)

    def apart(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Hold the exchange of gradients back: more of the same step will follow."""
        return nullcontext() if self.accelerator is None else self.accelerator.no_sync(model)

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """Add the values of all processes up."""
        return values if self.accelerator is None else self.accelerator.reduce(values, "sum")

    def leave(self) -> None:
        """Wait for the others, and part."""
        if self.accelerator is not None:
            self.accelerator.wait_for_everyone()
            self.accelerator.end_training()


def join(device: str) -> Team:
    """Join the processes that `launch` started, or be alone.

    Args:
        device: "auto", "cpu", "cuda" or "mps"; of several cards each process takes its own.

    Returns:
        The team.

    Raises:
        ValueError: The device is unknown or absent, or there are fewer cards than processes.
    """
    chosen, size = pick_device(device), int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team(0, 1, chosen)
    if chosen.type == "cuda" and size > torch.cuda.device_count():
        raise ValueError(
            f"finetuning: processes is {size} but torch finds {torch.cuda.device_count()} GPUs here; set "
            "finetuning.processes to their number"
        )
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=chosen.type == "cpu")
    return Team(accelerator.process_index, size, accelerator.device, accelerator)


def launch(module: str, argument: str | Path, n_processes: int) -> None:
    """Run a module in several processes that train together, and wait for them.

    Args:
        module: Name of the module.
        argument: The only word of its command line.
        n_processes: How many, at least 2.

    Raises:
        ValueError: A package is absent, or a process failed.
    """
    if find_spec("accelerate") is None:
        raise ValueError(
            f"finetuning: processes is {n_processes} but the package 'accelerate' is absent; "
            "run 'pip install accelerate==1.15.0' or set finetuning.processes: 1"
        )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
    _log.info("starting %d processes", n_processes)
    ended = subprocess.run(
        [*command, "-m", module, str(argument)], env=environment, stdout=sys.stderr, stderr=sys.stderr
    )
    if ended.returncode:
        raise ValueError(
            f"finetuning: one of {n_processes} processes failed (status {ended.returncode}); its reason stands above"
        )
