"""The first page: how well it works, what it leans on, and what it was made from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import yaml

from dance_core.clips import FITTED_SPLITS, WITHOUT_VIDEO
from dance_core.concept_targets import FAMILIES
from dance_core.report.charts import flow_svg
from dance_core.report.evidence import random_verdicts
from dance_core.report.inputs import records
from dance_core.report.markup import percent
from dance_core.report.runs import METHODS
from dance_core.report.site import Site

# Of a data set such as Kinetics tens of thousands of videos are gone.
MOST_TROUBLES = 200


def overview_page(site: Site) -> dict[str, Any]:
    """Gather what the overview shows.

    Args:
        site: The report.

    Returns:
        Variables of the template.
    """
    inputs = site.inputs
    return {
        "flows": [flow_svg(site.families, upright) for upright in (False, True)],
        "tiles": tiles(site),
        "verdicts": random_verdicts(site),
        "accuracy": accuracy_rows(inputs.metrics, site.splits),
        "family_rows": family_rows(inputs.metrics, site.splits),
        "concept_counts": concept_rows(inputs.metrics),
        "reliance": reliance_groups(site),
        "confusions": confusions(inputs.metrics, site.splits),
        "strongest": strongest_weights(site),
        "quality": quality_rows(site),
        "certificate": certificate_rows(inputs.metrics),
        "config": yaml.safe_dump(dict(inputs.config), allow_unicode=True, sort_keys=False),
        "versions": sorted(inputs.versions.items()),
    }


def tiles(site: Site) -> list[dict[str, Any]]:
    """Give the numbers at the top of the page.

    Args:
        site: The report.

    Returns:
        Name, value, kind ("percent" or "number") and remark of each.
    """
    accuracy = site.inputs.metrics["accuracy"]
    own, probe = accuracy["dance"], accuracy.get("linear_probe", {})
    values = [
        _accuracy_tile(split, own[split], probe.get(split))
        for split in site.splits
        if split in own and split not in FITTED_SPLITS
    ]
    nec, n_columns = site.inputs.metrics.get("nec"), len(site.inputs.model.concepts)
    values.append(
        {
            "name": "concepts per class",
            "value": nec,
            "kind": "number",
            "remark": f"non-zero weights, of {n_columns} concepts",
        }
    )
    return values


def _accuracy_tile(split: str, own: Mapping[str, Any], probe: Mapping[str, Any] | None) -> dict[str, Any]:
    """Top-1 accuracy of one split, with the linear probe's beside it."""
    remark = f"{own['n']} clips"
    if probe and probe.get("top1") is not None:
        remark += f"; linear probe {percent(probe['top1'])}"
    return {"name": f"top-1, {split}", "value": own["top1"], "kind": "percent", "remark": remark}


def accuracy_rows(metrics: Mapping[str, Any], splits: list[str]) -> list[dict[str, Any]]:
    """Give the accuracy table, split by split, those that judge before those that were fitted.

    Args:
        metrics: metrics.json.
        splits: Splits in reading order.

    Returns:
        split, method, top1, low, high, mean_class_accuracy and n; fractions, None where unknown.
    """
    rows = []
    known = list(dict.fromkeys(split for method in metrics["accuracy"].values() for split in method))
    order = [*(split for split in splits if split not in FITTED_SPLITS), *reversed(FITTED_SPLITS)]
    for split in (name for name in order if name in known):
        for method, by_split in metrics["accuracy"].items():
            if split in by_split:
                low, high = by_split[split].get("top1_interval") or (None, None)
                rows.append(
                    {**by_split[split], "split": split, "method": METHODS.get(method, method), "low": low, "high": high}
                )
    return rows


def family_rows(metrics: Mapping[str, Any], splits: list[str]) -> list[dict[str, Any]]:
    """Give what each family is worth alone, and what is left without it, on the test set and every extra test set.

    Args:
        metrics: metrics.json.
        splits: Splits in reading order.

    Returns:
        split, top1 of the whole model, `families`: share, top1_alone and top1_without by chosen family, and `change`
        of the same from the test set, None for the test set itself.
    """
    whole = metrics["accuracy"]["dance"]
    known = {family: metrics["by_family"][family] for family in FAMILIES if metrics["by_family"].get(family)}
    changes = {split: record["change_by_family"] for split, record in (metrics.get("shift") or {}).items()}
    return [
        {
            "split": split,
            "top1": whole[split]["top1"],
            "families": {family: record[split] for family, record in known.items()},
            "change": changes.get(split),
        }
        for split in splits
        if split in whole and split not in FITTED_SPLITS
    ]


