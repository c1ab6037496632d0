"""The object and scene page: what was proposed, what was kept, and what the model does with it."""

from typing import Any

import numpy as np
import pandas as pd

from dance_core.concept_targets import FAMILIES
from dance_core.language_usage import usage_sentence
from dance_core.report.inputs import records
from dance_core.report.markup import safe_name
from dance_core.report.site import Site, concept_anchor, scored_concepts, top_clips


def language_page(site: Site) -> dict[str, Any]:
    """Gather what the page of object and scene concepts shows.

    Args:
        site: The report.

    Returns:
        Variables of the template.
    """
    families = [family_table(site, family) for family in FAMILIES[1:] if family in site.inputs.scores]
    paid = list(site.inputs.usage.values())
    return {"families": families, "usage": usage_sentence(pd.concat(paid, ignore_index=True)) if paid else ""}


def family_table(site: Site, family: str) -> dict[str, Any]:
    """Describe the concepts of one family.

    Args:
        site: The report.
        family: object or scene.

    Returns:
        family, `kept` and `dropped` concepts.
    """
    table = site.inputs.concepts[site.inputs.concepts["family"] == family]
    named = _named_by(site.inputs.concept_set, family)
    clips = dict(zip(scored_concepts(site.inputs, family), top_clips(site.inputs, family), strict=True))
    kept = [_kept_row(site, row, named, clips) for row in records(table[table["kept"].astype(bool)])]
    kept.sort(key=lambda row: -row["strength"])
    dropped = [
        {**row, "named_by": named.get(str(row["name"]), []), "anchor": concept_anchor(family, row["concept"])}
        for row in records(table[~table["kept"].astype(bool)])
    ]
    return {"family": family, "kept": kept, "dropped": dropped}


def _named_by(concept_set: pd.DataFrame, family: str) -> dict[str, list[str]]:
    """Classes that named each concept."""
    rows = concept_set[concept_set["family"] == family]
    return {str(row["concept"]): list(row["classes"]) for row in records(rows)}


def _kept_row(site: Site, row: dict[str, Any], named: dict, clips: dict) -> dict[str, Any]:
    """One concept with its users and its best clips."""
    concept, name = int(row["concept"]), str(row["name"])
    users = site.users(row["family"], concept)
    pictures = [
        {"clip_id": clip_id, "name": safe_name(clip_id), "label": site.manifest.loc[clip_id, "label"]}
        for clip_id in clips.get(name, [])
        if clip_id in site.media
    ]
    strength = float(np.abs([user["weight"] for user in users]).max(initial=0.0))
    about = {"named_by": named.get(name, []), "anchor": concept_anchor(row["family"], concept)}
    measures = site.measures.get((row["family"], concept), {})
    return {**row, **about, "users": users, "measures": measures, "pictures": pictures, "strength": strength}
