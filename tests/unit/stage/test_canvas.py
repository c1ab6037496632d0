"""Painting: metres, wrapping edges, transparency."""

import numpy as np
import pytest

pytest.importorskip("cv2")

from dance_core.stage.canvas import Canvas, blurred_levels, tileable_noise, tint
from dance_core.stage.casting import SCENES
from dance_core.stage.scenes import scene_of

RED = (200.0, 0.0, 0.0)


def test_a_rectangle_covers_its_metres():
    canvas = Canvas(4.0, 2.0, scale=10.0)
    canvas.rectangle(1.0, 0.0, 2.0, 0.5, RED)
    alpha = canvas.texture()[..., 3]
    assert alpha.shape == (20, 40)
    assert alpha[15:, 10:20].mean() > 0.98
    assert alpha.sum() == pytest.approx(50.0, rel=0.25)


def test_what_leaves_on_the_right_comes_in_on_the_left():
    canvas = Canvas(4.0, 2.0, scale=10.0)
    canvas.disc(4.0, 1.0, 0.5, RED)
    alpha = canvas.texture()[..., 3]
    assert alpha[10, :4].mean() > 0.9
    assert alpha[10, -4:].mean() > 0.9
    assert alpha[:, 10:30].max() == 0.0


def test_colours_are_premultiplied():
    canvas = Canvas(2.0, 1.0, scale=10.0)
    canvas.disc(1.0, 0.5, 0.33, RED)
    texture = canvas.texture()
    np.testing.assert_allclose(texture[..., 0], 200.0 * texture[..., 3], atol=0.1)


@pytest.mark.parametrize(("height", "width"), [(512, 512), (64, 240), (180, 900)])
def test_noise_has_no_seam(height, width):
    noise = tileable_noise(np.random.default_rng(0), height, width)
    assert noise.shape == (height, width)
    assert noise.min() == 0.0
    assert noise.max() == 1.0
    for axis in (0, 1):
        inner = np.abs(np.diff(noise, axis=axis)).mean()
        seam = np.abs(np.take(noise, 0, axis) - np.take(noise, -1, axis)).mean()
        assert seam < 3.0 * inner


def test_blurring_keeps_the_mean_and_loses_the_contrast():
    levels = blurred_levels(np.random.default_rng(0).uniform(0, 255, (64, 64, 3)), 4)
    assert levels.shape == (4, 64, 64, 3)
    spread = levels.std((1, 2, 3))
    assert (np.diff(spread) < 0).all()
    np.testing.assert_allclose(levels.mean((1, 2, 3)), levels.mean(), rtol=0.02)


def test_tints_stay_colours():
    colours = np.array([tint(np.random.default_rng(seed), (2, 128, 254), 40.0) for seed in range(50)])
    assert colours.min() >= 4.0
    assert colours.max() <= 250.0


@pytest.mark.parametrize("name", SCENES)
def test_scenes_are_ordered_from_far_to_near_and_depend_on_their_stream_alone(name):
    first, again, other = (scene_of(name, np.random.default_rng(seed)) for seed in (5, 5, 6))
    places = [layer.away for layer in first.layers]
    assert places == sorted(places, reverse=True)
    assert min(places) > 1.9  # props stand before all layers
    np.testing.assert_array_equal(first.ground, again.ground)
    np.testing.assert_array_equal(first.layers[-1].texture, again.layers[-1].texture)
    assert not np.array_equal(first.layers[-1].texture, other.layers[-1].texture)
    for layer in first.layers:
        assert layer.contact.max() <= 1.0
