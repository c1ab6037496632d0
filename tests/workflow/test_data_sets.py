"""Published data sets: from the official layout to a manifest through the workflow, and what is noticed later."""

import os
from types import SimpleNamespace

import pytest

from dance_core.tables import read_table
from tests.unit.datasets import layouts
from tests.workflow.conftest import ROOT


def test_a_data_set_with_further_test_sets_is_listed_and_probed(project, tmp_path):
    source = layouts.ucf101(tmp_path / "ucf")
    (source / "UCF-101" / "YoYo" / "v_YoYo_g01_c01.avi").unlink()
    tests = (
        f"{{scuba_places: {layouts.scuba(tmp_path / 'scuba')}, mimetics: {layouts.mimetics(tmp_path / 'mimetics')}}}"
    )
    settings = ("--configfile", "configs/ucf101.yaml", "--config", f"source={source}", f"data={{extra_tests: {tests}}}")
    run = project.run(*settings, "--cores", "2", "--set-scatter", "clips=1", "--", "results/ucf101/manifest.parquet")
    assert run.returncode == 0, run.stdout
    manifest = read_table(project.folder / "results" / "ucf101" / "manifest.parquet")
    ok = manifest[manifest["status"] == "ok"]["split"].value_counts().to_dict()
    assert ok == {"train": 6, "val": 3, "test": 2, "scuba_places": 4, "mimetics": 1}
    log = (project.folder / "logs" / "ucf101" / "manifest.log").read_text("utf-8")
    assert "split test: 1 of 3 clips are not there and left out" in log
    assert "split mimetics: 1 of 2 clips are not there and left out" in log


def digest_of(source, reader="folder", classes=None):
    """What the listing rule compares to see whether clips have come, gone or changed."""
    data = {"reader": reader, "classes": classes, "annotations": None, "extra_tests": {}}
    names = {"workflow": SimpleNamespace(basedir=ROOT), "config": {"source": str(source), "data": data}}
    exec(compile((ROOT / "rules" / "common.smk").read_text("utf-8"), "common.smk", "exec"), names)
    return names["clips_digest"](None)


@pytest.mark.parametrize("reader", ["folder", "ucf101"])
def test_a_video_that_comes_later_is_noticed_even_behind_a_link(tmp_path, reader):
    layouts.write_text(tmp_path / "elsewhere" / "a.mp4", "a")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "source" / "lost.txt").symlink_to(tmp_path / "nowhere")
    before = digest_of(tmp_path / "source", reader)
    assert digest_of(tmp_path / "source", reader) == before
    layouts.write_text(tmp_path / "elsewhere" / "b.mp4", "b")
    assert digest_of(tmp_path / "source", reader) != before


def test_a_changed_list_is_noticed(tmp_path):
    table = layouts.write_text(tmp_path / "source" / "lists" / "train.csv", "a")
    classes = layouts.write_text(tmp_path / "classes.txt", "a")
    digests = [digest_of(tmp_path / "source", "kinetics", classes)]
    for changed in (table, classes):
        os.utime(changed, ns=(0, 0))
        digests.append(digest_of(tmp_path / "source", "kinetics", classes))
    assert len(set(digests)) == 3