def concept_rows(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the concept table: kept, dropped and how well the concepts are predicted, by family.

    Args:
        metrics: metrics.json.

    Returns:
        family, kept, dropped, auroc, average_precision, prevalence and nec.
    """
    nec = metrics.get("nec_by_family") or {}
    return [
        {"family": family, "prevalence": None, **metrics["concepts"][family], "nec": nec.get(family)}
        for family in FAMILIES
        if metrics["concepts"].get(family)
    ]


def reliance_groups(site: Site) -> list[dict[str, Any]]:
    """Give the share of the explanation that each family carries, by split and by predicted class.

    Args:
        site: The report.

    Returns:
        name and `rows` of each group; a row is a name and shares by chosen family. Rows without clips are left out.
    """
    metrics = site.inputs.metrics
    by_split = {
        row["split"]: {family: record["share"] for family, record in row["families"].items()}
        for row in family_rows(metrics, site.splits)
    }
    groups = {"by split": by_split, "by predicted class, test": metrics.get("reliance_by_class") or {}}
    found = []
    for name, table in groups.items():
        known = {
            key: {family: share for family, share in row.items() if share is not None} for key, row in table.items()
        }
        rows = [{"name": key, "shares": shares} for key, shares in known.items() if shares]
        if rows:
            found.append({"name": name, "rows": rows})
    return found


def certificate_rows(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what is known about the fit of the classifier, as name and value.

    Args:
        metrics: metrics.json.

    Returns:
        Rows; empty where nothing is known.
    """
    words = {"lam": "penalty λ", "alpha": "share of L1", "kkt_residual": "largest KKT residual"}
    words |= {"l1": "strength of |W|", "l2": "strength of W² / 2", "gap": "proven share above the optimum"}
    certificate = metrics.get("certificate") or {}
    return [
        (words.get(key, key), f"{value:.4g}" if isinstance(value, float) else str(value).lower())
        for key, value in certificate.items()
    ]


def confusions(metrics: Mapping[str, Any], splits: list[str]) -> list[dict[str, Any]]:
    """Give the confusion matrices of the test set and the extra test sets.

    Args:
        metrics: metrics.json.
        splits: Splits in reading order.

    Returns:
        split, classes, n, and rows of true class with pairs of count and share of the row.
    """
    found = []
    for split in (name for name in splits if name in metrics["confusion"] and name not in FITTED_SPLITS):
        rows = []
        for label, counts in zip(metrics["classes"], metrics["confusion"][split], strict=True):
            whole = max(sum(counts), 1)
            rows.append({"label": label, "cells": [(count, count / whole) for count in counts]})
        n = sum(map(sum, metrics["confusion"][split]))
        found.append({"split": split, "classes": metrics["classes"], "n": n, "rows": rows})
    return found


def strongest_weights(site: Site, count: int = 6) -> list[dict[str, Any]]:
    """Give the concepts that speak most for or against each class.

    Args:
        site: The report.
        count: Concepts a class.

    Returns:
        label, and concepts with name, family, href and weight.
    """
    found = []
    for label, weights in zip(site.inputs.model.classes, site.inputs.model.weight, strict=True):
        order = [j for j in np.argsort(-np.abs(weights), kind="stable")[:count] if weights[j] != 0]
        found.append({"label": label, "concepts": [{**site.columns[j], "weight": float(weights[j])} for j in order]})
    return found


def quality_rows(site: Site) -> dict[str, Any]:
    """Count the clips that were used, and list those that were not or not wholly, with reasons.

    Args:
        site: The report.

    Returns:
        `counts` by state; `troubles`: clip_id, state and reason of the first `MOST_TROUBLES`, and n_troubles, of all;
        read, the number of clips that have a video, and without_video, of those that have none.
    """
    manifest, quality = site.manifest, site.inputs.pose_quality
    nobody = quality[quality["status"] != "ok"].sort_values("clip_id")
    lost = manifest[~manifest["status"].isin(("ok", WITHOUT_VIDEO))]
    troubles = [
        {"clip_id": row["clip_id"], "state": row["status"], "reason": row["reason"]}
        for row in records(pd.concat([lost, nobody.assign(status="no person")]).head(MOST_TROUBLES))
    ]
    states = manifest["status"].value_counts()
    without_video = int(states.get(WITHOUT_VIDEO, 0))
    read = len(manifest) - without_video
    counts = [(state, int(states.get(state, 0))) for state in ("ok", "truncated", "unreadable") if read]
    if without_video:
        counts.append((WITHOUT_VIDEO, without_video))
    if site.looked_for_people:
        counts.append(("no person", len(nobody)))
    shown = {"troubles": troubles, "n_troubles": len(lost) + len(nobody)}
    return {"counts": counts, **shown, "read": read, "without_video": without_video}
