import logging
import warnings

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from dance_core.rows import Rows
from dance_core.sparse_classifier import (
    CrossEntropy,
    ElasticNet,
    effective_concepts,
    fit_sparse_classifier,
    strongest_lam,
)
from dance_core.sparse_classifier.likelihood import Likelihood, StreamedLikelihood, TorchLikelihood
from dance_core.sparse_classifier.newton import descend, point_at


def problem(n=120, n_concepts=12, n_classes=4, seed=0):
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, n_concepts))
    truth = np.zeros((n_classes, n_concepts))
    for row in truth:
        row[generator.choice(n_concepts, 3, replace=False)] = generator.normal(0, 2, 3)
    y = (z @ truth.T + generator.gumbel(size=(n, n_classes))).argmax(axis=1)
    return z, y


def split_variables(z, y, lam, alpha, n_classes):
    """The optimum by L-BFGS-B over W = P - N with P, N >= 0, in plain float64: an independent solver."""
    data, penalty, size = CrossEntropy(z, np.eye(n_classes)[y]), ElasticNet(lam, alpha), n_classes * z.shape[1]

    def objective(point):
        weight, bias = (point[:size] - point[size : 2 * size]).reshape(n_classes, -1), point[2 * size :]
        loss, gradient, bias_gradient = data.value_and_gradient(weight, bias)
        slope = (gradient + penalty.l2 * weight).ravel()
        value = loss + penalty.l2 / 2 * (weight**2).sum() + penalty.l1 * point[: 2 * size].sum()
        return value, np.concatenate([slope + penalty.l1, penalty.l1 - slope, bias_gradient])

    bounds = [(0, None)] * (2 * size) + [(None, None)] * n_classes
    options = {"maxiter": 20_000, "maxfun": 200_000, "ftol": 1e-16, "gtol": 1e-9, "maxcor": 20}
    start = np.zeros(2 * size + n_classes)
    return minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).fun


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


def hard_problem(name, seed):
    z, y = problem(n=80, n_concepts=30, n_classes=3, seed=seed)
    if name == "copies":
        z[:, ::2] = z[:, :1]
    if name == "constant":
        z[:, 0], z[:, -1] = 0, 3
    if name == "scales":
        z *= 10 ** np.random.default_rng(seed).uniform(-1, 1, size=30)
    if name == "more concepts than clips":
        z, y = z[:20], y[:20]
    return z, y


@pytest.mark.parametrize("lam", [1e-4, 3e-3, 0.1])
@pytest.mark.parametrize("alpha", [0.0, 0.05, 0.99, 1.0])
@pytest.mark.parametrize("name", ["plain", "copies", "constant", "scales", "more concepts than clips"])
def test_it_finds_the_optimum_of_split_variables_on_hard_problems(name, alpha, lam):
    z, y = hard_problem(name, seed=3)
    ours = fit_sparse_classifier(z, y, lam, alpha, tolerance=1e-8, n_classes=3)
    assert ours.converged
    assert ours.objective == pytest.approx(split_variables(z, y, lam, alpha, 3), rel=1e-5)
    assert ours.gap < 1e-4


@pytest.mark.parametrize("tolerance", [1e-2, 1e-3, 1e-5])
def test_the_gap_is_above_the_true_distance_and_falls_with_the_tolerance(tolerance):
    z, y = problem(n_concepts=40)
    optimum = fit_sparse_classifier(z, y, 0.02, tolerance=1e-10).objective
    rough = fit_sparse_classifier(z, y, 0.02, tolerance=tolerance)
    assert (rough.objective - optimum) / optimum <= rough.gap < 300 * tolerance


def test_the_gap_at_a_bad_point_by_hand():
    # Two clips, two classes, z = +-1, no weight: the loss is log 2. At l1 = 1/4 the slope of each weight is 1/2, so the
    # dual point is half way to the labels, u = (3/4, 1/4), whose entropy bounds the optimum from below.
    z, y = np.array([[1.0], [-1.0]]), np.array([0, 1])
    fitted = fit_sparse_classifier(z, y, 0.25, 1.0, max_iterations=0)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert fitted.objective == pytest.approx(np.log(2))
    assert fitted.gap == pytest.approx((np.log(2) - entropy) / entropy)
    assert fitted.kkt_residual == pytest.approx(0.25)


