import numpy as np
import pytest
from scipy.stats import binomtest

from dance_core.metrics import accuracy_record
from dance_core.significance import accuracy_intervals, holm, mcnemar, paired_tests


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


def test_methods_against_a_reference():
    a, b = answers(2, 0, 6, 0)
    tests = paired_tests({"probe": b, "dance": a, "same": b}, "probe")
    assert tests["dance"]["p_exact"] == pytest.approx(2 / 64)
    assert tests["dance"]["p_holm"] == pytest.approx(4 / 64)
    assert tests["dance"]["difference"] == -0.75
    assert tests["same"]["p_holm"] == 1
    assert paired_tests({"a": a[:0], "b": a[:0]}, "b")["a"]["difference"] is None
    with pytest.raises(ValueError, match="reference 'x' is not a method; use one of a, b"):
        paired_tests({"a": a, "b": b}, "x")


def test_intervals_are_those_of_the_accuracy_record():
    generator = np.random.default_rng(0)
    y, groups = generator.integers(2, size=60), generator.integers(20, size=60).astype(str)
    probabilities = [generator.dirichlet(np.ones(2), size=60) for _ in range(3)]
    hits = np.column_stack([p.argmax(axis=1) == y for p in probabilities]).astype(float)
    found = accuracy_intervals(hits, groups, resamples=300, seed=4)
    expected = [accuracy_record(y, p, groups, 300, 4)["top1_interval"] for p in probabilities]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(accuracy_intervals(np.ones((5, 1)), np.arange(5)), [[1, 1]])
