"""All runs side by side, as the evidence page shows them: accuracy, ablations, and what they allow one to say."""

from collections.abc import Mapping, Sequence
from typing import Any

from dance_core.ablations import ALL, PROBE, RANDOM
from dance_core.clips import FITTED_SPLITS
from dance_core.concept_targets import FAMILIES
from dance_core.report.inputs import ReportInputs
from dance_core.report.markup import number
from dance_core.seed_summary import over_seeds

METHODS = {"dance": "DANCE", "linear_probe": "linear probe"}
LEAST_DIFFERENCE = 0.03
"""Concepts that beat random ones by less than this share of the clips do not count as better."""
SIGNIFICANT = 0.05


def compared(inputs: ReportInputs) -> dict[str, Any]:
    """Give all runs by protocol, or the run that is shown where nothing compares it.

    Args:
        inputs: The run that is shown.

    Returns:
        The document of `dance_core.comparison.compare_runs`.
    """
    if inputs.comparison:
        return dict(inputs.comparison)
    protocol = next(iter(inputs.config.get("protocols") or ["honest"]))
    seeds = list(inputs.config.get("seeds") or [0])[:1]
    return {protocol: {"seeds": seeds, "metrics": over_seeds([inputs.metrics]), "ablations": [], "tests": {}}}


def judged_splits(splits: Sequence[str], known: Mapping[str, Any]) -> list[str]:
    """Choose the splits that judge a model, of those that something is known of."""
    return [split for split in splits if split in known and split not in FITTED_SPLITS]


def run_rows(comparison: Mapping[str, Any], splits: Sequence[str], n_features: int) -> list[dict[str, Any]]:
    """Give the accuracy of every protocol, split by split.

    Args:
        comparison: The document of `compare_runs`.
        splits: Splits in reading order.
        n_features: Width of the backbone features, all of which the linear probe uses.

    Returns:
        For each split and protocol: split, protocol, test (see `verdict`, None where none was made), and `methods`
        with name, top1, mean_class_accuracy, nec (means over seeds), spread (words), low, high (None without an
        interval) and n.
    """
    known = {split: None for record in comparison.values() for split in record["metrics"]["accuracy"]["dance"]}
    return [
        {
            "split": split,
            "protocol": protocol,
            "test": verdict(record["tests"].get(split)),
            "methods": _methods(record["metrics"], split, n_features),
        }
        for split in judged_splits(splits, known)
        for protocol, record in comparison.items()
        if split in record["metrics"]["accuracy"]["dance"]
    ]


def _methods(metrics: Mapping[str, Any], split: str, n_features: int) -> list[dict[str, Any]]:
    rows = []
    for method, by_split in metrics["accuracy"].items():
        record = by_split.get(split)
        if record:
            low, high = map(mean, record.get("top1_interval") or (None, None))
            nec = mean(metrics.get("nec")) if method == "dance" else n_features
            measured = {key: mean(record.get(key)) for key in ("top1", "mean_class_accuracy", "n")}
            about = {"name": METHODS.get(method, method), "spread": spread(record.get("top1")), "nec": nec}
            rows.append(about | measured | {"low": low, "high": high, "sparse": method == "dance"})
    return rows


def mean(value: Any) -> float | None:
    """Give the mean of what `over_seeds` made of a number; None where it was unknown."""
    return None if value is None else float(value["mean"])


def spread(value: Mapping[str, Any] | None, scale: float = 100.0) -> str:
    """Say how much a number differs between seeds.

    Args:
        value: mean, sd and n_seeds, or None.
        scale: What the sd is multiplied by.

    Returns:
        For example `± 0.12`, `one seed` or `same for 3 seeds`.
    """
    if value is None:
        return ""
    if value["n_seeds"] < 2 or value["sd"] is None:
        return "one seed"
    # Means of equal numbers differ in their last bits.
    if value["sd"] < 1e-9:
        return f"same for {value['n_seeds']} seeds"
    return f"± {number(scale * value['sd'])}"


