"""What a finished run came to, in a few lines of text."""

from pathlib import Path

from dance_core.tables import read_json


def accuracy_table(results: Path) -> str:
    """Lay out the accuracy of every seed, method and split.

    Args:
        results: Folder of one data set's results.

    Returns:
        A table of text.

    Raises:
        ValueError: No seed has metrics.
    """
    files = sorted(results.glob("seed*/metrics.json"))
    if not files:
        raise ValueError(f"{results}: no metrics found; run 'snakemake --cores all' first")
    lines = [f"{'seed':<6}{'method':<14}{'split':<12}{'clips':>6}{'top-1':>8}  {'95 % interval':<16}{'class mean':>10}"]
    for file in files:
        for method, splits in read_json(file)["accuracy"].items():
            for split, scores in splits.items():
                low, high = scores["top1_interval"] or (None, None)
                interval = f"{_percent(low)} to {_percent(high)}"
                lines.append(
                    f"{file.parent.name.removeprefix('seed'):<6}{method:<14}{split:<12}{scores['n']:>6}"
                    f"{_percent(scores['top1']):>8}  {interval:<16}{_percent(scores['mean_class_accuracy']):>10}"
                )
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


def _percent(share: float | None) -> str:
    """A share as per cent, or a dash where it is unknown."""
    return "–" if share is None else f"{100 * share:.1f}"
