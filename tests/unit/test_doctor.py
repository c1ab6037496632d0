"""The doctor says what can run here and what to do for what cannot."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from dance_core.__main__ import main
from dance_core.doctor import NEEDS, describe_machine, findings, render
from dance_core.networks.encoder_registry import encoder_registry
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
    assert (
        "yes  backbone        vjepa2  (set backbone.model to a registry encoder below, a local folder or a hub id)"
        in lines
    )
    assert (
        "yes  dual encoder    file  (set dual_encoder.model to a folder of clip_features and concept_features)" in lines
    )
    assert "yes  decoder         pyav" in lines


def test_encoders_of_the_registry_are_here_or_the_command_that_brings_them(tmp_path):
    (tmp_path / "videomae-base-authors").mkdir()
    (tmp_path / "videomae-base-authors" / "checkpoint.pth").touch()
    found = verdicts(tmp_path, lambda package: "1.0")
    assert found[("encoder", "videomae-base-authors")].usable
    absent = found[("encoder", "clip-vit-base-patch16")]
    assert not absent.usable
    assert absent.advice == "snakemake --cores 1 weights/clip-vit-base-patch16 (599 MB, MIT)"
    assert len([name for kind, name in found if kind == "encoder"]) == len(encoder_registry())


def test_the_gpu_is_told_with_its_memory_and_precisions(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda: "Card")
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda index: SimpleNamespace(total_memory=24 * 2**30))
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: False)
    assert describe_machine().endswith(", Card with 24 GiB, precision float32, float16")
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: True)
    assert describe_machine().endswith(", Card with 24 GiB, precision float32, float16 and bfloat16")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert describe_machine().endswith(", Apple GPU, precision float32 and float16")
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert describe_machine().endswith(", no GPU, precision float32")


def test_ultralytics_needs_lap_as_well(tmp_path):
    without_lap = findings(tmp_path, lambda package: None if package == "lap" else "1.0")
    assert (
        "no   pose estimator  ultralytics  → pip install ultralytics==8.4.190 lap (AGPL-3.0)"
        "  (set poses.model to a YOLO pose weights file, or poses.download: true)"
    ) in render(without_lap).splitlines()


def test_the_command_prints_the_machine_and_every_part(tmp_path, capsys):
    assert main(["doctor", "--weights", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Python 3.")
    assert "conse" in printed
