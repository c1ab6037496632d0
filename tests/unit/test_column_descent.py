from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize

from dance_core.column_descent import minimise_columns

CURVATURES = np.array([1.0, 3.0, 10.0, 30.0, 100.0])


def bowls(point, columns):
    """Separate problems sum_i c_i (x_i - k)^2 / 2 + (x_0 - k)^4 of five variables, with k the column; least at k."""
    away = point - columns
    loss = (CURVATURES[:, None] * away**2).sum(axis=0) / 2 + away[0] ** 4 + 1
    gradient = CURVATURES[:, None] * away
    gradient[0] += 4 * away[0] ** 3
    return loss, gradient


def valley(point, columns):
    """Rosenbrock's function, twice as steep in every further column."""
    x, y = point
    steep = 10.0 * 2**columns
    loss = steep * (y - x**2) ** 2 + (1 - x) ** 2 + 1e-3
    return loss, np.stack([-4 * steep * x * (y - x**2) - 2 * (1 - x), 2 * steep * (y - x**2)])


def test_every_column_ends_at_its_own_minimum():
    found = minimise_columns(bowls, np.full((5, 4), -2.0), 200, 1e-12)
    np.testing.assert_allclose(found, np.tile(np.arange(4.0), (5, 1)), atol=1e-4)


def test_curved_valleys_are_followed_to_the_end_as_scipy_does():
    start = np.tile([[-1.2], [1.0]], (1, 3))
    found = minimise_columns(valley, start, 500, 1e-9)
    for column in range(3):

        def one(x, column=column):
            loss, gradient = valley(x[:, None], np.array([column]))
            return loss[0], gradient[:, 0]

        expected = minimize(one, start[:, column], jac=True, method="L-BFGS-B", options={"ftol": 0, "gtol": 1e-9}).x
        np.testing.assert_allclose(found[:, column], expected, atol=1e-3)


def test_a_column_does_not_depend_on_its_neighbours():
    start = np.random.default_rng(0).normal(size=(2, 6))
    together = minimise_columns(valley, start, 40, 1e-6)
    for column in range(6):
        alone = minimise_columns(lambda p, _, c=column: valley(p, np.array([c])), start[:, [column]], 40, 1e-6)
        np.testing.assert_allclose(together[:, [column]], alone, rtol=1e-9, atol=1e-12)


def test_columns_that_are_done_are_no_longer_evaluated():
    asked = []

    def function(point, columns):
        asked.append(columns.tolist())
        return bowls(point, columns)

    start = np.tile(np.arange(4.0), (5, 1))
    start[:, 3] += 5
    minimise_columns(function, start, 100, 1e-10)
    assert asked[0] == [0, 1, 2, 3]
    assert asked[1:] and all(columns == [3] for columns in asked[1:])


def test_no_step_is_longer_than_the_reach_and_looks_can_end_the_search():
    seen = []

    def look(point, iteration):
        seen.append((iteration, point.copy()))
        return iteration == 6

    start = np.full((5, 2), 9.0)
    found = minimise_columns(bowls, start, 50, 1e-10, look, look_every=2, reach=0.1)
    assert [iteration for iteration, _ in seen] == [2, 4, 6]
    np.testing.assert_array_equal(seen[-1][1], found)
    path = [start, *(point for _, point in seen)]
    for before, after in pairwise(path):
        assert 0.1 < np.linalg.norm(after - before, axis=0).max() <= 0.2 + 1e-12


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_a_bad_guess_of_the_scale_only_costs_steps(scale):
    found = minimise_columns(lambda p, c: tuple(part * scale for part in bowls(p, c)), np.zeros((5, 2)), 300, 1e-10)
    np.testing.assert_allclose(found, np.tile(np.arange(2.0), (5, 1)), atol=1e-3)
