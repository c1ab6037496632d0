"""Results of several seeds as one: mean and standard deviation of every number."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd


def over_seeds(documents: Sequence[Any]) -> Any:
    """Merge one JSON document per seed: each number becomes its mean and standard deviation over the seeds.

    Args:
        documents: Nested mappings and lists with the same layout, one per seed.

    Returns:
        The same layout with {"mean", "sd", "n_seeds"} in place of each number; sd divides by n - 1 and is None for one
        seed. What is None for a seed does not count, and is None if it is so for all. What is not a number is kept
        where the seeds agree and is None elsewhere, as are lists of different lengths.

    Raises:
        ValueError: There is no document.
    """
    if not documents:
        raise ValueError("seeds: no document to average; give one per seed")
    known = [document for document in documents if document is not None]
    if known and all(isinstance(document, Mapping) for document in known):
        keys = dict.fromkeys(key for document in known for key in document)
        return {key: over_seeds([document.get(key) for document in known]) for key in keys}
    if known and all(isinstance(document, list | tuple) for document in known):
        together = len({len(document) for document in known}) == 1
        return [over_seeds(values) for values in zip(*known, strict=True)] if together else None
    if all(_is_number(document) for document in known):
        return mean_and_sd(known)
    return known[0] if all(document == known[0] for document in known) else None


def mean_and_sd(values: Sequence[Any]) -> dict[str, Any] | None:
    """Return mean, sd (n - 1; None for one value) and n_seeds of the finite numbers; None if there are none."""
    known = np.array([value for value in values if _is_number(value) and np.isfinite(value)], np.float64)
    if not len(known):
        return None
    sd = float(known.std(ddof=1)) if len(known) > 1 else None
    return {"mean": float(known.mean()), "sd": sd, "n_seeds": len(known)}


def table_over_seeds(tables: Sequence[pd.DataFrame], keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Merge one table per seed: rows with the same keys become one with the mean and sd of the values.

    Args:
        tables: One table per seed.
        keys: Columns that say which row is which; empty cells are keys like any other.
        values: Columns of numbers.

    Returns:
        The keys, and of each value its mean under its own name and its sd as `<value>_sd`; n_seeds, the seeds that
        have the row. Rows in the order of their first appearance.

    Raises:
        ValueError: There is no table, or one has two rows of the same keys.
    """
    if not tables:
        raise ValueError("seeds: no table to average; give one per seed")
    for seed, table in enumerate(tables):
        if table.duplicated(list(keys)).any():
            row = table.loc[table.duplicated(list(keys)), list(keys)].iloc[0].to_dict()
            raise ValueError(f"seeds: table {seed} has two rows of {row}; give keys that tell all rows apart")
    groups = pd.concat(tables, ignore_index=True).groupby(list(keys), sort=False, dropna=False)
    means, spreads = groups[list(values)].mean(), groups[list(values)].std(ddof=1).add_suffix("_sd")
    columns = [name for value in values for name in (value, f"{value}_sd")]
    return means.join(spreads)[columns].assign(n_seeds=groups.size()).reset_index()


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
