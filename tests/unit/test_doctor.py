"""The doctor says what can run here and what to do for what cannot."""

from pathlib import Path

import pytest
import yaml

from dance_core.__main__ import main
from dance_core.doctor import NEEDS, findings, render
from dance_core.weights import WEIGHTS


def verdicts(weights, installed):
    return {(finding.kind, finding.name): finding for finding in findings(weights, installed)}


def test_nothing_installed_nothing_usable_but_files(tmp_path):
    found = verdicts(tmp_path, lambda package: None)
    assert not found[("pose estimator", "blazepose")].usable
    assert not found[("dual encoder", "conse")].usable
    assert found[("pose estimator", "file")].usable


def test_weights_are_needed_as_well_as_packages(tmp_path):
    everything = lambda package: "1.0"  # noqa: E731
    assert not verdicts(tmp_path, everything)[("pose estimator", "blazepose")].usable
    for file in WEIGHTS["blazepose"]:
        (tmp_path / "blazepose").mkdir(exist_ok=True)
        (tmp_path / "blazepose" / file).touch()
    assert verdicts(tmp_path, everything)[("pose estimator", "blazepose")].usable


def test_advice_stands_beside_what_cannot_run(tmp_path):
    lines = render(findings(tmp_path, lambda package: None)).splitlines()
    line = next(line for line in lines if "blazepose" in line)
    assert line.startswith("no ")
    assert line.endswith("→ snakemake --cores 1 weights/blazepose")


@pytest.mark.parametrize(
    ("kind", "section", "key"),
    [
        ("decoder", "data", "decoder"),
        ("pose estimator", "poses", "estimator"),
        ("backbone", "backbone", "name"),
        ("dual encoder", "dual_encoder", "name"),
    ],
)
def test_the_parts_are_those_that_can_be_set(kind, section, key):
    schema = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"
    properties = yaml.safe_load(schema.read_text("utf-8"))["properties"]
    named = [need.name for need in NEEDS if need.kind == kind]
    assert sorted(named) == sorted(properties[section]["properties"][key]["enum"])


def test_what_has_to_be_set_stands_beside_what_can_run(tmp_path):
    lines = render(findings(tmp_path, lambda package: "1.0")).splitlines()
    assert "yes  pose estimator  movenet  (set poses.model to a MoveNet tflite file)" in lines
    assert "yes  backbone        transformers_video  (set backbone.model to a local folder or a hub id)" in lines
    assert (
        "yes  dual encoder    file  (set dual_encoder.model to a folder of clip_features and concept_features)" in lines
    )
    assert "yes  decoder         pyav" in lines


def test_ultralytics_needs_lap_as_well(tmp_path):
    without_lap = findings(tmp_path, lambda package: None if package == "lap" else "1.0")
    assert (
        "no   pose estimator  ultralytics  → pip install ultralytics==8.4.190 lap (AGPL-3.0)"
        "  (set poses.model to a YOLO pose weights file)"
    ) in render(without_lap).splitlines()


def test_the_command_prints_the_machine_and_every_part(tmp_path, capsys):
    assert main(["doctor", "--weights", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Python 3.")
    assert "conse" in printed
