"""Kernels that turn triangles into pixels; pictures are float32 in [0, 255] at the supersampled size."""

import math
from typing import Any

import numpy as np

from dance_core.stage.extras import require
from dance_core.stage.rotations import Array

_numba: Any = require("numba")
# Fast maths would let the same source give other pixels on another processor.
compiled = _numba.njit(cache=True, fastmath=False)


@compiled
def vertex_normals(vertices: Array, faces: Array) -> Array:
    """Average the directions of the faces around every vertex.

    Args:
        vertices: Metres, shape (V, 3).
        faces: Vertex numbers, counter-clockwise from outside, shape (F, 3).

    Returns:
        Unit normals, shape (V, 3).
    """
    normals = np.zeros_like(vertices)
    for i in range(faces.shape[0]):
        a, b, c = faces[i]
        # One number at a time: a slice would be allocated anew for every face.
        x1, x2 = vertices[b, 0] - vertices[a, 0], vertices[c, 0] - vertices[a, 0]
        y1, y2 = vertices[b, 1] - vertices[a, 1], vertices[c, 1] - vertices[a, 1]
        z1, z2 = vertices[b, 2] - vertices[a, 2], vertices[c, 2] - vertices[a, 2]
        x, y, z = y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2
        for j in (a, b, c):
            normals[j, 0] += x
            normals[j, 1] += y
            normals[j, 2] += z
    for i in range(vertices.shape[0]):
        length = math.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2 + 1e-20)
        for k in range(3):
            normals[i, k] /= length
    return normals


@compiled
def _bounds(points: Array, triangle: Array, height: int, width: int) -> tuple[int, int, int, int]:
    a, b, c = triangle
    left = max(math.floor(min(points[a, 0], points[b, 0], points[c, 0])), 0)
    right = min(math.ceil(max(points[a, 0], points[b, 0], points[c, 0])), width - 1)
    top = max(math.floor(min(points[a, 1], points[b, 1], points[c, 1])), 0)
    bottom = min(math.ceil(max(points[a, 1], points[b, 1], points[c, 1])), height - 1)
    return left, right, top, bottom


@compiled
def _inverse_area(points: Array, a: int, b: int, c: int) -> float:
    """Reciprocal of twice the signed area; zero for a triangle that is a line or lies behind the camera."""
    if min(points[a, 2], points[b, 2], points[c, 2]) < 0.1:
        return 0.0
    area = (points[b, 1] - points[c, 1]) * (points[a, 0] - points[c, 0])
    area += (points[c, 0] - points[b, 0]) * (points[a, 1] - points[c, 1])
    return 1.0 / area if abs(area) > 1e-9 else 0.0


@compiled
def draw_triangles(
    points: Array,
    faces: Array,
    colours: Array,
    normals: Array,
    image: Array,
    depth: Array,
    light: Array,
    ambient: float,
) -> None:
    """Draw shaded triangles into a picture with a depth buffer, in place.

    Args:
        points: Column, row and depth in metres of every vertex, shape (V, 3).
        faces: Vertex numbers, shape (F, 3).
        colours: RGB of every face, shape (F, 3).
        normals: Unit normals of the vertices in the world, shape (V, 3).
        image: Picture, shape (H, W, 3).
        depth: Depth of what is drawn already, metres, shape (H, W).
        light: Direction towards the light, unit length, shape (3,).
        ambient: Share of the light that comes from everywhere, in [0, 1].
    """
    height, width = depth.shape
    for i in range(faces.shape[0]):
        a, b, c = faces[i]
        inverse = _inverse_area(points, a, b, c)
        if inverse == 0.0:
            continue
        left, right, top, bottom = _bounds(points, faces[i], height, width)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                x, y = column + 0.5 - points[c, 0], row + 0.5 - points[c, 1]
                u = ((points[b, 1] - points[c, 1]) * x + (points[c, 0] - points[b, 0]) * y) * inverse
                v = ((points[c, 1] - points[a, 1]) * x + (points[a, 0] - points[c, 0]) * y) * inverse
                w = 1.0 - u - v
                if u < -1e-4 or v < -1e-4 or w < -1e-4:
                    continue
                distance = 1.0 / (u / points[a, 2] + v / points[b, 2] + w / points[c, 2])
                if distance >= depth[row, column]:
                    continue
                depth[row, column] = distance
                x = u * normals[a, 0] + v * normals[b, 0] + w * normals[c, 0]
                y = u * normals[a, 1] + v * normals[b, 1] + w * normals[c, 1]
                z = u * normals[a, 2] + v * normals[b, 2] + w * normals[c, 2]
                length = math.sqrt(x * x + y * y + z * z + 1e-9)
                direct = max(0.0, (x * light[0] + y * light[1] + z * light[2]) / length)
                # A quarter more light than skin and cloth send back in full: people stand out from the scene.
                shade = ambient * (0.95 + 0.25 * z / length) + (1.25 - ambient) * direct
                for k in range(3):
                    image[row, column, k] = min(255.0, colours[i, k] * shade)


@compiled
def mark_triangles(points: Array, faces: Array, mask: Array) -> None:
    """Set the pixels of a mask that triangles cover, in place.

    Args:
        points: Column, row and depth of every vertex, shape (V, 3).
        faces: Vertex numbers, shape (F, 3).
        mask: Mask, shape (H, W).
    """
    height, width = mask.shape
    for i in range(faces.shape[0]):
        a, b, c = faces[i]
        inverse = _inverse_area(points, a, b, c)
        if inverse == 0.0:
            continue
        left, right, top, bottom = _bounds(points, faces[i], height, width)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                x, y = column + 0.5 - points[c, 0], row + 0.5 - points[c, 1]
                u = ((points[b, 1] - points[c, 1]) * x + (points[c, 0] - points[b, 0]) * y) * inverse
                v = ((points[c, 1] - points[a, 1]) * x + (points[a, 0] - points[c, 0]) * y) * inverse
                if u >= -1e-4 and v >= -1e-4 and u + v <= 1.0001:
                    mask[row, column] = 1