def verdict(test: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Put McNemar's test of the model against the linear probe into words.

    Args:
        test: only_a, only_b, p_exact and p_holm; None where there is none.

    Returns:
        The same with `words`; None where there is no test or no clip.
    """
    if not test or test.get("p_exact") is None:
        return None
    p = test.get("p_holm", test["p_exact"])
    if test["only_a"] + test["only_b"] == 0:
        words = "both are right on the same clips"
    elif p >= SIGNIFICANT:
        words = "no difference can be shown"
    else:
        words = "DANCE is better" if test["only_a"] > test["only_b"] else "the linear probe is better"
    return {**test, "p_holm": p, "words": words}


def ablation_table(rows: Sequence[Mapping[str, Any]], split: str) -> dict[str, Any] | None:
    """Lay out the ablations of one split.

    Args:
        rows: Rows of `compare_runs`: method, split, level (None for the full fit), n_concepts, nec, top1, its interval,
            difference to all families, its interval, n_seeds.
        split: Name of the split.

    Returns:
        levels, base (the lowest level), n, scale (see `_scale`) and rows: method, kind, families, n_concepts, cells
        (by level: the row of the level with `below`, whether its NEC does not reach the level), average (mean top1 of
        the levels), full (the row of the full fit), base (the row of the lowest level), reference (whether it is what
        the others are compared with). None without rows.
    """
    rows = [row for row in rows if row["split"] == split]
    levels = sorted({int(row["level"]) for row in rows if row["level"] is not None})
    if not levels:
        return None
    methods = dict.fromkeys(row["method"] for row in rows)
    table = [_ablation(method, [row for row in rows if row["method"] == method], levels) for method in methods]
    widest = max(len(entry["families"]) for entry in table)
    for entry in table:
        if entry["families"] and len(entry["families"]) == widest:
            entry |= {"reference": True, "kind": "all"}
    scale = _scale([entry["base"] for entry in table if entry["base"] and not entry["reference"]])
    return {"levels": levels, "base": levels[0], "n": rows[0]["n"], "rows": table, "scale": scale}


def _ablation(method: str, rows: Sequence[Mapping[str, Any]], levels: Sequence[int]) -> dict[str, Any]:
    """Lay out the rows of one method."""
    own = {row["level"] and int(row["level"]): row for row in rows}
    cells = [{**own[level], "below": is_below(own[level])} for level in levels if level in own]
    return {
        "method": method,
        "kind": method_kind(method),
        "families": method_families(method),
        "n_concepts": rows[0]["n_concepts"],
        "cells": cells,
        "average": sum(cell["top1"] for cell in cells) / len(cells) if cells else None,
        "full": own.get(None),
        "base": own.get(levels[0]),
        "reference": False,
    }


def method_families(method: str) -> list[str]:
    """Families whose concepts a method of the ablations uses; none for random concepts and the probe."""
    return list(FAMILIES) if method == ALL else [part for part in method.split("+") if part in FAMILIES]


def method_kind(method: str) -> str:
    """How a method is drawn: all, random, probe, a family, or mixed."""
    kinds = {ALL: "all", RANDOM: "random", PROBE: "probe", **{family: family for family in FAMILIES}}
    return kinds.get(method, "mixed")


def is_below(row: Mapping[str, Any]) -> bool:
    """Whether the densest classifier has fewer effective concepts than the level asked for, as it is written."""
    return round(float(row["nec"]), 1) < float(row["level"])


def _scale(rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Ends of the axis on which differences and their intervals are drawn; 0 is on it."""
    keys = ("difference_low", "difference", "difference_high")
    ends = [0.0, *(row[key] for row in rows for key in keys if row[key] is not None)]
    room = max(max(ends) - min(ends), 1e-6) / 20
    return min(ends) - room, max(ends) + room


def against_random(table: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Judge whether the concepts are worth more than random ones where both are sparsest.

    Args:
        table: What `ablation_table` returned.

    Returns:
        level, top1, random, difference (concepts minus random), low, high (None without an interval), tells, and
        reason (why it does not tell); None where there are no random concepts.
    """
    rows = {entry["kind"]: entry["base"] for entry in (table or {"rows": []})["rows"] if entry["base"]}
    reference = next((entry["base"] for entry in (table or {"rows": []})["rows"] if entry["reference"]), None)
    control = rows.get("random")
    if control is None or reference is None:
        return None
    # The table holds random concepts minus the reference.
    difference = -control["difference"]
    low, high = (None if control[key] is None else -control[key] for key in ("difference_high", "difference_low"))
    reasons = []
    if low is None or high is None:
        reasons.append("one group of clips gives no interval")
    elif low <= 0 <= high:
        reasons.append("the interval contains 0")
    elif high < 0:
        reasons.append("random ones do better")
    if 0 < difference < LEAST_DIFFERENCE:
        reasons.append(f"the difference is below {100 * LEAST_DIFFERENCE:.0f} points")
    return {
        "level": int(reference["level"]),
        "top1": reference["top1"],
        "random": control["top1"],
        "difference": difference,
        "low": low,
        "high": high,
        "tells": not reasons,
        "reason": " and ".join(reasons),
    }
