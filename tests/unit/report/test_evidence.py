"""The evidence page, and reports of runs that lack parts."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dance_core.clips import WITHOUT_VIDEO
from dance_core.report import ReportInputs, ReportSettings, build_report
from dance_core.report.clip_table import ClipTable
from dance_core.report.evidence import evidence_page, interval_span
from dance_core.report.motion import partition_variables
from dance_core.report.site import Site
from tests.unit.report.evidence_fixture import ablation_rows
from tests.unit.report.fixture import features_of, stored, whole
from tests.unit.report.test_pages import Page, without

FEW = ReportSettings(media_limit=0, page_limit=2, thumbnails=0)


def words_of(path: Path) -> str:
    """The text of a page with single spaces."""
    return " ".join("".join(Page(path).text).split())


def built(inputs: ReportInputs, folder: Path, **changes: Any) -> Path:
    """The report of a changed run."""
    build_report(replace(inputs, settings=FEW, **changes), folder / "site")
    return folder / "site"


def of_one_split(document: Any) -> Any:
    """A document without the shifted test set."""
    if isinstance(document, dict):
        return {key: of_one_split(value) for key, value in document.items() if key != "shift_test"}
    if isinstance(document, list):
        kept = [row for row in document if not (isinstance(row, dict) and row.get("split") == "shift_test")]
        return [of_one_split(row) for row in kept]
    return document


def test_the_page_says_which_split_tells_concepts_from_random_ones(site: Path) -> None:
    words = words_of(site / "evidence.html")
    assert "On test: the concepts beat as many random ones by 30.0 points at NEC 5, 90.0 % to 60.0 %" in words
    assert "95 % interval +26.0 to +34.0" in words
    assert "On shift_test: fixture cannot tell these concepts from random ones." in words
    assert "+2.0 points, 95 % interval −2.0 to +6.0; the interval contains 0 and the difference is below 3" in words
    overview = words_of(site / "index.html")
    assert "On test the concepts beat as many random ones by 30.0 points at NEC 5." in overview
    assert "On shift_test, fixture cannot tell these concepts from as many random ones: +2.0 points" in overview


def test_the_page_shows_every_protocol_with_its_test(site: Path) -> None:
    page = Page(site / "evidence.html")
    words = words_of(site / "evidence.html")
    assert "authors trains on train and val and selects on test" in words
    assert "Mean ± standard deviation over 2 seeds (0, 1)." in words
    # (0.75 + 0.85) / 2 with an sd of 0.0707
    assert words.count("80.0 % ± 7.07") == 8
    assert words.count("no difference can be shown") == words.count("the linear probe is better") == 2
    assert "p < 0.001, corrected 0.002; right alone: DANCE on 0, the probe on 12" in words
    assert len([tag for tag, attributes in page.tags if attributes.get("class") == "ablations"]) == 4


def test_levels_that_were_not_reached_are_grey_with_their_effective_concepts(inputs: ReportInputs) -> None:
    page = evidence_page(Site(inputs, {}))
    tables = {(entry["protocol"], entry["split"]): entry["table"] for entry in page["ablations"]}
    assert list(tables) == [(p, s) for p in ("honest", "authors") for s in ("test", "shift_test")]
    below = {row["method"]: [cell["below"] for cell in row["cells"]] for row in tables["honest", "test"]["rows"]}
    assert below["motion"] == [False, True, True]
    assert below["all three"] == [False, False, True]
    assert below["random concepts"] == [False, False, False]


def test_intervals_share_an_axis() -> None:
    runs = [{"methods": [{"low": 0.4, "high": 0.9}, {"low": None, "high": None}]}, {"methods": []}]
    assert interval_span(runs) == pytest.approx((0.35, 0.95))
    assert interval_span([]) == pytest.approx((-0.1, 1.1))


@pytest.mark.parametrize(("folder", "seen"), [(None, True), ("labels", False)])
def test_released_motion_labels_are_said_to_have_seen_the_test_poses(inputs: ReportInputs, folder, seen) -> None:
    config = {**inputs.config, "release": "release", "poses": {"folder": folder}}
    assert evidence_page(Site(replace(inputs, config=config), {}))["seen_poses"] is seen
    assert not evidence_page(Site(inputs, {}))["seen_poses"]


def test_tests_of_grouped_clips_come_with_a_warning(inputs: ReportInputs, tmp_path: Path) -> None:
    assert not evidence_page(Site(inputs, {}))["grouped"]
    together = inputs.manifest.assign(group="one")
    words = words_of(built(inputs, tmp_path, manifest=together) / "evidence.html")
    assert "It takes clips as independent, which clips of one group are not" in words


def without_intervals(document: Any) -> Any:
    """A document whose splits are of one group each."""
    if isinstance(document, dict):
        ends = ("top1_interval", "top1_low", "top1_high", "difference_low", "difference_high")
        return {key: None if key in ends else without_intervals(value) for key, value in document.items()}
    return [without_intervals(row) for row in document] if isinstance(document, list) else document


def test_splits_of_one_group_say_that_they_have_no_interval(inputs: ReportInputs, tmp_path: Path) -> None:
    metrics, comparison = without_intervals(inputs.metrics), without_intervals(inputs.comparison)
    manifest = inputs.manifest.assign(group="one")
    site = built(inputs, tmp_path, metrics=metrics, comparison=comparison, manifest=manifest)
    page, words = (site / "evidence.html").read_text("utf-8"), words_of(site / "evidence.html")
    for absent in ("95 % interval ", "Intervals resample", "trust the intervals", "as a band", "nan", "None"):
        assert absent not in words, absent
    assert "trust" not in words and "80.0 % ± 7.07 one group: no interval" in words
    assert "+30.0 points; one group of clips gives no interval. The accuracy by itself" in words
    assert "(one group: no interval)" in words and 'title="one group: no interval; NEC 5.0"' in page
    assert 'class="forest bare"' in page and not set(re.findall(r"--(?:low|high):", page))
    assert 'class="whisker"' not in page and 'class="band' not in page
    overview = words_of(site / "index.html")
    assert "75.0 % one group: no interval" in overview
    assert "cannot tell these concepts from as many random ones: +30.0 points at NEC 5; one group of clips" in overview


def test_a_run_without_extra_splits_names_no_split_in_its_verdict(inputs: ReportInputs, tmp_path: Path) -> None:
    manifest = inputs.manifest[inputs.manifest["split"] != "shift_test"]
    changes: dict[str, Any] = {"manifest": manifest}
    for name in ("poses", "segments", "predictions", "contributions"):
        rows = whole(getattr(inputs, name))
        changes[name] = stored(inputs.source, rows[rows["clip_id"].isin(manifest["clip_id"])])
    changes["pose_quality"] = inputs.pose_quality[inputs.pose_quality["clip_id"].isin(manifest["clip_id"])]
    usable = manifest.loc[manifest["status"] != "unreadable", "clip_id"]
    changes["features"] = features_of(inputs.features, list(usable))
    changes |= {"metrics": of_one_split(inputs.metrics), "comparison": of_one_split(inputs.comparison)}
    site = built(inputs, tmp_path, **changes)
    assert "The concepts beat as many random ones by 30.0 points at NEC 5" in words_of(site / "evidence.html")
    for path in site.rglob("*.html"):
        assert "shift_test" not in path.read_text("utf-8"), path.name


def test_a_run_that_was_not_compared_shows_its_own_metrics(inputs: ReportInputs, tmp_path: Path) -> None:
    site = built(inputs, tmp_path, comparison={}, path=pd.DataFrame())
    words = words_of(site / "evidence.html")
    assert "One seed (0), so nothing is known of how much the seed matters." in words
    assert "75.0 % one seed" in words
    assert "Which family carries the accuracy" in words
    for absent in ("DANCE against the probe", "Accuracy over effective", "What each part", "random ones"):
        assert absent not in words
    assert "random ones" not in words_of(site / "index.html")


def test_older_metrics_leave_their_sections_out(inputs: ReportInputs, tmp_path: Path) -> None:
    parts = ("completeness", "shapley", "faithfulness", "leakage", "soft_minus_hard")
    older = {key: value for key, value in inputs.metrics.items() if key not in parts}
    words = words_of(built(inputs, tmp_path, metrics=older, comparison={}) / "evidence.html")
    for absent in ("explanation names first", "Which family", "keep of the features", "leaks past"):
        assert absent not in words


def test_a_run_of_one_family_is_compared_with_itself(inputs: ReportInputs, tmp_path: Path) -> None:
    alone = without(without(inputs, "object"), "scene")
    rows = [row for row in ablation_rows() if row["method"] in ("motion", "random concepts", "sparse linear probe")]
    comparison = {name: record | {"ablations": rows} for name, record in inputs.comparison.items()}
    site = built(alone, tmp_path, comparison=comparison, scores={}, score_concepts={})
    words = words_of(site / "evidence.html")
    assert "minus motion, at NEC 5" in words
    assert "DANCE, motion" in words
    assert "exact sum of one kind of concept: motion" in words_of(site / "index.html")
    assert "object" not in words_of(site / "concepts.html")


def test_a_run_that_kept_no_concept_still_has_a_report(inputs: ReportInputs, tmp_path: Path) -> None:
    model = replace(
        inputs.model,
        concept_weight=inputs.model.concept_weight[:0],
        z_mean=np.zeros(0),
        z_std=np.ones(0),
        weight=inputs.model.weight[:, :0],
        concepts=(),
    )
    dropped = inputs.concepts.assign(kept=False, stage="concept_layer", reason="val similarity 0.1 is not above 0.3")
    empty = {"n": 4, "n_concepts": 0, "draws": 10, "fractions": [0.0, 1.0], "deletion": None, "insertion": None}
    metrics = {**inputs.metrics, "faithfulness": {"test": empty}, "soft_minus_hard": {}, "nec": 0.0}
    changes: dict[str, Any] = {
        "model": model,
        "concepts": dropped,
        "metrics": metrics,
        "comparison": {},
        "path": pd.DataFrame(),
    }
    changes["contributions"] = stored(inputs.source, whole(inputs.contributions).iloc[:0])
    site = built(inputs, tmp_path, **changes)
    words = words_of(site / "concepts.html")
    assert words.count("val similarity 0.1 is not above 0.3") == len(dropped)
    assert "explanation names first" not in words_of(site / "evidence.html")
    nothing = built(inputs, tmp_path / "nothing", **changes | {"concepts": inputs.concepts.iloc[:0]})
    assert "This run has no concepts." in words_of(nothing / "concepts.html")


def released(inputs: ReportInputs) -> dict[str, Any]:
    """What differs where a run was imported: no clip has a video, and no concept a pose."""
    manifest = inputs.manifest.assign(status=WITHOUT_VIDEO, reason="imported", n_frames=np.nan, fps=np.nan)
    empty = {name: getattr(inputs, name).iloc[:0] for name in ("pose_quality", "partitions")}
    empty |= {"poses": ClipTable(), "segments": ClipTable()}
    concepts = inputs.motion_concepts.assign(medoid="", clip_id="", start=None, end=None)
    return {"manifest": manifest, **empty, "motion_concepts": concepts, "stability": {}}


def test_clips_without_video_are_lines_and_say_so_once(inputs: ReportInputs, tmp_path: Path) -> None:
    site = built(inputs, tmp_path, **released(inputs))
    page = Page(site / "data.html")
    rows = [attributes for tag, attributes in page.tags if tag == "li" and "data-item" in attributes]
    assert len(rows) == len(inputs.manifest)
    assert not [tag for tag, _ in page.tags if tag in ("video", "img", "template")]
    words = words_of(site / "data.html")
    assert words.count("imported") == 1
    assert "Choose a clip" not in words
    assert "12 clips came with their features and without their video." in words_of(site / "index.html")
    assert "Pause all" not in words_of(site / "motion.html")


def test_thousands_of_clips_without_video_stay_light(inputs: ReportInputs, tmp_path: Path) -> None:
    changes = released(inputs)
    more = pd.concat([changes["manifest"].iloc[[0]].assign(clip_id=f"more_{k:05d}", group=f"{k}") for k in range(3000)])
    changes["manifest"] = pd.concat([changes["manifest"], more], ignore_index=True)
    site = built(inputs, tmp_path, **changes)
    assert (site / "data.html").stat().st_size < 200 * 3100


def test_partitions_come_with_all_that_was_measured(site: Path, inputs: ReportInputs) -> None:
    words = words_of(site / "motion.html")
    for measured in ("0.41", "0.900 ± 0.020", "chosen: best silhouette", "fewer clusters than classes", "Honest fit"):
        assert measured in words
    assert "Learnt again from 3 random parts of 80 % of the training clips" in words
    assert "an adjusted Rand index of 0.72 ± 0.03" in words and "a cosine of 0.91; 4, 4, 5 concepts" in words
    older = replace(inputs, partitions=inputs.partitions.drop(columns=["agreement", "agreement_error"]), stability={})
    assert not partition_variables(older)["agreement"]
    assert partition_variables(older)["stability"] is None


def test_a_joint_fit_is_called_so(inputs: ReportInputs, tmp_path: Path) -> None:
    config = {**inputs.config, "motion_concepts": {"joint_fit": True, "method": "kmeans"}}
    words = words_of(built(inputs, tmp_path, config=config) / "motion.html")
    assert "Joint fit" in words and "test clips had a say" in words and "clips of all splits together" in words
    assert "FINCH" not in words


def test_a_merged_partition_is_told_from_the_tower(inputs: ReportInputs) -> None:
    assert "merged" not in partition_variables(inputs)["partition_words"]
    merged = pd.concat([inputs.partitions, inputs.partitions.iloc[[0]].assign(partition=3, n_clusters=5)])
    assert "merged" in partition_variables(replace(inputs, partitions=merged))["partition_words"]


def test_numbers_in_the_page_are_those_of_the_comparison_file(inputs: ReportInputs, tmp_path: Path) -> None:
    comparison = json.loads(json.dumps(inputs.comparison))
    site = built(inputs, tmp_path, comparison=comparison)
    rows = [row for row in comparison["honest"]["ablations"] if row["split"] == "test" and row["level"] == 10]
    words = words_of(site / "evidence.html")
    assert {f"{100 * row['top1']:.1f}" for row in rows} <= set(words.replace("(", " ").split())
