"""Measures of pose sequences: lengths, movements, the side a person faces, missing joints, normal forms."""

import numpy as np

from dance_core.poses.skeleton import MIRROR

NOSE = 0
FACE = [0, 1, 2, 3, 4]
SHOULDERS, WRISTS, HIPS = [5, 6], [9, 10], [11, 12]
LEGS = {15: (11, 13), 16: (12, 14)}  # ankle: its hip and knee
ARMS = {9: (5, 7), 10: (6, 8)}  # wrist: its shoulder and elbow
KNEES, ELBOWS = [13, 14], [7, 8]
# The torso is so many times as long as the longer of thigh and shin, or of upper arm and forearm: medians over the
# clips of Penn Action that show them (half of the clips lie between 1.01 and 1.30, and between 1.42 and 1.88).
TORSO_OF_LEG, TORSO_OF_ARM = 1.15, 1.65
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
    """Fill missing joints as far as others tell where they are.

    A joint missing in part of the window is interpolated in time, and held at the ends. One that is never seen takes
    the place of its partner on the other side, which in a side view covers it. If both are never seen, ankles continue
    their thighs, the face lies where the rest of it is or half a torso above the shoulders, and anything else stays
    missing. Where and how large the body is needs two of shoulders and hips, or one of them with the elbows or knees
    that hang on it; else the window is useless.

    Args:
        joints: Pixels of a window, shape (n, 17, 2), NaN where missing.

    Returns:
        The window, in which a joint is NaN in every pose or in none; or None.
    """
    joints = joints.copy()
    seen = np.isfinite(joints).all(axis=2)
    joints[~seen] = np.nan
    known = seen.any(axis=0)
    times = np.arange(len(joints))
    for joint in np.flatnonzero(known & ~seen.all(axis=0)):
        for axis in range(2):
            joints[:, joint, axis] = np.interp(times, times[seen[:, joint]], joints[seen[:, joint], joint, axis])
    for joint in np.flatnonzero(~known & known[list(MIRROR)]):
        joints[:, joint] = joints[:, MIRROR[joint]]
    known |= known[list(MIRROR)]
    shoulders, hips = known[SHOULDERS].all(), known[HIPS].all()
    if not (shoulders and (hips or known[ELBOWS].all())) and not (hips and known[KNEES].all()):
        return None
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
        joints: Pixels of a window that `filled` gave, shape (n, 17, 2).
        normalisation: "torso" or "minmax", as in `SegmentSettings`.
        still_facing: The side faced if the hips travel less than half a torso (the sign of `facing`); then, or when
            they travel to the left, left and right are swapped. None never swaps.

    Returns:
        float32, shape (n, 17, 2); NaN stays NaN.
    """
    torso = _torso(joints) or 1.0
    if still_facing is not None:
        middle = _hips(joints, torso)
        travel = float(middle[-1, 0, 0] - middle[0, 0, 0]) / torso
        if (travel if abs(travel) >= TRAVEL_CUE else still_facing) < 0:
            joints = joints[:, MIRROR] * [-1, 1]
    if normalisation == "torso":
        return ((joints - _hips(joints, torso)) / torso).astype(np.float32)
    low = np.nanmin(joints, axis=1, keepdims=True)
    extent = np.nanmax(joints, axis=1, keepdims=True) - low
    return ((joints - low) / np.where(extent > 0, extent, 1)).astype(np.float32)


def _torso(joints: np.ndarray) -> float:
    """Give the median torso length of a window in pixels, from the limbs where shoulders or hips are never seen."""
    torso = float(np.median(torso_lengths(joints)))
    if np.isfinite(torso):
        return torso
    limbs, share = (ARMS, TORSO_OF_ARM) if np.isnan(joints[:, HIPS]).any() else (LEGS, TORSO_OF_LEG)
    bones = [joints[:, middle] - joints[:, end] for last, (first, middle) in limbs.items() for end in (first, last)]
    return share * float(np.median(np.nanmax(np.linalg.norm(bones, axis=2), axis=0)))


def _hips(joints: np.ndarray, torso: float) -> np.ndarray:
    """Give the middle of the hips, shape (n, 1, 2): where never seen, a torso from the shoulders, away from the head.

    The direction is that of the whole window (downwards without a head), so that a nod does not move the body.
    """
    hips = joints[:, HIPS].mean(axis=1, keepdims=True)
    if np.isfinite(hips).all():
        return hips
    shoulders = joints[:, SHOULDERS].mean(axis=1, keepdims=True)
    neck = np.nan_to_num((shoulders[:, 0] - joints[:, NOSE]).mean(axis=0))
    direction = neck / np.linalg.norm(neck) if neck.any() else np.array([0.0, 1.0])
    return shoulders + torso * direction
