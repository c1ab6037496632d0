"""EfficientNet-Lite0: folding changes nothing, runs are equal bit by bit, and it knows a picture."""

import numpy as np
import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from dance_core.networks.efficientnet_lite import EfficientNetLite
from tests.unit.networks.memory_clip import random_pictures
from tests.unit.networks.real_weights import WEIGHTS, needs


@pytest.fixture(scope="module")
def network():
    torch.set_num_threads(1)
    return EfficientNetLite(WEIGHTS, torch.device("cpu"))


@needs("efficientnet_lite0")
def test_equal_to_the_plain_network(network):
    images = random_pictures(5, 2, 224, 224)
    plain = EfficientNet.from_name("efficientnet-lite0").eval()
    plain.load_state_dict(torch.load(WEIGHTS / "efficientnet_lite0/efficientnet-lite0.pth", weights_only=True))
    inputs = (torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32)) - 127) / 128
    with torch.inference_mode():
        features, logits = plain.extract_features(inputs).mean((2, 3)), plain(inputs)
    np.testing.assert_allclose(network.features(images), features.numpy(), atol=1e-4)
    np.testing.assert_allclose(network.probabilities(images), logits.softmax(1).numpy(), atol=1e-5)


@needs("efficientnet_lite0")
def test_the_same_bits_every_time(network):
    images = random_pictures(6, 3, 224, 224).astype(np.float32)
    assert (network.features(images) == network.features(images)).all()


@needs("efficientnet_lite0")
def test_it_sees_what_was_drawn(network):
    """A green disc on a pale ground is no photograph, yet a classifier in order sees some ball in it."""
    rows, columns = np.mgrid[:224, :224] - 112
    disc = rows**2 + columns**2 < 70**2
    picture = np.where(disc[..., None], [200, 230, 40], [245, 245, 245]).astype(np.uint8)
    probabilities = network.probabilities(picture[None])[0]
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    round_things = [722, 852, 574, 746, 890, 429, 768, 805, 951, 417]
    assert probabilities[round_things].sum() > 0.1


def test_absent_weights_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"weights '.*efficientnet-lite0\.pth' are absent; delete the folder"):
        EfficientNetLite(tmp_path, torch.device("cpu"))
