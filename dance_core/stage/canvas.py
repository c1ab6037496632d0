"""Painting in metres on textures that repeat without a seam."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dance_core.stage.extras import require

Colour = Sequence[float] | NDArray[np.float64]
Texture = NDArray[np.float32]

_OVERSAMPLING = 2


def tint(rng: np.random.Generator, colour: Colour, spread: float = 12.0) -> NDArray[np.float64]:
    """Vary a colour: its brightness by more than its hue.

    Args:
        rng: Random stream.
        colour: RGB in [0, 255].
        spread: Standard deviation of the brightness.

    Returns:
        RGB in [0, 255], shape (3,).
    """
    shift = rng.normal(0.0, spread) + rng.normal(0.0, 0.5 * spread, 3)
    return np.clip(np.asarray(colour, dtype=np.float64) + shift, 4.0, 250.0)


def tileable_noise(
    rng: np.random.Generator, height: int, width: int, octaves: int = 6, persistence: float = 0.6, coarsest: int = 4
) -> Texture:
    """Sum smooth random grids of growing fineness that wrap around both ways.

    Args:
        rng: Random stream.
        height: Rows.
        width: Columns.
        octaves: Number of grids; each is twice as fine as the one before.
        persistence: Amplitude of a grid against the one before.
        coarsest: Cells of the first grid along each side.

    Returns:
        Values in [0, 1], shape (height, width); the first row follows the last without a step.
    """
    cv2: Any = require("cv2")
    total = np.zeros((height, width), dtype=np.float32)
    for octave in range(octaves):
        cells = coarsest * 2**octave
        margin = 3  # cells repeated on every side, so that the interpolation sees the other edge
        grid = np.pad(rng.random((cells, cells), dtype=np.float32), margin, mode="wrap")
        rows, columns = round(height / cells), round(width / cells)
        if min(rows, columns) < 1:
            break
        size = ((cells + 2 * margin) * columns, (cells + 2 * margin) * rows)
        large = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
        inner = large[margin * rows : (margin + cells) * rows, margin * columns : (margin + cells) * columns]
        total += persistence**octave * cv2.resize(inner, (width, height), interpolation=cv2.INTER_LINEAR)
    return (total - total.min()) / max(float(np.ptp(total)), 1e-9)


class Canvas:
    """A picture of a stretch of wall or of things standing in a row, which repeats sideways.

    Attributes:
        width: Metres until it repeats.
        height: Metres above the ground.
        scale: Pixels of the finished texture per metre.
    """

    def __init__(self, width: float, height: float, scale: float = 90.0, colour: Colour | None = None) -> None:
        """Start with one colour, or with nothing.

        Args:
            width: Metres until it repeats.
            height: Metres above the ground.
            scale: Pixels of the finished texture per metre.
            colour: RGB of the whole canvas; None leaves it transparent.
        """
        self.width, self.height, self.scale = width, height, scale
        self._cv2: Any = require("cv2")
        self._fine = scale * _OVERSAMPLING
        self._pixels = np.zeros((round(height * self._fine), round(width * self._fine), 4), dtype=np.float32)
        if colour is not None:
            self._pixels[:] = (*colour, 255.0)

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon.

        Args:
            points: Corners (x, z) in metres; z is the height above the ground.
            colour: RGB.
        """
        corners = np.asarray(points, dtype=np.float64)
        for shift in (-self.width, 0.0, self.width):
            if corners[:, 0].max() + shift < 0.0 or corners[:, 0].min() + shift > self.width:
                continue
            columns = (corners[:, 0] + shift) * self._fine
            rows = (self.height - corners[:, 1]) * self._fine
            pixels = np.round(np.column_stack([columns, rows]) - 0.5).astype(np.int32)
            self._cv2.fillPoly(self._pixels, [pixels], (*(float(value) for value in colour), 255.0))

    def rectangle(self, left: float, bottom: float, right: float, top: float, colour: Colour) -> None:
        """Fill a rectangle given in metres."""
        self.polygon([(left, bottom), (right, bottom), (right, top), (left, top)], colour)

    def disc(self, x: float, z: float, radius: float, colour: Colour, squeeze: float = 1.0) -> None:
        """Fill a circle, or an ellipse whose height is `squeeze` times its width; all in metres."""
        angle = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
        ring = zip(x + radius * np.cos(angle), z + squeeze * radius * np.sin(angle), strict=True)
        self.polygon([(float(a), float(b)) for a, b in ring], colour)

    def line(self, start: tuple[float, float], end: tuple[float, float], thickness: float, colour: Colour) -> None:
        """Draw a straight bar of a thickness in metres."""
        along = np.array(end) - np.array(start)
        across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9) * 0.5 * thickness
        a, b = np.array(start), np.array(end)
        self.polygon([tuple(a - across), tuple(b - across), tuple(b + across), tuple(a + across)], colour)

    def shade(self, left: float, bottom: float, right: float, top: float, low: float, high: float) -> None:
        """Multiply what is painted in a rectangle by a factor that runs from `low` at its foot to `high` at its top."""
        rows = slice(*(round(np.clip(self.height - z, 0.0, self.height) * self._fine) for z in (top, bottom)))
        columns = np.arange(round(left * self._fine), round(right * self._fine)) % self._pixels.shape[1]
        count = rows.stop - rows.start
        factor = np.linspace(high, low, count, dtype=np.float32)[:, None, None]
        self._pixels[rows, columns, :3] *= factor

    def grain(self, rng: np.random.Generator, strength: float, octaves: int = 7, coarsest: int = 4) -> None:
        """Multiply everything by tileable noise between 1 - strength and 1 + strength."""
        rows, columns = self._pixels.shape[:2]
        noise = tileable_noise(rng, rows, columns, octaves, 0.7, coarsest)
        self._pixels[..., :3] *= (1.0 + strength * (2.0 * noise[..., None] - 1.0)).astype(np.float32)

    def texture(self) -> Texture:
        """Finish the picture.

        Returns:
            RGB times alpha in [0, 255], and alpha in [0, 1], top row first, shape (h, w, 4).
        """
        pixels = np.clip(self._pixels, 0.0, 255.0)
        pixels[..., 3:] /= 255.0
        pixels[..., :3] *= pixels[..., 3:]
        size = (round(self.width * self.scale), round(self.height * self.scale))
        return np.ascontiguousarray(self._cv2.resize(pixels, size, interpolation=self._cv2.INTER_AREA))


def blurred_levels(tile: NDArray[np.floating[Any]], levels: int = 6) -> Texture:
    """Blur a tile more and more, for drawing it far away without shimmer.

    Args:
        tile: RGB of a square tile, shape (S, S, 3) with S a power of two.
        levels: Number of levels; each halves the resolution once more.

    Returns:
        The levels at full size, shape (levels, S, S, 3).
    """
    cv2: Any = require("cv2")
    stack = [np.clip(tile, 0.0, 255.0).astype(np.float32)]
    size = tile.shape[0]
    for level in range(1, levels):
        pad = 2**level * 2
        wrapped = np.pad(stack[0], ((pad, pad), (pad, pad), (0, 0)), mode="wrap")
        small = cv2.resize(wrapped, None, fx=0.5**level, fy=0.5**level, interpolation=cv2.INTER_AREA)
        large = cv2.resize(small, wrapped.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        stack.append(large[pad : pad + size, pad : pad + size])
    return np.ascontiguousarray(np.stack(stack))
