"""Which frame is shown when: an index built from packet times, without decoding."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Codecs with exactly one shown frame per packet. Not VP8, whose alternate reference packets are never shown.
ONE_FRAME_PER_PACKET = frozenset(
    ["av1", "ffv1", "h263", "h264", "hevc", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v3", "prores", "vp9"]
)
# A picture that is not coded at all takes a handful of bytes in MPEG-4 (DivX, XviD) and shows nothing.
SMALLEST_CODED_PICTURE = 24


class Packet(NamedTuple):
    """What the index needs to know about a packet.

    Attributes:
        presentation: When its frame is shown, in time units of the stream.
        decoding: When it is decoded.
        keyframe: Whether decoding can start here.
        hidden: Whether an edit list keeps its frame from being shown.
        size: Bytes.
    """

    presentation: int | None
    decoding: int | None
    keyframe: bool
    hidden: bool
    size: int


@dataclass(frozen=True)
class FrameIndex:
    """Times of the shown frames.

    Attributes:
        times: When each frame is shown, ascending.
        keyframes: When each keyframe is shown and decoded, ascending.
    """

    times: Sequence[int]
    keyframes: Sequence[tuple[int, int]]

    def keyframe(self, frame: int) -> tuple[int, int]:
        """Find where to start decoding for a frame.

        Args:
            frame: Index of a frame.

        Returns:
            Index of the first frame shown from the last keyframe at or before it, and the time to seek to.
        """
        last = bisect_right(self.keyframes, (self.times[frame], float("inf"))) - 1
        shown, decoded = self.keyframes[last]
        # Some containers seek by the time of showing, some by that of decoding, some a little beside either: the time
        # just before the next keyframe is decoded finds this one in all of them.
        before_next = self.keyframes[last + 1][1] - 1 if last + 1 < len(self.keyframes) else self.times[-1]
        return bisect_left(self.times, shown), max(decoded, before_next)


def frame_index(packets: Sequence[Packet], codec: str) -> FrameIndex | None:
    """Index the frames of a stream.

    Args:
        packets: All packets with content, in decoding order.
        codec: FFmpeg's name of the codec.

    Returns:
        The index, or None where frames have to be counted by decoding them.
    """
    if codec not in ONE_FRAME_PER_PACKET or not packets or not packets[0].keyframe:
        return None
    timed = [(p, p.presentation, p.decoding) for p in packets if p.presentation is not None and p.decoding is not None]
    shown = sorted(presentation for packet, presentation, _ in timed if not packet.hidden)
    skips = codec in ("mpeg4", "msmpeg4v3") and min(packet.size for packet in packets) < SMALLEST_CODED_PICTURE
    repeats = len({presentation for _, presentation, _ in timed}) < len(packets)
    if not shown or skips or repeats or shown[0] < timed[0][1]:
        return None
    keyframes = [(presentation, decoding) for packet, presentation, decoding in timed if packet.keyframe]
    return FrameIndex(shown, sorted(keyframes))
