"""The page of all concepts: what was proposed, what was kept, what is used, and why the rest is not."""

from typing import Any

from dance_core.concept_targets import FAMILIES
from dance_core.report.inputs import records
from dance_core.report.site import Site, concept_link

STAGES = {"text": "text", "pseudo_labels": "pseudo-labels", "concept_layer": "concept layer"}
"""Where a concept can be dropped, in the order of the pipeline."""

STATES = ("used", "unused", "dropped")


def concepts_page(site: Site) -> dict[str, Any]:
    """Gather what the page of all concepts shows.

    Args:
        site: The report.

    Returns:
        Variables of the template.
    """
    rows = concept_rows(site)
    return {
        "rows": rows,
        "funnel": funnel(rows),
        "stages": {stage: words for stage, words in STAGES.items() if any(row["stage"] == stage for row in rows)},
        "states": [state for state in STATES if any(row["state"] == state for row in rows)],
        "measured": [key for key in ("auroc", "average_precision", "similarity") if any(row[key] for row in rows)],
    }


def concept_rows(site: Site) -> list[dict[str, Any]]:
    """Describe every concept of every family.

    Args:
        site: The report.

    Returns:
        family, concept, name, href, state (used, unused or dropped), stage and reason where it was dropped, users (see
        `Site.users`), strength (the weight that is farthest from 0, with its sign), named_by (classes that named it),
        auroc, average_precision and similarity; family by family, used before unused before dropped, strongest first.
    """
    named = {(row["family"], str(row["concept"])): list(row["classes"]) for row in records(site.inputs.concept_set)}
    rows = []
    for row in records(site.inputs.concepts):
        family, concept = row["family"], int(row["concept"])
        users = site.users(family, concept) if row["kept"] else []
        measures = site.measures.get((family, concept), {}) if row["kept"] else {}
        rows.append(
            {
                "family": family,
                "concept": concept,
                "name": str(row["name"]),
                "href": concept_link(family, concept),
                "state": "dropped" if not row["kept"] else "used" if users else "unused",
                "stage": str(row["stage"] or ""),
                "reason": str(row["reason"] or ""),
                "users": users,
                "strength": users[0]["weight"] if users else 0.0,
                "named_by": named.get((family, str(row["name"])), []),
                **{key: measures.get(key) for key in ("auroc", "average_precision", "similarity")},
            }
        )
    rows.sort(key=_order)
    return rows


def _order(row: dict[str, Any]) -> tuple[int, int, int, float, int]:
    stage = list(STAGES).index(row["stage"]) if row["stage"] in STAGES else len(STAGES)
    place = FAMILIES.index(row["family"]), STATES.index(row["state"])
    return *place, -stage, -abs(row["strength"]), row["concept"]


def funnel(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Count what is left of each family's concepts after each stage.

    Args:
        rows: What `concept_rows` returned.

    Returns:
        family, proposed, dropped (by stage), kept and used.
    """
    found = []
    for family in FAMILIES:
        own = [row for row in rows if row["family"] == family]
        if own:
            dropped = {stage: sum(row["stage"] == stage for row in own) for stage in STAGES}
            kept = [row for row in own if row["state"] != "dropped"]
            used = sum(row["state"] == "used" for row in kept)
            found.append({"family": family, "proposed": len(own), "dropped": dropped, "kept": len(kept), "used": used})
    return found
