"""The workflow on a release in place of videos: two protocols in one table, with released labels or with poses."""

from pathlib import Path

import numpy as np
import pytest

from dance_core.model import Model
from dance_core.tables import matrix, read_json, read_shards, read_table, rows_of
from tests.unit.release.small_release import save
from tests.workflow.conftest import ROOT, Project
from tests.workflow.small_release import BAD, CLASSES, NEVER_SHOWN, TEST, TRAIN, UNLABELLED, write_poses, write_release
from tests.workflow.test_run import digests, planned

pytestmark = pytest.mark.slow
PENN = ROOT.parent / "shared" / "reference" / "penn_action"
OVERLAY = ("--configfile", "configs/penn_action_release.yaml", "--config")
QUICK = ("ablations={levels: [1, 2], n_values: 5, path_values: 6, draws: 2}", "evaluate={resamples: 100}")
CONFIG = (*OVERLAY, "release=release", "dataset=tiny", "seeds=[0,1]", *QUICK)
RUNS = [("honest", "seed0"), ("honest", "seed1"), ("authors", "authors/seed0"), ("authors", "authors/seed1")]
TEST_CLIPS = {clip for clip, _ in TEST}


def prepared(folder: Path) -> Project:
    project = Project(folder)
    (folder / "weights").unlink()  # a release needs none
    write_release(folder / "release")
    return project


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of both protocols and two seeds, in four parts on two cores."""
    project = prepared(tmp_path_factory.mktemp("release") / "project")
    run = project.run("--cores", "2", *CONFIG)
    assert run.returncode == 0, run.stdout[-5000:]
    return project


@pytest.fixture(scope="module")
def results(finished):
    return finished.folder / "results" / "tiny"


@pytest.fixture(scope="module")
def manifest(results):
    return read_table(results / "manifest.parquet").set_index("clip_id")


@pytest.mark.parametrize(("protocol", "run"), RUNS)
def test_every_run_leaves_everything(results, protocol, run):
    names = ["ablations.parquet", "path.parquet", "predictions.parquet", "contributions.parquet", "concepts.parquet"]
    names += ["metrics.json", "model/model.json", "model/model.safetensors", "linear_probe.parquet"]
    assert [name for name in names if not (results / run / name).is_file()] == []
    accuracy = read_json(results / run / "metrics.json")["accuracy"]
    assert accuracy["dance"]["test"]["top1"] == accuracy["linear_probe"]["test"]["top1"] == 1
    assert accuracy["dance"]["test"]["n"] == len(TEST)


def test_the_comparison_has_both_protocols_over_both_seeds(results):
    comparison = read_json(results / "comparison.json")
    assert list(comparison) == ["honest", "authors"]
    for record in comparison.values():
        assert record["seeds"] == [0, 1]
        assert record["metrics"]["accuracy"]["dance"]["test"]["top1"] == {"mean": 1, "sd": 0, "n_seeds": 2}
        methods = dict.fromkeys(row["method"] for row in record["ablations"])
        families = ["motion", "object", "scene", "motion+object", "motion+scene", "object+scene", "all three"]
        assert list(methods) == [*families, "random concepts", "sparse linear probe"]
        assert {row["level"] for row in record["ablations"]} == {None, 1, 2}
        assert record["tests"]["test"]["n"] == len(TEST)
    # what the authors fit on and select by judges nothing but itself
    splits = {name: {row["split"] for row in record["ablations"]} for name, record in comparison.items()}
    assert splits == {"honest": {"train", "val", "test"}, "authors": {"train", "test"}}


def test_the_report_shows_every_test_clip_without_its_video(results):
    pages = {path.stem for path in (results / "report").rglob("*.html")}
    assert {"index", "clips"} | TEST_CLIPS <= pages
    assert not [path for path in (results / "report").rglob("*") if path.suffix in (".mp4", ".webp")]


def test_the_protocols_are_fitted_on_their_splits(results, manifest):
    usable = manifest[manifest["status"] == "without video"]
    val = set(usable.index[usable["split"] == "val"])
    fitted = {}
    for protocol, run in RUNS:
        layer = read_json(results / run / "concept_layer.json")
        fitted[protocol] = set(layer["train_clips"])
        selected = layer["families"]["object"]["selection"]["clips"]["val"]["labelled"]
        assert selected == (len(val) if protocol == "honest" else len(TEST))
    assert fitted["authors"] - fitted["honest"] == val
    assert fitted["authors"] == {clip for clip, _ in TRAIN} - {BAD}
    assert not fitted["authors"] & TEST_CLIPS


def test_the_bad_clip_stays_with_its_reason_and_takes_no_part(results, manifest):
    assert len(manifest) == len(TRAIN) + len(TEST)
    row = manifest.loc[BAD]
    assert (row["status"], row["reason"]) == ("unreadable", "its backbone features are all zero")
    assert set(manifest["status"].drop(BAD)) == {"without video"}
    assert set(manifest.index[manifest["split"] == "test"]) == TEST_CLIPS
    assert manifest.groupby("split")["label"].nunique().to_dict() == {"test": 3, "train": 3, "val": 3}
    for stage in ("backbone_features", "clip_features"):
        assert set(read_shards(results.glob(f"{stage}/*.parquet"))["clip_id"]) == set(manifest.index) - {BAD}
    for _, run in RUNS:
        assert BAD not in set(read_table(results / run / "predictions.parquet")["clip_id"])


@pytest.mark.parametrize(("protocol", "run"), RUNS)
def test_clips_without_an_accepted_segment_are_counted_and_never_negatives(results, manifest, protocol, run):
    labels = read_table(results / "released_motion" / "labels.parquet").set_index("clip_id")
    assert set(labels.index[~labels["labelled"]]) == set(UNLABELLED)
    layer = read_json(results / run / "concept_layer.json")
    counted = layer["families"]["motion"]["selection"]["clips"]
    splits = manifest.loc[list(UNLABELLED), "split"]
    fitted = ("train",) if protocol == "honest" else ("train", "val")
    expected = {"train": int(splits.isin(fitted).sum())}
    expected["val"] = int((splits == ("val" if protocol == "honest" else "test")).sum())
    assert {side: counts["unlabelled"] for side, counts in counted.items()} == expected
    assert sum(counts["labelled"] for counts in counted.values()) + sum(expected.values()) == (
        len(layer["train_clips"]) + counted["val"]["labelled"] + expected["val"]
    )
    # they are predicted like any other
    predicted = set(read_table(results / run / "predictions.parquet")["clip_id"])
    assert predicted == set(manifest.index) - {BAD}
    leakage = read_json(results / run / "metrics.json")["leakage"]["test"]
    assert (leakage["motion"]["n"], leakage["object"]["n"]) == (len(TEST) - 1, len(TEST))


@pytest.mark.parametrize(("protocol", "run"), RUNS)
def test_concepts_that_tell_nothing_are_dropped_with_the_reason(results, protocol, run):
    concepts = read_table(results / run / "concepts.parquet")
    assert concepts.groupby("family")["kept"].sum().to_dict() == {"motion": 3, "object": 3, "scene": 3}
    dropped = concepts[~concepts["kept"]].set_index("family")
    assert dropped.loc["motion", "reason"] == "its target is 1 for every train clip"
    for family, name in NEVER_SHOWN.items():
        assert (dropped.loc[family, "name"], dropped.loc[family, "stage"]) == (name, "pseudo_labels")
        assert dropped.loc[family, "reason"].startswith("no clip shows it: its five strongest train scores average")


def test_a_finished_run_has_nothing_to_do(finished):
    run = finished.run("--cores", "2", *CONFIG)
    assert run.returncode == 0
    assert "Nothing to be done" in run.stdout, run.stdout


def test_a_release_takes_the_place_of_everything_that_reads_videos(finished):
    of_runs = {"concept_layer", "sparse_classifier", "linear_probe", "evaluate", "naming", "explain", "ablations"}
    every = {"import_release", "pseudo_labels", "comparison", "report"} | of_runs
    assert planned(finished.run("--dry-run", "--forceall", *CONFIG)) == every
    (finished.folder / "no_poses").mkdir()
    motion = {"poses", "keyframes", "pose_segments", "motion_concepts"}
    assert planned(finished.run("--dry-run", "--forceall", *CONFIG, "poses={folder: no_poses}")) == every | motion


def test_settings_rerun_what_they_are_about(finished):
    classifier = {"sparse_classifier", "evaluate", "naming", "explain", "ablations", "comparison", "report"}
    solver = finished.run("--dry-run", *CONFIG, "sparse_classifier={solver: saga}")
    assert planned(solver) == classifier
    levels = finished.run("--dry-run", *CONFIG, "ablations={levels: [3], n_values: 5, path_values: 6, draws: 2}")
    assert planned(levels) == {"ablations", "comparison", "report"}


def test_a_changed_file_of_the_release_is_noticed(finished):
    labels = finished.folder / "release" / "motion_labels" / "hard_label_train.json"
    source = labels.read_bytes()
    try:
        labels.write_bytes(source + b"\n")
        assert "import_release" in planned(finished.run("--dry-run", *CONFIG))
    finally:
        labels.write_bytes(source)


def test_parts_and_cores_change_no_bit(results, tmp_path):
    project = prepared(tmp_path / "project")
    target = "results/tiny/authors/seed0/metrics.json"
    run = project.run(target, "--cores", "1", "--set-scatter", "clips=1", *CONFIG)
    assert run.returncode == 0, run.stdout[-5000:]
    one, four = digests(project.folder / "results" / "tiny"), digests(results)
    assert len(one) > 15
    assert not [name for name in one if one[name] != four[name]]


def test_a_release_that_disagrees_in_rows_says_so_in_the_log(tmp_path):
    project = prepared(tmp_path / "project")
    save(project.folder / "release/features/tiny_train_vmae_b.pt", np.ones((59, 12)))
    run = project.run("results/tiny/manifest.parquet", "--cores", "1", *CONFIG)
    assert run.returncode != 0
    sentence = "features of shape (59, 12) for 60 clips of train.csv; row i must be line i"
    assert sentence in (project.folder / "logs/tiny/import_release.log").read_text("utf-8")
    assert not list((project.folder / "results").rglob("*.parquet"))


def test_poses_take_the_place_of_the_released_labels(tmp_path):
    """Arms that go round, a body that goes down, a hand that strums: found again without any video."""
    project = prepared(tmp_path / "project")
    write_poses(project.folder / "poses")
    chosen = ("poses={folder: poses}", "motion_concepts={minimum_concepts: 3, minimum_size: 3}", "families=[motion]")
    config = (*CONFIG, "seeds=[0]", "protocols=[honest]", *chosen)
    run = project.run("--cores", "2", "--set-scatter", "clips=1", *config)
    assert run.returncode == 0, run.stdout[-5000:]
    results = project.folder / "results" / "tiny"

    manifest = read_table(results / "manifest.parquet").set_index("clip_id")
    assert manifest[["n_frames", "width", "height"]].drop_duplicates().to_numpy().tolist() == [[48, 320, 240]]
    poses = read_shards(results.glob("poses/*.parquet"), ("clip_id", "frame"))
    assert (set(poses["estimator"]), len(poses)) == ({"file"}, 89 * 48)
    quality = read_shards(results.glob("pose_quality/*.parquet"))
    assert set(quality["clip_id"]) == set(manifest.index) - {BAD}
    report = read_table(results / "segment_report.parquet")
    assert report["n_segments"].min() > 0
    segments = read_table(results / "pose_segments.parquet")
    assert segments["keyframe"].between(0, 47).all()
    assert set(segments["clip_id"]) == set(manifest.index) - {BAD}

    concepts = read_table(results / "motion_concepts" / "concepts.parquet")
    assert set(concepts["label"]) == set(CLASSES)
    assert (concepts["purity"] == 1).all()
    labels = read_table(results / "motion_concepts" / "labels.parquet").set_index("clip_id")
    own = {label: (concepts["label"] == label).to_numpy() for label in CLASSES}
    test = labels[labels["split"] == "test"]
    assert test["labelled"].all()
    for clip, shown in zip(test.index, matrix(test["concepts"]).astype(bool), strict=True):
        assert shown.any()
        assert not shown[~own[manifest.loc[clip, "label"]]].any()

    layer = read_json(results / "seed0" / "concept_layer.json")
    motion = layer["families"]["motion"]
    assert motion["selection"]["clips"]["train"]["unlabelled"] == 0
    assert len(motion["names"]) + len(motion["dropped"]) == len(concepts)
    assert list(layer["families"]) == ["motion"]
    # the concepts alone, of which each is shown by one class only
    assert read_json(results / "seed0" / "metrics.json")["accuracy"]["dance"]["test"]["top1"] >= 0.9
    assert (results / "report" / "motion.html").is_file()
    assert {path.stem for path in (results / "report").rglob("*.html")} >= TEST_CLIPS


@pytest.mark.skipif(not PENN.is_dir(), reason=f"the authors' release is not at {PENN}")
def test_the_penn_action_release_gives_their_concepts_and_an_honest_accuracy(project):
    targets = ("authors/seed0/concept_layer.json", "seed0/model/model.json")
    paths = [f"results/penn_action_release/{target}" for target in targets]
    run = project.run(*paths, "--cores", "2", *OVERLAY, f"release={PENN}", "seeds=[0]")
    assert run.returncode == 0, run.stdout[-5000:]
    results = project.folder / "results" / "penn_action_release"
    families = read_json(results / targets[0])["families"]
    published = {
        family: (PENN / "released_model" / folder / "concepts.txt").read_text("utf-8").split("\n")
        for family, folder in (("object", "spatial"), ("scene", "place"))
    }
    assert sorted(families["object"]["names"]) == sorted(published["object"])
    assert len(families["object"]["names"]) == 37
    assert set(families["scene"]["names"]) <= set(published["scene"])
    assert 29 <= len(families["scene"]["names"]) <= 31
    model, manifest = Model.load(results / "seed0" / "model"), read_table(results / "manifest.parquet")
    test = manifest[manifest["split"] == "test"]
    features = rows_of(read_shards(results.glob("backbone_features/*.parquet")), list(test["clip_id"]), "features")
    predicted = model.logits(matrix(features["features"])).argmax(axis=1)
    right = np.array(model.classes)[predicted] == test["label"].to_numpy()
    assert len(right) == 1067
    assert right.mean() >= 0.975
    clips = families["motion"]["selection"]["clips"]
    assert (clips["train"]["unlabelled"], clips["val"]["unlabelled"]) == (4, 8)
