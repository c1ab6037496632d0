"""How a model uses its concepts: rows of the tables, from metrics over seeds."""

import pytest

from dance_core.report.concept_use import faithfulness_rows, keeping_rows, leakage_rows, shapley_rows
from dance_core.seed_summary import over_seeds
from tests.unit.report.evidence_fixture import evidence_metrics

SPLITS = ["train", "val", "test", "shift_test"]


def measured(**changes: object) -> dict:
    return over_seeds([{**evidence_metrics(), **changes}])


def test_curves_say_whether_they_beat_the_random_orders() -> None:
    test, shift = faithfulness_rows(measured(), SPLITS)
    assert (test["split"], shift["split"]) == ("test", "shift_test")
    assert (test["n_concepts"], test["draws"]) == (10, 10)
    deletion, insertion = test["curves"]
    # gains of 0.275 and 0.03 against twice an sd of 0.02
    assert (deletion["gain"], deletion["beats"]) == (pytest.approx(0.275), True)
    assert (insertion["gain"], insertion["beats"]) == (pytest.approx(0.03), False)
    assert 'id="deletion-0-title"' in deletion["drawing"]
    assert 'id="deletion-1-title"' in shift["curves"][0]["drawing"]


def test_a_model_without_weights_has_no_curves() -> None:
    empty = {"n": 4, "n_concepts": 0, "draws": 10, "fractions": [0, 1], "deletion": None, "insertion": None}
    assert faithfulness_rows(measured(faithfulness={"test": empty}), SPLITS) == []
    assert faithfulness_rows({}, SPLITS) == []


def test_shapley_steps_lead_from_the_bias_to_the_whole() -> None:
    (row, _) = shapley_rows(measured(), SPLITS)
    assert (row["none"], row["all"], row["none_nats"], row["all_nats"]) == (0.25, 0.85, -1.5, -0.25)
    steps = [(entry["family"], entry["start"], entry["end"]) for entry in row["families"]]
    # 0.25 + 0.5 + 0.2 - 0.1 = 0.85
    expected = [("motion", 0.25, 0.75), ("object", 0.75, 0.95), ("scene", 0.95, 0.85)]
    assert [step[0] for step in steps] == [step[0] for step in expected]
    for found, wanted in zip(steps, expected, strict=True):
        assert found[1:] == pytest.approx(wanted[1:])
    assert row["families"][0]["nats"]["mean"] == 1.0


def test_a_family_that_was_not_chosen_has_no_step() -> None:
    values = {"motion": 0.5, "object": None, "scene": None}
    part = {"values": values, "coalitions": {"none": 0.25, "motion": 0.75}}
    (row,) = shapley_rows(measured(shapley={"test": {"top1": part, "log_likelihood": part}}), SPLITS)
    assert [entry["family"] for entry in row["families"]] == ["motion"]
    assert row["all"] == 0.75
    nothing = {"values": dict.fromkeys(values), "coalitions": {}}
    assert shapley_rows(measured(shapley={"test": {"top1": nothing, "log_likelihood": nothing}}), SPLITS) == []


def test_completeness_and_hard_concepts_stand_side_by_side() -> None:
    rows = keeping_rows(measured(completeness={"test": 0.95, "shift_test": None}), SPLITS)
    assert [row["split"] for row in rows] == ["test", "shift_test"]
    assert rows[0]["completeness"]["mean"] == 0.95
    assert rows[1]["completeness"] is None
    assert rows[1]["difference"]["mean"] == 0.25
    assert keeping_rows({}, SPLITS) == []


def test_leakage_lists_chosen_families_and_all() -> None:
    leak = {"ctl": 0.5, "icl": None, "bins": 4, "n_concepts": 3, "n": 40}
    record = {"motion": leak, "object": None, "scene": None, "all": leak}
    (row,) = leakage_rows(measured(leakage={"test": record}), SPLITS)
    assert [entry["family"] for entry in row["families"]] == ["motion", "all"]
    assert (row["families"][0]["ctl"]["mean"], row["families"][0]["icl"]) == (0.5, None)
    assert (row["families"][0]["n"], row["families"][0]["n_concepts"]) == (40, 3)
