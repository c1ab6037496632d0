"""The way of a body over the ground, found from what its feet do."""

from collections.abc import Sequence

import numpy as np

from dance_core.stage.rotations import Array

_CONTACT_DEPTH = 0.006  # metres over which a vertex near the ground loses its hold
_STANCE_STEP = 0.004  # metres a frame by which the standing foot is told from the swinging one
_STANCE_HEIGHT = 0.012  # metres over which a lifted foot loses its say


def ground_path(soles: Sequence[Array], hop: Array, forward: Array) -> Array:
    """Find the path that keeps the soles on the ground and in place.

    Args:
        soles: Vertices of the left and of the right sole relative to the body's root, each of shape (n, S, 3).
        hop: Wanted height of the lower sole in metres, shape (n,); above zero the body is in flight.
        forward: Unit vector to which the person faces, shape (3,).

    Returns:
        Offsets of the body, shape (n, 3), whose horizontal ends lie opposite each other about the origin.
    """
    lowest = np.stack([sole[..., 2].min(1) for sole in soles], axis=-1)
    drift = np.stack([_sole_drift(sole) for sole in soles], axis=1)
    lifted = np.maximum(lowest[1:], lowest[:-1]) - np.maximum(lowest[1:], lowest[:-1]).min(1, keepdims=True)
    # A standing foot does not move forwards under the body; a foot that swings past is as low for a moment.
    forwards = drift @ forward[:2]
    weight = np.exp(-lifted / _STANCE_HEIGHT) / (1.0 + np.exp(np.clip(forwards / _STANCE_STEP, -30.0, 30.0)))
    weight /= weight.sum(1, keepdims=True)
    steps = -(weight[..., None] * drift).sum(1)
    flying = (hop[1:] > 1e-3) | (hop[:-1] > 1e-3)
    frames = np.arange(len(steps))
    grounded = frames if flying.all() else frames[~flying]
    # Nothing pushes a body in flight: it keeps the speed between the last step and the next.
    steps = np.stack([np.interp(frames, grounded, steps[grounded, axis]) for axis in range(2)], axis=-1)
    path = np.concatenate([np.zeros((1, 2)), np.cumsum(_eased(steps), axis=0)])
    path -= 0.5 * (path[:1] + path[-1:])
    return np.column_stack([path, _eased(hop - lowest.min(1))])


def _sole_drift(sole: Array) -> Array:
    """Horizontal motion between frames of the part of one sole that is lowest in both, shape (n - 1, 2)."""
    hold = np.exp(-(sole[..., 2] - sole[..., 2].min(1, keepdims=True)) / _CONTACT_DEPTH)
    shared = np.minimum(hold[1:], hold[:-1])
    return (shared[..., None] * np.diff(sole[..., :2], axis=0)).sum(1) / shared.sum(1)[:, None]


def _eased(values: Array) -> Array:
    """Spread jerks over the neighbouring frames, shape (n, ...)."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
