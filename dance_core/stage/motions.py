"""The motion of a clip, by the name of its action."""

from dance_core.stage.casting import FRAMES_PER_SECOND, TRAVELLING, Clip
from dance_core.stage.gaits import gait_motion
from dance_core.stage.gestures import boxing_motion, handclapping_motion, handwaving_motion
from dance_core.stage.posture import Build, Motion


def motion_of(clip: Clip, build: Build) -> Motion:
    """Compose the motion of a clip from its own random stream.

    Args:
        clip: The clip; scene and prop have no effect.
        build: Lengths of the person.

    Returns:
        The posture of every frame.
    """
    rng = clip.random_stream("motion")
    if clip.action in TRAVELLING:
        return gait_motion(clip.action, clip.n_frames, FRAMES_PER_SECOND, rng)
    if clip.action == "boxing":
        return boxing_motion(build, clip.n_frames, FRAMES_PER_SECOND, rng)
    if clip.action == "handwaving":
        return handwaving_motion(clip.n_frames, FRAMES_PER_SECOND, rng)
    return handclapping_motion(build, clip.n_frames, FRAMES_PER_SECOND, rng)
