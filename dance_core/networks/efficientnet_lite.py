"""EfficientNet-Lite0 with its ImageNet weights, prepared for inference on a CPU."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from dance_core.weights import weight_file

IMAGE_SIZE = 224
# The activations of four images fit where the allocator keeps freed memory; those of more are mapped anew by the kernel
# at every layer, which takes as long as the arithmetic.
BATCH = 4

# Where this implementation keeps a convolution and the batch normalisation that follows it.
_CONVOLUTIONS = (
    ("_conv_stem", "_bn0"),
    ("_expand_conv", "_bn0"),
    ("_depthwise_conv", "_bn1"),
    ("_project_conv", "_bn2"),
    ("_conv_head", "_bn1"),
)


class EfficientNetLite:
    """The network, from images to pooled features and to class probabilities.

    Batch normalisation is folded into the convolutions and the layout is channels-last, which together halve the time
    of a frame on one CPU core.

    Args:
        weights: Folder of all weights.
        device: Where the network runs.

    Raises:
        ValueError: The weights are absent, or are other ones.

    Source:
        Tan & Le 2019; R. Liu 2020 (EfficientNet-Lite: no squeeze-and-excitation, ReLU6).
    """

    def __init__(self, weights: str | Path, device: torch.device) -> None:
        network = EfficientNet.from_name("efficientnet-lite0")
        path = weight_file(weights, "efficientnet_lite0", "efficientnet-lite0.pth")
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), strict=True)
        _fold_normalisation(network.eval())
        self._network = network.to(device, memory_format=torch.channels_last)
        self._device = device

    @torch.inference_mode()
    def features(self, images: np.ndarray) -> np.ndarray:
        """Describe images by the last feature map, averaged over its area.

        Args:
            images: Colours in [0, 255], any real type, shape (n, 224, 224, 3).

        Returns:
            Features, float32 of shape (n, 1280).
        """
        return np.concatenate([self._pooled(part).cpu().numpy() for part in _batches(images)])

    @torch.inference_mode()
    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Say how likely each ImageNet class is.

        Args:
            images: Colours in [0, 255], any real type, shape (n, 224, 224, 3).

        Returns:
            Probabilities, float32 of shape (n, 1000); rows sum to one.
        """
        classifier = self._network._fc
        return np.concatenate([classifier(self._pooled(part)).softmax(1).cpu().numpy() for part in _batches(images)])

    def _pooled(self, images: np.ndarray) -> torch.Tensor:
        """Run the convolutions; the weights expect (colour - 127) / 128."""
        inputs = torch.from_numpy(np.ascontiguousarray(images)).to(self._device).permute(0, 3, 1, 2)
        inputs = ((inputs.float() - 127.0) / 128.0).contiguous(memory_format=torch.channels_last)
        return self._network.extract_features(inputs).mean((2, 3))


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    """Cut images into parts that the network takes at once."""
    return (images[start : start + BATCH] for start in range(0, len(images), BATCH))


def _fold_normalisation(module: nn.Module) -> None:
    """Replace each pair of convolution and batch normalisation by one convolution, in place."""
    for child in module.children():
        _fold_normalisation(child)
    for convolution, normalisation in _CONVOLUTIONS:
        if hasattr(module, convolution):
            folded = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, normalisation))
            setattr(module, convolution, folded)
            setattr(module, normalisation, nn.Identity())
