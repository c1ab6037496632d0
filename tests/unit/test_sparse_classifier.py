import logging
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from dance_core.sparse_classifier import CrossEntropy, ElasticNet, effective_concepts, fit_sparse_classifier


def problem(n=120, n_concepts=12, n_classes=4, seed=0):
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, n_concepts))
    truth = np.zeros((n_classes, n_concepts))
    for row in truth:
        row[generator.choice(n_concepts, 3, replace=False)] = generator.normal(0, 2, 3)
    y = (z @ truth.T + generator.gumbel(size=(n, n_classes))).argmax(axis=1)
    return z, y


def slow_objective(z, y, weight, bias, lam, alpha):
    total = 0.0
    for row, label in zip(z, y, strict=True):
        logits = [sum(w * value for w, value in zip(weights, row, strict=True)) for weights in weight] + bias
        total -= logits[label] - np.log(sum(np.exp(logit) for logit in logits))
    return total / len(y) + lam * alpha * np.abs(weight).sum() + lam * (1 - alpha) / 2 * (weight**2).sum()


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.99, 1.0])
def test_the_objective_is_the_formula_of_the_paper(alpha):
    z, y = problem(n=20)
    generator = np.random.default_rng(1)
    weight, bias = generator.normal(size=(4, 12)), generator.normal(size=4)
    loss, gradient, bias_gradient = CrossEntropy(z, np.eye(4)[y]).value_and_gradient(weight, bias)
    assert loss + ElasticNet(0.3, alpha).value(weight) == pytest.approx(slow_objective(z, y, weight, bias, 0.3, alpha))
    step = 1e-6
    for index in [(0, 0), (3, 11), (2, 5)]:
        moved = weight.copy()
        moved[index] += step
        slope = (slow_objective(z, y, moved, bias, 1e-30, 1) - slow_objective(z, y, weight, bias, 1e-30, 1)) / step
        assert gradient[index] == pytest.approx(slope, abs=1e-5)
    moved = bias + step * np.eye(4)[1]
    slope = (slow_objective(z, y, weight, moved, 1e-30, 1) - slow_objective(z, y, weight, bias, 1e-30, 1)) / step
    assert bias_gradient[1] == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("alpha", [0.3, 0.99])
