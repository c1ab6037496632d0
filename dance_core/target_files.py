"""Reads what the concept layer is trained towards from the files of earlier stages."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dance_core.concept_targets import FAMILIES, ConceptTargets, concept_table, motion_targets, text_targets
from dance_core.tables import read_table

Files = Mapping[str, str | Path]
"""Files by role: {family}, {family}_concepts and concept_set; those of a family that is not chosen are absent."""


def read_targets(files: Files) -> list[ConceptTargets]:
    """Read the targets of every family that has files.

    Args:
        files: motion: motion_concepts/labels.parquet; motion_concepts: motion_concepts/concepts.parquet; object and
            scene: their pseudo-labels; object_concepts and scene_concepts: their scored concepts; concept_set.

    Returns:
        Targets in the order motion, object, scene.
    """
    return [_family_targets(family, files) for family in FAMILIES if family in files]


def read_concept_table(files: Files, dropped: Mapping[str, Mapping[int, str]]) -> pd.DataFrame:
    """List every concept that was ever proposed, with where and why it was dropped.

    Args:
        files: As for `read_targets`.
        dropped: Reason by concept id of what the concept layer dropped, by family.

    Returns:
        family, concept, name, kept, reason, stage; see `concept_table`.
    """
    scored = {family: read_table(files[f"{family}_concepts"]) for family in FAMILIES[1:] if family in files}
    concept_set = read_table(files["concept_set"]) if "concept_set" in files else pd.DataFrame()
    return concept_table(read_targets(files), dropped, concept_set, scored)


def _family_targets(family: str, files: Files) -> ConceptTargets:
    """Read the targets of one family."""
    values, concepts = read_table(files[family]), read_table(files[f"{family}_concepts"])
    if family == "motion":
        return motion_targets(values, concepts)
    return text_targets(family, values, concepts, read_table(files["concept_set"]))