def test_a_gap_can_be_asked_for():
    z, y = problem(n_concepts=40)
    fitted = fit_sparse_classifier(z, y, 0.02, tolerance=1e-12, gap_tolerance=1e-2)
    assert fitted.converged
    assert 1e-12 < fitted.gap <= 1e-2
    assert fitted.iterations < fit_sparse_classifier(z, y, 0.02, tolerance=1e-12).iterations


def test_the_strengths_are_stated():
    z, y = problem()
    fitted = fit_sparse_classifier(z, y, 0.02, 0.75)
    assert (fitted.l1, fitted.l2) == pytest.approx((0.015, 0.005))


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_the_strongest_lam_is_where_the_first_weight_appears(alpha):
    z, y = problem()
    limit = strongest_lam(z, y, alpha)
    assert not fit_sparse_classifier(z, y, limit * (1 + 1e-9), alpha, tolerance=1e-10).weight.any()
    assert np.count_nonzero(fit_sparse_classifier(z, y, limit * 0.999, alpha, tolerance=1e-10).weight) in (1, 2)
    assert strongest_lam(z, y, 0.0) == np.inf


def streamed(z, y):
    return StreamedLikelihood(Rows(z.shape, lambda index: z[index], 7), y, 4)


@pytest.mark.parametrize("other", [lambda z, y: TorchLikelihood(z, y, 4, "cpu"), streamed])
def test_torch_blocks_and_numpy_agree(other):
    z, y = problem()
    here, there = Likelihood(z, y, 4), other(z, y)
    np.testing.assert_allclose(there.mean, here.mean, atol=1e-12)
    theta = np.random.default_rng(0).normal(size=(4, 13))
    (loss, probabilities), (loss_there, probabilities_there) = here.evaluate(theta), there.evaluate(theta)
    assert loss_there == pytest.approx(loss, abs=1e-10)
    np.testing.assert_allclose(there.on_host(probabilities_there), probabilities, atol=1e-10)
    np.testing.assert_allclose(there.gradient(probabilities_there), here.gradient(probabilities), atol=1e-10)
    np.testing.assert_allclose(there.host_gradient(probabilities), here.gradient(probabilities), atol=1e-10)
    columns = np.array([1, 4, 12])
    for precision, error in ((np.float32, 1e-6), (np.float64, 1e-12)):
        a = here.curvature(probabilities, columns, precision)
        b = there.curvature(probabilities_there, columns, precision)
        direction = theta[:, columns].astype(precision)
        np.testing.assert_allclose(b.product(direction), a.product(direction), atol=error)
        np.testing.assert_allclose(b.block(2, np.arange(3), 50), a.block(2, np.arange(3), 50), atol=error)
    ends = [
        descend(side, ElasticNet(0.01, 0.99), point_at(side, side.null()), lambda _, s: s.residual < 1e-9, 100)[0].theta
        for side in (here, there)
    ]
    np.testing.assert_allclose(*ends, atol=1e-7)


def test_blocks_are_read_for_columns_that_are_new_only():
    z, y = problem()
    read = []
    rows = Rows(z.shape, lambda index: read.append(len(index)) or z[index], 1000)
    likelihood, theta = StreamedLikelihood(rows, y, 4), np.zeros((4, 13))
    theta[:, [2, 5, 12]] = 1
    _, probabilities = likelihood.evaluate(theta)
    before = len(read)
    likelihood.curvature(probabilities, np.array([5, 12]), np.float32)
    likelihood.evaluate(theta)
    assert len(read) == before
    theta[:, 3] = 1
    likelihood.evaluate(theta)
    assert len(read) == before + 1


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_the_curvature_is_the_slope_of_the_gradient(precision):
    z, y = problem(n=40)
    likelihood = Likelihood(z, y, 4)
    generator = np.random.default_rng(2)
    theta, direction = generator.normal(size=(4, 13)), generator.normal(size=(4, 13))
    ahead, behind = (likelihood.gradient(likelihood.evaluate(theta + step * direction)[1]) for step in (1e-5, -1e-5))
    curvature = likelihood.curvature(likelihood.evaluate(theta)[1], np.arange(13), precision)
    product = curvature.product(direction.astype(precision))
    np.testing.assert_allclose(product, (ahead - behind) / 2e-5, atol=1e-6)
    single = np.zeros((4, 13), precision)
    single[1, 3] = 1
    assert curvature.block(1, np.arange(13), 40)[3, 3] == pytest.approx(curvature.product(single)[1, 3], rel=1e-5)
    assert curvature.diagonal(1, np.arange(13))[3] == pytest.approx(curvature.product(single)[1, 3], rel=1e-5)


