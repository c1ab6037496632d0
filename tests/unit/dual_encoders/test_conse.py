"""ConSE by hand with stub probabilities and meanings, and on the real weights."""

import numpy as np
import pytest

from dance_core.dual_encoders import DualEncoderSettings, load_dual_encoder
from dance_core.dual_encoders.conse import VIEWS, ConvexCombination, imagenet_class_names, views_of
from tests.unit.networks.memory_clip import MemoryClip, embedding_of, random_pictures
from tests.unit.networks.real_weights import WEIGHTS, needs

MEANINGS = {
    "a photo of a ball": np.array([2.0, 0, 0]),
    "a photo of a orb": np.array([0.0, 2, 0]),
    "a photo of a sofa": np.array([0.0, 0, 4]),
    "a red ball": np.array([3.0, 1, 1]),
}


def brightness_probabilities(views):
    """A stub classifier of two classes: the brighter a view, the more it is the first."""
    first = views.mean(axis=(1, 2, 3)) / 255
    return np.stack([first, 1 - first], axis=1)


def meanings(sentences):
    return np.stack([MEANINGS[sentence] for sentence in sentences])


def encoder(frames):
    return ConvexCombination(brightness_probabilities, meanings, [["ball", "orb"], ["sofa"]], frames)


def grey_clip(*levels):
    return MemoryClip(np.stack([np.full((24, 32, 3), level, np.uint8) for level in levels]))


def test_the_convex_combination_by_hand():
    # The first class means (1, 1, 0), the mean of its two names, the second (0, 0, 4).
    for level, share in ((255, 1.0), (51, 0.2), (0, 0.0)):
        expected = share * np.array([1.0, 1, 0]) + (1 - share) * np.array([0, 0, 4.0])
        assert embedding_of(encoder(1), grey_clip(level)) == pytest.approx(expected)


def test_probabilities_are_averaged_over_frames():
    two, one = embedding_of(encoder(2), grey_clip(255, 51)), embedding_of(encoder(1), grey_clip(153))
    assert two == pytest.approx(one)


def test_a_sentence_is_its_meaning():
    assert encoder(1).text_embedding("a red ball").tolist() == [3, 1, 1]


def test_views_are_the_parts_they_say():
    frame = np.zeros((20, 100, 3), np.uint8)
    frame[:, :, 0] = np.arange(100)
    views = views_of(frame)
    assert [view.shape for view in views] == [(224, 224, 3)] * len(VIEWS)
    for view, (left, _, right, _) in zip(views, VIEWS, strict=True):
        assert view[..., 0].mean() == pytest.approx(100 * (left + right) / 2 - 0.5, abs=1)
        assert (view[0, 0, 0], view[-1, -1, 0]) == pytest.approx((100 * left, 100 * right - 1), abs=1)


@needs("imagenet_names")
def test_the_names_are_in_the_order_of_the_classifier():
    names = imagenet_class_names(WEIGHTS)
    assert len(names) == 1000
    assert names[0] == ["tench", "Tinca tinca"]
    assert names[805] == ["soccer ball"]
    assert names[879][0] == "umbrella"


@pytest.fixture(scope="module")
def conse():
    return load_dual_encoder(DualEncoderSettings(weights=WEIGHTS, frames=1, device="cpu"))


@needs("efficientnet_lite0")
@needs("minilm")
@needs("imagenet_names")
def test_a_clip_gives_the_same_bits_alone_and_after_another(conse):
    first, second = (MemoryClip(random_pictures(seed, 3, 60, 80)) for seed in (1, 2))
    alone = embedding_of(conse, second)
    assert alone.shape == (384,)
    embedding_of(conse, first)
    np.testing.assert_array_equal(embedding_of(conse, second), alone)


@needs("efficientnet_lite0")
@needs("minilm")
@needs("imagenet_names")
def test_a_drawn_traffic_light_is_closer_to_its_name_than_to_others(conse):
    picture = np.full((240, 320, 3), (150, 190, 230), np.uint8)
    rows, columns = np.mgrid[:240, :320]
    picture[20:200, 130:190] = 25
    for y, colour in ((50, (230, 40, 30)), (110, (240, 190, 40)), (170, (40, 210, 90))):
        picture[(rows - y) ** 2 + (columns - 160) ** 2 < 22**2] = colour
    picture[200:, 152:168] = 40
    clip = embedding_of(conse, MemoryClip(picture[None]))
    texts = [conse.text_embedding(f"a photo of a {name}") for name in ("traffic light", "sofa", "meadow", "dog")]
    scores = [clip @ text / np.linalg.norm(text) for text in texts]
    assert int(np.argmax(scores)) == 0
