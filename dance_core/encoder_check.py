"""A self-test of encoders on generated clips, and the list of those that are known by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dance_core.networks.clip_frames import Clip
from dance_core.networks.encoder_registry import EncoderEntry, encoder_registry

# These load torch, which the list of encoders can do without.
if TYPE_CHECKING:
    from dance_core.backbones import Backbone
    from dance_core.dual_encoders import DualEncoder

# Largest change of a feature by the company of a clip, as a share of the largest feature.
TOLERANCE = 1e-4
SIDE = 224
FRAMES = 32
WHITE = (255, 255, 255)
COLOURS = {"red": (220, 20, 20), "blue": (20, 40, 220), "green": (20, 160, 40), "black": (0, 0, 0)}
# What is drawn, each beside what it shall not be taken for.
PAIRS = (
    (("red", "square"), ("blue", "circle")),
    (("green", "circle"), ("red", "circle")),
    (("black", "triangle"), ("blue", "square")),
    (("blue", "triangle"), ("green", "square")),
)
CAPTION = "a {} {} on a white background"


@dataclass(frozen=True)
class DrawnClip(Clip):
    """A clip that is drawn instead of read: a coloured shape that crosses plain ground.

    Attributes:
        colour: Key of `COLOURS`.
        shape: "square", "circle" or "triangle".
    """

    colour: str = "red"
    shape: str = "square"

    def frames(self, indices: Sequence[int] | np.ndarray) -> dict[int, np.ndarray]:
        """Draw some frames.

        Args:
            indices: Frames wanted.

        Returns:
            RGB frames by index, each uint8 of shape (224, 224, 3).
        """
        return {int(index): self._drawn(int(index)) for index in indices}

    def _drawn(self, index: int) -> np.ndarray:
        centre = SIDE * (0.35 + 0.3 * index / (self.n_frames - 1))
        down, across = np.mgrid[:SIDE, :SIDE] - np.array([SIDE / 2, centre])[:, None, None]
        size = SIDE / 4
        inside = {
            "square": np.maximum(np.abs(down), np.abs(across)) < size,
            "circle": np.hypot(down, across) < size,
            "triangle": (np.abs(across) < (down + size) / 2) & (down < size),
        }[self.shape]
        return np.where(inside[..., None], COLOURS[self.colour], WHITE).astype(np.uint8)


def drawn_clip(colour: str, shape: str) -> DrawnClip:
    """Make a clip of a shape.

    Args:
        colour: Key of `COLOURS`.
        shape: "square", "circle" or "triangle".

    Returns:
        The clip.
    """
    return DrawnClip(f"{colour}_{shape}", Path(f"{colour}_{shape}"), FRAMES, 25.0, colour=colour, shape=shape)


def check_dual_encoder(encoder: "DualEncoder") -> str:
    """Check that a dual encoder tells for each of several drawn clips the right one of two captions.

    Args:
        encoder: The dual encoder.

    Returns:
        What was found, for a user to read.

    Raises:
        ValueError: It prefers a wrong caption.
    """
    wrong = []
    smallest = np.inf
    for pair in PAIRS:
        texts = np.stack([_direction(encoder.text_embedding(CAPTION.format(*drawn))) for drawn in pair])
        for right, drawn in enumerate(pair):
            clip = encoder.clip_embeddings(encoder.prepare(drawn_clip(*drawn))[None])[0]
            scores = texts @ _direction(clip)
            margin = scores[right] - scores[1 - right]
            smallest = min(smallest, margin)
            # Written so that a score that is no number fails too.
            if not margin > 0:
                wrong.append(f"'{CAPTION.format(*pair[1 - right])}' for a {' '.join(drawn)}")
    if wrong:
        raise ValueError(
            f"self-test: of {2 * len(PAIRS)} drawn clips the encoder takes the wrong one of two captions for "
            f"{len(wrong)}, such as {wrong[0]}; its weights or its preprocessing are not as they should be"
        )
    return f"{2 * len(PAIRS)} of {2 * len(PAIRS)} drawn clips get the right one of two captions (by {smallest:.3f})"


def check_backbone(backbone: "Backbone") -> str:
    """Check that the features of a clip do not depend on the clips it shares a batch with.

    Args:
        backbone: The backbone.

    Returns:
        What was found, for a user to read.

    Raises:
        ValueError: They do, are no finite numbers, or are the same for every clip.
    """
    nobody = pd.DataFrame({"frame": [], "bbox": [], "keypoints": []})
    inputs = np.stack([backbone.prepare(drawn_clip(*drawn), nobody) for drawn in PAIRS[0]])
    together = backbone.features(inputs)
    alone = np.concatenate([backbone.features(one[None]) for one in inputs])
    scale = np.abs(together).max()
    change = np.abs(alone - together).max() / scale
    if not change <= TOLERANCE:
        raise ValueError(
            f"self-test: the features of a clip change by {change:.1e} of the largest feature with the batch it is in; "
            f"at most {TOLERANCE:.0e} is expected: set precision: float32, or look for a layer that mixes clips"
        )
    if np.abs(together - together[0]).max() <= TOLERANCE * scale:
        raise ValueError("self-test: every clip has the same features; the weights are not as they should be")
    return f"features of {len(inputs)} drawn clips change by {change:.1e} of the largest with the batch they are in"


def self_test(name: str, weights: Path = Path("weights"), device: str = "auto") -> str:
    """Load an encoder of the registry and test it.

    Args:
        name: Its name.
        weights: Folder of all weights.
        device: Where it runs: "auto", "cpu", "cuda" or "mps".

    Returns:
        What was found, for a user to read.

    Raises:
        ValueError: The name is unknown, the weights are absent or others, or the test fails.
    """
    from dance_core.backbones import BackboneSettings, load_backbone
    from dance_core.dual_encoders import DualEncoderSettings, load_dual_encoder

    entry = known_encoder(name)
    if entry.kind == "backbone":
        settings = BackboneSettings(entry.loader, weights, entry.frames, model=name, device=device)
        return check_backbone(load_backbone(settings))
    return check_dual_encoder(
        load_dual_encoder(DualEncoderSettings(entry.loader, weights, entry.frames, model=name, device=device))
    )


def known_encoder(name: str) -> EncoderEntry:
    """Look an encoder up.

    Args:
        name: Its name.

    Returns:
        Its entry.

    Raises:
        ValueError: The name is unknown.
    """
    if name not in encoder_registry():
        raise ValueError(f"encoder '{name}' is unknown; use one of: {', '.join(encoder_registry())}")
    return encoder_registry()[name]


def encoder_lines(weights: Path, name: str | None = None) -> list[str]:
    """List the encoders of the registry.

    Args:
        weights: Folder of all weights.
        name: The one to tell more of; all by default.

    Returns:
        A line each, whether it is here and how to get it where it is not; several lines for a single one.

    Raises:
        ValueError: The name is unknown.
    """
    if name is None:
        return [_line(entry, weights / entry.name) for entry in encoder_registry().values()]
    entry = known_encoder(name)
    folder = weights / name
    origin = "put there by hand" if entry.hub is None else f"https://huggingface.co/{entry.hub}"
    facts = {
        "use": f"{entry.kind}.name: {entry.loader}, {entry.kind}.model: {name}, {entry.kind}.frames: {entry.frames}",
        "features": f"{entry.width} numbers",
        "pictures": ", ".join(f"{key} {value}" for key, value in entry.preprocessing.items()),
        "texts": ", ".join(f"{key} {value}" for key, value in entry.text.items()) or "none",
        "weights": f"{entry.size_mb} MB, licence {entry.licence}",
        "from": f"{origin}, commit {entry.revision or 'not pinned'}",
        "source": entry.source,
        "here": str(folder) if entry.is_complete(folder) else f"no; {entry.how_to_get(folder)}",
    }
    return [f"{key:<9} {value}" for key, value in facts.items()]


def _line(entry: EncoderEntry, folder: Path) -> str:
    here = entry.is_complete(folder)
    facts = f"{entry.frames:>2} frames  {entry.size_mb:>4} MB  {entry.licence:<15}"
    mark, place = ("yes", str(folder)) if here else ("no ", f"→ {entry.advice(folder)}")
    return f"{mark}  {entry.kind.replace('_', ' '):<12} {entry.name:<36} {facts}  {place}"


def _direction(embedding: np.ndarray) -> np.ndarray:
    """Scale an embedding to length one."""
    return embedding / np.linalg.norm(embedding)
