"""How a model uses its concepts, as tables: faithfulness, Shapley values, completeness, leakage, soft minus hard."""

from collections.abc import Mapping, Sequence
from typing import Any

from dance_core.concept_targets import FAMILIES
from dance_core.report.curves import Axes, Series, line_chart
from dance_core.report.markup import number
from dance_core.report.runs import judged_splits, mean

CURVE = (330, 230)
CURVE_WORDS = {
    "deletion": ("Taken away", "concepts taken away, %"),
    "insertion": ("Put in", "concepts put in, %"),
}


def faithfulness_rows(metrics: Mapping[str, Any], splits: Sequence[str]) -> list[dict[str, Any]]:
    """Give the deletion and insertion curves of each split with their areas.

    Args:
        metrics: Metrics over seeds.
        splits: Splits in reading order.

    Returns:
        split, n_concepts, draws and `curves` with name, drawing, area, random, random_sd, gain and beats: whether the
        gain is more than two standard deviations of the random orders. Splits without curves are left out.
    """
    record = metrics.get("faithfulness") or {}
    found: list[dict[str, Any]] = []
    for split in judged_splits(splits, record):
        known = [name for name in CURVE_WORDS if (record[split] or {}).get(name)]
        if known:
            about = {key: mean(record[split].get(key)) for key in ("n_concepts", "draws")}
            curves = [_curve(record[split], name, split, f"{name}-{len(found)}") for name in known]
            found.append({"split": split, **about, "curves": curves})
    return found


def _curve(record: Mapping[str, Any], name: str, split: str, ident: str) -> dict[str, Any]:
    own, shares = record[name], [mean(value) or 0.0 for value in record["fractions"]]
    random = own["random"]
    area, luck, deviation = mean(own["area"]), mean(random["area"]), mean(random.get("area_sd"))
    gain = mean(own["gain"]) or 0.0
    title, across = CURVE_WORDS[name]
    series = [
        Series("random order", "random", _points(shares, random["probability"])),
        Series("by contribution", "all", _points(shares, own["probability"])),
    ]
    axes = Axes(
        title=f"{title}, {split}",
        description=f"Area {number(area)} by contribution, {number(luck)} in a random order.",
        x=across,
        y="probability, %",
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        x_percent=True,
    )
    return {
        "name": name,
        "title": title,
        "drawing": line_chart(series, axes, ident, CURVE, labelled=False),
        "area": area,
        "random": luck,
        "random_sd": deviation,
        "gain": gain,
        "beats": gain > 2 * (deviation or 0.0),
    }


def _points(shares: Sequence[float], values: Sequence[Any]) -> tuple[tuple[float, float], ...]:
    return tuple((share, mean(value) or 0.0) for share, value in zip(shares, values, strict=True))


def shapley_rows(metrics: Mapping[str, Any], splits: Sequence[str]) -> list[dict[str, Any]]:
    """Give the Shapley values of the families on each split, as steps from the bias alone to the whole model.

    Args:
        metrics: Metrics over seeds.
        splits: Splits in reading order.

    Returns:
        split, none and all (top1 of no and of every family), none_nats and all_nats (mean log-likelihood), and
        `families` with family, top1 and nats as `over_seeds` has them, and start and end of the step of top1.
    """
    record, found = metrics.get("shapley") or {}, []
    for split in judged_splits(splits, record):
        top1, nats = record[split]["top1"], record[split]["log_likelihood"]
        chosen = [family for family in FAMILIES if top1["values"].get(family) is not None]
        if not chosen:
            continue
        whole = "+".join(chosen)
        at = start = mean(top1["coalitions"]["none"]) or 0.0
        families = []
        for family in chosen:
            value = top1["values"][family]
            families.append({"family": family, "top1": value, "nats": nats["values"][family], "start": at})
            at += value["mean"]
            families[-1]["end"] = at
        ends = {"none": start, "all": mean(top1["coalitions"].get(whole))}
        ends |= {f"{key}_nats": mean(nats["coalitions"].get(name)) for key, name in (("none", "none"), ("all", whole))}
        found.append({"split": split, **ends, "families": families})
    return found


def keeping_rows(metrics: Mapping[str, Any], splits: Sequence[str]) -> list[dict[str, Any]]:
    """Give completeness and soft minus hard of each split.

    Args:
        metrics: Metrics over seeds.
        splits: Splits in reading order.

    Returns:
        split, completeness, soft, hard and difference, as `over_seeds` has them, None where unknown.
    """
    complete, hard = metrics.get("completeness") or {}, metrics.get("soft_minus_hard") or {}
    return [
        {
            "split": split,
            "completeness": complete.get(split),
            **{key: (hard.get(split) or {}).get(key) for key in ("soft", "hard", "difference")},
        }
        for split in judged_splits(splits, {**complete, **hard})
    ]


def leakage_rows(metrics: Mapping[str, Any], splits: Sequence[str]) -> list[dict[str, Any]]:
    """Give the leakage of each family on each split.

    Args:
        metrics: Metrics over seeds.
        splits: Splits in reading order.

    Returns:
        split and `families` with family ("all" last), ctl and icl as `over_seeds` has them, n_concepts and n.
    """
    record, found = metrics.get("leakage") or {}, []
    for split in judged_splits(splits, record):
        known = [family for family in (*FAMILIES, "all") if record[split].get(family)]
        rows = [
            {
                "family": family,
                **{key: record[split][family].get(key) for key in ("ctl", "icl")},
                **{key: mean(record[split][family].get(key)) for key in ("n_concepts", "n")},
            }
            for family in known
        ]
        found.append({"split": split, "families": rows})
    return found
