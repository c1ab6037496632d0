"""Names for motion concepts, given by a person after training; nothing is trained again."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from dance_core.concept_names import ConceptName
from dance_core.naming.keys import with_keys
from dance_core.naming.names_file import NameRow, read_names_file, write_names_file

__all__ = [
    "NameRow",
    "concept_rows",
    "given_names",
    "merged_rows",
    "read_names_file",
    "with_keys",
    "write_names_file",
]

_log = logging.getLogger(__name__)


def given_names(concepts: pd.DataFrame, path: Path | None) -> list[ConceptName]:
    """Match the names of a file with the concepts of a run.

    Args:
        concepts: Motion concepts with their keys: concept, name, key; see `with_keys`.
        path: The file of names; None where there is none.

    Returns:
        Names that differ from the generated ones or describe a concept, in the order of the concepts. A key that no
        concept has is logged as a warning, and its name is used for none; so is a name of several concepts.

    Raises:
        ValueError: The file cannot be read, or a row's concept_id is not that of the concept with its key.
    """
    if path is None:
        return []
    rows = {row.key: row for row in read_names_file(path)}
    known = {str(key): int(concept) for key, concept in zip(concepts["key"], concepts["concept"], strict=True)}
    for row in rows.values():
        if row.key not in known:
            _log.warning(
                "%s: key '%s' ('%s') is of no concept of this run, so its name is not used; see which concepts there "
                "are with python -m dance_core names RESULTS --from %s --out FILE",
                *(path, row.key, row.name, path),
            )
        elif row.concept_id not in ("", str(known[row.key])):
            raise ValueError(
                f"{path}: concept_id is {row.concept_id} but key '{row.key}' ('{row.name}') is of concept "
                f"{known[row.key]}; correct it, or leave it empty"
            )
    found = []
    for concept, name, key in zip(concepts["concept"], concepts["name"], concepts["key"], strict=True):
        given = rows.get(str(key))
        if given is not None and _says_something(given):
            new = given.name if given.source != "generated" and given.name else str(name)
            source = "human" if given.source == "generated" else given.source
            found.append(ConceptName("motion", int(concept), str(name), new, given.description, source, given.key))
    _warn_of_equals(concepts, found, path)
    return found


def _warn_of_equals(concepts: pd.DataFrame, found: Sequence[ConceptName], path: Path) -> None:
    """Tell which given names several concepts have, be it that one of them was generated."""
    names = dict(zip(concepts["concept"], concepts["name"], strict=True)) | {name.id: name.name for name in found}
    for given in sorted({name.name for name in found}):
        alike = [str(concept) for concept, name in names.items() if name == given]
        if len(alike) > 1:
            _log.warning("%s: '%s' names concepts %s, which nobody can tell apart", path, given, ", ".join(alike))


def _says_something(row: NameRow) -> bool:
    """Tell a row that a person filled in, or took over, from one that was left as it was written."""
    return bool(row.description or (row.source != "generated" and row.name))


def concept_rows(concepts: pd.DataFrame) -> list[NameRow]:
    """Give the rows of a file that names nothing yet.

    Args:
        concepts: Motion concepts with their keys: concept, name, key, class_counts, clip_id and, where they have a
            middle segment, start and end.

    Returns:
        One row a concept, its name the generated one.
    """
    rows = []
    for record in concepts.to_dict("records"):
        counts = json.loads(record["class_counts"])
        classes = ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
        place = f"{record['clip_id']} frames {record['start']}-{record['end']}" if record["clip_id"] else ""
        name = str(record["name"])
        rows.append(NameRow(record["key"], str(record["concept"]), name, "", "generated", name, classes, place))
    return rows


def merged_rows(rows: Sequence[NameRow], former: Sequence[Sequence[NameRow]]) -> list[NameRow]:
    """Take names along from earlier files.

    Args:
        rows: Rows of the concepts there are.
        former: Rows of earlier files. A person's name or description wins over a suggestion, an earlier file over a
            later one.

    Returns:
        The rows with their names; at the end, without a number, names of concepts that there are no more.
    """
    best: dict[str, NameRow] = {}
    for row in (row for file in former for row in file if _says_something(row)):
        if row.key not in best or (best[row.key].source == "model" and row.source != "model"):
            best[row.key] = row
    found = []
    for row in rows:
        taken = best.pop(row.key, None)
        if taken is not None:
            # A generated name is the one of today: its number may have become another concept's.
            name = taken.name if taken.source != "generated" and taken.name else row.name
            row = replace(row, name=name, description=taken.description, source=taken.source)
        found.append(row)
    return [*found, *(replace(row, concept_id="") for row in best.values())]
