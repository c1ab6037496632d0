import numpy as np
import pytest

from dance_core.pruning import Pruning, pruned

# Seven clips, four concepts: strengths 0.5, 0.4, 0.3 and 0.2 by hand, the mean of the five largest scores.
SCORES = np.array(
    [
        [0.7, 0.6, 0.5, 0.2],
        [0.6, 0.5, 0.4, 0.2],
        [0.5, 0.4, 0.3, 0.2],
        [0.4, 0.3, 0.2, 0.2],
        [0.3, 0.2, 0.1, 0.2],
        [0.0, 0.0, 0.0, 0.2],
        [0.0, 0.1, 0.0, 0.2],
    ]
)


def test_the_strength_and_its_z_score_by_hand():
    verdict = pruned(SCORES, Pruning())
    np.testing.assert_allclose(verdict.strength, [0.5, 0.4, 0.3, 0.2])
    # mean 0.35, standard deviation sqrt(0.05 / 3)
    np.testing.assert_allclose(verdict.zscore, np.array([0.15, 0.05, -0.05, -0.15]) / np.sqrt(0.05 / 3))
    np.testing.assert_allclose(verdict.spread, [np.std(column) for column in SCORES.T])


@pytest.mark.parametrize(
    ("pruning", "kept"),
    [
        (Pruning("cutoff", cutoff=0.35), [True, True, False, False]),
        (Pruning("cutoff", cutoff=0.5), [False, False, False, False]),
        (Pruning("rank", rank=1), [True, False, False, False]),
        (Pruning("rank", rank=9), [True, True, True, False]),
        (Pruning("zscore", zscore=0), [True, True, False, False]),
        (Pruning("zscore", zscore=-0.5), [True, True, True, False]),
        (Pruning("zscore", zscore=1), [True, False, False, False]),
    ],
)
def test_each_rule_keeps_what_it_says(pruning, kept):
    assert pruned(SCORES, pruning).kept.tolist() == kept


@pytest.mark.parametrize("rule", ["zscore", "rank"])
@pytest.mark.parametrize(("factor", "offset"), [(0.1, 0), (1, 0.4), (3, -1)])
def test_another_scale_of_cosines_changes_nothing_but_for_the_cutoff(rule, factor, offset):
    scores = np.random.default_rng(0).normal(size=(50, 30)) * np.linspace(1, 3, 30)
    pruning = Pruning(rule, rank=11)
    one, two = pruned(scores, pruning), pruned(factor * scores + offset, pruning)
    np.testing.assert_array_equal(one.kept, two.kept)
    np.testing.assert_allclose(one.zscore, two.zscore)
    assert 0 < one.kept.sum() < 30


def test_each_reason_says_the_numbers():
    reasons = pruned(SCORES, Pruning("cutoff", cutoff=0.35)).reasons
    assert reasons[2] == "no clip shows it: its five strongest train scores average 0.300, cutoff 0.35"
    reasons = pruned(SCORES, Pruning("rank", rank=2)).reasons
    assert reasons[3] == "no clip shows it: its five strongest train scores average 0.200, place 4 of 4, kept are 2"
    reasons = pruned(SCORES, Pruning(zscore=0)).reasons
    assert reasons[2] == (
        "no clip shows it: its five strongest train scores average 0.300, z-score -0.39 among 4 concepts, cutoff 0"
    )
    reasons = pruned(SCORES, Pruning(zscore=-2)).reasons
    assert reasons[3] == (
        "all clips show it alike: its train scores spread 2.8e-17, the family's median is 0.19, share needed 0.1"
    )


def test_a_concept_that_all_clips_show_alike_is_dropped_however_strong():
    scores = SCORES.copy()
    scores[:, 3] = 0.9 + 0.001 * np.arange(7)
    assert pruned(scores, Pruning("cutoff", cutoff=0.1)).kept.tolist() == [True, True, True, False]
    assert pruned(scores, Pruning("cutoff", cutoff=0.1, minimum_spread=0)).kept.all()


def test_where_there_is_nothing_to_compare_nothing_is_dropped():
    for scores in (SCORES[:, :1], np.repeat(SCORES[:, :1], 3, axis=1), SCORES[:1, :1]):
        verdict = pruned(scores, Pruning(zscore=0.5))
        assert verdict.kept.all()
        assert np.isnan(verdict.zscore).all()


def test_a_z_score_of_exactly_nothing_is_judged_as_any_other():
    # Strengths 0.25, 0.5 and 0.75: the middle one is the mean, without rounding.
    scores = np.linspace(-0.125, 0.125, 5)[:, None] + [0.25, 0.5, 0.75]
    verdict = pruned(scores, Pruning(zscore=0.5))
    assert verdict.zscore[1] == 0
    assert verdict.kept.tolist() == [False, False, True]
    assert pruned(scores, Pruning(zscore=0)).kept.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rule": "percentile"}, "rule 'percentile' is unknown; use one of zscore, cutoff, rank"),
        ({"rank": 0}, "rank 0 keeps no concept; use 1 or more"),
        ({"minimum_spread": 1}, "minimum_spread 1 is out of range; use 0 or more, below 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Pruning(**settings)


def test_scores_that_say_nothing_are_refused():
    with pytest.raises(ValueError, match=r"scores have shape \(0, 3\); it needs at least one clip and one concept"):
        pruned(np.empty((0, 3)), Pruning())
    with pytest.raises(ValueError, match="a score is not finite; compute the embeddings again"):
        pruned(np.where(SCORES > 0.6, np.nan, SCORES), Pruning())
