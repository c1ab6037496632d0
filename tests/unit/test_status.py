"""The tables of a finished workflow."""

import pytest

from dance_core.__main__ import main
from dance_core.status import accuracy_table
from dance_core.tables import write_json


def over(mean, sd=None, n_seeds=1):
    return {"mean": mean, "sd": sd, "n_seeds": n_seeds}


SCORES = {
    "top1": over(0.9375, 0.0125, 3),
    "top1_interval": [over(0.854), over(0.98)],
    "mean_class_accuracy": over(0.925),
    "n": over(48.0),
}
UNKNOWN = {"top1": None, "top1_interval": None, "mean_class_accuracy": None, "n": over(0.0)}
ROWS = [
    {"method": "motion", "split": "test", "level": 5, "nec": 5.0, "top1": 0.9},
    {"method": "motion", "split": "test", "level": 10, "nec": 7.25, "top1": 0.91},
    {"method": "motion", "split": "test", "level": None, "nec": 6.0, "top1": 0.5},
    {"method": "motion", "split": "train", "level": 5, "nec": 5.0, "top1": 1.0},
    {"method": "random concepts", "split": "test", "level": 5, "nec": 5.0, "top1": 0.8},
]


@pytest.fixture
def results(tmp_path):
    def write(scores):
        record = {"metrics": {"accuracy": {"dance": {"test": scores}}}, "ablations": ROWS}
        write_json(tmp_path / "comparison.json", {"honest": record})
        (tmp_path / "report").mkdir()
        (tmp_path / "report" / "index.html").touch()
        return tmp_path

    return write


def test_the_tables_have_a_line_per_method(results, capsys):
    folder = results(SCORES)
    assert main(["status", str(folder)]) == 0
    header, line, _, levels, motion, random, _, report = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["protocol", "method", "split", "clips"]
    assert line.split() == ["honest", "dance", "test", "48", "93.8", "1.2", "85.4", "to", "98.0", "92.5"]
    assert levels.split() == ["protocol", "test", "top-1", "at", "NEC", "5", "NEC", "10"]
    assert motion.split() == ["honest", "motion", "90.0", "91.0", "(7.2)"]
    assert random.split() == ["honest", "random", "concepts", "80.0", "–"]
    assert report == f"Report: {folder / 'report' / 'index.html'}"


def test_unknown_numbers_are_dashes(results, capsys):
    main(["status", str(results(UNKNOWN))])
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == ["honest", "dance", "test", "0", "–", "–", "–", "–"]


def test_a_split_of_one_group_has_a_dash_for_its_interval(results, capsys):
    main(["status", str(results({**SCORES, "top1_interval": None}))])
    line = capsys.readouterr().out.splitlines()[1]
    assert line.split() == ["honest", "dance", "test", "48", "93.8", "1.2", "–", "92.5"]


def test_a_workflow_that_did_not_run_is_said_plainly(tmp_path, capsys):
    assert main(["status", str(tmp_path)]) == 1
    assert "no comparison found; run 'snakemake --cores all' first" in capsys.readouterr().err


def test_only_splits_that_judge_are_listed_and_equal_seeds_are_said_to_be(tmp_path):
    equal = {**SCORES, "top1": over(0.9375, 1e-16, 3)}
    accuracy = {"dance": {"train": SCORES, "val": SCORES, "test": equal}}
    write_json(tmp_path / "comparison.json", {"honest": {"metrics": {"accuracy": accuracy}, "ablations": ROWS}})
    lines = accuracy_table(tmp_path).splitlines()[1:]
    assert [line.split()[2:6] for line in lines] == [["test", "48", "93.8", "same"]]
