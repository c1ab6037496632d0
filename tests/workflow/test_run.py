"""The whole pipeline on a small data set with every kind of trouble in it, run twice in two ways."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dance_core.model import Model
from dance_core.tables import matrix, read_json, read_shards, read_table, write_table
from tests.workflow.conftest import ROOT, Project
from tests.workflow.small_data import ANSWERS, SETTINGS, TROUBLE, small_data

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (ROOT / "weights" / "minilm").is_dir(), reason="weights are absent: run 'make weights'"),
]
CONFIG = ("--config", "dataset=small", "source=clips", *SETTINGS)
# Parts of the clips, and files that tell the time or the machine.
PARTS = re.compile(r"/(probe|poses|pose_quality|keyframes|backbone_features|clip_features)/")


def prepared(folder: Path, clips: Path | None = None) -> Project:
    """Make a project on the small data, or on a copy of some: an encoder need not give the same bytes twice."""
    project = Project(folder)
    if clips is None:
        small_data(folder / "clips")
    else:
        shutil.copytree(clips, folder / "clips")
    (folder / "answers.yaml").write_text(ANSWERS, "utf-8")
    return project


def digests(results: Path) -> dict[str, str]:
    files = [path for path in sorted(results.rglob("*")) if path.is_file() and not PARTS.search(str(path))]
    return {
        str(path.relative_to(results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.name != ".snakemake_timestamp"
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, in four parts on two cores."""
    project = prepared(tmp_path_factory.mktemp("four") / "project")
    run = project.run("--cores", "2", *CONFIG)
    assert run.returncode == 0, run.stdout[-5000:]
    return project


@pytest.fixture(scope="module")
def results(finished):
    return finished.folder / "results" / "small"


def test_parts_and_cores_change_no_bit(finished, results, tmp_path):
    project = prepared(tmp_path / "project", finished.folder / "clips")
    run = project.run("--cores", "1", "--set-scatter", "clips=1", *CONFIG)
    assert run.returncode == 0, run.stdout[-5000:]
    one, four = digests(project.folder / "results" / "small"), digests(results)
    assert one.keys() == four.keys()
    assert not [name for name in one if one[name] != four[name]]


def test_no_pickle_is_left(results):
    left = {path.suffix for path in results.rglob("*") if path.is_file()}
    assert left <= {".parquet", ".safetensors", ".json", ".html", ".js", ".css", ".mp4", ".webp", ".svg", ".md", ""}


def test_troubled_clips_stay_with_status_and_reason(results):
    manifest = read_table(results / "manifest.parquet").set_index("clip_id")
    assert list(manifest.loc[list(TROUBLE), "status"]) == ["unreadable"] * 3 + ["ok"]
    assert manifest.loc[list(TROUBLE[:3]), "reason"].str.len().min() > 10
    quality = read_shards(results.glob("pose_quality/*.parquet")).set_index("clip_id")
    assert quality.loc["nobody", "status"] == "no_person"
    labels = read_table(results / "motion_concepts" / "labels.parquet").set_index("clip_id")
    assert not labels.loc["nobody", "labelled"]
    predicted = set(read_table(results / "seed0" / "predictions.parquet")["clip_id"])
    assert predicted == set(manifest.index) - set(TROUBLE[:3])


def test_every_logit_is_the_sum_of_its_contributions(results):
    model = Model.load(results / "seed0" / "model")
    features = read_shards(results.glob("backbone_features/*.parquet"))
    _, logits = model.predict(matrix(features["features"]))
    table = read_table(results / "seed0" / "contributions.parquet")
    summed = table.groupby(["clip_id", "class"])["contribution"].sum()
    row = {clip: place for place, clip in enumerate(features["clip_id"])}
    for (clip, name), total in summed.items():
        column = model.classes.index(name)
        assert logits[row[clip], column] - model.bias[column] == pytest.approx(total, abs=1e-5)


def test_metrics_hold_what_is_promised(results):
    metrics = read_json(results / "seed0" / "metrics.json")
    for method in ("dance", "linear_probe"):
        for scores in metrics["accuracy"][method].values():
            assert {"top1", "top1_interval", "mean_class_accuracy", "n"} <= scores.keys()
    assert set(metrics["reliance"]) == {"motion", "object", "scene"}
    assert {"nec", "nec_by_family", "concepts"} <= metrics.keys()


def test_one_family_and_features_from_a_file_need_no_pose(finished, results, tmp_path):
    project = prepared(tmp_path / "project")
    features = read_shards(results.glob("backbone_features/*.parquet"))
    write_table(project.folder / "features.parquet", features)
    chosen = ("families=[scene]", "backbone={name: file, model: features.parquet}", "seeds=[0,1]")
    run = project.run("--cores", "2", *CONFIG, *chosen)
    assert run.returncode == 0, run.stdout[-5000:]
    root = project.folder / "results" / "small"
    assert not (root / "poses").exists()
    assert read_json(root / "seed1" / "metrics.json")["reliance"]["motion"] is None
    assert "no person" not in (root / "report" / "index.html").read_text("utf-8")


