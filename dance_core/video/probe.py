"""What a clip is: decoded once from end to end, so that the answer holds for every later reader."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dance_core.video.clip_source import ClipSource, UnreadableVideo, begins_late, clip_source
from dance_core.video.pyav_decoder import PyavVideo, nothing_decodes, open_video

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
        path: Video file or folder of pictures, or a range of frames of either; see `dance_core.video.iterate_frames`.

    Returns:
        The clip's properties; all zero when it is unreadable.
    """
    try:
        source = clip_source(path)
        if source.file.is_dir():
            return _pictures_probe(source)
        with open_video(source.file) as video:
            return _decoded_probe(source, video)
    except UnreadableVideo as error:
        return ClipProbe(0, 0.0, 0, 0, 0.0, "unreadable", error.reason)
    except OSError as error:
        return ClipProbe(0, 0.0, 0, 0, 0.0, "unreadable", f"it cannot be read ({error.strerror or error})")


def _decoded_probe(source: ClipSource, video: PyavVideo) -> ClipProbe:
    """Decode up to the clip's last frame: a range is counted from the beginning, like every reader's frames."""
    end, times = -1, []
    width = height = 0
    for end, frame in enumerate(islice(video.frames(), None if source.last is None else source.last + 1)):
        if end == source.first:
            height, width = video.picture(frame).shape[:2]
        if end >= source.first and frame.pts is not None:
            times.append(frame.pts)
    if end < source.first:
        raise UnreadableVideo(source.path, begins_late(end + 1, source.first) if end >= 0 else nothing_decodes(video))
    fps = source.fps or _frame_rate(video, times)
    reason = _damage(video, end + 1, times, fps) if source.last is None else _damage_in_range(video, end + 1, source)
    return _probe(end + 1 - source.first, fps, (width, height), reason)


def _pictures_probe(source: ClipSource) -> ClipProbe:
    from dance_core.video.picture_folder import BrokenPicture, first_picture, pictures_in, read_picture

    files = pictures_in(source.file)
    opening = first_picture(source.file, files, source.first)
    end, reason = source.first + 1, source.shortfall(len(files))
    try:
        for file in files[end : None if source.last is None else source.last + 1]:
            read_picture(file, opening.shape)
            end += 1
    except BrokenPicture as error:
        reason = str(error)
    height, width = opening.shape[:2]
    reason = f"{reason}; the frames before are used" if reason else ""
    return _probe(end - source.first, source.fps or USUAL_RATE, (width, height), reason)


def _probe(n_frames: int, fps: float, size: tuple[int, int], reason: str) -> ClipProbe:
    return ClipProbe(n_frames, fps, *size, n_frames / fps, "truncated" if reason else "ok", reason)


def _frame_rate(video: PyavVideo, times: list[int]) -> float:
    """Give the rate in the header where the frames keep to it, else their mean rate."""
    stated = float(video.stream.average_rate or video.stream.guessed_rate or 0)
    if len(times) < 2 or video.stream.time_base is None:
        return stated or USUAL_RATE
    tick = float(video.stream.time_base)
    measured = (len(times) - 1) / max((max(times) - min(times)) * tick, 1e-6)
    rounding = stated * tick / (len(times) - 1)  # a container may round every time to a tick
    return stated if abs(measured - stated) <= (0.01 + rounding) * stated else measured


def _damage_in_range(video: PyavVideo, n_frames: int, source: ClipSource) -> str:
    """Say why a range of a file is shorter than it should be; "" when it is whole."""
    if missing := source.shortfall(n_frames):
        return f"{missing}{f' ({video.damage})' if video.damage else ''}; the frames before are used"
    return _begins_with_damage(video)


def _damage(video: PyavVideo, n_frames: int, times: list[int], fps: float) -> str:
    """Say why the clip is shorter than it should be; "" when it is whole."""
    if video.damage:
        return f"the file is damaged after frame {n_frames - 1} ({video.damage}); the frames before are used"
    if video.passed_over:
        return _begins_with_damage(video)
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


def _begins_with_damage(video: PyavVideo) -> str:
    if not video.passed_over:
        return ""
    return f"the file begins with damage ({video.passed_over}); frames are counted from the first that decodes"
