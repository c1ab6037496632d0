"""The evidence page: what the accuracy is worth, and whether the model works the way its explanations say."""

from typing import Any

from dance_core.report.accuracy_curves import accuracy_chart, path_rows
from dance_core.report.concept_use import faithfulness_rows, keeping_rows, leakage_rows, shapley_rows
from dance_core.report.runs import ablation_table, against_random, compared, judged_splits, run_rows
from dance_core.report.site import Site


def evidence_page(site: Site) -> dict[str, Any]:
    """Gather what the evidence page shows.

    Args:
        site: The report.

    Returns:
        Variables of the template.
    """
    inputs, comparison = site.inputs, compared(site.inputs)
    first = next(iter(comparison.values()))
    tables = ablations(site, comparison)
    own = {entry["split"]: entry for entry in tables if entry["first"]}
    judged = judged_splits(site.splits, dict.fromkeys(site.splits))
    drawn = [
        accuracy_chart(inputs.path, own.get(split, {}).get("table"), split, f"curve-{place}")
        for place, split in enumerate(judged)
    ]
    # Clips of one person or one take stand or fall together, which McNemar's test does not know.
    grouped = inputs.manifest["group"].nunique() < len(inputs.manifest)
    runs = run_rows(comparison, site.splits, inputs.model.concept_weight.shape[1])
    return {
        "protocols": {name: record["seeds"] for name, record in comparison.items()},
        "seen_poses": bool(inputs.config.get("release")) and not (inputs.config.get("poses") or {}).get("folder"),
        "runs": runs,
        "span": interval_span(runs),
        "intervals": any(method["low"] is not None for row in runs for method in row["methods"]),
        "tested": any(record["tests"] for record in comparison.values()),
        "grouped": grouped,
        "charts": [chart for chart in drawn if chart],
        "path": path_rows(inputs.path, judged),
        "ablations": tables,
        "draws": inputs.config.get("ablations", {}).get("draws"),
        "verdicts": random_verdicts(site),
        "faithfulness": faithfulness_rows(first["metrics"], site.splits),
        "shapley": shapley_rows(first["metrics"], site.splits),
        "keeping": keeping_rows(first["metrics"], site.splits),
        "leakage": leakage_rows(first["metrics"], site.splits),
    }


def random_verdicts(site: Site) -> list[dict[str, Any]]:
    """Say of each judged split whether the concepts are worth more than random ones.

    Args:
        site: The report.

    Returns:
        Those of `ablations` of the protocol that the report shows, where random concepts were fitted.
    """
    return [entry for entry in ablations(site, compared(site.inputs)) if entry["first"] and entry["random"]]


def interval_span(runs: list[dict[str, Any]]) -> tuple[float, float]:
    """Give the ends of the axis on which the intervals of the runs are drawn."""
    ends = [
        method[key] for row in runs for method in row["methods"] for key in ("low", "high") if method[key] is not None
    ]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    room = max(high - low, 0.01) / 10
    return low - room, high + room


def ablations(site: Site, comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the ablation tables.

    Args:
        site: The report.
        comparison: The document of `dance_core.comparison.compare_runs`.

    Returns:
        protocol, first (whether it is the protocol that the report shows), split, n_seeds, table and random (what the
        table says of random concepts), protocol by protocol.
    """
    found = []
    for place, (protocol, record) in enumerate(comparison.items()):
        known = {row["split"]: None for row in record["ablations"]}
        for split in judged_splits(site.splits, known):
            table = ablation_table(record["ablations"], split)
            about = {"protocol": protocol, "first": place == 0, "split": split, "n_seeds": len(record["seeds"])}
            found.append({**about, "table": table, "random": against_random(table)})
    return [entry for entry in found if entry["table"]]
