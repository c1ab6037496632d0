"""The command `names`: a file of all motion concepts of finished results, to be filled in by a person."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dance_core.naming import concept_rows, merged_rows, read_names_file, with_keys, write_names_file
from dance_core.tables import read_table

TABLES = (("motion_concepts", "assignments"), ("released_motion", "labels"))
"""Where motion concepts lie, and what says which segments or clips show them; the first that exists counts."""


def write_names_template(results: Path, out: Path, former: Sequence[Path] = ()) -> str:
    """Write a file with every motion concept and its present name.

    Args:
        results: Folder of the results of a data set, such as results/demo.
        out: csv file to write, which must not exist.
        former: Earlier files, whose names are taken along: names of persons, or suggestions.

    Returns:
        What was done, for the reader.

    Raises:
        ValueError: There are no motion concepts, `out` exists or lies in the results, or an earlier file cannot be
            read.
    """
    if out.resolve().is_relative_to(results.resolve()):
        raise ValueError(f"{out}: lies in the results, which the workflow deletes and writes; give a place outside")
    rows = merged_rows(concept_rows(results_concepts(results)), [read_names_file(path) for path in former])
    write_names_file(out, rows)
    named = sum(row.source != "generated" for row in rows)
    return (
        f"{out}: {len(rows)} rows, {named} with a given name; edit name and description, then set "
        f"naming.names: {out} in the config and run the workflow, which renames without training"
    )


def results_concepts(results: Path) -> pd.DataFrame:
    """Read the motion concepts of finished results, with their keys.

    Args:
        results: Folder of the results of a data set.

    Returns:
        What `with_keys` gives.

    Raises:
        ValueError: There are none.
    """
    for folder, members in TABLES:
        if (results / folder / "concepts.parquet").is_file():
            tables = (read_table(results / folder / f"{name}.parquet") for name in ("concepts", members))
            return with_keys(*tables)
    raise ValueError(
        f"{results}: there are no motion concepts (motion_concepts/concepts.parquet); give the folder of finished "
        "results, such as results/demo"
    )
