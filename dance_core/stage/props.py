"""The things beside or behind the person: balls, benches, punching bags and umbrellas."""

import numpy as np

from dance_core.stage.canvas import tint
from dance_core.stage.casting import TRAVELLING, Clip
from dance_core.stage.rotations import Array, rotation_about, unit
from dance_core.stage.shapes import Mesh, bar, box, joined, lathe, sphere

_ROW_SPACING = 2.3  # metres between the copies along the way of a person who travels
_GOLDEN = (1.0 + 5.0**0.5) / 2.0


def props_of(clip: Clip, path: Array, yaw: float) -> list[Mesh]:
    """Set up the prop of a clip.

    Args:
        clip: The clip.
        path: Way of the person on the ground, metres, shape (n, 3).
        yaw: Direction the person faces, degrees; positive is the picture's right.

    Returns:
        Meshes in the world; none for the prop "none". A person who travels passes a row of them, so that one is in
        the picture most of the time.
    """
    if clip.prop == "none":
        return []
    rng = clip.random_stream("prop")
    make = {"ball": _balls, "bench": _bench, "punching bag": _punching_bag, "umbrella": _umbrella}[clip.prop]
    thing = make(rng)
    if clip.action in TRAVELLING:
        behind = path[:, 1].max() + 0.45 - thing.vertices[:, 1].min() + rng.uniform(0.0, 0.2)
        reach = 0.5 * np.ptp(path[:, 0]) + 2.5
        first = -reach + rng.uniform(0.0, _ROW_SPACING)
        return [thing.moved((x, behind, 0.0)) for x in np.arange(first, reach, _ROW_SPACING)]
    side = np.sign(yaw) if clip.action == "boxing" else rng.choice([-1.0, 1.0])
    aside = {"ball": 0.7, "bench": 1.05, "punching bag": 1.0, "umbrella": 1.15}[clip.prop] + rng.uniform(0.0, 0.12)
    behind = {"ball": 0.0, "bench": 0.75, "punching bag": 0.3, "umbrella": 0.9}[clip.prop] + rng.uniform(0.0, 0.2)
    return [thing.moved((side * aside, behind, 0.0))]


def _football(radius: float) -> Mesh:
    """A ball of black pentagons and white hexagons with dark seams."""
    ball = sphere(radius)
    signs = [(a, b) for a in (-1.0, 1.0) for b in (-_GOLDEN, _GOLDEN)]
    corners = unit([[0, a, b] for a, b in signs] + [[a, b, 0] for a, b in signs] + [[b, 0, a] for a, b in signs])
    middle = unit(ball.vertices[ball.faces].mean(1))
    angle = np.sort(np.degrees(np.arccos(np.clip(middle @ corners.T, -1.0, 1.0))), axis=1)
    black = angle[:, 0] < 20.0
    seam = (angle[:, 1] - angle[:, 0] < 2.4) & ~black
    ball.colours[:] = (246.0, 246.0, 244.0)
    ball.colours[seam] = (120.0, 120.0, 122.0)
    ball.colours[black] = (24.0, 24.0, 28.0)
    return ball


def _basketball(radius: float) -> Mesh:
    """An orange ball with the black lines of a basketball."""
    ball = sphere(radius)
    middle = unit(ball.vertices[ball.faces].mean(1))
    x, y, z = middle.T
    lines = (np.abs(x) < 0.045) | (np.abs(z) < 0.045) | (np.abs(np.hypot(y * 0.9, z * 0.6) - 0.5) < 0.04)
    ball.colours[:] = (222.0, 112.0, 42.0)
    ball.colours[lines] = (34.0, 24.0, 20.0)
    return ball


def _balls(rng: np.random.Generator) -> Mesh:
    """Two large balls that lie close together."""
    make = _football if rng.random() < 0.6 else _basketball
    balls = []
    for x, y in ((0.0, 0.0), (0.46, 0.2)):
        radius = rng.uniform(0.19, 0.24)
        turn = rotation_about("x", rng.uniform(0.0, 360.0)) @ rotation_about("z", rng.uniform(0.0, 360.0))
        balls.append(make(radius).moved((x, y, radius), turn))
    return joined(balls)


