"""All runs side by side: what is averaged, what is compared, and what may be said."""

from dataclasses import replace

import pytest

from dance_core.report import ReportInputs
from dance_core.report.runs import (
    ablation_table,
    against_random,
    compared,
    is_below,
    judged_splits,
    method_families,
    method_kind,
    run_rows,
    spread,
    verdict,
)
from dance_core.seed_summary import over_seeds

SPLITS = ["train", "val", "test", "shift"]


def accuracy(top1: float, low: float = 0.5, high: float = 1.0) -> dict:
    return {"top1": top1, "top1_interval": [low, high], "mean_class_accuracy": top1, "n": 20}


def protocol(seeds: list[tuple[float, float]], tests: dict | None = None) -> dict:
    """A protocol whose seeds have an accuracy on test and on train."""
    documents = [
        {"nec": 4.0 + k, "accuracy": {"dance": {"test": accuracy(test), "train": accuracy(train)}, "linear_probe": {}}}
        for k, (test, train) in enumerate(seeds)
    ]
    return {"seeds": [0, 1], "metrics": over_seeds(documents), "ablations": [], "tests": tests or {}}


def row(method: str, level: int | None, top1: float, **more: object) -> dict:
    about = {"method": method, "split": "test", "level": level, "n_concepts": 8.0, "n": 50.0, "nec": float(level or 9)}
    ends = {"difference": 0.0, "difference_low": 0.0, "difference_high": 0.0, "top1_low": top1, "top1_high": top1}
    return {**about, "top1": top1, **ends, **more}


def random_table(difference: float, low: float | None, high: float | None) -> dict:
    """A table whose random concepts differ from all three by so much."""
    ends = {"difference": difference, "difference_low": low, "difference_high": high}
    return ablation_table([row("all three", 5, 0.9), row("random concepts", 5, 0.9 + difference, **ends)], "test")


def test_runs_have_mean_and_spread_over_seeds_and_only_judged_splits() -> None:
    comparison = {"honest": protocol([(0.75, 1.0), (0.85, 1.0)]), "authors": protocol([(0.9, 1.0), (0.9, 1.0)])}
    honest, authors = run_rows(comparison, SPLITS, 768)
    assert [(entry["protocol"], entry["split"]) for entry in (honest, authors)] == [
        ("honest", "test"),
        ("authors", "test"),
    ]
    (dance,) = honest["methods"]
    assert dance["top1"] == pytest.approx(0.8)
    # sd = sqrt((0.05² + 0.05²) / 1) = 0.0707, in points 7.07
    assert (dance["name"], dance["spread"], dance["nec"], dance["n"]) == ("DANCE", "± 7.07", 4.5, 20)
    assert (dance["low"], dance["high"]) == (0.5, 1.0)
    assert authors["methods"][0]["spread"] == "same for 2 seeds"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        ({"mean": 0.5, "sd": None, "n_seeds": 1}, "one seed"),
        ({"mean": 0.5, "sd": 1.4e-16, "n_seeds": 3}, "same for 3 seeds"),
        ({"mean": 0.5, "sd": 0.0123, "n_seeds": 3}, "± 1.23"),
    ],
)
def test_the_spread_is_said_plainly(value: dict | None, words: str) -> None:
    assert spread(value) == words


@pytest.mark.parametrize(
    ("only_a", "only_b", "p", "words"),
    [
        (3, 1, 0.6, "no difference can be shown"),
        (20, 1, 0.01, "DANCE is better"),
        (1, 20, 0.01, "the linear probe is better"),
        (0, 0, 1.0, "both are right on the same clips"),
        (1, 20, 0.05, "no difference can be shown"),
    ],
)
def test_the_test_is_put_into_words_by_its_corrected_p(only_a: int, only_b: int, p: float, words: str) -> None:
    assert verdict({"only_a": only_a, "only_b": only_b, "p_exact": 0.001, "p_holm": p})["words"] == words


def test_no_clips_no_verdict() -> None:
    assert verdict(None) is None
    assert verdict({"only_a": 0, "only_b": 0, "p_exact": None, "p_holm": None}) is None


