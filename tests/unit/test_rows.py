import tempfile
from pathlib import Path

import numpy as np
import pytest

from dance_core.rows import NUMBERS_AT_ONCE, Rows, rows_on_disk


def both(at_once=3, shape=(11, 4)):
    """An array, and the same read from disk in blocks."""
    x = np.random.default_rng(0).normal(size=shape)
    stored = rows_on_disk(np.array_split(x, 3), shape[1], np.dtype(np.float64))
    return x, Rows(shape, lambda index: stored[index], at_once)


@pytest.mark.parametrize("at_once", [1, 3, 11, 100])
def test_products_are_those_of_the_whole_matrix(at_once):
    x, rows = both(at_once)
    weight, values = np.arange(8.0).reshape(4, 2), np.arange(22.0).reshape(11, 2)
    np.testing.assert_allclose(rows @ weight, x @ weight, atol=1e-12)
    np.testing.assert_allclose(rows.transposed_product(values), x.T @ values, atol=1e-12)
    np.testing.assert_allclose(rows.gram(), x @ x.T, atol=1e-12)
    np.testing.assert_array_equal(rows.gram(), rows.gram().T)
    np.testing.assert_allclose(rows.scatter(), x.T @ x, atol=1e-12)
    np.testing.assert_allclose(rows.mean(), x.mean(axis=0), atol=1e-12)
    np.testing.assert_array_equal(rows.dense(), x)
    assert rows.dense(np.float32).dtype == np.float32


def test_views_choose_and_scale_and_never_read_more_rows_at_once():
    x, rows = both(at_once=3)
    flags = np.array([True, False, True, True])
    index = np.array([7, 0, 0, 10])
    np.testing.assert_array_equal(rows.columns(flags).dense(), x[:, flags])
    np.testing.assert_array_equal(rows.take(index).dense(), x[index])
    np.testing.assert_array_equal(rows.take(index).take(np.array([True, False, True, False])).dense(), x[[7, 0]])
    mean, std = np.arange(4.0), np.array([1.0, 2, np.inf, 4])
    np.testing.assert_array_equal(rows.scaled(mean, std).dense(), (x - mean) / std)
    np.testing.assert_array_equal(rows.scaled(mean).dense(), x - mean)
    view = rows.take(np.arange(11)).columns(flags).scaled(mean[flags], std[flags])
    assert [place.stop - place.start for place, _ in view.blocks()] == [3, 3, 3, 2]
    np.testing.assert_array_equal(view.stored().dense(), view.dense())


def test_wide_rows_come_in_smaller_blocks():
    assert Rows((10, NUMBERS_AT_ONCE // 2), lambda index: np.empty((len(index), 1))).at_once == 2
    assert Rows((10, 2 * NUMBERS_AT_ONCE), lambda index: np.empty((len(index), 1))).at_once == 1
    assert Rows.of(np.empty((0, 0))).dense().shape == (0, 0)


def test_the_file_keeps_its_precision_and_the_rows_come_as_doubles():
    x = np.random.default_rng(1).normal(size=(5, 3))
    rows = rows_on_disk([x[:2], x[2:]], 3, np.dtype(np.float32))
    assert rows.shape == (5, 3)
    found = rows[np.array([4, 0, 1, 2])]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, x.astype(np.float32)[[4, 0, 1, 2]])
    assert rows_on_disk([], 3, np.dtype(np.float64)).dense().shape == (0, 3)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_temporary_folder_is_named(monkeypatch):
    expected = r"temporary folder /.*: No space left on device after 0 rows of 24 bytes; make room or set TMPDIR"
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda prefix: full)
        with pytest.raises(ValueError, match=expected):
            rows_on_disk([np.zeros((2, 3))], 3, np.dtype(np.float64))
