"""Boxing, handwaving and handclapping: what the arms do while the feet stay where they are."""

import numpy as np

from dance_core.stage.posture import Build, Motion, directions, reach, standing, tremble
from dance_core.stage.rotations import Array


def _strokes(phase: Array, width: float) -> Array:
    """Smooth bumps from 0 to 1 and back that take `width` of every cycle, faster out than back."""
    share = np.mod(phase, 1.0) / width
    warped = np.clip(share, 0.0, 1.0) ** 0.8
    return np.sin(np.pi * warped) ** 2


def boxing_motion(build: Build, n_frames: int, frames_per_second: float, rng: np.random.Generator) -> Motion:
    """Punch straight ahead with both fists in turn, out of a guard before the chin.

    Args:
        build: Lengths of the person.
        n_frames: Number of frames.
        frames_per_second: Frame rate.
        rng: Random stream of the motion.

    Returns:
        The motion; amplitude is the reach of a punch in arm lengths.
    """
    motion = standing(n_frames, rng)
    cadence, extent = rng.uniform(0.9, 1.35), rng.uniform(0.86, 1.0)
    phase = rng.random() + cadence * np.arange(n_frames) / frames_per_second
    lead = int(rng.integers(2))
    arm = build.upper_arm + build.forearm
    height, guard_height = rng.uniform(-0.05, 0.08), rng.uniform(0.02, 0.10)
    for side in range(2):
        out = (_strokes(phase + 0.5 * (side == lead), rng.uniform(0.34, 0.42)) * extent)[:, None]
        guard = np.array([0.24 + 0.07 * (side == lead), 0.11, guard_height])
        punch = np.array([arm, 0.05, height])
        bob = 0.012 * np.sin(2.0 * np.pi * (2.0 * phase + 0.2))[:, None] * np.array([1.0, 0.0, 1.0])
        wrist = guard * (1.0 - out) + punch * out + bob
        hint = np.array([-0.2, 0.55, -1.0])
        motion.upper_arm[:, side], motion.forearm[:, side] = reach(build, wrist, hint)
        motion.twist += (1.0 if side else -1.0) * 16.0 * out[:, 0]
    bounce = np.sin(4.0 * np.pi * phase)
    stride = np.where(np.arange(2) == lead, 20.0, -14.0)
    motion.hip = stride + 6.0 + 2.0 * bounce[:, None]
    motion.knee = np.where(np.arange(2) == lead, 26.0, 18.0) + 4.0 * bounce[:, None]
    motion.ankle = motion.knee - motion.hip  # soles flat on the ground
    motion.ankle[:, 1 - lead] -= 10.0  # the rear heel is up
    motion.spread[:] = rng.uniform(5.0, 8.0)
    motion.pelvis = np.full(n_frames, 18.0 if lead else -18.0) + 0.3 * motion.twist
    motion.lean += rng.uniform(4.0, 9.0)
    motion.nod += 6.0
    motion.curl = 75.0
    tremble(motion, rng, 0.008)
    motion.yaw = float(rng.choice([-1.0, 1.0]) * rng.uniform(52.0, 82.0))
    motion.facts = {"cadence_hz": float(cadence), "amplitude": float(extent)}
    return motion


def handwaving_motion(n_frames: int, frames_per_second: float, rng: np.random.Generator) -> Motion:
    """Swing both arms at the sides up over the head and down again.

    Args:
        n_frames: Number of frames.
        frames_per_second: Frame rate.
        rng: Random stream of the motion.

    Returns:
        The motion; amplitude is the swing of the upper arms in degrees.
    """
    motion = standing(n_frames, rng)
    cadence = rng.uniform(0.65, 1.0)
    phase = rng.random() + cadence * np.arange(n_frames) / frames_per_second
    lowest, highest = rng.uniform(35.0, 80.0), rng.uniform(145.0, 168.0)
    bend, forward = rng.uniform(12.0, 35.0), rng.uniform(0.05, 0.2)
    for side in range(2):
        late = 0.02 * rng.standard_normal()
        up = 0.5 - 0.5 * np.cos(2.0 * np.pi * (phase + late))
        follow = 0.5 - 0.5 * np.cos(2.0 * np.pi * (phase + late - 0.06))  # the forearm lags behind
        upper = np.radians(lowest + (highest - lowest) * up)
        lower = upper + np.radians(bend * (1.6 * follow - 0.4))
        motion.upper_arm[:, side] = directions(forward, np.sin(upper), -np.cos(upper))
        motion.forearm[:, side] = directions(forward, np.sin(lower), -np.cos(lower))
    motion.sway = 1.5 * np.sin(np.pi * phase)
    motion.spread[:] = rng.uniform(4.0, 8.0)
    tremble(motion, rng)
    motion.yaw = float(np.clip(rng.normal(0.0, 14.0), -28.0, 28.0))
    motion.facts = {"cadence_hz": float(cadence), "amplitude": float(highest - lowest)}
    return motion


def handclapping_motion(build: Build, n_frames: int, frames_per_second: float, rng: np.random.Generator) -> Motion:
    """Bring the palms together in front of the chest and apart again.

    Args:
        build: Lengths of the person.
        n_frames: Number of frames.
        frames_per_second: Frame rate.
        rng: Random stream of the motion.

    Returns:
        The motion; amplitude is how far the wrists part, in metres.
    """
    motion = standing(n_frames, rng)
    cadence, apart = rng.uniform(0.95, 1.6), rng.uniform(0.26, 0.46)
    phase = rng.random() + cadence * np.arange(n_frames) / frames_per_second
    height, forward = rng.uniform(-0.22, -0.08), rng.uniform(0.28, 0.36)
    # A clap closes fast and dwells open.
    opened = (0.5 - 0.5 * np.cos(2.0 * np.pi * phase)) ** 0.8
    for side in range(2):
        wrist = np.stack(
            [forward - 0.05 * opened, 0.075 + apart * opened, height + 0.05 * opened],
            axis=-1,
        )
        motion.upper_arm[:, side], motion.forearm[:, side] = reach(build, wrist, np.array([-0.25, 0.6, -1.0]))
    motion.lean += 1.0 - opened
    motion.spread[:] = rng.uniform(3.0, 6.0)
    tremble(motion, rng, 0.006)
    motion.yaw = float(np.clip(rng.normal(0.0, 16.0), -32.0, 32.0))
    motion.facts = {"cadence_hz": float(cadence), "amplitude": float(2.0 * apart)}
    return motion
