"""Pose segments: short windows of poses around key frames, tested for quality and made comparable.

A window takes `length` poses, every `step`-th sampled one, centred on a key frame and shifted to stay inside a run of
consecutive poses. It is refused when the pose jumps or the key points are unsure. What is left is normalised so that
neither the place, the size nor (by choice) the side of the person matters.
"""

from dance_core.pose_segments.segments import pose_segments, write_pose_segments
from dance_core.pose_segments.settings import SegmentSettings, segment_schema

__all__ = ["SegmentSettings", "pose_segments", "segment_schema", "write_pose_segments"]
