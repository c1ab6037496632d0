"""Which part of a clip each backbone feature comes from, so that a family can be learnt from what shows it."""

import numpy as np

MOVEMENT, EVERYTHING = "movement", "all"

BLOCKS = {"efficientnet": ("appearance", MOVEMENT, MOVEMENT, "context")}
"""Parts of a backbone's features by its name: blocks of equal width, in order. The others do not know their parts."""


def family_columns(family: str, width: int, backbone: str, motion_features: str) -> np.ndarray:
    """Tell which features a family is learnt from.

    Features of the whole picture, or of how a person looks, tell the place and the person. Motion concepts that may
    use them learn those in place of the motion, and fail where either is new. Objects and scenes are seen in all.

    Args:
        family: motion, object or scene.
        width: Number of features.
        backbone: Name of the backbone that the features come from.
        motion_features: "movement" for those that summarise change over time, if the backbone knows them, or "all".

    Returns:
        Flags, shape (width,).

    Raises:
        ValueError: motion_features is unknown, or the width is none that the backbone gives.
    """
    if motion_features not in (MOVEMENT, EVERYTHING):
        raise ValueError(
            f"concept layer: motion_features '{motion_features}' is unknown; use one of {MOVEMENT}, {EVERYTHING}"
        )
    if family != "motion" or motion_features == EVERYTHING or backbone not in BLOCKS:
        return np.ones(width, bool)
    blocks = BLOCKS[backbone]
    if width % len(blocks):
        raise ValueError(
            f"backbone_features has {width} features but {backbone} gives {len(blocks)} blocks of equal width; "
            "rebuild backbone_features"
        )
    return np.repeat(np.array(blocks) == MOVEMENT, width // len(blocks))
