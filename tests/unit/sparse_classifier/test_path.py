import numpy as np
import pytest

from dance_core.rows import Rows
from dance_core.sparse_classifier import (
    CrossEntropy,
    SparseClassifier,
    at_effective_concepts,
    effective_concepts,
    falling_strengths,
    fit_path,
    fit_sparse_classifier,
    strongest_lam,
    truncated,
)


def problem(n=150, n_concepts=20, n_classes=4, seed=0):
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, n_concepts))
    truth = generator.normal(0, 2, (n_classes, n_concepts)) * (generator.random((n_classes, n_concepts)) < 0.3)
    return z, (z @ truth.T + generator.gumbel(size=(n, n_classes))).argmax(axis=1)


def given(weight, lam=0.1):
    weight = np.array(weight, float)
    return SparseClassifier(weight, np.zeros(len(weight)), lam, 0.99, 0.0, 0.0, 0.0, True, 1)


def test_a_path_read_from_blocks_is_that_of_the_whole():
    z, y = problem()
    rows = Rows(z.shape, lambda index: z[index], 11)
    assert strongest_lam(rows, y) == pytest.approx(strongest_lam(z, y))
    pairs = zip(fit_path(rows, y, n_values=5, tolerance=1e-9), fit_path(z, y, n_values=5, tolerance=1e-9), strict=True)
    for streamed, whole in pairs:
        np.testing.assert_allclose(streamed.weight, whole.weight, atol=1e-5)
        assert streamed.gap == pytest.approx(whole.gap, abs=1e-8)
    path = fit_path(rows, y, n_values=5)
    chosen = at_effective_concepts(path, rows, y, [2])[2]
    assert chosen.objective == pytest.approx(at_effective_concepts(path, z, y, [2])[2].objective)
    broken = z.copy()
    broken[30, 4] = np.nan
    with pytest.raises(ValueError, match="row 30 has values that are not finite; drop the clip"):
        strongest_lam(Rows(z.shape, lambda index: broken[index], 11), y)


def test_a_path_comes_down_from_no_weight_and_every_point_is_the_optimum():
    z, y = problem()
    path = fit_path(z, y, n_values=8, ratio=1e-3, tolerance=1e-9)
    limit = strongest_lam(z, y)
    np.testing.assert_allclose([fitted.lam for fitted in path], limit * 10 ** (-3 * np.arange(8) / 7))
    assert not path[0].weight.any()
    assert path[1].weight.any()
    for fitted in path:
        alone = fit_sparse_classifier(z, y, fitted.lam, tolerance=1e-9)
        assert fitted.converged
        assert fitted.objective == pytest.approx(alone.objective, rel=1e-9)
        np.testing.assert_allclose(fitted.weight, alone.weight, atol=1e-4)


def test_a_path_of_given_strengths_is_sorted():
    z, y = problem()
    assert [fitted.lam for fitted in fit_path(z, y, lams=[0.01, 0.05, 0.02])] == [0.05, 0.02, 0.01]
    ridge = fit_path(z, y, alpha=0.0, lams=[0.1, 1.0])
    assert all(fitted.converged and fitted.weight.all() for fitted in ridge)


def test_two_classes_mirror_each_other_along_the_path():
    z, y = problem(n_classes=2)
    for fitted in fit_path(z, y, n_values=5, tolerance=1e-9):
        np.testing.assert_allclose(fitted.weight[0], -fitted.weight[1], atol=1e-5)


def test_a_class_absent_from_train_has_no_weight_along_the_path():
    z, y = problem()
    path = fit_path(z, y, n_values=5, n_classes=6, tolerance=1e-8)
    assert all(fitted.converged and not fitted.weight[4:].any() for fitted in path)
    for fitted, without in zip(path, fit_path(z, y, n_values=5, tolerance=1e-8), strict=True):
        assert fitted.objective == pytest.approx(without.objective, rel=1e-8)


