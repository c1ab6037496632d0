import pytest

from dance_core.language_usage import USAGE_SCHEMA, usage_sentence, usage_table
from dance_core.tables import read_table, write_table


def row(attempt=0, cached=False, usable=True, prompt=1000, completion=500):
    return {
        "class": "boxing",
        "call": 0,
        "attempt": attempt,
        "format": "text",
        "usable": usable,
        "cached": cached,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "seconds": 0.5,
        "created": "2025-05-01T00:00:00Z",
    }


PRICES = {"prompt": 2.0, "completion": 6.0}


def test_cost_by_hand():
    # 1000 * 2 / 1e6 + 500 * 6 / 1e6
    assert usage_table([row()], PRICES)["cost"].tolist() == [pytest.approx(0.005)]
    assert usage_table([row(), row(completion=None)], PRICES)["cost"].isna().tolist() == [False, True]
    for prices in ({}, {"prompt": 2.0, "completion": None}):
        assert usage_table([row()], prices)["cost"].isna().all()


@pytest.mark.parametrize("rows", [[], [row()], [row(prompt=None, completion=None), row()]])
def test_a_table_comes_back_from_disk(tmp_path, rows):
    table = usage_table(rows, PRICES)
    write_table(tmp_path / "usage.parquet", table, USAGE_SCHEMA)
    read = read_table(tmp_path / "usage.parquet")
    assert list(read.columns) == USAGE_SCHEMA.names
    assert usage_sentence(read) == usage_sentence(table)


@pytest.mark.parametrize(
    ("rows", "prices", "sentence"),
    [
        ([], PRICES, ""),
        ([row()], {}, "1 completion, 1,000 prompt and 500 completion tokens."),
        (
            [row(usable=False), row(1), row(cached=True)],
            PRICES,
            "3 completions (1 of them unusable), 3,000 prompt and 1,500 completion tokens, cost 0.0150, 1 of them from "
            "the cache, paid earlier.",
        ),
        (
            [row(cached=True)],
            PRICES,
            "1 completion, 1,000 prompt and 500 completion tokens, cost 0.0050, all from the cache, so that nothing "
            "was paid now.",
        ),
        (
            [row(), row(prompt=None, completion=None)],
            {},
            "2 completions, 1,000 prompt and 500 completion tokens, tokens of 1 not told by the server.",
        ),
    ],
)
def test_a_sentence_says_what_was_paid(rows, prices, sentence):
    assert usage_sentence(usage_table(rows, prices)) == sentence
