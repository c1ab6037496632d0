"""Measures of pose sequences: lengths, movements, the side a person faces, missing joints, normal forms."""

import numpy as np

from dance_core.poses.skeleton import MIRROR

NOSE = 0
FACE = [0, 1, 2, 3, 4]
SHOULDERS, WRISTS, HIPS = [5, 6], [9, 10], [11, 12]
LEGS = {15: (11, 13), 16: (12, 14)}  # ankle: its hip and knee
# Shoulders, elbows, wrists, hips and knees: a segment that never shows either of a pair tells too little.
CORE = list(range(5, 15))
# Foreshortened bodies have hardly any torso in the picture; it is never taken for less than this share of the figure.
LEAST_TORSO = 0.1
# A cue of the side a person faces decides from this many torso lengths on; the arms decide when no other cue does.
TRAVEL_CUE, NOSE_CUE = 0.5, 0.1


def torso_lengths(joints: np.ndarray) -> np.ndarray:
    """Measure the torso, from the middle of the shoulders to the middle of the hips.

    Args:
        joints: Pixels, shape (n, 17, 2), NaN where missing.

    Returns:
        Lengths in pixels, shape (n,), at least a tenth of the figure's larger extent; NaN where a joint is missing.
    """
    torso = np.linalg.norm(joints[:, SHOULDERS].mean(axis=1) - joints[:, HIPS].mean(axis=1), axis=1)
    low = np.where(np.isnan(joints), np.inf, joints).min(axis=1)
    high = np.where(np.isnan(joints), -np.inf, joints).max(axis=1)
    return np.maximum(torso, LEAST_TORSO * (high - low).max(axis=1))


def largest_moves(joints: np.ndarray) -> np.ndarray:
    """Measure how far the fastest joint moves from each pose to the next.

    Args:
        joints: Pixels, shape (n, 17, 2), NaN where missing.

    Returns:
        Distances in pixels, shape (n - 1,), over the joints seen in both poses; 0 where there is none.
    """
    return np.nan_to_num(np.linalg.norm(np.diff(joints, axis=0), axis=2)).max(axis=1)


def pose_cosines(joints: np.ndarray) -> np.ndarray:
    """Compare each pose with the next as the authors do, by the cosine of the raw pixel coordinates.

    Args:
        joints: Pixels, shape (n, 17, 2); missing joints count as the origin.

    Returns:
        Similarities in [-1, 1], shape (n - 1,); 0 where a pose is all zeros.
    """
    flat = np.nan_to_num(joints).reshape(len(joints), -1)
    lengths = np.linalg.norm(flat, axis=1)
    products = lengths[1:] * lengths[:-1]
    return (flat[1:] * flat[:-1]).sum(axis=1) / np.where(products > 0, products, 1)


def facing(joints: np.ndarray) -> float:
    """Tell which side of the picture a person faces who does not travel.

    The nose decides if it is off the middle of the shoulders by a tenth of the torso on average, else the wrists do.

    Args:
        joints: Pixels of a clip, shape (n, 17, 2), NaN where missing.

    Returns:
        Negative for left, positive for right, 0 when nothing tells.
    """
    shoulders = joints[:, SHOULDERS, 0].mean(axis=1)
    torso = torso_lengths(joints)
    torso[torso == 0] = np.nan
    nose = _mean((joints[:, NOSE, 0] - shoulders) / torso)
    return nose if abs(nose) >= NOSE_CUE else _mean((joints[:, WRISTS, 0].mean(axis=1) - shoulders) / torso)


def _mean(values: np.ndarray) -> float:
    """Average what is finite; 0 when nothing is."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else 0.0


def filled(joints: np.ndarray) -> np.ndarray | None:
    """Fill missing joints.

    A joint missing in part of the window is interpolated in time, and held at the ends. One that is never seen takes
    the place of its partner on the other side, which in a side view covers it. If both are never seen, the window is
    useless if they belong to `CORE`; ankles then continue their thighs, and the face lies where the rest of it is or
    half a torso above the shoulders.

    Args:
        joints: Pixels of a window, shape (n, 17, 2), NaN where missing.

    Returns:
        The window without NaN, or None.
    """
    joints = joints.copy()
    seen = np.isfinite(joints).all(axis=2)
    known = seen.any(axis=0)
    if not (known | known[list(MIRROR)])[CORE].all():
        return None
    times = np.arange(len(joints))
    for joint in np.flatnonzero(known & ~seen.all(axis=0)):
        for axis in range(2):
            joints[:, joint, axis] = np.interp(times, times[seen[:, joint]], joints[seen[:, joint], joint, axis])
    for joint in np.flatnonzero(~known & known[list(MIRROR)]):
        joints[:, joint] = joints[:, MIRROR[joint]]
    known |= known[list(MIRROR)]
    for ankle, (hip, knee) in LEGS.items():
        if not known[ankle]:
            joints[:, ankle] = 2 * joints[:, knee] - joints[:, hip]
    unseen = [joint for joint in FACE if not known[joint]]
    if len(unseen) == len(FACE):
        shoulders = joints[:, SHOULDERS].mean(axis=1, keepdims=True)
        joints[:, FACE] = shoulders + 0.5 * (shoulders - joints[:, HIPS].mean(axis=1, keepdims=True))
    elif unseen:
        rest = [joint for joint in FACE if joint not in unseen]
        joints[:, unseen] = joints[:, rest].mean(axis=1, keepdims=True)
    return joints


def normalised(joints: np.ndarray, normalisation: str, still_facing: float | None) -> np.ndarray:
    """Bring a window into its normal form.

    Args:
        joints: Pixels of a window without NaN, shape (n, 17, 2).
        normalisation: "torso" or "minmax", as in `SegmentSettings`.
        still_facing: The side faced if the hips travel less than half a torso (the sign of `facing`); then, or when
            they travel to the left, left and right are swapped. None never swaps.

    Returns:
        float32, shape (n, 17, 2).
    """
    torso = float(np.median(torso_lengths(joints))) or 1.0
    if still_facing is not None:
        travel = float(joints[-1, HIPS, 0].mean() - joints[0, HIPS, 0].mean()) / torso
        if (travel if abs(travel) >= TRAVEL_CUE else still_facing) < 0:
            joints = joints[:, MIRROR] * [-1, 1]
    if normalisation == "torso":
        return ((joints - joints[:, HIPS].mean(axis=1, keepdims=True)) / torso).astype(np.float32)
    low, extent = joints.min(axis=1, keepdims=True), np.ptp(joints, axis=1, keepdims=True)
    return ((joints - low) / np.where(extent > 0, extent, 1)).astype(np.float32)
