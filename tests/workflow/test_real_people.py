"""The pipeline on real people, where their clips lie beside the project; they are never part of it."""

import csv
from pathlib import Path

import pytest

from dance_core.tables import read_shards, read_table
from tests.workflow.conftest import ROOT

YOGA = ROOT.parent / "shared" / "real" / "yoga"
CLASSES = ("padmasana", "shavasana", "trikonasana")
PER_SPLIT = {"train": 4, "val": 2, "test": 2}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not YOGA.is_dir(), reason="no real clips beside the project"),
    pytest.mark.skipif(not (ROOT / "weights" / "minilm").is_dir(), reason="weights are absent: run 'make weights'"),
]


def some_clips(folder: Path) -> int:
    """Link the smallest clips of each class and split; gives their number."""
    with (YOGA / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (YOGA / row["path"]).stat().st_size)
    chosen = [
        row
        for label in CLASSES
        for split, count in PER_SPLIT.items()
        for row in [row for row in rows if row["label"] == label and row["split"] == split][:count]
    ]
    for row in chosen:
        (folder / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / row["path"]).symlink_to(YOGA / row["path"])
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(chosen)
    return len(chosen)


def test_a_folder_of_real_clips_runs_end_to_end(project):
    count = some_clips(project.folder / "clips")
    settings = ("dataset=yoga", "source=clips", "motion_concepts={minimum_concepts: 2, minimum_size: 2}")
    run = project.run("--cores", "2", "--configfile", "configs/folder.yaml", "--config", *settings)
    assert run.returncode == 0, run.stdout[-5000:]
    results = project.folder / "results" / "yoga"
    quality = read_shards(results.glob("pose_quality/*.parquet"))
    assert len(quality) == count
    assert (quality["status"] == "ok").mean() >= 0.95
    predictions = read_table(results / "seed0" / "predictions.parquet")
    test = predictions[(predictions["method"] == "dance") & (predictions["split"] == "test")]
    assert test["correct"].mean() > 1 / len(CLASSES)
    assert (results / "report" / "index.html").is_file()
