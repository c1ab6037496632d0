import numpy as np
import pytest
from scipy.stats import binomtest

from dance_core.significance import accuracy_intervals, holm, mcnemar


def answers(both, only_a, only_b, neither):
    a = [True] * both + [True] * only_a + [False] * only_b + [False] * neither
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return np.array(a), np.array(b)


def test_mcnemar_of_one_against_seven_as_published():
    # Bentur et al., in Fagerland, Lydersen and Laake (2013): 1 and 7 discordant pairs of 21; 2 (1 + 8) / 256.
    record = mcnemar(*answers(1, 1, 7, 12))
    assert (record["only_a"], record["only_b"], record["n"]) == (1, 7, 21)
    assert record["p_exact"] == pytest.approx(18 / 256)
    assert record["p_mid"] == pytest.approx(18 / 256 - 8 / 256)


@pytest.mark.parametrize(("b", "c"), [(0, 1), (3, 3), (12, 4), (0, 9), (30, 31)])
def test_the_exact_p_is_that_of_the_binomial_test(b, c):
    record = mcnemar(*answers(5, b, c, 5))
    assert record["p_exact"] == pytest.approx(binomtest(b, b + c, 0.5).pvalue)
    assert 0 < record["p_mid"] < record["p_exact"]
    assert record["p_exact"] == mcnemar(*answers(5, c, b, 5))["p_exact"]


def test_a_tie_has_the_mid_p_of_the_paper_and_no_difference_has_1():
    # b = c = 1: P(X = 1) of Binomial(2, 1/2) is 1/2, so 1 - 1/4.
    assert mcnemar(*answers(0, 1, 1, 0))["p_mid"] == pytest.approx(0.75)
    assert mcnemar(*answers(3, 0, 0, 2)) == {"only_a": 0, "only_b": 0, "n": 5, "p_exact": 1, "p_mid": 1}
    assert mcnemar(*answers(0, 0, 0, 0))["p_exact"] is None
    with pytest.raises(ValueError, match="McNemar: 2 and 3 clips; compare predictions of the same clips"):
        mcnemar(np.ones(2), np.ones(3))


def test_holm_by_hand():
    # Sorted .01 .02 .03 .04 times 4 3 2 1 are .04 .06 .06 .04; the last may not fall below the one before.
    adjusted = holm({"d": 0.04, "a": 0.01, "unknown": None, "c": 0.03, "b": 0.02})
    assert adjusted == pytest.approx({"d": 0.06, "a": 0.04, "unknown": None, "c": 0.06, "b": 0.06})
    assert list(adjusted) == ["d", "a", "unknown", "c", "b"]
    assert holm({"a": 0.6, "b": 0.9}) == {"a": 1, "b": 1}
    assert holm({}) == {}


@pytest.mark.parametrize("n_groups", [2, 20, 5000])
def test_intervals_are_those_of_resampling_one_by_one(n_groups):
    # With 5000 groups the resamples come in two pieces.
    generator = np.random.default_rng(0)
    groups = np.concatenate([np.arange(n_groups), generator.integers(n_groups, size=40)])
    scores = generator.integers(2, size=(len(groups), 3)).astype(float)
    found = accuracy_intervals(scores, groups, resamples=900, seed=4)
    draws = np.random.default_rng(4).integers(n_groups, size=(900, n_groups))
    sizes = np.array([(groups == group).sum() for group in range(n_groups)])
    for column in range(3):
        hits = np.array([scores[groups == group, column].sum() for group in range(n_groups)])
        means = [hits[draw].sum() / sizes[draw].sum() for draw in draws]
        assert found[column].tolist() == np.quantile(means, [0.025, 0.975]).tolist()


def test_a_method_that_is_always_right_has_an_interval_without_width():
    np.testing.assert_array_equal(accuracy_intervals(np.ones((5, 1)), np.arange(5)), [[1, 1]])


@pytest.mark.parametrize("groups", [["one"] * 6, ["alone"]])
def test_one_group_gives_no_interval(groups):
    scores = np.arange(2.0 * len(groups)).reshape(-1, 2) % 2
    np.testing.assert_array_equal(accuracy_intervals(scores, np.array(groups)), np.full((2, 2), np.nan))
