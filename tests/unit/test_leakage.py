import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from dance_core.concept_targets import ConceptTargets
from dance_core.leakage import (
    binned,
    column_targets,
    concepts_task_leakage,
    interconcept_leakage,
    leakage_record,
    mutual_information,
)
from dance_core.model import Concept, Model

LN2 = np.log(2)


def columns(*rows):
    return np.array(rows).T


def test_bins_hold_equally_many_and_two_values_stay_apart():
    values = columns(np.arange(20.0)[::-1], [0.0, 1.0] * 10, [3.0] * 20)
    codes = binned(values, 5)
    assert np.bincount(codes[:, 0]).tolist() == [4] * 5
    assert codes[0, 0] == 4
    assert codes[:, 1].tolist() == [0, 1] * 10
    assert not codes[:, 2].any()
    assert binned(np.array([[0.0], [0.0], [0.0], [0.0], [1.0], [2.0]]), 4).max() <= 3


def test_information_by_hand():
    # Clips in cells (0, 0): 3, (0, 1): 1, (1, 1): 4 of 8.
    a, b = columns([0, 0, 0, 0, 1, 1, 1, 1]), columns([0, 0, 0, 1, 1, 1, 1, 1])
    plain = (
        LN2 - (3 / 8 * np.log(3 / 8) + 5 / 8 * np.log(5 / 8)) + 3 / 8 * np.log(3 / 8) - 1 / 8 * LN2 * 3 - 1 / 2 * LN2
    )
    assert plain == pytest.approx(mutual_info_score(a[:, 0], b[:, 0]))
    # Correction: (2 + 2 - 3 cells - 1) / 16 = 0 here; two independent coins have -1 / 16, and no less than 0 is told.
    assert mutual_information(a, b)[0, 0] == pytest.approx(plain)
    coins = columns([0, 0, 1, 1] * 2, [0, 1, 0, 1] * 2)
    np.testing.assert_allclose(mutual_information(coins, coins), (LN2 + 1 / 16) * np.eye(2), atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_information_of_many_columns_is_that_of_each_pair(seed):
    generator = np.random.default_rng(seed)
    a, b = generator.integers(4, size=(50, 3)) * 2, generator.integers(3, size=(50, 5))
    found = mutual_information(a, b)
    for i in range(3):
        for j in range(5):
            cells = [len(np.unique(x)) for x in (a[:, i], b[:, j], a[:, i] * 10 + b[:, j])]
            expected = mutual_info_score(a[:, i], b[:, j]) + (cells[0] + cells[1] - cells[2] - 1) / 100
            assert found[i, j] == pytest.approx(max(expected, 0))


def test_concepts_task_leakage_by_hand():
    y = np.array([5, 5, 9, 9] * 2)
    told, silent = [0, 0, 1, 1] * 2, [0, 1, 0, 1] * 2
    activations, concepts = columns(told, told, silent, silent), columns(silent, told, told, silent)
    # Only the first activation tells what its concept does not, and that is all of H(y).
    np.testing.assert_allclose(concepts_task_leakage(activations, concepts, y), [1, 0, 0, 0], atol=1e-12)
    assert np.isnan(concepts_task_leakage(activations, concepts, np.full(8, 3))).all()
    assert np.isnan(concepts_task_leakage(activations[:0], concepts[:0], y[:0])).all()


def test_interconcept_leakage_by_hand():
    one, other, constant = [0, 0, 1, 1] * 2, [0, 1, 0, 1] * 2, [0] * 8
    excess = interconcept_leakage(columns(one, one, other), columns(one, other, one))
    # Activations 0 and 1 are the same where their concepts are unrelated; 0 and 2 the other way round.
    nan = np.nan
    np.testing.assert_allclose(excess, [[nan, 1, 0], [1, nan, 0], [0, 0, nan]], atol=1e-12)
    assert np.isnan(interconcept_leakage(columns(one, constant), columns(one, other))).all()


def test_activations_that_only_add_noise_to_their_labels_leak_nothing_and_more_bins_change_little():
    generator = np.random.default_rng(0)
    y = generator.integers(10, size=2000)
    labels = (generator.uniform(size=(2000, 6)) < 0.2 + 0.06 * y[:, None]).astype(float)
    noisy = labels + generator.normal(size=labels.shape)
    families = np.array(["motion"] * 6, object)
    honest = leakage_record(noisy, labels, y, families)["motion"]
    assert (honest["n"], honest["n_concepts"]) == (2000, 6)
    assert honest["ctl"] < 0.003
    assert honest["icl"] < 0.01
    leaking = leakage_record(noisy + y[:, None] / 2, labels, y, families)["motion"]
    assert leaking["ctl"] > 0.1
    assert leaking["icl"] > 0.05
    assert leaking["bins"] == 20
    coarser = leakage_record(noisy + y[:, None] / 2, labels, y, families, bins=10)["motion"]
    assert coarser["ctl"] == pytest.approx(leaking["ctl"], abs=0.02)


def test_concepts_task_leakage_is_close_to_the_nearest_neighbour_estimate_of_its_authors():
    generator = np.random.default_rng(3)
    y = generator.integers(5, size=1000)
    labels = (generator.uniform(size=(1000, 12)) < 0.2 + 0.1 * y[:, None]).astype(float)
    z = labels + np.linspace(0, 1, 12) * y[:, None] + 0.5 * generator.normal(size=labels.shape)
    soft = mutual_info_classif(z, y, n_neighbors=3, random_state=0)
    expected = np.maximum(soft - [mutual_info_score(column, y) for column in labels.T], 0) / mutual_info_score(y, y)
    found = concepts_task_leakage(binned(z, 14), binned(labels, 14), y)
    assert found.mean() == pytest.approx(expected.mean(), rel=0.1)
    assert np.corrcoef(found, expected)[0, 1] > 0.99


def test_few_clips_fill_few_bins_and_chance_is_not_leakage():
    generator = np.random.default_rng(4)
    z, labels = generator.normal(size=(40, 60)), (generator.uniform(size=(40, 60)) < 0.5).astype(float)
    record = leakage_record(z, labels, np.arange(40) % 4, np.array(["motion"] * 60, object))["motion"]
    assert record["bins"] == 2
    assert record["ctl"] < 0.03
    assert record["icl"] < 0.03


def test_a_pseudo_label_leaks_nothing_into_itself_however_much_it_tells_of_the_class():
    generator = np.random.default_rng(1)
    y = generator.integers(3, size=300)
    scores = y[:, None] + generator.normal(size=(300, 4))
    record = leakage_record(7 * scores - 1, scores, y, np.array(["scene"] * 4, object))
    assert (record["scene"]["ctl"], record["scene"]["icl"]) == (0, 0)


def test_each_family_has_its_own_clips_and_what_cannot_be_known_is_none():
    generator = np.random.default_rng(2)
    z, y = generator.normal(size=(20, 3)), np.arange(20) % 2
    targets = np.column_stack([y.astype(float), np.zeros(20), generator.normal(size=20)])
    targets[:5, :2] = np.nan
    families = np.array(["motion", "motion", "scene"], object)
    record = leakage_record(z, targets, y, families, chosen=("motion", "scene"))
    assert record["object"] is None
    assert (record["motion"]["n"], record["motion"]["n_concepts"], record["motion"]["icl"]) == (15, 1, None)
    assert (record["scene"]["n"], record["all"]["n"], record["all"]["n_concepts"]) == (20, 15, 2)
    assert record["motion"]["ctl"] == 0
    assert leakage_record(z, targets, 0 * y, families)["scene"]["ctl"] is None
    nothing = leakage_record(z[:0], targets[:0], y[:0], families)
    assert nothing["all"] == nothing["object"] == {"ctl": None, "icl": None, "bins": 2, "n_concepts": 0, "n": 0}


def test_targets_follow_the_columns_of_the_model():
    concepts = (Concept("motion", 3, "wave"), Concept("scene", 0, "gym"), Concept("object", 1, "ball"))
    zeros = np.zeros((3, 1))
    model = Model(np.zeros(1), np.ones(1), zeros, zeros[:, 0], zeros[:, 0] + 1, zeros.T, np.zeros(1), ("a",), concepts)
    motion = ConceptTargets("motion", (2, 3), ("jump", "wave"), ("c0", "c1"), np.array([[0.0, 1.0], [1.0, np.nan]]))
    scene = ConceptTargets("scene", (0,), ("gym",), ("c1", "c0"), np.array([[0.1], [0.2]]))
    nan = np.nan
    found = column_targets(model, [motion, scene], ["c1", "c0"])
    np.testing.assert_array_equal(found, [[nan, 0.1, nan], [1, 0.2, nan]])
