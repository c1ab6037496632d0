"""What a clip is: decoded once from end to end, so that the answer holds for every later reader."""

from dataclasses import dataclass
from pathlib import Path

from dance_core.video.pyav_decoder import PyavVideo, UnreadableVideo, nothing_decodes, open_video

# Containers whose header states the length, so that a file that ends early can be told.
STATES_LENGTH = frozenset(["avi", "matroska", "mov"])
SHORTFALL_SECONDS = 0.2
USUAL_RATE = 25.0


@dataclass(frozen=True)
class ClipProbe:
    """Properties of a clip.

    Attributes:
        n_frames: Frames that decode.
        fps: Frames per second, on average.
        width: Pixels, after rotation.
        height: Pixels, after rotation.
        duration_s: Seconds for which the frames are shown.
        status: "ok"; "truncated": the frames before the damage are usable; "unreadable": there is none.
        reason: What is wrong; "" when nothing is.
    """

    n_frames: int
    fps: float
    width: int
    height: int
    duration_s: float
    status: str
    reason: str


def probe_clip(path: str | Path) -> ClipProbe:
    """Decode a clip once and describe it; damage is an answer here, not an error.

    Args:
        path: Video file.

    Returns:
        The clip's properties; all zero when it is unreadable.
    """
    try:
        with open_video(path) as video:
            return _decoded_probe(path, video)
    except UnreadableVideo as error:
        return ClipProbe(0, 0.0, 0, 0, 0.0, "unreadable", error.reason)


def _decoded_probe(path: str | Path, video: PyavVideo) -> ClipProbe:
    n_frames, times = 0, []
    width = height = 0
    for frame in video.frames():
        if not n_frames:
            height, width = video.picture(frame).shape[:2]
        n_frames += 1
        if frame.pts is not None:
            times.append(frame.pts)
    if not n_frames:
        raise UnreadableVideo(path, nothing_decodes(video))
    fps = _frame_rate(video, times)
    reason = _damage(video, n_frames, times, fps)
    return ClipProbe(n_frames, fps, width, height, n_frames / fps, "truncated" if reason else "ok", reason)


def _frame_rate(video: PyavVideo, times: list[int]) -> float:
    """Give the rate in the header where the frames keep to it, else their mean rate."""
    stated = float(video.stream.average_rate or video.stream.guessed_rate or 0)
    if len(times) < 2 or video.stream.time_base is None:
        return stated or USUAL_RATE
    measured = (len(times) - 1) / max(float((max(times) - min(times)) * video.stream.time_base), 1e-6)
    return stated if abs(measured - stated) <= 0.01 * stated else measured


def _damage(video: PyavVideo, n_frames: int, times: list[int], fps: float) -> str:
    """Say why the clip is shorter than it should be; "" when it is whole."""
    if video.damage:
        return f"the file is damaged after frame {n_frames - 1} ({video.damage}); the frames before are used"
    if video.passed_over:
        return f"the file begins with damage ({video.passed_over}); frames are counted from the first that decodes"
    container, stream = video.container, video.stream
    if not times or not stream.time_base or not STATES_LENGTH & set(container.format.name.split(",")):
        return ""
    if stream.duration:
        stated = float(stream.duration * stream.time_base)
    elif container.duration and len(container.streams) == 1:
        stated = container.duration / 1e6
    else:
        return ""
    found = float((max(times) - (stream.start_time or 0)) * stream.time_base) + 1 / fps
    if found >= stated - max(SHORTFALL_SECONDS, 2 / fps):
        return ""
    return f"the file ends after {found:.2f} s of the {stated:.2f} s that its header states; the frames it has are used"
