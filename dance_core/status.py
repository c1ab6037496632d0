"""What a finished workflow came to, in a few lines of text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dance_core.clips import FITTED_SPLITS
from dance_core.tables import read_json

SAME = 1e-9
"""A standard deviation below this is rounding: the seeds agree."""


def accuracy_table(results: Path) -> str:
    """Lay out the accuracy of every protocol and method on the splits that neither was fitted on nor selected by.

    Test counts under the protocol `authors` too, though it has selected there.

    Args:
        results: Folder of one data set's results.

    Returns:
        A table of text, means over the seeds, with their standard deviation; the interval is the mean of theirs, a dash
        where all clips of a split are of one group.

    Raises:
        ValueError: Nothing was compared yet.
    """
    head = f"{'protocol':<10}{'method':<14}{'split':<12}{'clips':>6}{'top-1':>8}{'± sd':>7}"
    lines = [f"{head}  {'95 % interval':<16}{'class mean':>10}"]
    for protocol, record in _comparison(results).items():
        for method, splits in record["metrics"]["accuracy"].items():
            for split, scores in ((name, scores) for name, scores in splits.items() if name not in FITTED_SPLITS):
                ends = [_percent(_mean(end)) for end in scores["top1_interval"] or (None,)]
                top1 = scores["top1"] or {}
                lines.append(
                    f"{protocol:<10}{method:<14}{split:<12}{_mean(scores['n']):>6.0f}"
                    f"{_percent(_mean(top1)):>8}{_spread(top1):>7}  {' to '.join(ends):<16}"
                    f"{_percent(_mean(scores['mean_class_accuracy'])):>10}"
                )
    return "\n".join(lines)


def sparsity_table(results: Path) -> str:
    """Lay out the test accuracy of parts of the model at each number of effective concepts a class (NEC).

    Args:
        results: Folder of one data set's results.

    Returns:
        A table of text, a line per protocol and method, means over the seeds; in brackets the NEC that was reached
        where it is below the one asked for.

    Raises:
        ValueError: Nothing was compared yet.
    """
    lines: list[str] = []
    for protocol, record in _comparison(results).items():
        rows = [row for row in record["ablations"] if row["split"] == "test" and row["level"] is not None]
        levels = sorted({int(row["level"]) for row in rows})
        if not lines:
            lines.append(
                f"{'protocol':<10}{'test top-1 at':<20}" + "".join(f"{f'NEC {level}':>13}" for level in levels)
            )
        for method in dict.fromkeys(row["method"] for row in rows):
            cells = {int(row["level"]): _at_level(row) for row in rows if row["method"] == method}
            lines.append(f"{protocol:<10}{method:<20}" + "".join(f"{cells.get(level, '–'):>13}" for level in levels))
    return "\n".join(lines)


def report_line(results: Path) -> str:
    """Tell where the report is.

    Args:
        results: Folder of one data set's results.

    Returns:
        A line with the path of the report's first page.

    Raises:
        ValueError: There is no report.
    """
    page = results / "report" / "index.html"
    if not page.is_file():
        raise ValueError(f"{page}: no report found; run 'snakemake --cores all' first")
    return f"Report: {page}"


def _comparison(results: Path) -> dict[str, Any]:
    """Read all runs side by side."""
    file = results / "comparison.json"
    if not file.is_file():
        raise ValueError(f"{file}: no comparison found; run 'snakemake --cores all' first")
    found: dict[str, Any] = read_json(file)
    return found


def _at_level(row: Mapping[str, Any]) -> str:
    """Accuracy, with the NEC in brackets where the densest classifier of the path has fewer concepts."""
    reached = "" if row["nec"] >= row["level"] - 0.05 else f" ({row['nec']:.1f})"
    return f"{_percent(row['top1'])}{reached}"


def _mean(summary: Mapping[str, Any] | None) -> float | None:
    """Mean over the seeds, None where unknown."""
    return summary["mean"] if summary else None


def _spread(summary: Mapping[str, Any]) -> str:
    """Standard deviation over the seeds: "same" where they agree, a dash where there is one."""
    sd = summary.get("sd")
    return "same" if sd is not None and sd < SAME else _percent(sd)


def _percent(share: float | None) -> str:
    """A share as per cent, or a dash where it is unknown."""
    return "–" if share is None else f"{100 * share:.1f}"
