"""Pictures as a transformers checkpoint wants them, read from its own preprocessor configuration.

The processors of transformers need torchvision for videos, whose wheels are CUDA-linked and break a CPU torch; the
settings in the file are few, so they are followed here with Pillow, as those processors did before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from dance_core.networks.clip_frames import Clip, dense_frames


class PicturePreprocessor:
    """Resize, centre crop, rescale and normalise, in this order.

    Args:
        config: The content of preprocessor_config.json or video_preprocessor_config.json.
        place: What the configuration is called in errors.

    Raises:
        ValueError: The configuration lacks a size, or asks for a step that is not known.
    """

    def __init__(self, config: Mapping[str, Any], place: str) -> None:
        self.config = dict(config)
        if "size" not in config:
            raise ValueError(f"{place}: 'size' is absent; a height and width or a shortest_edge is expected")
        self._size = _as_mapping(config["size"], "shortest_edge") if config.get("do_resize", True) else {}
        if not set(self._size) <= {"height", "width", "shortest_edge"}:
            raise ValueError(
                f"{place}: size {self._size} is not supported; height and width or shortest_edge is expected"
            )
        self._crop = self._crop_size(config)
        self._resample = Image.Resampling(config.get("resample", Image.Resampling.BILINEAR))
        self._scale = config.get("rescale_factor", 1 / 255) if config.get("do_rescale", True) else 1.0
        self._offset = 1.0 if config.get("offset", False) else 0.0
        normalised = config.get("do_normalize", True)
        self._mean = np.asarray(config.get("image_mean", (0.5,) * 3) if normalised else (0.0,) * 3, np.float32)
        self._std = np.asarray(config.get("image_std", (0.5,) * 3) if normalised else (1.0,) * 3, np.float32)

    def _crop_size(self, config: Mapping[str, Any]) -> tuple[int, int] | None:
        """Give the height and width of the centre crop, None when there is none."""
        square = "shortest_edge" in self._size
        if not config.get("do_center_crop", square):
            return None
        crop = _as_mapping(config.get("crop_size") or self._size.get("shortest_edge") or self._size, "height")
        return int(crop["height"]), int(crop.get("width", crop["height"]))

    def __call__(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """Bring some pictures to the size that the model sees.

        Args:
            frames: RGB pictures, each uint8 of shape (height, width, 3).

        Returns:
            uint8 of shape (n, height, width, 3).
        """
        return np.stack([self._picture(frame) for frame in frames])

    def normalised(self, pictures: torch.Tensor) -> torch.Tensor:
        """Rescale and normalise the colours, on whatever device the pictures are.

        Args:
            pictures: uint8 of shape (..., height, width, 3).

        Returns:
            float32 of shape (..., 3, height, width).
        """
        mean, std = (torch.from_numpy(value).to(pictures.device) for value in (self._mean, self._std))
        colours = (pictures.float() * float(self._scale) - self._offset - mean) / std
        return colours.movedim(-1, -3)

    def _picture(self, frame: np.ndarray) -> np.ndarray:
        height, width = frame.shape[:2]
        picture = Image.fromarray(frame)
        if "shortest_edge" in self._size:
            edge = int(self._size["shortest_edge"])
            short, long = min(width, height), max(width, height)
            target = (edge, int(edge * long / short)) if width <= height else (int(edge * long / short), edge)
            picture = picture.resize(target, self._resample)
        elif self._size:
            picture = picture.resize((int(self._size["width"]), int(self._size["height"])), self._resample)
        colours = np.asarray(picture)
        return colours if self._crop is None else _centre_crop(colours, *self._crop)


@dataclass(frozen=True)
class SpreadPictures:
    """What a model of transformers sees of a clip: frames of it, brought to size.

    Attributes:
        frames: Number of frames.
        preprocess: Of the model.
        stride: Distance of the frames of a window in the middle of the clip; None for frames spread over all of it.
    """

    frames: int
    preprocess: PicturePreprocessor
    stride: int | None = None

    def __call__(self, clip: Clip, *rest: Any) -> np.ndarray:
        """Read and resize the frames.

        Args:
            clip: The clip.
            rest: What other encoders look at beside it, such as poses.

        Returns:
            uint8 of shape (frames, height, width, 3).
        """
        if self.stride is None:
            return self.preprocess(clip.spread_frames(self.frames))
        indices = dense_frames(clip.n_frames, self.frames, self.stride)
        pictures = clip.frames(indices)
        return self.preprocess([pictures[int(index)] for index in indices])


def _as_mapping(size: Any, key: str) -> dict[str, Any]:
    """Older configurations give a size as one number."""
    return {name: value for name, value in size.items() if value} if isinstance(size, Mapping) else {key: size}


def _centre_crop(colours: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut the middle out of a picture; where it is too small, black is added."""
    missing = [max(0, wanted - have) for wanted, have in zip((height, width), colours.shape[:2], strict=True)]
    if any(missing):
        colours = np.pad(colours, [((gap + 1) // 2, gap // 2) for gap in missing] + [(0, 0)])
    top, left = (colours.shape[0] - height) // 2, (colours.shape[1] - width) // 2
    return colours[top : top + height, left : left + width]
