"""The file in which a person names motion concepts: one row a concept, for any spreadsheet."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from dance_core.language.names import nearest_hint

SOURCES = ("human", "model", "generated")
"""Who gave a name: a person, a language model as a suggestion, or the workflow."""

NEEDED = ("key", "name")
LONGEST_NAME = 60
# Spreadsheets write the second where a comma is the decimal mark, and the third as "text".
SEPARATORS = ",;\t"


@dataclass(frozen=True)
class NameRow:
    """One row of the file.

    Attributes:
        key: Key of the concept, see `with_keys`.
        concept_id: Its number, for the reader and as a check; "" where it is not said.
        name: What it shall be called.
        description: A sentence; "" for none.
        source: One of `SOURCES`; an edited name without one, or marked generated, is a person's.
        generated_name: What the workflow called it when the file was written.
        classes: Segments, or clips, of each class, for the reader.
        medoid: Clip and frames of its middle segment, for the reader.
    """

    key: str
    concept_id: str
    name: str
    description: str = ""
    source: str = "human"
    generated_name: str = ""
    classes: str = ""
    medoid: str = ""


COLUMNS = tuple(field.name for field in fields(NameRow))


def read_names_file(path: Path) -> list[NameRow]:
    """Read names.

    Args:
        path: csv file with the columns key and name, and where wished the others of `NameRow`; between commas,
            semicolons or tabs.

    Returns:
        The rows, white space single; an edited name is a person's.

    Raises:
        ValueError: The file is absent or no such table, a key is absent or occurs twice, a name is too long, or a
            source is unknown.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file; write one with python -m dance_core names RESULTS --out FILE")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(SEPARATORS, key=header.count))
            columns = [str(column).strip() for column in reader.fieldnames or ()]
            reader.fieldnames = columns
            absent = [column for column in NEEDED if column not in columns]
            if absent:
                raise ValueError(
                    f"{path}: column '{absent[0]}' is absent, found {', '.join(columns)[:80] or 'nothing'}; "
                    "save it as csv, in UTF-8"
                )
            rows = [
                _row({name: row.get(name) or "" for name in COLUMNS}, f"{path} line {reader.line_num}")
                for row in reader
                if any(row.values())
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a csv file in UTF-8 ({error}); save it as such") from error
    seen: set[str] = set()
    for row in rows:
        if row.key in seen:
            raise ValueError(f"{path}: key '{row.key}' occurs twice; keep one of the rows")
        seen.add(row.key)
    return rows


def write_names_file(path: Path, rows: Sequence[NameRow]) -> None:
    """Write names; what a person wrote is never overwritten.

    Args:
        path: csv file, which must not exist.
        rows: The rows.

    Raises:
        ValueError: The file exists.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # With the mark by which spreadsheets recognise UTF-8.
        with path.open("x", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([COLUMNS, *([getattr(row, name) for name in COLUMNS] for row in rows)])
    except FileExistsError:
        raise ValueError(
            f"{path}: exists and is not overwritten; give another --out, and --from {path} to take its names along"
        ) from None


def _row(values: dict[str, str], place: str) -> NameRow:
    """Make one row of the cells."""
    row = NameRow(**{name: " ".join(value.split()) for name, value in values.items()})
    if not row.key:
        raise ValueError(f"{place}: key is empty; take the keys from python -m dance_core names")
    if len(row.name) > LONGEST_NAME:
        raise ValueError(
            f"{place}: name has {len(row.name)} characters; use at most {LONGEST_NAME}, the rest as description"
        )
    source = row.source or "human"
    if source not in SOURCES:
        raise ValueError(
            f"{place}: source '{source}' is unknown{nearest_hint(source, SOURCES)}; use one of {', '.join(SOURCES)}"
        )
    edited = source == "generated" and row.name not in ("", row.generated_name)
    return NameRow(**{**vars(row), "source": "human" if edited else source})
