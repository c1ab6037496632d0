"""Simple solids as triangle meshes with a colour on every face."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dance_core.stage.rotations import Array, shortest_rotation


@dataclass(frozen=True)
class Mesh:
    """Triangles with one colour each.

    Attributes:
        vertices: Metres, shape (V, 3).
        faces: Vertex numbers, counter-clockwise from outside, shape (F, 3).
        colours: RGB in [0, 255], shape (F, 3).
    """

    vertices: Array
    faces: NDArray[np.int32]
    colours: NDArray[np.float32]

    def moved(self, offset: ArrayLike, turn: Array | None = None) -> "Mesh":
        """Turn the mesh about the origin, then shift it.

        Args:
            offset: Metres, shape (3,).
            turn: Rotation matrix, shape (3, 3).

        Returns:
            The moved mesh.
        """
        vertices = self.vertices if turn is None else self.vertices @ turn.T
        return Mesh(vertices + np.asarray(offset, dtype=np.float64), self.faces, self.colours)


def joined(meshes: list[Mesh]) -> Mesh:
    """Put meshes together into one.

    Args:
        meshes: At least one mesh.

    Returns:
        One mesh with all triangles.
    """
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]).astype(np.int32),
        np.concatenate([mesh.colours for mesh in meshes]),
    )


def _mesh(vertices: ArrayLike, faces: ArrayLike, colour: ArrayLike) -> Mesh:
    numbers = np.asarray(faces, dtype=np.int32)
    colours = np.broadcast_to(np.asarray(colour, dtype=np.float32), (len(numbers), 3)).copy()
    return Mesh(np.asarray(vertices, dtype=np.float64), numbers, colours)


def box(low: ArrayLike, high: ArrayLike, colour: ArrayLike) -> Mesh:
    """Make a box along the axes; its corners are not shared, so that its edges stay sharp.

    Args:
        low: Lowest corner, metres, shape (3,).
        high: Highest corner, shape (3,).
        colour: RGB.

    Returns:
        The mesh.
    """
    corners = np.stack([np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)])
    vertices: list[Array] = []
    faces: list[tuple[int, int, int]] = []
    for axis in range(3):
        others = [(axis + 1) % 3, (axis + 2) % 3]
        for end in range(2):
            start = len(vertices)
            for first, second in ((0, 0), (1, 0), (1, 1), (0, 1)):
                corner = np.empty(3)
                corner[axis] = corners[end, axis]
                corner[others[0]], corner[others[1]] = corners[first, others[0]], corners[second, others[1]]
                vertices.append(corner)
            quad = [(start, start + 1, start + 2), (start, start + 2, start + 3)]
            faces += quad if end else [face[::-1] for face in quad]
    return _mesh(vertices, faces, colour)


def bar(start: ArrayLike, end: ArrayLike, radius: float, colour: ArrayLike, sides: int = 10) -> Mesh:
    """Make a round bar with closed ends.

    Args:
        start: Middle of one end, metres, shape (3,).
        end: Middle of the other end, shape (3,).
        radius: Metres.
        colour: RGB.
        sides: Number of sides.

    Returns:
        The mesh.
    """
    first, second = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    length = float(np.linalg.norm(second - first))
    return lathe([(0.0, 0.0), (radius, 0.0), (radius, length), (0.0, length)], colour, sides).moved(
        first, shortest_rotation((1e-6, 0.0, 1.0), second - first)
    )


def lathe(profile: list[tuple[float, float]], colour: ArrayLike, sides: int = 24) -> Mesh:
    """Turn a profile about the vertical axis.

    Args:
        profile: Points (radius, height) in metres from the bottom up.
        colour: RGB of all faces, or of every ring of faces, shape (3,) or (len(profile) - 1, 3).
        sides: Number of sides.

    Returns:
        The mesh; rings are doubled, so that edges between them stay sharp.
    """
    angle = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    shades = np.broadcast_to(np.asarray(colour, dtype=np.float64), (len(profile) - 1, 3))
    next_side = (np.arange(sides) + 1) % sides
    here = np.arange(sides)
    faces = np.concatenate(
        [np.stack([here, next_side, here + sides], -1), np.stack([next_side, next_side + sides, here + sides], -1)]
    )
    parts = []
    for (low_radius, low), (high_radius, high), shade in zip(profile[:-1], profile[1:], shades, strict=True):
        lower = np.column_stack([low_radius * ring, np.full(sides, low)])
        upper = np.column_stack([high_radius * ring, np.full(sides, high)])
        parts.append(_mesh(np.concatenate([lower, upper]), faces, shade))
    return joined(parts)


def sphere(radius: float, detail: int = 36) -> Mesh:
    """Make a white sphere.

    Args:
        radius: Metres.
        detail: Rows of faces from pole to pole.

    Returns:
        The mesh, smooth, with its middle at the origin.
    """
    polar = np.linspace(0.0, np.pi, detail + 1)[:, None]
    around = np.linspace(0.0, 2.0 * np.pi, 2 * detail, endpoint=False)[None]
    vertices = radius * np.stack(
        [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar) + 0.0 * around], axis=-1
    )
    number = np.arange((detail + 1) * 2 * detail).reshape(detail + 1, 2 * detail)
    a, b = number[:-1], np.roll(number[:-1], -1, axis=1)
    c, d = number[1:], np.roll(number[1:], -1, axis=1)
    faces = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)])
    return _mesh(vertices.reshape(-1, 3), faces, (255.0, 255.0, 255.0))
