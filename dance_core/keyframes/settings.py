"""The settings of keyframes and the columns of their table."""

from dataclasses import dataclass

import pyarrow as pa

DETECTORS = ("pose_motion", "frame_difference")
KEYFRAME_SCHEMA = pa.schema(
    [("clip_id", pa.string()), ("frames", pa.list_(pa.int32())), ("scores", pa.list_(pa.float32()))]
)


@dataclass(frozen=True)
class KeyframeSettings:
    """How keyframes are chosen.

    Attributes:
        detector: "pose_motion", or "frame_difference", the one of the authors.
        maximum: Keyframes a clip may have, the strongest of them; None for 12 of pose_motion, and for no limit of
            frame_difference, as the paper has it.
        minimum: Keyframes that pose_motion gives a clip where it can, evenly spaced ones where peaks are too few.
        minimum_gap_s: Seconds between two keyframes of pose_motion, at least.
        still_speed: Torso lengths per second; slower peaks are trembling, not motion, to pose_motion.
        threshold: Height of a peak of frame_difference, as a share of the clip's range.
        long_clip_frames: A clip with more frames has `threshold` raised by 0.2 in frame_difference.
    """

    detector: str = "pose_motion"
    maximum: int | None = None
    minimum: int = 3
    minimum_gap_s: float = 0.3
    still_speed: float = 0.3
    threshold: float = 0.3
    long_clip_frames: int = 70

    def __post_init__(self) -> None:
        """Refuse settings that cannot be meant.

        Raises:
            ValueError: The detector is unknown, or a number is out of bounds.
        """
        if self.detector not in DETECTORS:
            raise ValueError(f"keyframe detector '{self.detector}' is unknown; use one of {', '.join(DETECTORS)}")
        crossed = self.maximum is not None and self.maximum < self.minimum
        if self.minimum < 1 or (self.detector == "pose_motion" and crossed):
            raise ValueError(
                f"keyframes: minimum {self.minimum} and maximum {self.maximum} do not go together; "
                "set 1 <= minimum <= maximum"
            )