def _bench(rng: np.random.Generator) -> Mesh:
    """A park bench of wooden slats on cast legs, facing the camera."""
    wood, iron = tint(rng, (176, 112, 58)), tint(rng, (48, 52, 54), 5.0)
    half = rng.uniform(0.75, 0.85)
    parts = [box((-half, y, 0.43), (half, y + 0.085, 0.465), wood) for y in (-0.22, -0.115, -0.01, 0.095)]
    parts += [
        box((-half, 0.20 + 0.05 * i, z), (half, 0.235 + 0.05 * i, z + 0.085), wood)
        for i, z in enumerate((0.54, 0.66, 0.78))
    ]
    for x in (-half + 0.12, half - 0.18):
        parts += [
            box((x, -0.22, 0.0), (x + 0.06, -0.16, 0.43), iron),
            box((x, 0.15, 0.0), (x + 0.06, 0.21, 0.43), iron),
            box((x, -0.22, 0.38), (x + 0.06, 0.21, 0.43), iron),
            box((x, 0.22, 0.40), (x + 0.06, 0.28, 0.62), iron),
            box((x, 0.28, 0.60), (x + 0.06, 0.34, 0.88), iron),
            box((x, -0.22, 0.43), (x + 0.06, -0.17, 0.64), iron),
            box((x - 0.01, -0.24, 0.64), (x + 0.07, 0.26, 0.68), iron),
        ]
    return joined(parts).moved((0.0, 0.0, 0.0), rotation_about("z", rng.uniform(-12.0, 12.0)))


def _punching_bag(rng: np.random.Generator) -> Mesh:
    """A heavy bag on chains that lead out of the picture."""
    leather = tint(rng, ((168, 32, 30), (34, 34, 38), (150, 84, 42))[rng.integers(3)], 8.0)
    band = (226.0, 224.0, 216.0) if rng.random() < 0.6 else leather * 0.6
    radius, low, high = rng.uniform(0.19, 0.23), 0.5, rng.uniform(1.72, 1.85)
    bands = [(0.0, low), (radius * 0.92, low), (radius, low + 0.05), (radius, low + 0.3), (radius, low + 0.38)]
    bands += [(radius, high - 0.38), (radius, high - 0.3), (radius, high - 0.05), (radius * 0.92, high), (0.0, high)]
    colours = [leather * 0.7, leather * 0.8, leather, band, leather, band, leather, leather * 0.8, leather * 0.7]
    steel, top = (150.0, 152.0, 156.0), high + 0.45
    chains = [
        bar((radius * 0.8 * np.cos(a), radius * 0.8 * np.sin(a), high), (0.0, 0.0, top), 0.014, steel, 6)
        for a in np.arange(4) * 0.5 * np.pi + 0.4
    ]
    return joined([lathe(bands, np.array(colours), 32), *chains, bar((0.0, 0.0, top), (0.0, 0.0, 5.0), 0.02, steel, 8)])


def _umbrella(rng: np.random.Generator) -> Mesh:
    """A large open umbrella of two colours that leans towards the camera."""
    first = tint(rng, ((206, 40, 44), (30, 92, 176), (236, 188, 40), (30, 136, 84))[rng.integers(4)], 8.0)
    second = np.array([244.0, 242.0, 236.0]) if rng.random() < 0.7 else first * 0.55
    radius, panels = rng.uniform(0.85, 0.98), 8
    angles = np.linspace(0.0, 2.0 * np.pi, panels * 6, endpoint=False)
    steps = np.linspace(0.0, 1.0, 7)
    # Between two ribs the cloth hangs in: the rim is scalloped.
    sag = 1.0 - 0.10 * np.abs(np.sin(0.5 * panels * angles))
    rings = [
        np.column_stack(
            [
                radius * s * (1 - (1 - sag) * s) * np.cos(angles),
                radius * s * (1 - (1 - sag) * s) * np.sin(angles),
                np.full(len(angles), -0.42 * radius * s**1.7),
            ]
        )
        for s in steps
    ]
    number = np.arange(len(steps) * len(angles)).reshape(len(steps), -1)
    a, b, c, d = number[:-1], np.roll(number[:-1], -1, 1), number[1:], np.roll(number[1:], -1, 1)
    faces = np.stack([np.stack([a, c, b], -1), np.stack([b, c, d], -1)], axis=2).reshape(-1, 3).astype(np.int32)
    panel = np.tile(np.repeat(np.arange(len(angles)) // 6 % 2, 2), len(steps) - 1)
    colours = np.where(panel[:, None] == 0, first, second).astype(np.float32)
    cloth = Mesh(np.concatenate(rings), faces, colours)
    lining = Mesh(
        cloth.vertices - np.array([0.0, 0.0, 0.004]), faces[:, ::-1].copy(), (0.6 * colours).astype(np.float32)
    )
    pole = bar((0.0, 0.0, -2.1), (0.0, 0.0, 0.1), 0.022, (120.0, 92.0, 60.0), 8)
    turn = rotation_about("x", rng.uniform(24.0, 36.0)) @ rotation_about("z", rng.uniform(0.0, 45.0))
    whole = joined([cloth, lining, pole])
    lowest = (whole.vertices @ turn.T)[:, 2].min()
    return whole.moved((0.0, -0.9, -lowest), turn)
