"""What a run measures of its concepts, made up: metrics, a comparison of two protocols, and a path of penalties."""

from copy import deepcopy
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from dance_core.concept_targets import FAMILIES
from dance_core.seed_summary import over_seeds

JUDGED = ("test", "shift_test")
LEVELS = (5, 10, 15)
MOST = {"motion": 6.0, "object": 9.0, "scene": 12.0, "all three": 11.0, "random concepts": 20.0}
"""Effective concepts of the densest classifier; 30 for methods that are not listed."""

TOP1 = {
    "test": {"all three": 0.9, "random concepts": 0.6, "sparse linear probe": 0.92, "motion": 0.85},
    "shift_test": {"all three": 0.9, "random concepts": 0.88, "sparse linear probe": 0.7, "motion": 0.8},
}
"""Accuracy at the lowest level; 0.5 for methods that are not listed, and a point more for each further level."""


def evidence_metrics() -> dict[str, Any]:
    """The parts of metrics.json that measure how concepts are used."""
    fractions = np.linspace(0, 1, 5).tolist()
    falling, rising = [0.9, 0.2, 0.1, 0.1, 0.1], [0.1, 0.8, 0.9, 0.9, 0.9]
    straight = [0.9, 0.7, 0.5, 0.3, 0.1]
    random = {"area": 0.5, "area_sd": 0.02, "accuracy_area": 0.5, "accuracy": straight}
    curves = {
        "deletion": {
            "area": 0.225,
            "gain": 0.275,
            "probability": falling,
            "random": random | {"probability": straight},
        },
        "insertion": {
            **{"area": 0.53, "gain": 0.03, "probability": rising},
            "random": random | {"probability": straight[::-1]},
        },
    }
    shapley = {
        "top1": {
            "values": {"motion": 0.5, "object": 0.2, "scene": -0.1},
            "coalitions": {"none": 0.25, "motion+object+scene": 0.85},
        },
        "log_likelihood": {
            "values": {"motion": 1.0, "object": 0.25, "scene": 0.0},
            "coalitions": {"none": -1.5, "motion+object+scene": -0.25},
        },
    }
    leak = {"ctl": 0.125, "icl": 0.25, "bins": 4, "n_concepts": 3, "n": 40}
    shares = {"n": 4, "n_concepts": 10, "draws": 10, "fractions": fractions}
    record = {
        "completeness": 0.95,
        "shapley": shapley,
        "faithfulness": {**shares, **curves},
        "leakage": {**dict.fromkeys(FAMILIES, leak), "all": leak},
        "soft_minus_hard": {"soft": 0.75, "hard": 0.5, "difference": 0.25},
    }
    return {name: dict.fromkeys(JUDGED, values) for name, values in record.items()}


def make_comparison(metrics: dict[str, Any]) -> dict[str, Any]:
    """comparison.json of two seeds under two protocols; the second seed is right on a tenth more."""
    second = deepcopy(metrics)
    for records in second["accuracy"].values():
        for split in list(records):
            records[split] = records[split] | {"top1": records[split]["top1"] + 0.1}
    test = {"only_a": 1, "only_b": 2, "n": 4, "p_exact": 0.5, "p_mid": 0.25, "p_holm": 1.0}
    tests = {"test": test, "shift_test": test | {"only_a": 0, "only_b": 12, "p_exact": 0.0005, "p_holm": 0.002}}
    record = {"seeds": [0, 1], "metrics": over_seeds([metrics, second]), "ablations": ablation_rows(), "tests": tests}
    return {"honest": record, "authors": record | {"seeds": [0, 1]}}


def ablation_rows(splits: tuple[str, ...] = ("train", *JUDGED)) -> list[dict[str, Any]]:
    """Rows of all methods, splits and levels, with differences to all three and intervals of ± 4 points."""
    subsets = [chosen for size in (1, 2) for chosen in combinations(FAMILIES, size)]
    methods = [*("+".join(chosen) for chosen in subsets), "all three", "random concepts", "sparse linear probe"]
    rows = []
    for split in splits:
        for method in methods:
            for level in (None, *LEVELS):
                top1, base = (accuracy_at(name, split, level) for name in (method, "all three"))
                about = {"method": method, "split": split, "level": level, "n_concepts": 11.0, "n": 40.0, "n_seeds": 2}
                nec = min(level or 7.0, MOST.get(method, 30.0))
                ends = {"top1_low": top1 - 0.04, "top1_high": top1 + 0.04, "difference": top1 - base}
                ends |= {"difference_low": top1 - base - 0.04, "difference_high": top1 - base + 0.04}
                rows.append({**about, "nec": nec, "top1": top1, "top1_sd": 0.01, **ends})
    return rows


def accuracy_at(method: str, split: str, level: int | None) -> float:
    """Accuracy of a method at a level."""
    lowest = TOP1.get(split, TOP1["test"]).get(method, 0.5)
    return lowest + 0.01 * LEVELS.index(level) if level else lowest


def make_path(splits: tuple[str, ...] = ("train", *JUDGED)) -> pd.DataFrame:
    """A path of six penalties."""
    nec = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 11.0])
    table = {"lam": 0.5 / 2.0 ** np.arange(6), "nec": nec}
    table |= {f"nec_{family}": nec / 3 for family in FAMILIES}
    return pd.DataFrame(table | {f"top1_{split}": 0.3 + 0.6 * nec / 11 for split in splits})
