"""Accuracy over the number of effective concepts: the model, its parts, random concepts and a sparse probe."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dance_core.concept_targets import FAMILIES
from dance_core.report.curves import Axes, Mark, Series, key_svg, line_chart, nice_step
from dance_core.report.inputs import records
from dance_core.report.markup import number, percent

WIDE, NARROW = (660, 400), (340, 320)
ORDER = ("scene", "object", "motion", "probe", "random", "all")
"""What lies on top comes last."""


def accuracy_chart(
    path: pd.DataFrame, table: Mapping[str, Any] | None, split: str, ident: str
) -> dict[str, Any] | None:
    """Draw accuracy over NEC for one split.

    Args:
        path: The classifier at every strength of its penalty: lam, nec, top1_{split}.
        table: What `runs.ablation_table` returned for the split.
        split: Name of the split.
        ident: Unique on the page.

    Returns:
        split, drawings (wide and narrow), legend (drawing and name of each line) and words about what the axes leave
        out; None where nothing is known of the split.
    """
    series = accuracy_series(path, table, split)
    if not series:
        return None
    low, high = accuracy_ends(series)
    most = max(x for entry in series for x, _ in (*entry.line, *((mark.x, mark.y) for mark in entry.marks)))
    step = nice_step(max(most, 1.0) / 6)
    ends = "; ".join(f"{entry.name} {percent(_end(entry)[1])} at {number(_end(entry)[0], 1)}" for entry in series[::-1])
    axes = Axes(
        title=f"Accuracy over effective concepts, {split}",
        description=f"Lines end at: {ends}.",
        x="effective concepts per class (NEC)",
        y="top-1, %",
        x_range=(0.0, step * max(1, math.ceil(most / step - 1e-9))),
        y_range=(low, high),
    )
    return {
        "split": split,
        "drawings": [
            line_chart(series, axes, f"{ident}-wide", WIDE, labelled=True),
            line_chart(series, axes, f"{ident}-narrow", NARROW, labelled=False),
        ],
        "legend": [(key_svg(entry.kind), entry.name) for entry in series[::-1]],
        "cut": cut_words(series, low),
    }


def accuracy_series(path: pd.DataFrame, table: Mapping[str, Any] | None, split: str) -> list[Series]:
    """Give the lines of one split, in the order they are drawn.

    Args:
        path: The classifier at every strength of its penalty.
        table: What `runs.ablation_table` returned for the split.
        split: Name of the split.

    Returns:
        The model with its path and its marks, random concepts with a band, the sparse probe and single families.
    """
    found = {}
    for row in (table or {"rows": []})["rows"]:
        if row["kind"] in ORDER:
            marks = level_marks(row["method"], row["cells"])
            interval = {"all": "whiskers", "random": "band"}.get(row["kind"], "")
            line = tuple((mark.x, mark.y) for mark in marks)
            found[row["kind"]] = Series(_name(row), row["kind"], line, marks, interval)
    column = f"top1_{split}"
    if column in path.columns and len(path):
        line = tuple((float(row["nec"]), float(row[column])) for row in records(path[["nec", column]]))
        own = found.get("all", Series("DANCE", "all", (), (), "whiskers"))
        found["all"] = Series(own.name, own.kind, line, own.marks, own.interval)
    return [found[kind] for kind in ORDER if kind in found and (found[kind].line or found[kind].marks)]


def level_marks(name: str, cells: Sequence[Mapping[str, Any]]) -> tuple[Mark, ...]:
    """Mark each level at the NEC it really has; levels beyond the densest classifier are one mark.

    Args:
        name: What is measured.
        cells: Rows of the levels.

    Returns:
        Marks from the sparsest to the densest.
    """
    marks: dict[tuple[float, float], Mark] = {}
    for cell in cells:
        x, y = float(cell["nec"]), float(cell["top1"])
        low, high = cell["top1_low"], cell["top1_high"]
        ends = "one group: no interval" if low is None else f"95 % interval {percent(low)} to {percent(high)}"
        words = f"{name}: {percent(y)} at NEC {number(x, 1)}, {ends}"
        marks.setdefault((round(x, 3), round(y, 6)), Mark(x, y, low, high, words))
    return tuple(marks[key] for key in sorted(marks))


def accuracy_ends(series: Sequence[Series]) -> tuple[float, float]:
    """Choose where the axis of the accuracy begins and ends, so that differences between the methods can be seen.

    Args:
        series: What is drawn.

    Returns:
        Multiples of 5 percent around every mark and its interval, at least 10 percent apart; the beginning of the path
        may lie below. Without marks they are around the second half of the path.
    """
    values = [value for entry in series for mark in entry.marks for value in mark[1:4] if value is not None]
    values = values or [y for entry in series for _, y in entry.line[len(entry.line) // 2 :]]
    top = max([*values, *(y for entry in series for _, y in entry.line)])
    high = min(1.0, math.ceil((top + 0.005) * 20) / 20)
    return max(0.0, min(high - 0.1, math.floor((min(values) - 0.005) * 20) / 20)), high


def cut_words(series: Sequence[Series], low: float) -> str:
    """Say what the axis leaves out, if it does."""
    if low <= 0:
        return ""
    words = f"The vertical axis begins at {percent(low, 0)}"
    below = [(x, y) for entry in series if entry.kind == "all" for x, y in entry.line if y < low]
    if below:
        x, y = min(below)
        words += f"; the line comes up to it from {percent(y)} at NEC {number(x, 1)}"
    return words + "."


def path_rows(path: pd.DataFrame, splits: Sequence[str]) -> dict[str, Any]:
    """Give the path as a table.

    Args:
        path: The classifier at every strength of its penalty.
        splits: Splits that are shown.

    Returns:
        splits and families that the path knows, and `rows` from the strongest penalty down.
    """
    shown = [split for split in splits if f"top1_{split}" in path.columns]
    families = [family for family in FAMILIES if f"nec_{family}" in path.columns]
    return {"splits": shown, "families": families, "rows": records(path) if shown else []}


def _name(row: Mapping[str, Any]) -> str:
    """What a line is called."""
    names = {"random": "random", "probe": "sparse probe", "all": f"DANCE, {row['method']}"}
    return names.get(row["kind"], f"{row['method']} only")


def _end(entry: Series) -> tuple[float, float]:
    return max([*entry.line, *((mark.x, mark.y) for mark in entry.marks)])
