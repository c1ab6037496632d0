"""What a language model cost: every completion that a server gave, whether it could be used or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

USAGE_SCHEMA = pa.schema(
    [
        ("class", pa.string()),
        ("call", pa.int32()),
        ("attempt", pa.int32()),
        ("format", pa.string()),
        ("usable", pa.bool_()),
        ("cached", pa.bool_()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("cost", pa.float64()),
        ("created", pa.string()),
    ]
)
"""Columns of a usage table: one row for each completion, those of earlier runs marked as cached."""


@dataclass(frozen=True)
class Completion:
    """One completion that a server gave, and presumably charged for.

    Attributes:
        format: Form of the answer that was asked for: json_schema, json_object or text.
        usable: Whether an answer was found in it.
        prompt_tokens: Tokens of the question; None where the server does not say.
        completion_tokens: Tokens of the answer; None where the server does not say.
        seconds: How long it took.
        created: ISO 8601 time.
    """

    format: str
    usable: bool
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    created: str


def usage_table(rows: Sequence[Mapping[str, Any]], price_per_million: Mapping[str, float | None]) -> pd.DataFrame:
    """Put completions into a table and say what they cost.

    Args:
        rows: class, call, attempt, cached and the fields of `Completion`.
        price_per_million: Price of a million tokens of the "prompt" and of the "completion"; None where not known.

    Returns:
        Columns of `USAGE_SCHEMA`; cost is null where a price or a number of tokens is not known.
    """
    table = pd.DataFrame(list(rows), columns=[name for name in USAGE_SCHEMA.names if name != "cost"])
    cost = pd.Series(0.0, index=table.index, dtype="Float64")
    for part in ("prompt", "completion"):
        table[f"{part}_tokens"] = table[f"{part}_tokens"].astype("Int64")
        price = price_per_million.get(part)
        cost += table[f"{part}_tokens"] * (pd.NA if price is None else price / 1e6)
    return table.assign(cost=cost.astype("Float64"))[USAGE_SCHEMA.names]


def usage_sentence(table: pd.DataFrame) -> str:
    """Say in one sentence what was paid, and what of it now.

    Args:
        table: What `usage_table` returned, or the same read from a file.

    Returns:
        For example `24 completions (2 of them unusable), 3,400 prompt and 810 completion tokens, cost 0.0123, 20 of
        them from the cache, paid earlier.`; "" where there is none.
    """
    if table.empty:
        return ""
    unusable, cached = int((~table["usable"].astype(bool)).sum()), int(table["cached"].astype(bool).sum())
    words = [_counted(len(table), "completion") + (f" ({unusable} of them unusable)" if unusable else "")]
    known = table[["prompt_tokens", "completion_tokens"]].dropna()
    if len(known):
        prompt, completion = (int(known[name].sum()) for name in known.columns)
        words.append(f"{prompt:,} prompt and {completion:,} completion tokens")
    if len(known) < len(table):
        words.append(f"tokens of {len(table) - len(known):,} not told by the server")
    if table["cost"].notna().any():
        words.append(f"cost {table['cost'].sum():,.4f}")
    if cached == len(table):
        words.append("all from the cache, so that nothing was paid now")
    elif cached:
        words.append(f"{cached} of them from the cache, paid earlier")
    return ", ".join(words) + "."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)
