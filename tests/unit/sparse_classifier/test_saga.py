import logging

import numpy as np
import pytest

from dance_core.sparse_classifier import SagaSettings, fit_sparse_classifier, lam_of_authors


def problem(n=60, n_concepts=6, n_classes=3, seed=0):
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, n_concepts))
    truth = generator.normal(0, 1, (n_classes, n_concepts))
    return z, (z @ truth.T + generator.gumbel(size=(n, n_classes))).argmax(axis=1)


def slow_saga(z, y, lam, alpha, settings):
    """GLM-SAGA as the paper writes it: a table of one gradient matrix a clip."""
    generator = np.random.default_rng(settings.seed)
    n, n_classes, step = len(z), y.max() + 1, settings.step_size
    weight, bias = np.zeros((n_classes, z.shape[1])), np.zeros(n_classes)
    table, bias_table = np.zeros((n, *weight.shape)), np.zeros((n, n_classes))
    for epoch in range(1, settings.epochs + 1):
        order = generator.permutation(n)
        for first in range(0, n, settings.batch_size):
            batch = order[first : first + settings.batch_size]
            fresh, fresh_bias = [], []
            for i in batch:
                odds = np.exp(weight @ z[i] + bias)
                residual = odds / odds.sum() - (np.arange(n_classes) == y[i])
                fresh.append(np.outer(residual, z[i]))
                fresh_bias.append(residual)
            slope = np.mean(fresh, axis=0) - table[batch].mean(axis=0) + table.mean(axis=0)
            moved = weight - step * slope
            moved = np.sign(moved) * np.maximum(np.abs(moved) - step * lam * alpha, 0) / (1 + step * lam * (1 - alpha))
            moved_bias = bias - step * (
                np.mean(fresh_bias, axis=0) - bias_table[batch].mean(axis=0) + bias_table.mean(axis=0)
            )
            table[batch], bias_table[batch] = fresh, fresh_bias
            length = np.sqrt(((moved - weight) ** 2).sum() + ((moved_bias - bias) ** 2).sum())
            weight, bias = moved, moved_bias
            if length <= settings.tolerance:
                return weight, bias, epoch
    return weight, bias, settings.epochs


@pytest.mark.parametrize("alpha", [0.0, 0.99])
@pytest.mark.parametrize("tolerance", [0.0, 3e-2])
def test_it_takes_the_steps_of_the_paper(alpha, tolerance):
    z, y = problem()
    settings = SagaSettings(step_size=0.1, epochs=12, batch_size=16, tolerance=tolerance, seed=5)
    fitted = fit_sparse_classifier(z, y, 0.02, alpha, solver="saga", saga=settings)
    weight, bias, epochs = slow_saga(z, y, 0.02, alpha, settings)
    np.testing.assert_allclose(fitted.weight, weight, atol=1e-5)
    np.testing.assert_allclose(fitted.bias, bias, atol=1e-5)
    np.testing.assert_array_equal(fitted.weight == 0, weight == 0)
    assert fitted.iterations == epochs
    assert (epochs < 12) == (tolerance > 0)


def test_it_comes_near_the_optimum_and_says_that_it_is_not_there(caplog):
    z, y = problem()
    optimum = fit_sparse_classifier(z, y, 0.02)
    with caplog.at_level(logging.WARNING):
        fitted = fit_sparse_classifier(z, y, 0.02, solver="saga", saga=SagaSettings(step_size=0.1, batch_size=16))
    assert not fitted.converged
    assert "solver saga stops short of the optimum, use newton" in caplog.text
    assert 0 < (fitted.objective - optimum.objective) / optimum.objective < min(fitted.gap, 0.01)


def test_the_seed_decides_the_order():
    z, y = problem()
    one, same, other = (
        fit_sparse_classifier(z, y, 0.02, solver="saga", saga=SagaSettings(epochs=3, batch_size=16, seed=seed)).weight
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-6


def test_the_strength_behind_the_flag_of_the_authors():
    assert lam_of_authors(7e-4, 0.99) == pytest.approx(7.0707e-4, abs=1e-8)
    assert lam_of_authors(7e-4, 0.0) == pytest.approx(0.7)
