"""Motion concepts: clusters of pose segments, and which of them every clip shows."""

from dance_core.motion_concepts.assignment import assign_segments, motion_labels
from dance_core.motion_concepts.fit import MotionConcepts, fit_motion_concepts
from dance_core.motion_concepts.refits import refit_stability
from dance_core.motion_concepts.segments import SegmentStore
from dance_core.motion_concepts.settings import MotionSettings

__all__ = [
    "MotionConcepts",
    "MotionSettings",
    "SegmentStore",
    "assign_segments",
    "fit_motion_concepts",
    "motion_labels",
    "refit_stability",
]
