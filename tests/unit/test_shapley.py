from itertools import permutations

import numpy as np
import pytest

from dance_core import shapley
from dance_core.shapley import coalition_name, family_shapley, shapley_values

PLAYERS = ("motion", "object", "scene")


def glove_game():
    """Worth 1 for a pair of gloves: motion holds a left one, object and scene a right one each."""
    names = [(), *((p,) for p in PLAYERS), ("motion", "object"), ("motion", "scene"), ("object", "scene"), PLAYERS]
    return {frozenset(s): float("motion" in s and len(s) > 1) for s in names}


def test_the_glove_game_has_the_textbook_answer():
    values = shapley_values(PLAYERS, glove_game())
    assert values == pytest.approx({"motion": 2 / 3, "object": 1 / 6, "scene": 1 / 6})


@pytest.mark.parametrize("seed", range(5))
def test_the_value_is_the_mean_gain_over_all_orders_of_arrival(seed):
    generator = np.random.default_rng(seed)
    worth = {coalition: generator.normal() for coalition in glove_game()}
    expected = dict.fromkeys(PLAYERS, 0.0)
    for order in permutations(PLAYERS):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            expected[player] += (worth[before | {player}] - worth[before]) / 6
    values = shapley_values(PLAYERS, worth)
    assert values == pytest.approx(expected)
    assert sum(values.values()) == pytest.approx(worth[frozenset(PLAYERS)] - worth[frozenset()])


def test_a_coalition_without_worth_is_an_error():
    worth = glove_game()
    del worth[frozenset({"motion", "scene"})]
    with pytest.raises(ValueError, match="coalition 'motion\\+scene' has no worth; give one for each of 8"):
        shapley_values(PLAYERS, worth)
    assert coalition_name(frozenset()) == "none"


def study():
    """Four clips of two classes. Motion is right on three alone; scene mends the fourth; object has no concept."""
    weight = np.array([[1.0, 2.0], [-1.0, -2.0]])
    z = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [1.0, -1.0]])
    return weight, np.array([0.5, 0.0]), np.array(["motion", "scene"], object), z, np.array([0, 0, 1, 1])


def test_family_values_by_hand():
    record = family_shapley(*study())
    top1 = record["top1"]
    # The bias alone says class 0: two of four. Scene alone: the fourth clip as well.
    expected = {"none": 0.5, "motion": 0.75, "scene": 0.75, "motion+scene": 1}
    expected |= {"object": 0.5, "motion+object": 0.75, "object+scene": 0.75, "motion+object+scene": 1}
    assert top1["coalitions"] == expected
    assert top1["values"] == pytest.approx({"motion": 0.25, "object": 0, "scene": 0.25})
    likelihood = record["log_likelihood"]
    assert likelihood["coalitions"]["none"] == pytest.approx((-np.log1p(np.exp(-0.5)) - np.log1p(np.exp(0.5))) / 2)
    gain = likelihood["coalitions"]["motion+object+scene"] - likelihood["coalitions"]["none"]
    assert sum(likelihood["values"].values()) == pytest.approx(gain)


def test_without_all_families_or_clips_what_is_unknown_is_none():
    weight, bias, families, z, y = study()
    record = family_shapley(weight, bias, families, z, y, chosen=("motion", "scene"))["top1"]
    assert record["values"] == pytest.approx({"motion": 0.25, "object": None, "scene": 0.25})
    assert list(record["coalitions"]) == ["none", "motion", "scene", "motion+scene"]
    empty = family_shapley(weight, bias, families, z[:0], y[:0])["log_likelihood"]
    assert set(empty["values"].values()) == {None}
    assert set(empty["coalitions"].values()) == {None}


def test_weights_of_zero_are_worth_nothing():
    weight, bias, families, z, y = study()
    assert family_shapley(0 * weight, bias, families, z, y)["top1"]["values"] == dict.fromkeys(PLAYERS, 0)


class Placed(str):
    """A name with a chosen hash, which is what the order of a set follows; that of a plain one is new in every run."""

    def __new__(cls, name, place):
        found = super().__new__(cls, name)
        found.place = place
        return found

    def __hash__(self):
        return self.place


def test_the_order_of_a_set_changes_no_bit(monkeypatch):
    generator = np.random.default_rng(0)
    families = np.array(["motion", "object", "scene"] * 4, object)
    weight, bias, y = generator.normal(size=(3, 12)), np.ones(3) / 3, np.arange(50) % 3
    z = generator.normal(size=(50, 12))
    found = []
    for places in permutations(range(3)):
        names = tuple(Placed(name, place) for name, place in zip(PLAYERS, places, strict=True))
        monkeypatch.setattr(shapley, "FAMILIES", names)
        record = family_shapley(weight, bias, families, z, y, names)["log_likelihood"]
        found.append((list(record["coalitions"].values()), list(record["values"].values())))
    assert all(record == found[0] for record in found)
