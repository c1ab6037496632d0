"""Rule finetune: its network becomes the backbone, and a killed job goes on where it was."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dance_core.tables import matrix, read_json, read_table
from tests.workflow.conftest import Project
from tests.workflow.small_data import small_data

SETTINGS = (
    "finetuning={enabled: true, epochs: 3, batch_size: 6, warmup_epochs: 1, checkpoint_minutes: 0}",
    "backbone={name: videomae, frames: 4}",
)
CONFIG = ("--cores", "2", "--set-scatter", "clips=1", "--config", "dataset=small", "source=clips", *SETTINGS)
FEATURES = "results/small/backbone_features/1-of-1.parquet"


def prepared(folder: Path) -> Project:
    project = Project(folder)
    small_data(folder / "clips")
    return project


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A project whose fine-tuning nothing stopped, up to the features."""
    project = prepared(tmp_path_factory.mktemp("straight") / "project")
    run = project.run(FEATURES, *CONFIG)
    assert run.returncode == 0, run.stdout[-5000:]
    return project


@pytest.mark.slow
def test_the_fine_tuned_network_is_the_backbone(straight):
    results = straight.folder / "results" / "small"
    features = read_table(straight.folder / FEATURES)
    config = read_json(results / "finetuned" / "config.json")
    assert matrix(features["features"]).shape == (len(features), config["hidden_size"])
    assert set(features["clip_id"]) >= {"boxing_p01", "nobody"}
    record = read_json(results / "finetuning.json")
    assert config["id2label"] == {"0": "boxing", "1": "hand waving", "2": "marché à pied"}
    # Six train clips of each class, and one that shows nobody.
    assert (record["n_train"], record["n_val"], record["epochs"]) == (19, 6, 3)
    assert not (results / "finetuning_checkpoints").exists()
    log = (straight.folder / "logs" / "small" / "finetune.log").read_text("utf-8")
    assert "epoch 3 of 3: train loss" in log


@pytest.mark.slow
def test_nothing_is_left_to_do_and_another_setting_trains_again(straight):
    assert "Nothing to be done" in straight.run(FEATURES, "--dry-run", *CONFIG).stdout
    changed = [part.replace("epochs: 3", "epochs: 4") for part in CONFIG]
    planned = straight.run(FEATURES, "--dry-run", *changed).stdout
    assert "finetune " in planned and "backbone_features " in planned and "probe " not in planned
    used = [part.replace("frames: 4", "frames: 4, batch_size: 2, device: cpu") for part in CONFIG]
    planned = straight.run(FEATURES, "--dry-run", *used).stdout
    assert "backbone_features " in planned and "finetune " not in planned


@pytest.mark.slow
def test_a_killed_job_goes_on_from_its_checkpoint_with_the_same_bits(straight, tmp_path):
    project = Project(tmp_path / "project")
    shutil.copytree(straight.folder / "clips", project.folder / "clips")
    target = "results/small/finetuned/model.safetensors"
    process = project.start(target, *CONFIG)
    kept = project.folder / "results/small/finetuning_checkpoints/checkpoint.safetensors"
    for job in jobs_after(kept, project.folder):
        os.kill(job, signal.SIGKILL)
    process.communicate(timeout=300)
    assert process.returncode != 0
    assert kept.exists() and not (project.folder / target).exists()
    assert project.run(target, *CONFIG).returncode == 0
    assert "going on from step" in (project.folder / "logs" / "small" / "finetune.log").read_text("utf-8")
    assert (project.folder / target).read_bytes() == (straight.folder / target).read_bytes()


def jobs_after(file: Path, folder: Path) -> list[int]:
    """Wait until a file is there, and give the processes of the job that wrote it."""
    for _ in range(3000):
        if file.exists():
            pattern = f"{folder}/.snakemake/scripts/.*finetune.py"
            found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True)
            return [int(word) for word in found.stdout.split()]
        time.sleep(0.1)
    raise TimeoutError(file)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            [],
            "'finetuning.enabled': backbone 'efficientnet' cannot be fine-tuned; set backbone.name: videomae or transf",
        ),
        (
            ["backbone={name: videomae, model: x}"],
            "backbone.model 'x' would take the place of the fine-tuned network; n",
        ),
        (
            ["backbone={name: videomae}", "release=data"],
            "'finetuning.enabled': a release has no clips to learn from; s",
        ),
    ],
)
def test_what_cannot_be_fine_tuned_is_refused(workflow, settings, sentence):
    run = workflow("--dry-run", "--config", "finetuning={enabled: true}", *settings)
    assert run.returncode != 0
    assert sentence in run.stdout
