import numpy as np
import pytest
from scipy.special import expit, softmax

from dance_core import faithfulness
from dance_core.faithfulness import faithfulness_record, removal_curves


def study():
    """One clip of class 0; contributions to class 0 are 2, -1 and 1, and the log-odds twice their sum."""
    weight = np.array([[2.0, 1.0, -1.0, 0.0], [-2.0, -1.0, 1.0, 0.0]])
    return weight, np.zeros(2), np.array([[1.0, -1.0, -1.0, 5.0]]), np.array([0])


def test_both_curves_of_one_clip_by_hand():
    record = faithfulness_record(*study(), draws=2)
    assert (record["n"], record["n_concepts"]) == (1, 3)
    # Deletion leaves sums of 2, 0 (without 2), -1 (without 2 and 1), 0; class 1 wins while the sum is -1.
    deletion = expit([4, 0, -2, 0])
    assert record["deletion"]["area"] == pytest.approx(np.mean((deletion[1:] + deletion[:-1]) / 2))
    assert record["deletion"]["probability"][0] == pytest.approx(deletion[0])
    assert record["deletion"]["probability"][-1] == pytest.approx(0.5)
    assert record["deletion"]["probability"][10] == pytest.approx((deletion[1] + deletion[2]) / 2)
    assert record["deletion"]["accuracy_area"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    # Insertion brings 2, then 1, then -1.
    insertion = expit([0, 4, 6, 4])
    assert record["insertion"]["area"] == pytest.approx(np.mean((insertion[1:] + insertion[:-1]) / 2))
    assert record["insertion"]["probability"][-1] == pytest.approx(record["deletion"]["probability"][0])


@pytest.mark.parametrize("seed", range(4))
def test_curves_are_those_of_slow_removal_for_any_chunk(seed, monkeypatch):
    generator = np.random.default_rng(seed)
    weight, bias = generator.normal(size=(3, 5)), generator.normal(size=3)
    z, y = generator.normal(size=(7, 5)), generator.integers(3, size=7)
    order = generator.permuted(np.tile(np.arange(5), (7, 1)), axis=1)
    probability, accuracy = np.zeros(6), np.zeros(6)
    for row, label, ranks in zip(z, y, order, strict=True):
        predicted = (weight @ row + bias).argmax()
        for removed in range(6):
            left = row.copy()
            left[ranks[:removed]] = 0
            logits = weight @ left + bias
            probability[removed] += softmax(logits)[predicted] / 7
            accuracy[removed] += (logits.argmax() == label) / 7
    monkeypatch.setattr(faithfulness, "_CHUNK", 40)
    found = removal_curves(weight, bias, z, y, order)
    np.testing.assert_allclose(found[0], probability)
    np.testing.assert_allclose(found[1], accuracy)


def test_contributions_beat_a_random_order_and_random_is_a_mean_over_orders():
    generator = np.random.default_rng(0)
    weight, z = generator.normal(size=(4, 12)), generator.normal(size=(200, 12))
    y = (z @ weight.T).argmax(axis=1)
    record = faithfulness_record(weight, np.zeros(4), z, y, draws=5, seed=1)
    for side in ("deletion", "insertion"):
        assert record[side]["gain"] > 0.1
        assert record[side]["random"]["area_sd"] < 0.02
    assert record["deletion"]["gain"] == record["deletion"]["random"]["area"] - record["deletion"]["area"]
    assert record["insertion"]["random"]["area"] == pytest.approx(record["deletion"]["random"]["area"])
    assert record["insertion"]["random"]["probability"][0] == record["deletion"]["random"]["probability"][-1]
    assert record == faithfulness_record(weight, np.zeros(4), z, y, draws=5, seed=1)
    assert record != faithfulness_record(weight, np.zeros(4), z, y, draws=5, seed=2)


def test_the_random_order_of_two_concepts_is_half_of_each():
    # Contributions 1 and 0: the random curve passes through the mean of removing either first.
    weight, z = np.array([[1.0, 1.0], [-1.0, -1.0]]), np.tile([1.0, 0.0], (4000, 1))
    record = faithfulness_record(weight, np.zeros(2), z, np.zeros(4000, int), draws=1)
    assert record["deletion"]["random"]["probability"][10] == pytest.approx((expit(2) + 0.5) / 2, abs=0.01)
    assert record["deletion"]["random"]["area_sd"] is None


def test_without_clips_or_weights_the_curves_are_none():
    weight, bias, z, y = study()
    for record in (faithfulness_record(0 * weight, bias, z, y), faithfulness_record(weight, bias, z[:0], y[:0])):
        assert (record["deletion"], record["insertion"]) == (None, None)
