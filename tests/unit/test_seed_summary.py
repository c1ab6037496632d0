import numpy as np
import pandas as pd
import pytest

from dance_core.seed_summary import mean_and_sd, over_seeds, table_over_seeds


def test_every_number_becomes_mean_and_sd():
    documents = [
        {"top1": 0.9, "by": {"a": [1, 4]}, "classes": ["x"], "note": "same", "chosen": True, "gone": None},
        {"top1": 0.8, "by": {"a": [3, 4]}, "classes": ["x"], "note": "same", "chosen": False, "gone": None},
        {"top1": 1.0, "by": {"a": [5, 4]}, "classes": ["x"], "note": "same", "chosen": True, "gone": None},
    ]
    merged = over_seeds(documents)
    assert merged["top1"] == pytest.approx({"mean": 0.9, "sd": 0.1, "n_seeds": 3})
    assert merged["by"]["a"] == [{"mean": 3, "sd": 2, "n_seeds": 3}, {"mean": 4, "sd": 0, "n_seeds": 3}]
    assert (merged["classes"], merged["note"], merged["chosen"], merged["gone"]) == (["x"], "same", None, None)


def test_what_is_unknown_for_a_seed_does_not_count():
    merged = over_seeds([{"a": None, "b": {"c": 1.0}, "d": [1]}, {"a": 2.0, "b": None, "d": [1, 2]}])
    assert merged["a"] == {"mean": 2, "sd": None, "n_seeds": 1}
    assert merged["b"]["c"] == {"mean": 1, "sd": None, "n_seeds": 1}
    assert merged["d"] is None
    assert mean_and_sd([float("nan"), "x", None]) is None
    with pytest.raises(ValueError, match="no document to average; give one per seed"):
        over_seeds([])


def test_rows_with_the_same_keys_become_one():
    tables = [
        pd.DataFrame({"method": ["b", "a"], "level": [5, None], "top1": [0.5, 0.7]}),
        pd.DataFrame({"method": ["a", "c"], "level": [None, 5], "top1": [0.9, 0.1]}),
    ]
    merged = table_over_seeds(tables, ["method", "level"], ["top1"])
    assert list(merged.columns) == ["method", "level", "top1", "top1_sd", "n_seeds"]
    assert merged["method"].tolist() == ["b", "a", "c"]
    np.testing.assert_allclose(merged["top1"], [0.5, 0.8, 0.1])
    np.testing.assert_allclose(merged["top1_sd"], [np.nan, np.sqrt(0.02), np.nan])
    assert merged["n_seeds"].tolist() == [1, 2, 1]


def test_errors_of_tables():
    with pytest.raises(ValueError, match="no table to average"):
        table_over_seeds([], ["a"], ["b"])
    twice = pd.DataFrame({"a": ["x", "x"], "b": [1, 2]})
    with pytest.raises(ValueError, match=r"table 0 has two rows of \{'a': 'x'\}; give keys that tell all rows apart"):
        table_over_seeds([twice], ["a"], ["b"])
