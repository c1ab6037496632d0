"""Fine-tuning: a video classifier is taught the classes of the data set, and then serves as the frozen backbone."""

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dance_core.clips import class_indices, class_names, training_clips
from dance_core.finetuning.checkpoints import Checkpoints, Progress
from dance_core.finetuning.clips import TrainClips, ValClips
from dance_core.finetuning.networks import picture_size, save_network, starting_checkpoint, starting_network
from dance_core.finetuning.settings import AugmentationSettings, FinetuneSettings
from dance_core.finetuning.team import Team, join, launch
from dance_core.finetuning.trainer import Task, Trainer
from dance_core.networks.clip_frames import readable_clips
from dance_core.networks.preprocessing import PicturePreprocessor
from dance_core.tables import read_json, read_table, write_json, write_table
from dance_core.video.clip_source import clip_source

__all__ = ["AugmentationSettings", "FinetuneSettings", "Job", "finetune", "finetune_settings", "read_job", "run_job"]

_log = logging.getLogger(__name__)

# What decides how fast a run is, and not what it comes to but for rounding.
MACHINE_SETTINGS = ("device", "accumulation", "checkpoint_minutes")


@dataclass(frozen=True)
class Job:
    """A run of fine-tuning.

    Attributes:
        manifest: Table of the clips.
        source: Folder that its paths start from.
        folder: Where the finished network goes, with log.parquet.
        record: Where the JSON of what came out goes; not into the folder, which is digested as the encoder.
        checkpoints: Folder of the checkpoints; emptied when the run is finished.
        settings: How.
        workers: Processes that prepare clips ahead, for each process that trains.
        version: Stands for the code; checkpoints of another one are not used.
    """

    manifest: str
    source: str
    folder: str
    record: str
    checkpoints: str
    settings: FinetuneSettings
    workers: int = 0
    version: str = ""


def run_job(job: Job, n_processes: int = 1) -> None:
    """Fine-tune in this process, or in several that train together.

    The result does not depend on the number, but for rounding, unless the network draws numbers of its own.

    Args:
        job: What to do.
        n_processes: Usually the number of GPUs.

    Raises:
        ValueError: As `finetune`; or a package is absent, or a process failed.
    """
    if n_processes == 1:
        finetune(job)
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "job.json"
        write_json(path, asdict(job))
        launch("dance_core.finetuning", path, n_processes)


def read_job(path: str | Path) -> Job:
    """Read a job that `run_job` wrote for the processes that it started."""
    document = read_json(path)
    return Job(**{**document, "settings": finetune_settings(document["settings"])})


def finetune_settings(document: dict[str, Any]) -> FinetuneSettings:
    """Make settings from nested plain values; those of the augmentation are in a section of their own."""
    changes = dict(document["augmentation"])
    changes["crop_scale"] = tuple(changes["crop_scale"])
    return FinetuneSettings(**{**document, "augmentation": AugmentationSettings(**changes)})


def finetune(job: Job) -> None:
    """Teach a network the classes on train, choose the best epoch by val, and write it; no other split is read.

    A run that was killed goes on from its last checkpoint and ends with the same bits.

    Args:
        job: What to do.

    Raises:
        ValueError: A split is empty, a clip cannot be read, the network is unfit, or training fails.

    Source:
        Tong et al. 2022 (VideoMAE), fine-tuning.
    """
    manifest = read_table(job.manifest)
    train, val = training_clips(manifest, "finetuning")
    classes = class_names(manifest)
    team = join(job.settings.device)
    network, preprocessor = starting_network(job.settings, classes)
    preprocess = PicturePreprocessor(preprocessor, "preprocessor_config.json")
    task = Task(
        network,
        preprocess,
        TrainClips(*_clips(job, train, classes), len(classes), picture_size(preprocess), job.settings),
        ValClips(*_clips(job, val, classes), preprocess, job.settings),
        job.settings,
        job.workers,
    )
    fingerprint = _fingerprint(job, [train, val])
    checkpoints = Checkpoints(job.checkpoints, fingerprint, job.settings.checkpoint_minutes)
    _log.info("fine-tuning on %d clips of %d classes, judged by %d", len(train), len(classes), len(val))
    progress = Trainer(task, team, checkpoints).run()
    if team.rank == 0:
        network.load_state_dict(checkpoints.best_weights(progress))
        save_network(network, preprocessor, job.folder)
        _write_record(job, team, progress, (train, val), classes)
        checkpoints.delete()
    team.leave()


def _clips(job: Job, rows: pd.DataFrame, classes: tuple[str, ...]) -> tuple[list, Any]:
    """Give the clips of some rows, and their classes."""
    labels = class_indices(rows["label"], classes, "finetuning")
    return list(readable_clips(rows, job.source, job.settings.decoder)), labels


def _fingerprint(job: Job, splits: Iterable[pd.DataFrame]) -> str:
    """Digest everything that decides what a run comes to."""
    settings = {name: value for name, value in asdict(job.settings).items() if name not in MACHINE_SETTINGS}
    clips = [rows[["clip_id", "path", "label", "n_frames"]].to_dict("list") for rows in splits]
    files = [clip_source(Path(job.source) / path).file for part in clips for path in part["path"]]
    if job.settings.model:
        location = Path(starting_checkpoint(job.settings).location())
        files += [path for path in sorted(location.rglob("*")) if path.is_file()]
    stamps = [(path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.exists()]
    return hashlib.sha256(json.dumps([settings, clips, stamps, job.version]).encode()).hexdigest()


def _write_record(
    job: Job, team: Team, progress: Progress, splits: tuple[pd.DataFrame, ...], classes: tuple[str, ...]
) -> None:
    """Write the table of the epochs and what came out."""
    best = progress.best or {}
    write_table(Path(job.folder) / "log.parquet", pd.DataFrame(progress.rows))
    record = {
        "best_epoch": best["epoch"],
        "val_top1": best["top1"],
        "val_loss": best["loss"],
        "epochs": len(progress.rows),
        "seconds": sum(row["seconds"] for row in progress.rows),
        "n_train": len(splits[0]),
        "n_val": len(splits[1]),
        "classes": classes,
        "device": team.device.type,
        "processes": team.size,
        "settings": asdict(job.settings),
    }
    write_json(job.record, record)
