import pytest

from dance_core.completeness import completeness


def test_the_share_of_what_the_features_know_above_chance():
    assert completeness(0.7, 0.9, 2) == pytest.approx(0.5)
    assert completeness(0.9, 0.9, 15) == pytest.approx(1)
    assert completeness(0.25, 0.9, 4) == 0
    assert completeness(0.95, 0.75, 4) == pytest.approx(1.4)


def test_what_cannot_be_known_is_none():
    assert completeness(0.7, 0.5, 2) is None
    assert completeness(None, 0.9, 2) is None
    assert completeness(0.7, None, 2) is None
    assert completeness(1.0, 1.0, 1) is None
