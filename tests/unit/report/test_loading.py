"""Reading a run from its artifacts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dance_core.concept_names import ConceptName, write_names
from dance_core.language_usage import USAGE_SCHEMA, usage_table
from dance_core.report import ReportInputs, ReportSettings, build_report
from dance_core.report.clip_table import ClipTable
from dance_core.report.loading import read_report_inputs
from dance_core.tables import write_json, write_table
from tests.unit.report.fixture import whole

LONG = ("segments", "predictions", "contributions")
TABLES = ("manifest", "concepts")
STAGES = ("motion_concepts", "partitions", "concept_set", "path")
DOCUMENTS = ("metrics", "concept_layer", "comparison", "stability")


@pytest.fixture
def files(inputs: ReportInputs, tmp_path: Path) -> dict:
    """The artifacts of the fixture run, sharded tables in two parts."""
    found: dict = {name: tmp_path / f"{name}.parquet" for name in (*TABLES, *STAGES)}
    for name, path in found.items():
        write_table(path, getattr(inputs, name))
    found |= {name: getattr(inputs, name).paths[0] for name in LONG}
    clip_ids = list(inputs.features.clip_ids)
    features = pd.DataFrame({"clip_id": clip_ids, "features": list(inputs.features.matrix(clip_ids))})
    sharded = {"poses": whole(inputs.poses), "pose_quality": inputs.pose_quality, "features": features}
    for name, table in sharded.items():
        odd = table["clip_id"].str.len() % 2 == 1
        found[name] = [tmp_path / f"{name}.{part}.parquet" for part in (1, 2)]
        write_table(found[name][0], table[odd])
        write_table(found[name][1], table[~odd])
    for family in ("object", "scene"):
        found[family] = inputs.scores[family].paths[0]
        found[f"{family}_concepts"] = tmp_path / f"{family}_concepts.parquet"
        write_table(found[f"{family}_concepts"], inputs.score_concepts[family])
    inputs.model.save(tmp_path / "model")
    for name in DOCUMENTS:
        found[name] = tmp_path / f"{name}.json"
        write_json(found[name], getattr(inputs, name))
    return found | {"model": tmp_path / "model" / "model.json"}


def test_a_run_is_read_whole_and_gives_the_same_site(
    inputs: ReportInputs, site: Path, files: dict, tmp_path: Path
) -> None:
    read = read_report_inputs(files, "fixture", inputs.source, inputs.config, {"media_limit": 1000})
    assert read.settings == inputs.settings
    build_report(replace(read, versions=inputs.versions), tmp_path / "again")
    for path in [*site.rglob("*.html"), *site.rglob("*.js")]:
        assert (tmp_path / "again" / path.relative_to(site)).read_bytes() == path.read_bytes(), path.name


def test_names_given_after_training_and_the_usage_of_the_language_model_are_shown(
    inputs: ReportInputs, files: dict, tmp_path: Path
) -> None:
    name = ConceptName("motion", 1, "motion 1", "swing <up>", "Both arms rise.", "human", "m1")
    described = ConceptName("motion", 2, "motion 2", "motion 2", "A nod.", "model", "m2")
    write_names(tmp_path / "model" / "names.json", [name, described])
    about = {"class": "boxing", "call": 0, "attempt": 0, "format": "text", "usable": True, "cached": True}
    about |= {"seconds": 1.0, "created": "2025-05-01T00:00:00Z"}
    for family, tokens in (("object", 100), ("scene", 300)):
        files[f"{family}_usage"] = tmp_path / f"{family}_usage.parquet"
        row = about | {"prompt_tokens": tokens, "completion_tokens": 10}
        write_table(files[f"{family}_usage"], usage_table([row], {}), USAGE_SCHEMA)
    read = read_report_inputs(files, "fixture", inputs.source, inputs.config, {"media_limit": 0})
    assert read.concepts.loc[read.concepts["family"] == "motion", "name"].tolist()[1] == "swing <up>"
    build_report(replace(read, contributions=inputs.contributions), tmp_path / "site")
    page = (tmp_path / "site" / "motion.html").read_text("utf-8")
    assert "swing &lt;up&gt; <small" in page
    assert "Both arms rise. Named by a person, before: motion 1." in page
    assert "A nod. Named by a language model." in page
    assert "swing \\u003cup\\u003e" in (tmp_path / "site" / "assets" / "model.js").read_text("utf-8")
    assert "swing &lt;up&gt;" in (tmp_path / "site" / "concepts.html").read_text("utf-8")
    assert (
        "The language model was asked for 2 completions, 400 prompt and 20 completion tokens, all from the cache, so "
        "that nothing was paid now."
    ) in (tmp_path / "site" / "language.html").read_text("utf-8")


def test_stages_that_did_not_run_leave_empty_tables(inputs: ReportInputs, files: dict, tmp_path: Path) -> None:
    needed = (*TABLES, "predictions", "contributions", "features", "model", "metrics", "concept_layer")
    fewer = {name: files[name] for name in needed}
    read = read_report_inputs(fewer, "fixture", inputs.source, {}, {"media_limit": 0, "page_limit": 1})
    assert (read.poses, len(read.motion_concepts), read.scores) == (ClipTable(), 0, {})
    assert (len(read.path), read.comparison, read.stability) == (0, {}, {})
    assert read.settings == ReportSettings(media_limit=0, page_limit=1)
    build_report(read, tmp_path / "site")
    assert len(list((tmp_path / "site" / "clips").iterdir())) == 1


def test_rows_of_shards_are_in_the_order_of_clips(inputs: ReportInputs, files: dict) -> None:
    read = read_report_inputs(files, "fixture", inputs.source, {}, {})
    assert list(read.pose_quality["clip_id"]) == sorted(inputs.pose_quality["clip_id"])
    assert read.features.clip_ids == inputs.features.clip_ids
    assert np.array_equal(read.model.weight, inputs.model.weight)
