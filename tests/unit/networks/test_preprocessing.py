"""Preprocessing: equal to the processors of transformers, and by hand where those need torchvision."""

import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil, SiglipImageProcessorPil, VideoMAEImageProcessorPil

from dance_core.networks.preprocessing import PicturePreprocessor
from tests.unit.networks.memory_clip import random_pictures


def pixels(preprocess, frames):
    """What the network gets, float32 [n, 3, height, width]."""
    pictures = preprocess(frames)
    assert pictures.dtype == np.uint8
    return preprocess.normalised(torch.from_numpy(pictures)).numpy()


@pytest.mark.parametrize("shape", [(24, 32), (40, 18), (16, 16), (50, 70)])
@pytest.mark.parametrize(
    ("processor", "key"),
    [
        (CLIPImageProcessorPil(size={"shortest_edge": 20}, crop_size={"height": 16, "width": 16}), "images"),
        (SiglipImageProcessorPil(size={"height": 14, "width": 18}), "images"),
        (VideoMAEImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}), "images"),
        (CLIPImageProcessorPil(size={"shortest_edge": 12}, crop_size={"height": 16, "width": 15}), "images"),
    ],
)
def test_equal_to_the_processor_of_transformers(processor, key, shape):
    frames = list(random_pictures(1, 3, *shape))
    expected = np.asarray(processor(**{key: frames}, return_tensors="np")["pixel_values"]).reshape(3, 3, -1)
    ours = pixels(PicturePreprocessor(processor.to_dict(), "test"), frames)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours.reshape(3, 3, -1), expected, atol=2e-6)


def test_sizes_given_as_numbers_and_offset_by_hand():
    grey = [np.full((8, 8, 3), 255, np.uint8), np.zeros((8, 8, 3), np.uint8)]
    config = {
        "size": 4,
        "crop_size": 4,
        "rescale_factor": 1 / 127.5,
        "offset": True,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
    }
    pictures = pixels(PicturePreprocessor(config, "test"), grey)
    assert pictures.shape == (2, 3, 4, 4)
    assert pictures[0] == pytest.approx((1 - 0.5) / 0.5)
    assert pictures[1] == pytest.approx((-1 - 0.5) / 0.5)


def test_steps_that_are_switched_off_are_left_out():
    frames = random_pictures(2, 1, 6, 5)
    config = {"size": {"height": 9, "width": 9}} | dict.fromkeys(["do_resize", "do_rescale", "do_normalize"], False)
    np.testing.assert_array_equal(pixels(PicturePreprocessor(config, "test"), frames)[0], frames[0].transpose(2, 0, 1))


def test_a_configuration_without_size_is_refused():
    with pytest.raises(ValueError, match="models/x: 'size' is absent; a height and width or a shortest_edge is exp"):
        PicturePreprocessor({}, "models/x")


def test_a_size_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"models/x: size \{'longest_edge': 512\} is not supported"):
        PicturePreprocessor({"size": {"longest_edge": 512}}, "models/x")
