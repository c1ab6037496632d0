"""RandAugment on clips: each operation against its definition, most of them as Pillow implements it."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from dance_core.finetuning.random_operations import OPERATIONS, random_operations

GROUND = np.random.default_rng(5).integers(20, 230, (6, 8, 3), np.uint8).repeat(5, 0).repeat(5, 1)
CLIP = np.repeat(GROUND[None], 2, axis=0)
PICTURE = Image.fromarray(GROUND)


class Sign:
    """A generator that draws one number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


PLUS, MINUS = Sign(0.0), Sign(0.9)


@pytest.mark.parametrize(
    ("name", "strength", "oracle", "tolerance"),
    [
        ("invert", 0.3, ImageOps.invert, 0),
        ("autocontrast", 0.3, ImageOps.autocontrast, 1),
        ("posterize", 0.3, lambda picture: ImageOps.posterize(picture, 3), 0),
        ("solarize", 0.25, lambda picture: ImageOps.solarize(picture, 192), 0),
        ("colour", 0.5, lambda picture: ImageEnhance.Color(picture).enhance(1.45), 2),
        ("brightness", 0.5, lambda picture: ImageEnhance.Brightness(picture).enhance(1.45), 1),
        ("contrast", 0.5, lambda picture: ImageEnhance.Contrast(picture).enhance(1.45), 2),
    ],
)
def test_operations_do_what_pillow_does(name, strength, oracle, tolerance):
    change = OPERATIONS[name](CLIP, strength, PLUS)
    expected = np.asarray(oracle(PICTURE)).astype(int)
    assert np.abs(change[0].astype(int) - expected).max() <= tolerance
    np.testing.assert_array_equal(change[0], change[1])


def test_equalised_values_are_spread_evenly():
    values = np.sort(OPERATIONS["equalize"](CLIP, 0.5, PLUS)[0, ..., 0].ravel())
    assert values[0] == 0 and values[-1] == 255
    assert np.abs(values - np.linspace(0, 255, len(values))).max() < 20
    flat = np.full((1, 4, 4, 3), 9, np.uint8)
    np.testing.assert_array_equal(OPERATIONS["equalize"](flat, 0.5, PLUS), flat)
    np.testing.assert_array_equal(OPERATIONS["autocontrast"](flat, 0.5, PLUS), flat)


def test_dark_values_are_brightened_and_bright_ones_kept():
    change = OPERATIONS["solarize_add"](CLIP, 0.5, PLUS)
    np.testing.assert_array_equal(change, np.where(CLIP < 128, CLIP + np.uint8(55), CLIP))


def test_sharpness_goes_both_ways():
    sharp, smooth = (OPERATIONS["sharpness"](CLIP, 1.0, sign).astype(float) for sign in (PLUS, MINUS))
    edges = [np.abs(np.diff(picture[0], axis=0)).mean() for picture in (smooth, CLIP.astype(float), sharp)]
    assert edges[0] < edges[1] < edges[2]


def test_translation_moves_by_a_share_of_the_side_and_fills_with_grey():
    # 0.25 of 0.45 of 40 pixels is 4.5; a strength that makes whole pixels is compared exactly.
    strength = 4 / (0.45 * 40)
    right = OPERATIONS["translate_x"](CLIP, strength, MINUS)
    np.testing.assert_array_equal(right[:, :, :36], CLIP[:, :, 4:])
    np.testing.assert_array_equal(right[:, :, 36:], np.broadcast_to([124, 116, 104], (2, 30, 4, 3)))
    down = OPERATIONS["translate_y"](CLIP, 3 / (0.45 * 30), PLUS)
    np.testing.assert_array_equal(down[:, 3:], CLIP[:, :27])


def test_rotation_and_shear_leave_the_centre_and_move_the_corners():
    clip = np.zeros((1, 41, 41, 3), np.uint8)
    clip[:, 18:23, 18:23] = 200
    clip[:, :3] = 90
    for name in ("rotate", "shear_x", "shear_y"):
        change = OPERATIONS[name](clip, 1.0, PLUS)
        assert (change[0, 20, 20] == 200).all()
        assert not np.array_equal(change, clip)
    # By 30 degrees, a point 18 above the centre goes 9 to the side and 15.6 above it.
    point = np.zeros((1, 41, 41, 3), np.uint8)
    point[0, 2, 20] = 255
    turned = OPERATIONS["rotate"](point, 1.0, PLUS)[0]
    assert turned[3:7, 27:32].max() > 60 or turned[3:7, 9:14].max() > 60
    assert turned[1:4, 19:22].max() == 0


def test_operations_are_made_half_of_the_time_and_never_at_count_zero():
    np.testing.assert_array_equal(random_operations(CLIP, 0, 7, np.random.default_rng(0)), CLIP)
    untouched = [np.array_equal(random_operations(CLIP, 1, 7, np.random.default_rng(s)), CLIP) for s in range(200)]
    assert 70 < sum(untouched) < 130


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_every_operation_keeps_shape_and_type_and_its_input(name, strength):
    before = CLIP.copy()
    change = OPERATIONS[name](CLIP[:, :, ::-1], strength, np.random.default_rng(0))
    assert change.shape == CLIP.shape and change.dtype == np.uint8
    np.testing.assert_array_equal(CLIP, before)
