"""Places: a tiled ground, a sky, and painted layers that stand upright one behind the other."""

from dataclasses import dataclass

import numpy as np

from dance_core.stage.canvas import Canvas, Texture
from dance_core.stage.rotations import Array


@dataclass(frozen=True)
class Layer:
    """An upright picture that repeats sideways.

    Attributes:
        texture: RGB times alpha, and alpha, shape (h, w, 4); see Canvas.texture.
        away: Metres behind the person's place.
        scale: Pixels per metre.
    """

    texture: Texture
    away: float
    scale: float

    @property
    def contact(self) -> Array:
        """How much of every column stands on the ground, in [0, 1], shape (w,)."""
        foot = self.texture[-max(1, round(0.06 * self.scale)) :, :, 3]
        return foot.mean(0).astype(np.float64)


@dataclass(frozen=True)
class Scene:
    """A place.

    Attributes:
        ground: The tile of the ground at growing blur, shape (levels, S, S, 3).
        ground_scale: Pixels of the tile per metre.
        sky: Colours at the horizon and at the top, shape (2, 3).
        layers: Upright pictures, the farthest first.
        ambient: Share of the light that comes from everywhere.
    """

    ground: Texture
    ground_scale: float
    sky: Array
    layers: list[Layer]
    ambient: float


def layer_of(canvas: Canvas, away: float, shift: float = 0.0) -> Layer:
    """Stand a finished canvas upright.

    Args:
        canvas: The canvas.
        away: Metres behind the person's place.
        shift: Metres by which the picture is moved sideways.

    Returns:
        The layer.
    """
    texture = np.roll(canvas.texture(), round(shift * canvas.scale), axis=1)
    return Layer(np.ascontiguousarray(texture), away, canvas.scale)


def scene_of(name: str, rng: np.random.Generator) -> Scene:
    """Build a place, a little different for every random stream.

    Args:
        name: One of field, gym, room, street.
        rng: Random stream of the scene.

    Returns:
        The scene.
    """
    from dance_core.stage.scenes_indoors import gym, room
    from dance_core.stage.scenes_outdoors import field, street

    return {"field": field, "gym": gym, "room": room, "street": street}[name](rng)
