"""What a body is told to do in every frame, and the geometry of a two-bone arm.

Directions are written as (forward, outward, up) of the person, where outward points away from the body's middle.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from dance_core.stage.casting import FRAMES_PER_SECOND
from dance_core.stage.rotations import Array, unit

SIDES = ("left", "right")


@dataclass(frozen=True)
class Build:
    """Lengths of one person in metres, measured on the body at rest."""

    shoulder_half_width: float
    upper_arm: float
    forearm: float
    leg: float


@dataclass
class Motion:
    """Posture of every frame, in degrees; two-column arrays hold left and right.

    Attributes:
        lean: Forward lean of the trunk, shape (n,).
        twist: Turn of the chest to the person's left against the pelvis, shape (n,).
        pelvis: Turn of the pelvis to the person's left, shape (n,).
        sway: Sideways bend of the trunk, shape (n,).
        nod: Forward bend of the head, shape (n,).
        hip: Flexion of the hips, shape (n, 2).
        knee: Flexion of the knees, shape (n, 2).
        ankle: Upward bend of the feet, shape (n, 2).
        spread: Outward lean of the legs, shape (n, 2).
        upper_arm: Directions of the upper arms in the chest's frame, shape (n, 2, 3).
        forearm: Directions of the forearms in the chest's frame, shape (n, 2, 3).
        curl: Bend of each finger joint, one number.
        hop: Height of the lower foot above the ground in metres, shape (n,); above zero the body flies.
        yaw: Turn of the whole person away from the camera's axis, 0 facing it and 90 facing the picture's right.
        facts: Parameters for the truth table, such as cadence_hz and amplitude.
    """

    lean: Array
    twist: Array
    pelvis: Array
    sway: Array
    nod: Array
    hip: Array
    knee: Array
    ankle: Array
    spread: Array
    upper_arm: Array
    forearm: Array
    curl: float
    hop: Array
    yaw: float
    facts: dict[str, float] = field(default_factory=dict)


def standing(n_frames: int, rng: np.random.Generator) -> Motion:
    """Stand upright with hanging arms, each person a little differently.

    Args:
        n_frames: Number of frames.
        rng: Random stream of the motion.

    Returns:
        A motion whose arrays may be changed in place.
    """

    def line(value: float) -> Array:
        return np.full(n_frames, value)

    hanging = np.broadcast_to(np.array([0.0, 0.15, -1.0]), (n_frames, 2, 3))
    knee = rng.uniform(3.0, 7.0)
    return Motion(
        lean=line(rng.normal(1.0, 1.0)),
        twist=line(0.0),
        pelvis=line(0.0),
        sway=line(0.0),
        nod=line(rng.normal(0.0, 2.0)),
        hip=np.full((n_frames, 2), knee / 2),
        knee=np.full((n_frames, 2), knee),
        ankle=np.full((n_frames, 2), knee / 2),
        spread=np.full((n_frames, 2), rng.uniform(2.0, 5.0)),
        upper_arm=hanging.copy(),
        forearm=hanging.copy(),
        curl=20.0,
        hop=line(0.0),
        yaw=0.0,
    )


def directions(forward: ArrayLike, outward: ArrayLike, up: ArrayLike) -> Array:
    """Stack direction components that may be numbers or arrays over frames.

    Args:
        forward: Component towards the front, shape () or (n,).
        outward: Component away from the body's middle, shape () or (n,).
        up: Component upwards, shape () or (n,).

    Returns:
        Unit vectors, shape (n, 3) or (3,).
    """
    return unit(np.stack(np.broadcast_arrays(forward, outward, up), axis=-1))


def reach(build: Build, wrist: Array, elbow_hint: Array) -> tuple[Array, Array]:
    """Bend an arm so that the wrist gets to a place.

    Args:
        build: Lengths of the person.
        wrist: Wanted place of the wrist from the middle of the chest at shoulder height, in metres as
            (forward, outward, up), shape (n, 3); places out of reach are approached with a stretched arm.
        elbow_hint: Direction to which the elbow points, shape (n, 3) or (3,).

    Returns:
        Directions of the upper arm and of the forearm, each of shape (n, 3).
    """
    offset = wrist - np.array([0.0, build.shoulder_half_width, 0.0])
    distance = np.linalg.norm(offset, axis=-1, keepdims=True)
    upper, lower = build.upper_arm, build.forearm
    span = np.clip(distance, abs(upper - lower) + 0.02, 0.985 * (upper + lower))
    line = offset / np.maximum(distance, 1e-6)
    cosine = np.clip((upper**2 + span**2 - lower**2) / (2.0 * upper * span), -1.0, 1.0)
    hint = np.broadcast_to(elbow_hint, line.shape)
    across = unit(hint - (hint * line).sum(-1, keepdims=True) * line)
    elbow = upper * (line * cosine + across * np.sqrt(1.0 - cosine**2))
    return unit(elbow), unit(line * span - elbow)


def tremble(motion: Motion, rng: np.random.Generator, size: float = 0.015) -> None:
    """Add the small slow wobble of a living body to the arms, the trunk and the head, in place.

    Args:
        motion: Motion to change.
        rng: Random stream of the motion.
        size: Standard deviation of the wobble of the arm directions.
    """
    seconds = np.arange(len(motion.lean)) / FRAMES_PER_SECOND

    def wobble(scale: float) -> Array:
        rate, phase = rng.uniform(0.3, 1.4), rng.uniform(0.0, 2.0 * np.pi)
        return scale * rng.standard_normal() * np.sin(2.0 * np.pi * rate * seconds + phase)

    for arms in (motion.upper_arm, motion.forearm):
        for side in range(2):
            arms[:, side] = unit(arms[:, side] + np.stack([wobble(size) for _ in range(3)], axis=-1))
    motion.lean += wobble(0.6)
    motion.sway += wobble(0.8)
    motion.nod += wobble(2.0)
