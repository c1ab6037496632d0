"""Walking, jogging and running: joint angles over the gait cycle.

The cycle of a leg begins where its foot touches the ground. The knots are the textbook shape of the sagittal hip,
knee and ankle angles at a comfortable, a slow running and a fast running speed; a handful of harmonics joins them.
"""

from dataclasses import dataclass

import numpy as np

from dance_core.stage.posture import Motion, directions, standing, tremble
from dance_core.stage.rotations import Array

Knots = tuple[tuple[float, float], ...]

_HARMONICS = 6


@dataclass(frozen=True)
class Gait:
    """Shape of one gait.

    Attributes:
        cadence_hz: Lowest and highest number of full cycles (two steps) a second.
        hip: Flexion in degrees at percentages of the cycle.
        knee: Flexion of the knee, likewise.
        ankle: Upward bend of the foot, likewise.
        stance: Share of the cycle during which the foot is on the ground; below one half the body flies.
        hop: Height of the flight in metres.
        swing: Amplitude of the upper arm in degrees.
        swing_middle: Flexion of the upper arm about which it swings.
        elbow: Mean flexion of the elbow in degrees.
        elbow_swing: Additional flexion as the arm comes forward.
        lean: Forward lean of the trunk.
        twist: Amplitude of the chest's turn.
    """

    cadence_hz: tuple[float, float]
    hip: Knots
    knee: Knots
    ankle: Knots
    stance: float
    hop: float
    swing: float
    swing_middle: float
    elbow: float
    elbow_swing: float
    lean: float
    twist: float


GAITS = {
    "walking": Gait(
        cadence_hz=(0.84, 1.0),
        hip=(
            (0, 24),
            (10, 20),
            (20, 12),
            (30, 3),
            (40, -5),
            (48, -9),
            (54, -8),
            (62, -1),
            (73, 17),
            (85, 26),
            (94, 26),
        ),
        knee=((0, 4), (8, 13), (14, 17), (25, 11), (38, 7), (46, 14), (53, 28), (61, 46), (71, 60), (80, 45), (90, 14)),
        ankle=((0, 0), (6, -6), (15, 1), (30, 7), (40, 9), (48, 7), (55, 0), (62, -13), (68, -11), (78, 0), (90, 2)),
        stance=0.6,
        hop=0.0,
        swing=21.0,
        swing_middle=2.0,
        elbow=20.0,
        elbow_swing=12.0,
        lean=2.0,
        twist=6.0,
    ),
    "jogging": Gait(
        cadence_hz=(1.22, 1.36),
        hip=((0, 25), (10, 20), (20, 11), (30, 0), (38, -8), (45, -7), (60, 12), (75, 30), (85, 34), (93, 29)),
        knee=(
            (0, 12),
            (8, 26),
            (16, 33),
            (28, 27),
            (37, 24),
            (45, 38),
            (55, 64),
            (63, 80),
            (72, 74),
            (85, 34),
            (93, 14),
        ),
        ankle=((0, 2), (8, 10), (18, 19), (28, 14), (38, -6), (45, -12), (60, -5), (80, 0), (92, 2)),
        stance=0.38,
        hop=0.02,
        swing=24.0,
        swing_middle=-4.0,
        elbow=82.0,
        elbow_swing=10.0,
        lean=6.0,
        twist=9.0,
    ),
    "running": Gait(
        cadence_hz=(1.5, 1.7),
        hip=(
            (0, 30),
            (8, 25),
            (16, 13),
            (24, 0),
            (32, -10),
            (38, -13),
            (50, 4),
            (65, 38),
            (78, 54),
            (88, 48),
            (95, 37),
        ),
        knee=(
            (0, 13),
            (7, 28),
            (14, 36),
            (24, 29),
            (32, 24),
            (40, 42),
            (50, 80),
            (60, 110),
            (68, 110),
            (80, 70),
            (92, 24),
        ),
        ankle=((0, 0), (8, 12), (16, 20), (25, 8), (33, -12), (40, -16), (60, -8), (80, 0)),
        stance=0.31,
        hop=0.035,
        swing=46.0,
        swing_middle=-4.0,
        elbow=92.0,
        elbow_swing=18.0,
        lean=12.0,
        twist=13.0,
    ),
}


