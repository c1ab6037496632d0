"""Names for motion concepts that a language model suggests when it is shown their skeletons; a person decides."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from dance_core.language.parsing import parsed_name
from dance_core.language.questions import Question, prompt_template
from dance_core.language.settings import LanguageSettings
from dance_core.naming import NameRow, concept_rows
from dance_core.naming.names_file import LONGEST_NAME
from dance_core.poses.skeleton import KEYPOINTS
from dance_core.suggest_names.strips import POSES, skeleton_strip

__all__ = ["NAME_SCHEMA", "Suggestions", "name_question", "skeleton_strip", "suggested_names"]

NAME_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "description": {"type": "string"}},
    "required": ["name", "description"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Suggestions:
    """What a language model suggests.

    Attributes:
        rows: Rows with source "model", ready for `write_names_file`.
        usage: What the server charged, see `language_usage.USAGE_SCHEMA`; class is the generated name.
        strips: PNG by the number of the concept, as the model saw it.
    """

    rows: list[NameRow]
    usage: pd.DataFrame
    strips: dict[int, bytes]


def suggested_names(
    concepts: pd.DataFrame,
    segments: pd.DataFrame,
    manifest: pd.DataFrame,
    given: Sequence[NameRow],
    settings: LanguageSettings,
) -> Suggestions:
    """Ask a language model that can see pictures what to call each motion concept that no person has named.

    Args:
        concepts: Motion concepts with their keys: concept, name, key, medoid, clip_id, start, end, size, class_counts.
        segments: segment_id, joints.
        manifest: clip_id, fps.
        given: Names that were given; those of persons are not asked for.
        settings: Server, model and cache.

    Returns:
        The suggestions.

    Raises:
        ValueError: No server or model is named, a medoid has no segment, or the server gives no usable answer.
    """
    named = {row.key for row in given if row.source == "human" and row.name}
    asked_for = concepts[~concepts["key"].isin(named)].sort_values("concept", ignore_index=True)
    joints = dict(zip(segments["segment_id"], segments["joints"], strict=True))
    rates = dict(zip(manifest["clip_id"], manifest["fps"], strict=True))
    questions, strips = [], {}
    for record in asked_for.to_dict("records"):
        if record["medoid"] not in joints:
            raise ValueError(f"pose_segments: medoid '{record['medoid']}' is absent; rebuild motion_concepts")
        poses = np.asarray(joints[record["medoid"]]).reshape(-1, len(KEYPOINTS), 2)
        strips[int(record["concept"])] = picture = skeleton_strip(poses)
        seconds = (record["end"] - record["start"]) / float(rates.get(record["clip_id"]) or "nan")
        about = {str(key): value for key, value in record.items()}
        questions.append(name_question(about, min(len(poses), POSES), seconds, picture))
    # Loads the client library, which commands that only read names can do without.
    from dance_core.language.endpoint import asked

    entries, usage = asked(questions, settings)
    answers = [entry["answer"] for entry in entries]
    rows = [
        replace(
            row,
            name=_cut(answer["name"]),
            description=answer["description"],
            source="model",
        )
        for row, answer in zip(concept_rows(asked_for), answers, strict=True)
    ]
    return Suggestions(rows, usage, strips)


def _cut(name: str) -> str:
    """Cut a name that is too long for the file of names."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


def name_question(concept: Mapping[str, Any], n_poses: int, seconds: float, picture: bytes) -> Question:
    """Ask what to call one motion concept.

    Args:
        concept: concept, name, size and class_counts.
        n_poses: How many poses are in the picture.
        seconds: How long its middle segment is; NaN where it is not known.
        picture: Its strip, see `skeleton_strip`.

    Returns:
        The question, with the picture.
    """
    counts = sorted(json.loads(concept["class_counts"]).items(), key=lambda item: (-item[1], item[0]))
    values = {
        "{poses}": str(n_poses),
        "{duration}": f", {seconds:.1f} s in all" if seconds == seconds else "",
        "{size}": str(concept["size"]),
        "{classes}": ", ".join(f"{name} ({count})" for name, count in counts),
    }
    text = prompt_template("motion")
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return Question(
        subject=str(concept["name"]),
        about=f"name for motion concept {concept['concept']} ({concept['name']})",
        text=text,
        answer="name",
        schema=NAME_SCHEMA,
        parse=parsed_name,
        picture=picture,
    )
