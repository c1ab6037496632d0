"""The settings of pose segments and the columns of their table."""

from dataclasses import dataclass

import pyarrow as pa

from dance_core.poses.skeleton import KEYPOINTS

DISCONTINUITY_TESTS = ("displacement", "cosine", "none")
NORMALISATIONS = ("torso", "minmax")


@dataclass(frozen=True)
class SegmentSettings:
    """How windows of poses are cut, tested and normalised.

    Attributes:
        length: Poses in a segment.
        step: Every step-th sampled pose is taken, so a segment spans (length - 1) * step + 1 sampled poses.
        maximum: Most segments of one clip; of more, an evenly spaced choice is kept.
        maximum_gap: Longest distance in sampling steps between poses that still count as consecutive.
        discontinuity: "displacement" (largest movement of a joint from one sampled pose to the next, in torso lengths),
            "cosine" (the authors' similarity of raw pixel coordinates) or "none".
        maximum_displacement: Bound of the first test.
        minimum_cosine: Bound of the second test.
        minimum_confidence: Bound of the mean confidence of a segment over the key points that its skeleton has.
        normalisation: "torso" (hips at the origin in every frame, unit = median torso length of the segment) or
            "minmax" (the authors': every frame stretched to the unit square).
        mirror: Turn every segment to face the right side of the picture.
    """

    length: int = 16
    step: int = 1
    maximum: int = 12
    maximum_gap: int = 3
    discontinuity: str = "displacement"
    maximum_displacement: float = 2.5
    minimum_cosine: float = 0.92
    minimum_confidence: float = 0.5
    normalisation: str = "torso"
    mirror: bool = True

    def __post_init__(self) -> None:
        """Refuse values that no segment could satisfy."""
        for name, least in (("length", 2), ("step", 1), ("maximum", 1), ("maximum_gap", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"pose_segments: {name} is {getattr(self, name)}; it must be at least {least}")
        for name, known in (("discontinuity", DISCONTINUITY_TESTS), ("normalisation", NORMALISATIONS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"pose_segments: {name} '{getattr(self, name)}' is unknown; use one of {', '.join(known)}"
                )


def segment_schema(length: int) -> pa.Schema:
    """Give the column types of pose_segments.parquet.

    Args:
        length: Poses in a segment.

    Returns:
        The schema; `joints` holds `length` times the x and y of every key point, NaN where it is never seen.
    """
    return pa.schema(
        [
            ("segment_id", pa.string()),
            ("clip_id", pa.string()),
            ("split", pa.string()),
            ("label", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("keyframe", pa.int32()),
            ("frames", pa.list_(pa.int32())),
            ("joints", pa.list_(pa.float32(), length * len(KEYPOINTS) * 2)),
        ]
    )
