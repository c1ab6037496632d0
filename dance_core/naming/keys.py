"""How a motion concept is recognised: by what it is, whatever its number."""

import hashlib
import json

import numpy as np
import pandas as pd

from dance_core.tables import matrix

KEY_LENGTH = 12
_NOTHING = -1


def with_keys(concepts: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Give every motion concept its key.

    The key is a digest of the train segments that belong to the concept; of its name and its clips where it was
    released without segments. Another clustering gives a concept of other segments, hence another key; new numbers,
    new test clips or a new seed change no key.

    Args:
        concepts: concepts.parquet: concept, name.
        members: assignments.parquet: segment_id, split, concept; or, for released concepts, labels.parquet: clip_id,
            labelled, concepts (M flags).

    Returns:
        The concepts in the order of their numbers, with the column key.

    Raises:
        ValueError: A concept has no members, so the tables are not of the same run.
    """
    concepts = concepts.sort_values("concept", ignore_index=True)
    shown = _segments(members) if "segment_id" in members else _clips(members, concepts)
    absent = [concept for concept in concepts["concept"] if concept not in shown]
    if absent:
        raise ValueError(
            f"motion_concepts: no segment belongs to concept {absent[0]}; rebuild concepts and assignments together"
        )
    return concepts.assign(key=[_digest(shown[concept]) for concept in concepts["concept"]])


def _segments(assignments: pd.DataFrame) -> dict[int, list[str]]:
    """Train segments of every concept."""
    train = assignments[(assignments["split"] == "train") & (assignments["concept"] != _NOTHING)]
    found: dict[int, list[str]] = {}
    for concept, segment in sorted(zip(train["concept"], train["segment_id"], strict=True)):
        found.setdefault(int(concept), []).append(str(segment))
    return found


def _clips(labels: pd.DataFrame, concepts: pd.DataFrame) -> dict[int, list[str]]:
    """Name and clips of every released concept; a released concept keeps its name, and may be shown by no clip."""
    labelled = labels[labels["labelled"].astype(bool)].sort_values("clip_id")
    flags, clips = matrix(labelled["concepts"]).astype(bool), labelled["clip_id"].to_numpy()
    return {
        int(concept): [name, *clips[np.flatnonzero(flags[:, int(concept)])]]
        for concept, name in zip(concepts["concept"], concepts["name"], strict=True)
    }


def _digest(members: list[str]) -> str:
    # The letter keeps spreadsheets from taking a key of digits for a number and rounding it.
    return "m" + hashlib.sha256(json.dumps(members).encode()).hexdigest()[:KEY_LENGTH]
