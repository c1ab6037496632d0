import numpy as np
import pytest

from dance_core.hard_concepts import hard_thresholds, soft_minus_hard
from dance_core.sparse_classifier import fit_sparse_classifier


def test_thresholds_leave_as_many_clips_as_the_targets_show():
    z = np.column_stack([np.arange(8.0), np.arange(8.0), np.arange(8.0), np.arange(8.0)])
    labels = np.array([0, 1, 0, 0, 0, 0, 0, 1.0])
    half = np.where(np.arange(8) < 4, np.array([1, 0] * 4), np.nan)
    scores = np.array([0, 0, 0, 0, 0, 0, 0, 10.0])
    thresholds = hard_thresholds(z, np.column_stack([labels, half, scores, np.full(8, np.nan)]))
    assert (z > thresholds).sum(axis=0).tolist()[:3] == [2, 6, 1]
    assert thresholds[3] == 0


def study(seed=0, n=400):
    """Concept 0 tells the class by being there; concept 1 only by how much it is there."""
    generator = np.random.default_rng(seed)
    y = np.arange(n) % 4
    there = y // 2
    z = np.column_stack([2.0 * there - 1, np.where(there == 1, 1.0, -1.0) * (0.5 + y % 2)])
    return z + 0.01 * generator.normal(size=z.shape), y


def test_the_degree_of_a_concept_is_what_hard_concepts_lose():
    z, y = study()
    soft = fit_sparse_classifier(z, y, 1e-3, 0.99)
    parts, labels = {"train": z, "test": study(1)[0], "shift": z[:0]}, {"train": y, "test": y, "shift": y[:0]}
    record = soft_minus_hard(soft.weight, soft.bias, parts, labels, np.zeros(2), 1e-3, 0.99)
    # Hard, two classes of each half look alike.
    assert record["test"] == pytest.approx({"soft": 1, "hard": 0.5, "difference": 0.5})
    assert record["train"]["difference"] == pytest.approx(0.5)
    assert record["shift"] == {"soft": None, "hard": None, "difference": None}


def test_a_concept_that_all_or_no_train_clips_show_says_nothing():
    z, y = study()
    soft = fit_sparse_classifier(z, y, 1e-3, 0.99)
    arguments = (soft.weight, soft.bias, {"train": z}, {"train": y})
    one = soft_minus_hard(*arguments, np.array([0.0, -9.0]), 1e-3, 0.99)
    assert one["train"]["hard"] == 0.5
    none = soft_minus_hard(*arguments, np.array([9.0, -9.0]), 1e-3, 0.99)
    assert none["train"] == {"soft": 1, "hard": None, "difference": None}