def test_constant_columns_get_no_weight_along_the_path():
    z, y = problem()
    z[:, 3], z[:, 7] = 0, 2.5
    path = fit_path(z, y, n_values=6)
    assert all(fitted.converged and not fitted.weight[:, [3, 7]].any() for fitted in path)


def test_truncation_by_hand():
    weight = np.array([[0.5, -3.0, 0.0], [2.0, -0.5, 1e-6]])
    np.testing.assert_array_equal(truncated(weight, 2), [[0, -3, 0], [2, 0, 0]])
    np.testing.assert_array_equal(truncated(weight, 3), [[0.5, -3, 0], [2, 0, 0]])
    np.testing.assert_array_equal(truncated(weight, 6), [[0.5, -3, 0], [2, -0.5, 0]])
    np.testing.assert_array_equal(weight, [[0.5, -3.0, 0.0], [2.0, -0.5, 1e-6]])


def test_levels_take_the_nearest_solution_from_above_by_hand():
    z, y = np.eye(3), np.array([0, 1, 0])
    path = (
        given([[0, 0, 0], [0, 0, 0]]),
        given([[1, 0, 0], [0, 2, 0]], 0.05),
        given([[1, 0, 3], [0, 2, 4]], 0.02),
        given([[1, 5, 3], [6, 2, 4]], 0.01),
    )
    chosen = at_effective_concepts(path, z, y, [1, 2, 3, 9])
    assert chosen[1] is path[1]
    assert chosen[2] is path[2]
    assert chosen[3] is path[3]
    assert chosen[9] is path[3]
    (cut,) = at_effective_concepts(path[3:], z, y, [1]).values()
    np.testing.assert_array_equal(cut.weight, [[0, 5, 0], [6, 0, 0]])
    assert (effective_concepts(cut.weight), cut.lam, cut.converged) == (1.0, 0.01, False)
    loss, _, _ = CrossEntropy(z, np.eye(2)[y]).value_and_gradient(cut.weight, cut.bias)
    assert cut.objective == pytest.approx(loss + 0.01 * 0.99 * 11 + 0.01 * 0.01 / 2 * 61)


def test_strengths_fall_in_equal_ratios():
    np.testing.assert_allclose(falling_strengths(0.8, 4, 0.125), [0.8, 0.4, 0.2, 0.1])


def test_errors_name_the_place_and_the_cure():
    z, y = problem()
    with pytest.raises(
        ValueError, match="at alpha 0 no lam is strong enough to empty the model; give lams or raise alpha"
    ):
        fit_path(z, y, alpha=0.0)
    with pytest.raises(ValueError, match="no lam of the path keeps a weight; the smallest is 5, give some below 0"):
        fit_path(z, y, lams=[7.0, 5.0])
    with pytest.raises(ValueError, match="a path needs at least one lam, each above 0"):
        fit_path(z, y, lams=[0.1, 0.0])
    with pytest.raises(ValueError, match="a path needs at least one lam"):
        fit_path(z, y, lams=[])
    with pytest.raises(ValueError, match=r"a path of 1 values to 0.001; use 2 or more, ratio in \(0, 1\)"):
        fit_path(z, y, n_values=1)
    with pytest.raises(
        ValueError, match="no concept differs between the classes of the train clips; check the concepts"
    ):
        fit_path(np.ones_like(z), y)
    with pytest.raises(ValueError, match="every train clip has the same class; give clips of at least two"):
        fit_path(z, np.zeros_like(y))
    with pytest.raises(ValueError, match="the path keeps no weight, so none is left to compare; give it smaller lams"):
        at_effective_concepts((given(np.zeros((4, 20))),), z, y, [5])
    with pytest.raises(ValueError, match="0 effective concepts are asked for; use a number above 0"):
        at_effective_concepts((given(np.ones((4, 20))),), z, y, [0])
    z[7, 3] = np.nan
    with pytest.raises(ValueError, match="row 7 has values that are not finite; drop the clip"):
        fit_path(z, y)
