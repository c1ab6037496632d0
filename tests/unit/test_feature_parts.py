"""Which features each family sees, and that the backbone gives them in the order that is written down."""

import numpy as np
import pytest

from dance_core.backbones import BACKBONES
from dance_core.backbones.efficientnet import pooled_over_time
from dance_core.feature_parts import BLOCKS, family_columns


def test_motion_sees_movement_and_the_others_see_everything():
    assert family_columns("motion", 8, "efficientnet", "movement").tolist() == [False] * 2 + [True] * 4 + [False] * 2
    for family in ("object", "scene"):
        assert family_columns(family, 8, "efficientnet", "movement").all()


@pytest.mark.parametrize(("backbone", "choice"), [("efficientnet", "all"), ("videomae", "movement"), ("", "movement")])
def test_motion_sees_everything_where_asked_or_where_the_parts_are_unknown(backbone, choice):
    assert family_columns("motion", 7, backbone, choice).tolist() == [True] * 7


def test_movement_is_what_vanishes_in_a_still_picture():
    still = np.concatenate([pooled_over_time(np.ones((4, 5))), np.ones(5)])  # what efficientnet.load puts together
    columns = family_columns("motion", still.size, "efficientnet", "movement")
    assert not still[columns].any()
    assert still[~columns].all()


def test_parts_are_of_backbones_that_exist():
    assert set(BLOCKS) <= set(BACKBONES)


def test_errors_name_the_cure():
    with pytest.raises(ValueError, match="backbone_features has 9 features but efficientnet gives 4 blocks of equal"):
        family_columns("motion", 9, "efficientnet", "movement")
    with pytest.raises(ValueError, match="motion_features 'context' is unknown; use one of movement, all"):
        family_columns("scene", 8, "efficientnet", "context")