def test_a_changed_label_is_noticed(finished):
    table = finished.folder / "clips" / "manifest.csv"
    source = table.read_bytes()
    try:
        table.write_bytes(source.replace(b"p01", b"p10", 2))
        assert "listing" in planned(finished.run("--dry-run", *CONFIG))
    finally:
        table.write_bytes(source)


def test_a_changed_picture_of_a_clip_is_noticed(finished):
    picture = finished.folder / "clips" / "kick" / "000001.jpg"
    picture.parent.mkdir()
    try:
        picture.write_bytes(b"a frame")
        assert "listing" in planned(finished.run("--dry-run", *CONFIG))
    finally:
        picture.unlink()
        picture.parent.rmdir()


def test_a_finished_run_has_nothing_to_do(finished):
    run = finished.run("--cores", "2", *CONFIG)
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout, run.stdout


def planned(run) -> set[str]:
    table = run.stdout.split("Job stats:", 1)[1].split("Reasons:")[0] if "Job stats:" in run.stdout else ""
    return set(re.findall(r"^(\w+) +\d+$", table, re.MULTILINE)) - {"all", "total"}


def test_one_stage_can_be_run_again_alone(finished):
    run = finished.run("--dry-run", "--forcerun", "motion_concepts", "--until", "evaluate", *CONFIG)
    assert planned(run) == {"motion_concepts", "concept_layer", "sparse_classifier", "evaluate"}


def test_an_edited_module_reruns_the_stages_that_use_it(finished):
    module = finished.folder / "dance_core" / "explain.py"
    source = module.read_text("utf-8")
    try:
        module.write_text(source + "\n# edited\n", "utf-8")
        assert planned(finished.run("--dry-run", *CONFIG)) == {"explain", "report"}
    finally:
        module.write_text(source, "utf-8")


def test_a_new_name_trains_nothing(finished):
    (finished.folder / "names.csv").write_text("key,name\n", "utf-8")
    assert planned(finished.run("--dry-run", *CONFIG, "naming={names: names.csv}")) == {"naming", "explain", "report"}


@pytest.mark.parametrize(
    ("family", "absent"),
    [("motion", {"language", "pseudo_labels", "clip_features"}), ("scene", {"motion_concepts", "pose_segments"})],
)
def test_families_choose_the_stages(project, family, absent):
    run = project.run("--dry-run", "--config", f"families=[{family}]")
    assert run.returncode == 0, run.stdout
    assert not planned(run) & absent
    assert "sparse_classifier" in planned(run)


def test_the_rule_graph_and_the_snakemake_report_work(finished):
    graph = finished.run("--rulegraph", "dot", *CONFIG)
    assert "digraph" in graph.stdout
    assert "concept_layer" in graph.stdout
    report = finished.run("--report", "snakemake_report.html", *CONFIG)
    assert report.returncode == 0, report.stdout
    assert (finished.folder / "snakemake_report.html").stat().st_size > 100_000


def test_a_killed_job_leaves_no_half_file_and_a_rerun_completes(tmp_path):
    project = prepared(tmp_path / "project")
    target = ("results/small/poses/1-of-1.parquet", "--set-scatter", "clips=1", "--cores", "1", *CONFIG)
    process = project.start(*target)
    job = wait_for_job(project.folder, "poses")
    os.kill(job, signal.SIGKILL)
    process.communicate(timeout=300)
    assert process.returncode != 0
    assert not (project.folder / target[0]).exists()
    assert project.run(*target).returncode == 0
    assert len(read_table(project.folder / target[0]))


def wait_for_job(folder: Path, rule: str) -> int:
    """Wait until the script of a rule has run for a second, and give its process."""
    for _ in range(600):
        found = subprocess.run(
            ["pgrep", "-f", f"{folder}/.snakemake/scripts/.*{rule}.py"], capture_output=True, text=True
        )
        if found.stdout.strip():
            time.sleep(1)
            return int(found.stdout.split()[-1])
        time.sleep(0.1)
    raise TimeoutError(rule)


def test_a_full_disk_is_said_and_a_rerun_completes(tmp_path):
    project = prepared(tmp_path / "project")
    disk = project.folder / "results"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        target = ("results/small/manifest.parquet", "--set-scatter", "clips=1", "--cores", "1", *CONFIG)
        full = project.run(*target)
        assert full.returncode != 0
        assert "No space left on device" in full.stdout
        assert not list(disk.rglob("*.partial"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert project.run(*target).returncode == 0
        assert len(read_table(project.folder / target[0])) == 34
    finally:
        subprocess.run(["umount", str(disk)], check=True)
