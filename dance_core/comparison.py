"""All runs of a data set side by side: every seed under every protocol, with tests of what is more than luck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dance_core.ablations import average_accuracy
from dance_core.clips import FITTED_SPLITS
from dance_core.seed_summary import over_seeds, table_over_seeds
from dance_core.significance import holm, mcnemar
from dance_core.tables import rows_of

INTERVALS = ("top1_low", "top1_high", "difference", "difference_low", "difference_high")
LONG = ("classes", "confusion", "certificate")
"""Parts of the metrics that say nothing once they are averaged."""


@dataclass(frozen=True)
class Run:
    """What one run of a protocol with a seed left.

    Attributes:
        protocol: honest or authors.
        seed: Its seed.
        metrics: metrics.json.
        predictions: predictions.parquet.
        ablations: ablations.parquet.
    """

    protocol: str
    seed: int
    metrics: Mapping[str, Any]
    predictions: pd.DataFrame
    ablations: pd.DataFrame


def compare_runs(runs: Sequence[Run]) -> dict[str, Any]:
    """Average the runs of each protocol and test the model against the linear probe.

    Args:
        runs: All runs, the first seed of a protocol first.

    Returns:
        By protocol: seeds; metrics, each number with mean, sd and n_seeds; ablations, rows with the means and sds over
        seeds, None where unknown (the intervals of a split of one group); anec, rows of `average_accuracy` of these
        means; tests by split: McNemar's test of the model (a) against the linear probe (b) in the first seed, p_holm
        corrected for all splits and protocols.

    Raises:
        ValueError: There is no run, or a method lacks a clip that the other predicts.
    """
    if not runs:
        raise ValueError("comparison: no run to compare; give at least one seed")
    protocols = list(dict.fromkeys(run.protocol for run in runs))
    found = {protocol: _averaged([run for run in runs if run.protocol == protocol]) for protocol in protocols}
    p_values = {
        f"{protocol} {split}": test["p_exact"]
        for protocol, record in found.items()
        for split, test in record["tests"].items()
    }
    adjusted = holm(p_values)
    for protocol, record in found.items():
        for split, test in record["tests"].items():
            test["p_holm"] = adjusted[f"{protocol} {split}"]
    return found


def _averaged(runs: Sequence[Run]) -> dict[str, Any]:
    """Summarise the runs of one protocol."""
    keys, values = ("method", "split", "level"), ("n_concepts", "nec", "top1", *INTERVALS, "n")
    ablations = table_over_seeds([run.ablations for run in runs], keys, values)
    return {
        "seeds": [run.seed for run in runs],
        "metrics": over_seeds([_short(run.metrics) for run in runs]),
        "ablations": _records(ablations),
        "anec": _records(average_accuracy(ablations)),
        "tests": _tests(runs[0].predictions),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, None where a value is unknown."""
    known = table.astype(object).where(table.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in known.to_dict("records")]


def _short(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a metrics document what cannot be averaged, and the record of each single concept."""
    kept = {key: value for key, value in metrics.items() if key not in LONG}
    kept["concepts"] = {
        family: record and {key: value for key, value in record.items() if key != "per_concept"}
        for family, record in metrics["concepts"].items()
    }
    return kept


def _tests(predictions: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Test the model against the linear probe on every test set; under `authors`, test has also selected both."""
    judged = predictions[~predictions["split"].isin(FITTED_SPLITS)]
    tests = {}
    for split, rows in judged.groupby("split", sort=True):
        model, probe = (rows[rows["method"] == method] for method in ("dance", "linear_probe"))
        paired = rows_of(probe, list(model["clip_id"]), "predictions of the linear probe")
        rows_of(model, list(probe["clip_id"]), "predictions of the model")
        tests[str(split)] = mcnemar(model["correct"].to_numpy(), paired["correct"].to_numpy())
    return tests
