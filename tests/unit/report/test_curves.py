"""Line charts: places, ticks, labels that do not overlap, and what is left out."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from dance_core.report.accuracy_curves import (
    accuracy_chart,
    accuracy_ends,
    accuracy_series,
    cut_words,
    level_marks,
    path_rows,
)
from dance_core.report.curves import Axes, Frame, Mark, Series, key_svg, line_chart, nice_step, nice_ticks, spread_out
from dance_core.report.runs import ablation_table
from tests.unit.report.evidence_fixture import ablation_rows, make_path

AXES = Axes("a <title>", "some words", "across", "up", (0.0, 10.0), (0.5, 1.0))


def drawing(*series: Series, labelled: bool = True) -> ElementTree.Element:
    return ElementTree.fromstring(line_chart(series, AXES, "x", (600, 300), labelled))


def cell(level: int, nec: float, top1: float) -> dict:
    return {"level": level, "nec": nec, "top1": top1, "top1_low": top1 - 0.1, "top1_high": top1 + 0.1}


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.85, 1, [0.85, 0.9, 0.95, 1]), (0, 8.67, [0, 2, 4, 6, 8]), (3, 3.4, None)],
)
def test_ticks_are_round_and_inside(low: float, high: float, ticks: list[float] | None) -> None:
    found = nice_ticks(low, high, 5)
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
    if ticks is not None:
        np.testing.assert_allclose(found, ticks, atol=1e-12)


@pytest.mark.parametrize(("least", "step"), [(0.03, 0.05), (1.0, 1.0), (1.01, 2.0), (3.0, 5.0), (7, 10.0)])
def test_steps_are_one_two_or_five(least: float, step: float) -> None:
    assert nice_step(least) == pytest.approx(step)


def test_labels_keep_their_gap_their_order_and_their_room() -> None:
    assert spread_out([50, 10], 15, 0, 100) == [50, 10]
    assert spread_out([20, 20], 10, 0, 100) == [15, 25]
    assert spread_out([98, 99, 97], 10, 0, 100) == [90, 100, 80]
    assert spread_out([0, 1], 10, 0, 100) == [0, 10]
    draws = np.random.default_rng(0)
    for _ in range(50):
        places = draws.uniform(0, 100, size=6).tolist()
        moved = spread_out(places, 15, 0, 100)
        assert min(b - a for a, b in pairwise(sorted(moved))) >= 15 - 1e-9
        assert min(moved) >= 0 and max(moved) <= 100
        assert np.array_equal(np.argsort(places), np.argsort(moved))


def test_values_are_placed_between_the_ends_of_the_axes() -> None:
    frame = Frame(40, 10, 440, 210, AXES)
    assert frame.place(0, 0.5) == (40, 210)
    assert frame.place(10, 1.0) == (440, 10)
    assert frame.place(2.5, 0.75) == (140, 110)


def test_a_chart_has_title_words_lines_marks_and_names() -> None:
    own = Series("own", "all", ((0.0, 0.6), (10.0, 0.9)), (Mark(5.0, 0.75, 0.7, 0.8, "five"),), "whiskers")
    other = Series("other", "random", ((2.0, 0.6), (4.0, 0.7)), (Mark(2.0, 0.6, 0.55, 0.65),), "band")
    root = drawing(other, own)
    assert root.attrib["aria-labelledby"] == "x-title x-words"
    assert root.find("title").text == "a <title>" and root.find("desc").text == "some words"
    assert [text.text for text in root.iter("text") if "label" in text.attrib["class"]] == ["own", "other"]
    kinds = [path.attrib["class"] for path in root.iter("path")]
    assert kinds.count("line all") == kinds.count("line random") == kinds.count("band random") == 1
    assert kinds.count("whisker") == 1
    assert [title.text for title in root.iter("title")] == ["a <title>", "five"]
    # 0 and 10 lie at the ends of the frame, 38 to 600 - 134
    line = next(path.attrib["d"] for path in root.iter("path") if path.attrib["class"] == "line all")
    assert re.findall(r"[\d.]+ ", line) == ["38.0 ", "466.0 "]


def test_a_chart_without_labels_leaves_them_to_the_legend() -> None:
    root = drawing(Series("own", "all", ((0.0, 0.6), (10.0, 0.9))), labelled=False)
    assert not [text for text in root.iter("text") if "label" in text.attrib["class"]]
    assert 'class="line probe"' in key_svg("probe")
    assert 'd=""' in key_svg("probe", marked=False)


def test_marks_stand_at_the_effective_concepts_that_were_reached() -> None:
    marks = level_marks("motion", [cell(5, 5.0, 0.8), cell(10, 6.1, 0.85), cell(15, 6.1, 0.85), cell(20, 6.1, 0.85)])
    assert [(mark.x, mark.y) for mark in marks] == [(5.0, 0.8), (6.1, 0.85)]
    assert marks[0].words == "motion: 80.0\u202f% at NEC 5.0, 95 % interval 70.0\u202f% to 90.0\u202f%"


def test_marks_of_one_group_have_no_interval() -> None:
    (mark,) = level_marks("motion", [{**cell(5, 5.0, 0.8), "top1_low": None, "top1_high": None}])
    assert mark[:4] == (5.0, 0.8, None, None)
    assert mark.words == "motion: 80.0\u202f% at NEC 5.0, one group: no interval"
    random, own = (
        Series(kind, kind, ((0.0, 0.6),), (mark,), how) for kind, how in (("random", "band"), ("all", "whiskers"))
    )
    kinds = [path.attrib["class"] for path in drawing(random, own).iter("path")]
    assert "point all" in kinds and not {"whisker", "band random"} & set(kinds)


def test_the_axis_of_the_accuracy_leaves_room_for_every_interval() -> None:
    high = Series("a", "all", ((0.0, 0.1), (5.0, 0.97)), (Mark(5, 0.97, 0.96, 0.98),))
    assert accuracy_ends([high]) == (pytest.approx(0.9), 1.0)
    low = Series("b", "scene", (), (Mark(5, 0.5, 0.42, 0.58),))
    assert accuracy_ends([low]) == (pytest.approx(0.4), pytest.approx(0.6))
    assert accuracy_ends([Series("c", "all", ((0.0, 0.1), (1.0, 0.3), (2.0, 0.42), (3.0, 0.44)))]) == (
        pytest.approx(0.35),
        pytest.approx(0.45),
    )
    assert accuracy_ends([Series("d", "all", ((0.0, 0.01), (1.0, 0.02)))])[0] == 0.0


def test_what_the_axis_leaves_out_is_said() -> None:
    own = Series("a", "all", ((0.0, 0.08), (5.0, 0.97)))
    assert cut_words([own], 0.85) == (
        "The vertical axis begins at 85\u202f%; the line comes up to it from 8.0\u202f% at NEC 0.0."
    )
    assert cut_words([own], 0.05) == "The vertical axis begins at 5\u202f%."
    assert cut_words([own], 0.0) == ""


def test_the_model_has_its_path_and_lies_on_top() -> None:
    table = ablation_table(ablation_rows(), "test")
    series = accuracy_series(make_path(), table, "test")
    assert [entry.kind for entry in series] == ["scene", "object", "motion", "probe", "random", "all"]
    assert [entry.name for entry in series][-2:] == ["random", "DANCE, all three"]
    assert len(series[-1].line) == 6 and len(series[-1].marks) == 3
    assert [entry.interval for entry in series] == ["", "", "", "", "band", "whiskers"]


def test_a_chart_is_drawn_of_what_is_known() -> None:
    table = ablation_table(ablation_rows(), "test")
    assert accuracy_chart(pd.DataFrame(), None, "test", "x") is None
    assert accuracy_chart(make_path(), None, "nowhere", "x") is None
    (own,) = accuracy_series(make_path(), None, "test")
    assert (own.name, own.marks) == ("DANCE", ())
    for path, known in ((make_path(), None), (pd.DataFrame(), table), (make_path(), table)):
        chart = accuracy_chart(path, known, "test", "x")
        for part in chart["drawings"]:
            ElementTree.fromstring(part)
    assert [name for _, name in chart["legend"]][:2] == ["DANCE, all three", "random"]


def test_a_path_without_any_weight_is_drawn() -> None:
    path = pd.DataFrame({"lam": [0.1], "nec": [0.0], "top1_test": [0.2]})
    assert ElementTree.fromstring(accuracy_chart(path, None, "test", "x")["drawings"][0]) is not None


def test_the_path_is_a_table_of_the_splits_that_it_knows() -> None:
    table = path_rows(make_path(("train", "test")), ["test", "shift_test"])
    assert table["splits"] == ["test"]
    assert table["families"] == ["motion", "object", "scene"]
    assert len(table["rows"]) == 6
    assert path_rows(pd.DataFrame(columns=["lam", "nec"]), ["test"])["rows"] == []
