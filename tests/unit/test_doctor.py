"""The doctor says what can run here and what to do for what cannot."""

import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from dance_core.__main__ import main
from dance_core.doctor import NEEDS, describe_machine, findings, import_fault, installed_version, render
from dance_core.networks.encoder_registry import encoder_registry
from tests.unit.networks.real_weights import WEIGHTS as REAL_WEIGHTS
from tests.unit.networks.real_weights import needs


def everything(package):
    return "1.0"


def nothing(package):
    return None


def verdicts(weights, installed, fault=nothing):
    return {(finding.kind, finding.name): finding for finding in findings(weights, installed, fault)}


def test_nothing_installed_nothing_usable_but_files(tmp_path):
    found = verdicts(tmp_path, nothing)
    assert not found[("pose estimator", "blazepose")].usable
    assert not found[("dual encoder", "conse")].usable
    assert found[("pose estimator", "file")].usable


@needs("blazepose")
def test_weights_are_needed_as_well_as_packages(tmp_path):
    def blazepose():
        return verdicts(tmp_path, everything)[("pose estimator", "blazepose")]

    assert blazepose().advice == "snakemake --cores 1 weights/blazepose"
    shutil.copytree(REAL_WEIGHTS / "blazepose", tmp_path / "blazepose")
    assert blazepose().usable
    # Snakemake would take the folder for finished.
    (tmp_path / "blazepose" / "pose_detection.tflite").write_bytes(b"cut")
    assert blazepose().advice == f"delete {tmp_path / 'blazepose'} and run snakemake --cores 1 weights/blazepose"
    assert not blazepose().usable


def test_advice_stands_beside_what_cannot_run_and_is_for_just_what_is_absent(tmp_path):
    def conse(installed):
        lines = render(findings(tmp_path, installed, nothing)).splitlines()
        return next(line for line in lines if line.startswith("no   dual encoder    conse"))

    fetch = "snakemake --cores 1 weights/efficientnet_lite0 weights/imagenet_names weights/minilm"
    assert conse(everything).endswith(f"→ {fetch}")
    assert conse(nothing).endswith(f"→ pip install torch transformers efficientnet-lite-pytorch, then {fetch}")


def test_a_package_that_is_there_but_broken_is_no_package(tmp_path, monkeypatch):
    def broken(name):
        raise OSError("libcudart.so.12: no such file\nmore")

    monkeypatch.setattr("dance_core.doctor.import_module", broken)
    import_fault.cache_clear()
    try:
        found = verdicts(tmp_path, everything, import_fault)
        assert describe_machine().endswith(", torch cannot be imported")
    finally:
        import_fault.cache_clear()
    assert not found[("backbone", "vjepa2")].usable
    assert found[("backbone", "vjepa2")].advice == ", then ".join(
        f"{name} cannot be imported (OSError: libcudart.so.12: no such file); install it again"
        for name in ("torch", "transformers")
    )
    assert found[("backbone", "file")].usable


def test_every_package_that_is_needed_and_installed_here_can_be_imported():
    packages = {package for need in NEEDS for package in need.packages if installed_version(package)}
    assert {"torch", "ai-edge-litert", "efficientnet-lite-pytorch"} <= packages
    assert [import_fault(package) for package in sorted(packages)] == [None] * len(packages)


def test_the_package_for_a_gpu_stands_for_the_other(monkeypatch):
    def version(name):
        if name != "onnxruntime-gpu":
            raise PackageNotFoundError
        return "1.31.1"

    monkeypatch.setattr("dance_core.doctor.version", version)
    assert installed_version("onnxruntime") == "1.31.1"
    assert installed_version("torch") is None


def test_a_browser_without_its_driver_does_not_do(tmp_path, monkeypatch):
    for present, usable in (
        (("chromium", "chromedriver"), True),
        (("google-chrome",), False),
        (("chromedriver",), False),
    ):
        monkeypatch.setattr("dance_core.doctor.which", lambda name, present=present: name if name in present else None)
        assert verdicts(tmp_path, everything)[("program", "chromium with chromedriver")].usable == usable


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
    lines = render(findings(tmp_path, everything, nothing)).splitlines()
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
    found = verdicts(tmp_path, everything)
    assert found[("encoder", "videomae-base-authors")].usable
    absent = found[("encoder", "clip-vit-base-patch16")]
    assert not absent.usable
    assert absent.advice == "snakemake --cores 1 weights/clip-vit-base-patch16 (599 MB, MIT)"
    assert len([name for kind, name in found if kind == "encoder"]) == len(encoder_registry())


def test_an_encoder_with_other_files_than_the_pinned_ones_is_not_here(tmp_path):
    folder = tmp_path / "clip-vit-large-patch14"
    folder.mkdir()
    for names in encoder_registry()[folder.name].files:
        (folder / next(iter(names))).write_bytes(b"other")
    found = verdicts(tmp_path, everything)[("encoder", folder.name)]
    assert not found.usable
    # Snakemake would take the folder for finished.
    assert found.advice == f"delete {folder} and run snakemake --cores 1 weights/{folder.name} (1711 MB, MIT)"


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
    without_lap = findings(tmp_path, lambda package: None if package == "lap" else "1.0", nothing)
    assert (
        "no   pose estimator  ultralytics  → pip install ultralytics==8.4.190 lap (AGPL-3.0)"
        "  (set poses.model to a YOLO pose weights file, or poses.download: true)"
    ) in render(without_lap).splitlines()


def test_the_command_prints_the_machine_and_every_part(tmp_path, capsys):
    assert main(["doctor", "--weights", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Python 3.")
    assert "conse" in printed
