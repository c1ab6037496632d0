"""The doctor says what can run here and what to do for what cannot."""

from dance_core.__main__ import main
from dance_core.doctor import findings, render
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


def test_the_command_prints_the_machine_and_every_part(tmp_path, capsys):
    assert main(["doctor", "--weights", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Python 3.")
    assert "conse" in printed
