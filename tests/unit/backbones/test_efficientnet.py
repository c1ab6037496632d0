"""The offline backbone: its pooling by hand, its three moments, and the same bits whatever the shard."""

import numpy as np
import pandas as pd
import pytest

from dance_core.backbones import BackboneSettings, efficientnet, load_backbone
from dance_core.backbones.efficientnet import clip_images, pooled_over_time
from tests.unit.backbones.test_person_crop import pose_row
from tests.unit.networks.memory_clip import NOBODY, MemoryClip, features_of, random_pictures
from tests.unit.networks.real_weights import WEIGHTS, needs


class MeanColours:
    """A stub network whose features are the mean of each channel."""

    def __init__(self, weights, device):
        self.features = lambda images: images.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)


def brightening_clip(n_frames=60, fps=25.0):
    """Frame t is grey of level t."""
    return MemoryClip(np.tile(np.arange(n_frames, dtype=np.uint8)[:, None, None, None], (1, 24, 32, 3)), fps)


def test_pooling_by_hand():
    assert pooled_over_time(np.array([[1.0, 5], [3, 5], [2, 5]])).tolist() == pytest.approx(
        [2, 5, np.sqrt(2 / 3), 0, 1.5, 0]
    )


def test_one_time_has_no_change():
    assert pooled_over_time(np.array([[4.0, 2]])).tolist() == [4, 2, 0, 0, 0, 0]


def test_features_by_hand_with_a_stub_network(monkeypatch):
    monkeypatch.setattr(efficientnet, "EfficientNetLite", MeanColours)
    settings = BackboneSettings(frames=4, context_frames=2, device="cpu")
    features = features_of(load_backbone(settings), brightening_clip())
    times = np.array([9, 23, 37, 51])  # middles of four segments of frames 2 to 57
    context = np.array([15, 45])
    expected = [
        *(times.mean() + np.array([-2, 0, 2])),
        *[times.std()] * 3,
        *[14] * 3,
        *[context.mean()] * 3,
    ]
    assert features == pytest.approx(expected)
    assert features.dtype == np.float32


@pytest.mark.parametrize(("fps", "step"), [(25.0, 2), (50.0, 4), (12.5, 1), (5.0, 1)])
def test_the_moments_are_apart_in_seconds_not_in_frames(fps, step):
    crops = clip_images(brightening_clip(60, fps), NOBODY, BackboneSettings(frames=3))[:3]
    assert np.diff(crops[:, 0, 0], axis=1).tolist() == [[step, step]] * 3


def test_moments_of_a_short_clip_stay_inside():
    images = clip_images(brightening_clip(2), NOBODY, BackboneSettings(frames=16))
    assert images.shape == (16 + 4, 224, 224, 3)
    assert set(images.ravel().tolist()) == {0, 1}


def test_every_frame_is_read_once():
    clip = brightening_clip()
    clip_images(clip, NOBODY, BackboneSettings())
    assert len(clip.calls) == 1


def test_the_crop_follows_the_person():
    pictures = np.zeros((30, 40, 80, 3), np.uint8)
    for t in range(30):
        pictures[t, 10:30, 2 * t : 2 * t + 10] = 250
    poses = pd.DataFrame([pose_row(t, [(2 * t, 10), (2 * t + 10, 30)]) for t in (0, 29)])
    crops = clip_images(MemoryClip(pictures), poses, BackboneSettings(frames=5, margin=1.0))[:5]
    middle = crops[:, :, :, 1]
    assert (middle[:, 112, 112] == 250).all()
    assert np.abs(middle - middle[0]).max() == 0


@needs("efficientnet_lite0")
def test_a_clip_gives_the_same_bits_alone_and_after_another():
    backbone = load_backbone(BackboneSettings(weights=WEIGHTS, frames=3, context_frames=1, device="cpu"))
    first, second = (MemoryClip(random_pictures(seed, 12, 60, 80)) for seed in (1, 2))
    alone = features_of(backbone, second)
    assert alone.shape == (4 * 1280,)
    assert not np.array_equal(features_of(backbone, first), alone)
    np.testing.assert_array_equal(features_of(backbone, second), alone)


def test_no_frames_are_refused():
    with pytest.raises(ValueError, match="frames is 0 and context_frames 4; both must be at least 1"):
        load_backbone(BackboneSettings(frames=0))