def periodic_curve(knots: Knots, phase: Array) -> Array:
    """Read a smooth periodic curve through knots.

    Args:
        knots: Pairs (percentage of the cycle, value).
        phase: Phases in cycles, any shape.

    Returns:
        Values at the phases: the first harmonics of the polygon through the knots.
    """
    places, values = np.array(knots, dtype=np.float64).T
    samples = np.interp(np.arange(256) / 2.56, places, values, period=100.0)
    spectrum = np.fft.rfft(samples)[: _HARMONICS + 1] / 256
    orders = np.arange(1, _HARMONICS + 1)
    waves = np.exp(2j * np.pi * phase[..., None] * orders)
    return spectrum[0].real + 2.0 * (spectrum[1:] * waves).real.sum(-1)


def _flight(phase: Array, stance: float, height: float) -> Array:
    """Height of a parabola between the end of one foot's stance and the other foot's touch, half a cycle apart."""
    share = np.mod(phase, 0.5)
    flown = np.clip((share - stance) / max(0.5 - stance, 1e-6), 0.0, 1.0)
    return height * 4.0 * flown * (1.0 - flown)


def gait_motion(action: str, n_frames: int, frames_per_second: float, rng: np.random.Generator) -> Motion:
    """Move legs and arms through a gait.

    Args:
        action: One of walking, jogging, running.
        n_frames: Number of frames.
        frames_per_second: Frame rate.
        rng: Random stream of the motion.

    Returns:
        The motion, with cadence_hz and amplitude among its facts; the speed follows from the feet.
    """
    gait = GAITS[action]
    motion = standing(n_frames, rng)
    cadence, amplitude = rng.uniform(*gait.cadence_hz), np.clip(rng.normal(1.0, 0.07), 0.86, 1.14)
    phase = rng.random() + cadence * np.arange(n_frames) / frames_per_second
    legs = phase[:, None] + np.array([0.0, 0.5])
    hip = periodic_curve(gait.hip, legs)
    middle = np.mean([value for _, value in gait.hip])
    motion.hip = middle + amplitude * (hip - middle)
    motion.knee = np.maximum(periodic_curve(gait.knee, legs) * (0.5 + 0.5 * amplitude), 1.0)
    motion.ankle = periodic_curve(gait.ankle, legs)
    motion.spread[:] = rng.uniform(0.5, 2.0)
    motion.hop = _flight(phase, gait.stance, gait.hop * amplitude)
    motion.lean += gait.lean * rng.uniform(0.8, 1.2)
    turn = np.cos(2.0 * np.pi * phase)
    motion.pelvis, motion.twist = -4.0 * amplitude * turn, (4.0 + gait.twist) * amplitude * turn
    motion.sway = 1.5 * np.sin(2.0 * np.pi * phase)
    _swing_arms(motion, gait, legs, amplitude, rng)
    tremble(motion, rng)
    motion.curl = 20.0 if action == "walking" else 50.0
    motion.yaw = float(rng.choice([-90.0, 90.0]) + np.clip(rng.normal(0.0, 4.0), -7.0, 7.0))
    motion.facts = {"cadence_hz": float(cadence), "amplitude": float(amplitude)}
    return motion


def _swing_arms(motion: Motion, gait: Gait, legs: Array, amplitude: float, rng: np.random.Generator) -> None:
    spread = np.radians(rng.uniform(7.0, 14.0))
    elbow_middle = gait.elbow * rng.uniform(0.9, 1.1)
    inward = 0.0 if gait.stance > 0.5 else 0.3
    for side in range(2):
        forwardness = -np.cos(2.0 * np.pi * (legs[:, side] + 0.02))  # the arm swings against the leg of its side
        flexion = np.radians(gait.swing_middle + gait.swing * amplitude * forwardness)
        elbow = np.radians(elbow_middle + gait.elbow_swing * forwardness)
        motion.upper_arm[:, side] = directions(np.sin(flexion), np.tan(spread), -np.cos(flexion))
        lower = flexion + elbow
        motion.forearm[:, side] = directions(
            np.sin(lower), np.tan(spread) * 0.6 - inward * (0.8 + 0.4 * forwardness), -np.cos(lower)
        )