def test_ablations_are_laid_out_by_method_and_level() -> None:
    rows = [
        row("motion", None, 0.5),
        row("motion", 5, 0.6, nec=5.0, difference=-0.2, difference_low=-0.3, difference_high=-0.1),
        row("motion", 10, 0.7, nec=6.1),
        row("all three", 5, 0.8),
        row("all three", 10, 0.9, nec=9.96),
        row("sparse linear probe", 5, 0.85, difference=0.05, difference_low=0.0, difference_high=0.1),
        {**row("motion", 5, 0.1), "split": "shift"},
    ]
    table = ablation_table(rows, "test")
    assert (table["levels"], table["base"], table["n"]) == ([5, 10], 5, 50.0)
    motion, everything, probe = table["rows"]
    assert [(cell["top1"], cell["below"]) for cell in motion["cells"]] == [(0.6, False), (0.7, True)]
    assert motion["average"] == pytest.approx(0.65)
    assert (motion["full"]["top1"], motion["base"]["level"]) == (0.5, 5)
    assert [entry["reference"] for entry in table["rows"]] == [False, True, False]
    assert [entry["kind"] for entry in table["rows"]] == ["motion", "all", "probe"]
    assert (everything["full"], probe["families"]) == (None, [])
    # 0.4 wide from -0.3 to 0.1, and a twentieth of room at each end
    assert table["scale"] == pytest.approx((-0.32, 0.12))
    assert ablation_table(rows, "val") is None


def test_the_only_family_is_what_others_are_compared_with() -> None:
    table = ablation_table([row("object", 5, 0.6), row("random concepts", 5, 0.5)], "test")
    assert [(entry["reference"], entry["kind"]) for entry in table["rows"]] == [(True, "all"), (False, "random")]


@pytest.mark.parametrize(("nec", "below"), [(10.0, False), (9.96, False), (9.94, True), (12.0, False)])
def test_a_level_is_missed_where_the_number_written_is_below_it(nec: float, below: bool) -> None:
    assert is_below({"nec": nec, "level": 10}) == below


def test_methods_know_their_families_and_how_they_are_drawn() -> None:
    assert method_families("all three") == ["motion", "object", "scene"]
    assert method_families("motion+scene") == ["motion", "scene"]
    assert method_families("random concepts") == []
    assert [method_kind(name) for name in ("scene", "motion+scene", "random concepts")] == ["scene", "mixed", "random"]


@pytest.mark.parametrize(
    ("difference", "low", "high", "tells", "reason"),
    [
        (-0.2, -0.3, -0.1, True, ""),
        (-0.2, -0.5, 0.1, False, "the interval contains 0"),
        (-0.02, -0.03, -0.01, False, "the difference is below 3 points"),
        (-0.02, -0.05, 0.01, False, "the interval contains 0 and the difference is below 3 points"),
        (0.01, -0.01, 0.03, False, "the interval contains 0"),
        (0.1, 0.05, 0.2, False, "random ones do better"),
    ],
)
def test_concepts_are_told_from_random_ones_only_beyond_doubt_and_three_points(
    difference: float, low: float, high: float, tells: bool, reason: str
) -> None:
    found = against_random(random_table(difference, low, high))
    assert (found["tells"], found["reason"]) == (tells, reason)
    assert (found["difference"], found["low"], found["high"]) == (-difference, -high, -low)
    assert (found["level"], found["top1"], found["random"]) == (5, 0.9, 0.9 + difference)


def test_one_group_tells_no_concepts_from_random_ones() -> None:
    table = random_table(-0.2, None, None)
    assert table["scale"] == pytest.approx((-0.21, 0.01))
    found = against_random(table)
    assert (found["tells"], found["reason"]) == (False, "one group of clips gives no interval")
    assert (found["difference"], found["low"], found["high"]) == (0.2, None, None)


def test_a_run_on_one_group_has_no_interval() -> None:
    documents = [{"nec": 4.0, "accuracy": {"dance": {"test": {**accuracy(0.75), "top1_interval": None}}}}]
    record = {"seeds": [0], "metrics": over_seeds(documents), "ablations": [], "tests": {}}
    (dance,) = run_rows({"honest": record}, SPLITS, 768)[0]["methods"]
    assert (dance["top1"], dance["low"], dance["high"]) == (0.75, None, None)


def test_nothing_is_said_of_random_concepts_that_were_not_fitted() -> None:
    assert against_random(None) is None
    assert against_random(ablation_table([row("all three", 5, 0.9)], "test")) is None


def test_a_run_that_nothing_compares_stands_alone(inputs: ReportInputs) -> None:
    assert compared(inputs) == inputs.comparison
    alone = compared(replace(inputs, comparison={}))
    assert list(alone) == ["honest"]
    assert alone["honest"]["seeds"] == [0]
    assert alone["honest"]["metrics"]["nec"] == {"mean": 8.3, "sd": None, "n_seeds": 1}


def test_fitted_splits_do_not_judge() -> None:
    assert judged_splits(SPLITS, {"train": 1, "val": 1, "test": 1}) == ["test"]
