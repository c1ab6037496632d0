"""The paper's experiment with the README's command; what a hub and a GPU would bring is tiny and lies there by hand."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from dance_core.__main__ import main
from dance_core.networks.encoder_registry import encoder_registry
from dance_core.tables import matrix, read_json, read_shards
from dance_core.weights import WEIGHTS
from tests.unit.networks.tiny_encoders import SAVERS
from tests.workflow.conftest import ROOT, Project

pytestmark = pytest.mark.skipif(
    not (ROOT / "weights" / "minilm").is_dir(), reason="weights are absent: run 'make weights'"
)
ENCODERS = ("videomae-base", "viclip-base-patch16")
ACTIONS = ("boxing", "handwaving", "walking")
# Two clips of each action by each person: 18 for train, 6 for val and 6 for test.
PEOPLE = ("11", "12", "13", "19", "22")
# What a machine without a GPU lacks, and what so few clips need.
TINY = """
backbone: {device: cpu, batch_size: 2}
dual_encoder: {device: cpu, batch_size: 2}
finetuning: {device: cpu, epochs: 2, warmup_epochs: 1, batch_size: 6}
motion_concepts: {minimum_concepts: 2, minimum_size: 2}
evaluate: {resamples: 200}
"""
CONFIGS = ("configs/kth.yaml", "configs/gpu.yaml", "configs/finetune.yaml")
COMMAND = ("--cores", "2", "--set-scatter", "clips=1", "--configfile", *CONFIGS, "tiny.yaml", "--config", "source=kth")


def kth(folder: Path) -> None:
    """Lay clips of the demo out as KTH."""
    lines = []
    for action in ACTIONS:
        (folder / action).mkdir(parents=True)
        for person in PEOPLE:
            name = f"person{person}_{action}_d1"
            clip = ROOT / "data" / "demo" / action / f"{action}_p{person}.mp4"
            shutil.copy(clip, folder / action / f"{name}_uncomp.avi")
            lines.append(f"{name}\t\tframes\t1-32, 33-64\n")
    (folder / "00sequences.txt").write_text("".join(lines), "utf-8")


def fill(weights: Path, registry: Path) -> None:
    """Put tiny encoders where a user without network puts the real ones, and their digests into the registry."""
    text = registry.read_text("utf-8")
    for name in ENCODERS:
        SAVERS[name](weights / name)
        for file, pinned in [pair for names in encoder_registry()[name].files for pair in names.items() if pair[1]]:
            text = text.replace(pinned, hashlib.sha256((weights / name / file).read_bytes()).hexdigest())
    registry.write_text(text, "utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a few clips, in which nothing has run."""
    project = Project(tmp_path_factory.mktemp("paper") / "project")
    weights = project.folder / "weights"
    weights.unlink()
    weights.mkdir()
    for name in WEIGHTS:
        (weights / name).symlink_to(ROOT / "weights" / name)
    kth(project.folder / "kth")
    (project.folder / "tiny.yaml").write_text(TINY, "utf-8")
    return project


@pytest.fixture(scope="module")
def finished(project):
    """The project after the whole experiment."""
    fill(project.folder / "weights", project.folder / "dance_core/networks/encoders.yaml")
    run = project.run(*COMMAND)
    assert run.returncode == 0, run.stdout[-5000:]
    return project


def test_without_network_one_sentence_names_the_folder_to_fill(project, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    run = project.run("--cores", "1", "--quiet", "all", "--", "weights/viclip-large-patch14")
    assert run.returncode != 0
    (told,) = [line for line in run.stdout.splitlines() if "viclip" in line]
    assert told.startswith(
        "ValueError: weights 'viclip-large-patch14': model.safetensors of 'OpenGVLab/ViCLIP-L-14-hf'"
    )
    assert re.search(
        r"\(HF_HUB_OFFLINE is set\); .* put model\.safetensors, .* into 'weights/viclip-large-patch14' by", told
    )
    assert "Traceback" not in run.stdout


@pytest.mark.slow
def test_every_clip_passes_through_the_fine_tuned_network(finished):
    results = finished.folder / "results" / "kth"
    features = read_shards(results.glob("backbone_features/*.parquet"))
    width = read_json(results / "finetuned" / "config.json")["hidden_size"]
    assert matrix(features["features"]).shape == (30, width)
    record = read_json(results / "finetuning.json")
    assert (record["n_train"], record["n_val"], record["classes"]) == (18, 6, list(ACTIONS))
    assert (results / "report" / "index.html").is_file()
    model = read_json(results / "seed0" / "model" / "model.json")
    assert {"finetuned", "viclip-base-patch16"} < set(model["encoders"])
    assert model["settings"]["backbone"]["model"] == "results/kth/finetuned"


@pytest.mark.slow
def test_the_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.run("--dry-run", *COMMAND).stdout


@pytest.mark.slow
def test_another_machine_explains_a_new_video_with_the_model_and_its_weights(finished, tmp_path, monkeypatch, capsys):
    results, weights = finished.folder / "results" / "kth", tmp_path / "weights"
    shutil.copytree(finished.folder / "weights", weights)
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(results / "seed0" / "model"), "--to", "exported"]) == 0
    card = Path("exported/README.md").read_text("utf-8")
    assert "fine-tuned from `videomae-base`" in card and "**No commercial use**" in card
    video = ROOT / "data" / "demo" / "boxing" / "boxing_p24.mp4"
    explain = ["explain", "exported", str(video), "--out", "told"]
    assert main(explain) == 1
    assert (
        "'results/kth/finetuned' of the training is not on this machine, nor is 'weights/finet"
        in capsys.readouterr().err
    )
    shutil.copytree(results / "finetuned", weights / "finetuned")
    assert main(explain) == 0
    assert set(read_json("told/boxing_p24.json")["logits"]) == set(ACTIONS)