def test_it_finds_the_optimum_that_scikit_learn_finds(seed, alpha):
    z, y = problem(seed=seed)
    lam = 0.01
    ours = fit_sparse_classifier(z, y, lam, alpha, tolerance=1e-8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = LogisticRegression(solver="saga", l1_ratio=alpha, C=1 / (len(y) * lam), tol=1e-9, max_iter=20_000)
        oracle.fit(z, y)
    np.testing.assert_allclose(ours.weight, oracle.coef_, atol=2e-4)
    np.testing.assert_allclose(ours.bias - ours.bias.mean(), oracle.intercept_ - oracle.intercept_.mean(), atol=2e-4)
    theirs = slow_objective(z, y, oracle.coef_, oracle.intercept_, lam, alpha)
    assert ours.objective == pytest.approx(slow_objective(z, y, ours.weight, ours.bias, lam, alpha), abs=1e-12)
    assert ours.objective <= theirs + 1e-9


def test_the_optimum_of_one_concept_and_two_classes_by_hand():
    # z = +-1 decides the class of 3 in 4 clips. With W = (-w, w): loss = (3 log(1 + e^-2w) + log(1 + e^2w)) / 4,
    # its slope along each weight is -(3 / 4 - s) with s = 1 / (1 + e^-2w), and stationarity asks 3 / 4 - s = lam.
    z = np.array([[1.0], [1], [1], [1], [-1], [-1], [-1], [-1]])
    y = np.array([1, 1, 1, 0, 0, 0, 0, 1])
    lam = 0.05
    fitted = fit_sparse_classifier(z, y, lam, alpha=1.0, tolerance=1e-8)
    share = 3 / 4 - lam
    assert fitted.weight[1, 0] - fitted.weight[0, 0] == pytest.approx(np.log(share / (1 - share)), abs=1e-7)
    assert fitted.bias[0] == pytest.approx(fitted.bias[1], abs=1e-8)
    assert fitted.kkt_residual <= 1e-8


def test_a_penalty_above_the_largest_slope_leaves_no_weight():
    z, y = problem()
    fitted = fit_sparse_classifier(z, y, lam=10.0, alpha=1.0)
    assert not fitted.weight.any()
    frequency = np.bincount(y) / len(y)
    np.testing.assert_allclose(np.exp(fitted.bias) / np.exp(fitted.bias).sum(), frequency, atol=1e-6)
    assert effective_concepts(fitted.weight) == 0


def test_zeros_are_exact_and_the_certificate_holds():
    z, y = problem(n_concepts=40)
    fitted = fit_sparse_classifier(z, y, lam=0.02)
    assert fitted.converged
    assert fitted.kkt_residual <= 1e-6
    zero = fitted.weight == 0
    assert 0.2 < zero.mean() < 1
    assert np.abs(fitted.weight[~zero]).min() > 1e-5
    _, gradient, bias_gradient = CrossEntropy(z, np.eye(4)[y]).value_and_gradient(fitted.weight, fitted.bias)
    slope = gradient + 0.02 * 0.01 * fitted.weight
    assert (np.abs(slope[zero]) <= 0.02 * 0.99 + 1e-6).all()
    np.testing.assert_allclose(slope[~zero], -0.02 * 0.99 * np.sign(fitted.weight[~zero]), atol=1e-6)
    np.testing.assert_allclose(bias_gradient, 0, atol=1e-6)


def test_a_start_changes_the_way_but_not_the_end():
    z, y = problem()
    strong = fit_sparse_classifier(z, y, lam=0.02, tolerance=1e-8)
    cold, warm = (fit_sparse_classifier(z, y, 0.018, start=start, tolerance=1e-8) for start in (None, strong))
    np.testing.assert_allclose(warm.weight, cold.weight, atol=1e-5)
    assert warm.iterations < cold.iterations
    again = fit_sparse_classifier(z, y, 0.018, tolerance=1e-8)
    np.testing.assert_array_equal(again.weight, cold.weight)


def test_a_class_without_clips_is_kept_and_never_predicted():
    z, y = problem()
    fitted = fit_sparse_classifier(z, y, n_classes=5, lam=0.01)
    assert fitted.weight.shape == (5, 12)
    assert (z @ fitted.weight.T + fitted.bias).argmax(axis=1).max() < 4


def test_no_convergence_is_recorded_and_said(caplog):
    z, y = problem()
    with caplog.at_level(logging.WARNING):
        fitted = fit_sparse_classifier(z, y, lam=1e-9, max_iterations=3)
    assert not fitted.converged
    assert fitted.iterations == 3
    assert "at lam 1e-09; expected at most 1.0e-06; raise lam" in caplog.text


def test_effective_concepts_by_hand():
    assert effective_concepts(np.array([[1.0, 0, -2e-5], [1e-6, 0, 0]])) == 1.0


def test_errors_name_the_place_and_the_cure():
    z, y = problem()
    with pytest.raises(ValueError, match="120 rows of activations but 119 labels; give one label a row"):
        fit_sparse_classifier(z, y[:-1])
    with pytest.raises(ValueError, match="every train clip has the same class; give clips of at least two"):
        fit_sparse_classifier(z, np.zeros_like(y))
    with pytest.raises(ValueError, match=r"lam -1, alpha 0.99; use lam above 0 and alpha in \[0, 1\]"):
        fit_sparse_classifier(z, y, lam=-1)
    with pytest.raises(ValueError, match="alpha 2; use"):
        fit_sparse_classifier(z, y, alpha=2)
    z[7, 3] = np.nan
    with pytest.raises(ValueError, match="row 7 has values that are not finite; drop the clip"):
        fit_sparse_classifier(z, y)
