"""Kernels that paint what lies behind the actors: the sky, the ground and upright layers.

Pictures are float32 in [0, 255] at the supersampled size. A camera is given as the rows right, up and forward of its
rotation, its position in metres and its focal length in pixels.
"""

import math

from dance_core.stage.rasterizer import compiled
from dance_core.stage.rotations import Array


@compiled
def _ray(rotation: Array, focal: float, row: int, column: int, height: int, width: int) -> tuple[float, float, float]:
    x, y = (column + 0.5 - 0.5 * width) / focal, (0.5 * height - row - 0.5) / focal
    return (
        rotation[0, 0] * x + rotation[1, 0] * y + rotation[2, 0],
        rotation[0, 1] * x + rotation[1, 1] * y + rotation[2, 1],
        rotation[0, 2] * x + rotation[1, 2] * y + rotation[2, 2],
    )


@compiled
def paint_ground(
    image: Array,
    floor: Array,
    rotation: Array,
    position: Array,
    focal: float,
    textures: Array,
    scale: float,
    sky: Array,
    farthest: float,
) -> None:
    """Paint the sky and a tiled ground that fades into it, in place.

    Args:
        image: Picture, shape (H, W, 3).
        floor: Mask that becomes 1 on the ground and 0 elsewhere, shape (H, W).
        rotation: Rotation of the camera, shape (3, 3).
        position: Position of the camera in metres, shape (3,).
        focal: Focal length in pixels.
        textures: The ground's tile at growing blur, shape (levels, S, S, 3).
        scale: Pixels of the tile per metre.
        sky: Colours at the horizon and at the top, shape (2, 3).
        farthest: Distance in metres at which the ground has faded.
    """
    height, width = floor.shape
    levels, size = textures.shape[0], textures.shape[1]
    for row in range(height):
        for column in range(width):
            x, y, z = _ray(rotation, focal, row, column, height, width)
            floor[row, column] = 0
            distance = -position[2] / z if z < -1e-6 else 1e9
            if distance < farthest:
                u = (position[0] + distance * x) * scale
                v = (position[1] + distance * y) * scale
                # A pixel covers more of the tile lengthwise than across; half way keeps grain without shimmer.
                blur = math.log2(max(1.0, 1.6 * scale * distance / focal))
                level = min(levels - 1, int(blur + 0.5))
                i, j = math.floor(u) % size, math.floor(v) % size
                haze = 0.75 * (distance / farthest) ** 2
                floor[row, column] = 1
                for k in range(3):
                    image[row, column, k] = textures[level, j, i, k] * (1.0 - haze) + sky[0, k] * haze
            else:
                up = min(1.0, max(0.0, 2.4 * z))
                for k in range(3):
                    image[row, column, k] = sky[0, k] * (1.0 - up) + sky[1, k] * up


@compiled
def paint_contact(
    image: Array,
    floor: Array,
    rotation: Array,
    position: Array,
    focal: float,
    contact: Array,
    away: float,
    scale: float,
) -> None:
    """Darken the ground where the things of a layer stand on it, in place.

    Args:
        image: Picture, shape (H, W, 3).
        floor: Mask of the ground, shape (H, W).
        rotation: Rotation of the camera, shape (3, 3).
        position: Position of the camera in metres, shape (3,).
        focal: Focal length in pixels.
        contact: How much of the layer stands on the ground at every column of its texture, shape (w,).
        away: The layer's y in metres.
        scale: Pixels of the texture per metre.
    """
    height, width = floor.shape
    for row in range(height):
        for column in range(width):
            if floor[row, column] == 0:
                continue
            x, y, z = _ray(rotation, focal, row, column, height, width)
            distance = -position[2] / z
            gap = abs(away - position[1] - distance * y)
            if gap < 0.45:
                i = math.floor((position[0] + distance * x) * scale) % contact.shape[0]
                shade = 1.0 - 0.55 * contact[i] * (1.0 - gap / 0.45) ** 2
                for k in range(3):
                    image[row, column, k] *= shade


@compiled
def _blend(pixel: Array, texture: Array, down: float, across: float) -> float:
    """Lay a texture read between its pixels over a picture's pixel, in place; returns the alpha.

    The texture repeats sideways and is empty above and below.
    """
    rows, columns = texture.shape[0], texture.shape[1]
    top, left = math.floor(down), math.floor(across)
    if top < -1 or top >= rows:
        return 0.0
    low, high = min(top + 1, rows - 1), max(top, 0)
    part, right_part = down - top, across - left
    i, j = left % columns, (left + 1) % columns
    up = (1.0 - part) if top >= 0 else 0.0
    down_part = part if top + 1 < rows else 0.0
    a, b = up * (1.0 - right_part), up * right_part
    c, d = down_part * (1.0 - right_part), down_part * right_part
    alpha = a * texture[high, i, 3] + b * texture[high, j, 3] + c * texture[low, i, 3] + d * texture[low, j, 3]
    if alpha > 0.004:
        for k in range(3):
            value = a * texture[high, i, k] + b * texture[high, j, k] + c * texture[low, i, k] + d * texture[low, j, k]
            pixel[k] = value + (1.0 - alpha) * pixel[k]
    return alpha


@compiled
def paint_layer(
    image: Array,
    floor: Array,
    rotation: Array,
    position: Array,
    focal: float,
    texture: Array,
    away: float,
    scale: float,
) -> None:
    """Paint an upright picture that repeats sideways, in place.

    Args:
        image: Picture, shape (H, W, 3).
        floor: Mask of the ground, set to 0 where the layer hides it, shape (H, W).
        rotation: Rotation of the camera, shape (3, 3).
        position: Position of the camera in metres, shape (3,).
        focal: Focal length in pixels.
        texture: RGB times alpha, and alpha in [0, 1], top row first, shape (h, w, 4).
        away: The layer's y in metres.
        scale: Pixels of the texture per metre.
    """
    height, width = floor.shape
    for row in range(height):
        for column in range(width):
            x, y, z = _ray(rotation, focal, row, column, height, width)
            if y < 1e-6:
                continue
            distance = (away - position[1]) / y
            down = texture.shape[0] - (position[2] + distance * z) * scale - 0.5
            across = (position[0] + distance * x) * scale - 0.5
            if _blend(image[row, column], texture, down, across) > 0.5:
                floor[row, column] = 0
