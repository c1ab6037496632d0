"""What concepts are called after training: a file beside the model, so that a new name needs no new model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dance_core.tables import read_json, write_json

NAMES = "names.json"


@dataclass(frozen=True)
class ConceptName:
    """The name of one concept.

    Attributes:
        family: motion, object or scene.
        id: Id within the family.
        trained_name: The name that the concept had when the model was trained.
        name: What people read now.
        description: A sentence; "" for none.
        source: Who gave the name: "human" or "model".
        key: Digest of what the concept is, see `dance_core.naming.concept_keys`.
    """

    family: str
    id: int
    trained_name: str
    name: str
    description: str
    source: str
    key: str


def write_names(path: str | Path, names: Sequence[ConceptName]) -> None:
    """Write names beside a model.

    Args:
        path: The file names.json in the folder of the model.
        names: Names that were given; concepts without one keep theirs.
    """
    write_json(path, {"names": [vars(name) for name in names]})


def read_names(folder: str | Path) -> list[ConceptName]:
    """Read the names beside a model.

    Args:
        folder: Folder of the model.

    Returns:
        Names that were given; none where there is no such file.

    Raises:
        ValueError: The file has another form.
    """
    path = Path(folder) / NAMES
    if not path.is_file():
        return []
    try:
        return [ConceptName(**entry) for entry in read_json(path)["names"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a list of concept names ({error}); delete it or run the rule naming") from error


def forget_names(folder: str | Path) -> None:
    """Delete the names beside a model that is about to be replaced by another.

    Args:
        folder: Folder of the model.
    """
    (Path(folder) / NAMES).unlink(missing_ok=True)


def named_concepts(concepts: Sequence[Mapping[str, Any]], folder: str | Path) -> list[dict[str, Any]]:
    """Give the concepts of a stored model the names that lie beside it.

    Args:
        concepts: family, id, name and extra of every concept.
        folder: Folder of the model.

    Returns:
        The concepts; those with a given name keep trained_name, description and source in extra.

    Raises:
        ValueError: A name was given to a concept that the model calls otherwise, so it belongs to another model.
    """
    names = {(name.family, name.id): name for name in read_names(folder)}
    found = []
    for concept in concepts:
        given = names.get((concept["family"], concept["id"]))
        if given is None:
            found.append(dict(concept))
            continue
        if given.trained_name != concept["name"]:
            raise ValueError(
                f"{Path(folder) / NAMES}: names {given.family} concept {given.id} '{given.trained_name}', which the "
                f"model calls '{concept['name']}'; it belongs to another model: delete it or run the rule naming again"
            )
        about = {key: getattr(given, key) for key in ("trained_name", "description", "source")}
        found.append({**concept, "name": given.name, "extra": {**concept["extra"], **about}})
    return found


def renamed(table: pd.DataFrame, names: Sequence[ConceptName], family: str | None = None) -> pd.DataFrame:
    """Put given names into a table of concepts.

    Args:
        table: concept, name, and family where it is not the same for all.
        names: Names that were given.
        family: Family of all rows; by default the table says it.

    Returns:
        The table with name replaced, and trained_name, description and source ("" where no name was given).
    """
    known = {(name.family, name.id): name for name in names}
    families = table["family"] if family is None else [family] * len(table)
    given = [known.get((kind, int(concept))) for kind, concept in zip(families, table["concept"], strict=True)]
    columns = {
        key: [getattr(name, key) if name else "" for name in given] for key in ("trained_name", "description", "source")
    }
    new = [name.name if name else old for name, old in zip(given, table["name"], strict=True)]
    return table.assign(name=pd.Series(new, index=table.index, dtype=object), **columns)
