"""The accuracy table of a finished run."""

from dance_core.__main__ import main
from dance_core.tables import write_json

SCORES = {"top1": 0.9375, "top1_interval": [0.854, 0.98], "mean_class_accuracy": 0.9375, "n": 48}


def test_the_table_has_a_line_per_method_and_split(tmp_path, capsys):
    write_json(tmp_path / "seed0" / "metrics.json", {"accuracy": {"dance": {"test": SCORES}}})
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").touch()
    assert main(["status", str(tmp_path)]) == 0
    header, line, report = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["seed", "method", "split", "clips"]
    assert line.split() == ["0", "dance", "test", "48", "93.8", "85.4", "to", "98.0", "93.8"]
    assert report == f"Report: {tmp_path / 'report' / 'index.html'}"


def test_unknown_numbers_are_dashes(tmp_path, capsys):
    unknown = {"top1": None, "top1_interval": None, "mean_class_accuracy": None, "n": 0}
    write_json(tmp_path / "seed0" / "metrics.json", {"accuracy": {"dance": {"test": unknown}}})
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").touch()
    main(["status", str(tmp_path)])
    assert capsys.readouterr().out.splitlines()[1].split() == ["0", "dance", "test", "0", "–", "–", "to", "–", "–"]


def test_a_run_without_metrics_is_said_plainly(tmp_path, capsys):
    assert main(["status", str(tmp_path)]) == 1
    assert "no metrics found; run 'snakemake --cores all' first" in capsys.readouterr().err
