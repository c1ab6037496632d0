"""The table of all concepts."""

from dataclasses import replace

import pandas as pd

from dance_core.report import ReportInputs
from dance_core.report.concept_table import concept_rows, concepts_page, funnel
from dance_core.report.site import Site
from tests.unit.report.fixture import CLASSES, OBJECTS


def test_every_concept_has_a_row_with_its_state_and_reason(inputs: ReportInputs) -> None:
    rows = concept_rows(Site(inputs, {}))
    assert len(rows) == len(inputs.concepts) == 12
    assert [row["family"] for row in rows] == ["motion"] * 4 + ["object"] * 5 + ["scene"] * 3
    # No class of the fixture uses motion 3.
    unused = [row["name"] for row in rows if row["state"] == "unused"]
    assert unused == ["motion 3"]
    (dropped,) = [row for row in rows if row["state"] == "dropped"]
    assert (dropped["name"], dropped["stage"], dropped["reason"]) == (
        *("person boxing", "text", "names the class 'boxing'"),
    )
    assert dropped["named_by"] == [CLASSES[0]]
    assert (dropped["users"], dropped["auroc"]) == ([], None)
    assert dropped["href"] == f"language.html#object-{len(OBJECTS)}"


def test_used_concepts_come_first_by_their_strongest_weight(inputs: ReportInputs) -> None:
    rows = [row for row in concept_rows(Site(inputs, {})) if row["family"] == "object"]
    strengths = [abs(row["strength"]) for row in rows if row["state"] == "used"]
    assert strengths == sorted(strengths, reverse=True)
    assert rows[-1]["state"] == "dropped"
    for row in rows[:-1]:
        weights = inputs.model.weight[:, 4 + row["concept"]]
        assert row["strength"] == weights[abs(weights).argmax()]


def test_the_funnel_counts_what_each_stage_leaves() -> None:
    states = [("used", ""), ("used", ""), ("unused", ""), ("dropped", "text"), ("dropped", "concept_layer")]
    rows = [{"family": "scene", "state": state, "stage": stage} for state, stage in states]
    (row,) = funnel(rows)
    assert row["dropped"] == {"text": 1, "pseudo_labels": 0, "concept_layer": 1}
    assert (row["family"], row["proposed"], row["kept"], row["used"]) == ("scene", 5, 3, 2)


def test_only_stages_states_and_measures_that_occur_are_offered(inputs: ReportInputs) -> None:
    page = concepts_page(Site(inputs, {}))
    assert page["stages"] == {"text": "text"}
    assert page["states"] == ["used", "unused", "dropped"]
    assert page["measured"] == ["auroc", "similarity"]
    nothing = concepts_page(Site(replace(inputs, concepts=pd.DataFrame(columns=inputs.concepts.columns)), {}))
    assert (nothing["rows"], nothing["funnel"], nothing["states"]) == ([], [], [])