def test_large_blocks_give_way_to_their_diagonal(monkeypatch):
    z, y = problem(n_concepts=40)
    expected = fit_sparse_classifier(z, y, 0.02, tolerance=1e-9)
    monkeypatch.setattr("dance_core.sparse_classifier.quadratic_model._BLOCK_NUMBERS", 10)
    np.testing.assert_allclose(fit_sparse_classifier(z, y, 0.02, tolerance=1e-9).weight, expected.weight, atol=1e-6)


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
    assert fitted.converged
    assert not fitted.weight[4].any()
    assert (z @ fitted.weight.T + fitted.bias).argmax(axis=1).max() < 4
    assert fitted.objective == pytest.approx(fit_sparse_classifier(z, y, lam=0.01).objective, rel=1e-9)
    assert fitted.gap < 1e-4


def test_no_convergence_is_recorded_and_said(caplog):
    z, y = problem()
    with caplog.at_level(logging.WARNING):
        fitted = fit_sparse_classifier(z, y, lam=1e-9, max_iterations=3)
    assert not fitted.converged
    assert fitted.iterations == 3
    assert "at lam 1e-09; expected at most 1.0e-06; raise lam" in caplog.text


def test_effective_concepts_by_hand():
    assert effective_concepts(np.array([[1.0, 0, -2e-5], [1e-6, 0, 0]])) == 1.0


def test_auto_beside_an_mps_is_the_cpu(monkeypatch):
    z, y = problem()
    expected = fit_sparse_classifier(z, y)
    monkeypatch.setattr("dance_core.sparse_classifier.fitting.pick_device", lambda _: torch.device("mps"))
    np.testing.assert_array_equal(fit_sparse_classifier(z, y, device="auto").weight, expected.weight)


def test_errors_name_the_place_and_the_cure(monkeypatch):
    z, y = problem()
    with pytest.raises(ValueError, match="120 rows of activations but 119 labels; give one label a row"):
        fit_sparse_classifier(z, y[:-1])
    with pytest.raises(ValueError, match="every train clip has the same class; give clips of at least two"):
        fit_sparse_classifier(z, np.zeros_like(y))
    with pytest.raises(ValueError, match="lam is -1; use lam above 0"):
        fit_sparse_classifier(z, y, lam=-1)
    with pytest.raises(ValueError, match=r"alpha is 2; use alpha in \[0, 1\]"):
        fit_sparse_classifier(z, y, alpha=2)
    with pytest.raises(ValueError, match="labels run from 0 to 3 but there are 3 classes"):
        fit_sparse_classifier(z, y, n_classes=3)
    with pytest.raises(ValueError, match="solver 'lbfgs' is unknown; use one of: newton, saga"):
        fit_sparse_classifier(z, y, solver="lbfgs")
    with pytest.raises(ValueError, match="device 'tpu' is unknown; use one of: auto, cpu, cuda, mps"):
        fit_sparse_classifier(z, y, device="tpu")
    monkeypatch.setattr("dance_core.sparse_classifier.fitting.pick_device", lambda _: torch.device("mps"))
    with pytest.raises(ValueError, match="device 'mps' has no float64; set device: cpu"):
        fit_sparse_classifier(z, y, device="mps")
    z[7, 3] = np.nan
    with pytest.raises(ValueError, match="row 7 has values that are not finite; drop the clip"):
        fit_sparse_classifier(z, y)
