"""Decoding through PyAV: one thread, one kept scaler, exact seeking, and a plain word for what is wrong with a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from dance_core.video.clip_source import NO_FILE, UnreadableVideo, begins_late
from dance_core.video.frame_index import FrameIndex, Packet, frame_index
from dance_core.video.high_dynamic_range import TRANSFERS, standard_range
from dance_core.video.orientation import UPRIGHT, display_matrix, upright

CORRUPT = "a picture is incomplete"


class FramesDisagree(Exception):  # noqa: N818 (a signal inside this package, never shown)
    """The decoder shows other frames than the index announced."""


class PyavVideo:
    """The video stream of an open file.

    Attributes:
        damage: Why decoding ended before the end of the stream; "" while it did not.
        passed_over: Why packets before the first frame were passed over; "" while none was.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.container = container
        self.stream = stream
        self.damage = ""
        self.passed_over = ""
        self._reformatter = VideoReformatter()
        self._matrix: tuple[int, int, int, int] | None = None
        stream.codec_context.thread_count = 1

    def packets(self) -> Iterator[Packet]:
        """Read the timing of every packet up to the end of the stream or the first damage, without decoding."""
        try:
            for packet in self.container.demux(self.stream):
                if packet.size:
                    yield Packet(packet.pts, packet.dts, packet.is_keyframe, packet.is_discard, packet.size)
        except av.FFmpegError:
            return

    def index(self) -> FrameIndex | None:
        """Index the frames by their times; None where the times cannot be trusted."""
        codec = self.stream.codec_context.codec.canonical_name
        # An AVI file numbers the frames of these codecs as they are decoded, although they may be shown otherwise.
        if self.container.format.name == "avi" and codec in ("h264", "hevc"):
            return None
        return frame_index(list(self.packets()), codec)

    def seek(self, time: int) -> None:
        """Go to the last keyframe at or before a time.

        Raises:
            FramesDisagree: The file cannot be positioned.
        """
        try:
            self.container.seek(time, stream=self.stream, backward=True)
        except av.FFmpegError as error:
            raise FramesDisagree from error

    def frames(self) -> Iterator[VideoFrame]:
        """Decode from the present position, in display order, to the end of the stream or to the first damage.

        What fails before the first good frame is passed over: a stream may begin in the middle of a group of pictures.
        Later, what fails ends the video, since the frames after it lean on it.
        """
        shown = False
        for decoded, failure in self._decoded_packets():
            for frame in decoded:
                if frame.is_corrupt and shown:
                    self.damage = CORRUPT
                    return
                if frame.is_corrupt:
                    self.passed_over = CORRUPT
                    continue
                shown = True
                yield frame
            if failure and shown:
                self.damage = failure
                return
            self.passed_over = self.passed_over or failure

    def _decoded_packets(self) -> Iterator[tuple[list[VideoFrame], str]]:
        """Decode packet by packet: the frames each brings out of the decoder, and why it failed or "".

        A packet that fails brings out the frames that wait in the decoder and are shown before its own.
        """
        packets = self.container.demux(self.stream)
        while True:
            time = None
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                time = packet.pts
                if packet.size or packet.dts is None:  # an AVI file repeats a frame by a packet without content
                    yield packet.decode(), ""
            except (av.FFmpegError, EOFError) as error:
                yield self._waiting_frames(time), _words(error)

    def _waiting_frames(self, end: int | None) -> list[VideoFrame]:
        """Take the frames out of the decoder that are shown before a time, and make it ready for new packets."""
        context = self.stream.codec_context
        try:
            waiting = context.decode(None)
        except av.FFmpegError:
            waiting = []
        context.flush_buffers()
        return [frame for frame in waiting if end is None or (frame.pts is not None and frame.pts < end)]

    def picture(self, frame: VideoFrame) -> np.ndarray:
        """Convert a decoded frame to an upright picture, uint8 of shape (height, width, 3)."""
        size = {"width": self.stream.width or None, "height": self.stream.height or None}
        transfer = TRANSFERS.get(int(frame.color_trc))
        pixels = "rgb48le" if transfer else "rgb24"
        rgb = self._reformatter.reformat(frame, format=pixels, threads=1, **size).to_ndarray()
        rgb = standard_range(rgb, transfer) if transfer else rgb
        if self._matrix is None:
            self._matrix = display_matrix(frame)
        return rgb if self._matrix == UPRIGHT else upright(rgb, self._matrix)


@contextmanager
def open_video(path: str | Path) -> Iterator[PyavVideo]:
    """Open the video stream of a file.

    Args:
        path: Video file.

    Yields:
        The stream, at its beginning.

    Raises:
        UnreadableVideo: The file is absent, empty, closed to this user or no video, or FFmpeg does not know its codec.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise UnreadableVideo(path, NO_FILE)
    if not file.stat().st_size:
        raise UnreadableVideo(path, "the file is empty (0 bytes)")
    try:
        container = av.open(str(file))
    except PermissionError as error:
        raise UnreadableVideo(path, "the file may not be read (Permission denied)") from error
    except (av.FFmpegError, OSError) as error:
        raise UnreadableVideo(path, f"the file is not a video or lacks its header ({_words(error)})") from error
    with container:
        streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams:
            what = "sound but no pictures" if container.streams.audio else "no pictures, or ends within its header"
            raise UnreadableVideo(path, f"the file holds {what}")
        if streams[0].codec_context is None:
            raise UnreadableVideo(path, "the pictures are in an unknown codec, or the file ends within its header")
        yield PyavVideo(container, streams[0])


def pyav_frames(path: str | Path, indices: Sequence[int] | None, first: int = 0) -> Iterator[tuple[int, np.ndarray]]:
    """Stream frames of a file; see `dance_core.video.iterate_frames`.

    Args:
        path: Video file.
        indices: Frames wanted, ascending, or None: all from `first` on.
        first: Frame of the file that the clip begins with.

    Returns:
        Pairs of a frame's index in the file and its picture.
    """
    done = 0
    if indices is not None and not len(indices):
        return
    if indices is not None:
        try:
            for pair in _by_seeking(path, indices):
                yield pair
                done += 1
            return
        except FramesDisagree:
            pass
    yield from _by_counting(path, indices, done, first)


def _by_counting(
    path: str | Path, indices: Sequence[int] | None, done: int, first: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Decode from the beginning and count: slow for few frames, right for every file."""
    remaining = None if indices is None else iter(indices[done:])
    target = None if remaining is None else next(remaining, None)
    number = -1
    with open_video(path) as video:
        for number, frame in enumerate(video.frames()):
            if number >= first if remaining is None else number == target:
                yield number, video.picture(frame)
                if remaining is not None and (target := next(remaining, None)) is None:
                    return
        if number < 0:
            raise UnreadableVideo(path, nothing_decodes(video))
    if number < first:
        raise UnreadableVideo(path, begins_late(number + 1, first))
    if target is not None:
        raise ValueError(
            f"{path}: frame {target} was asked for but the video has frames 0 to {number}; read the manifest again"
        )


def _by_seeking(path: str | Path, indices: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Decode from the nearest keyframe, and check each frame's time against the index.

    Raises:
        FramesDisagree: The file has no index that can be trusted, or it proves wrong.
    """
    with open_video(path) as video:
        index = video.index()
        if index is None or not index.times:
            raise FramesDisagree
        wanted = set(indices)
        run = _Run(video, index)
        # The first two frames are always decoded: they show an index that is shifted or counts fields, not frames.
        for target in sorted(wanted | set(range(min(2, len(index.times))))):
            frame = run.frame(target)
            if target in wanted:
                yield target, video.picture(frame)


class _Run:
    """Decoding that goes forward, and jumps only where a keyframe lies ahead."""

    def __init__(self, video: PyavVideo, index: FrameIndex) -> None:
        self._video = video
        self._index = index
        self._frames: Iterator[VideoFrame] = iter(())
        self._next = 0
        self._position = -1

    def frame(self, target: int) -> VideoFrame:
        """Decode one frame; targets ascend from call to call."""
        times = self._index.times
        if target >= len(times):
            raise FramesDisagree
        start, time = self._index.keyframe(target)
        if self._position < 0 or start > self._position:
            self._video.seek(time)
            self._frames, self._next = self._video.frames(), start
        for frame in self._frames:
            if frame.pts is not None and frame.pts < times[start]:  # shown before the keyframe it was decoded after
                continue
            if frame.pts != times[self._next]:
                break
            self._position, self._next = self._next, self._next + 1
            if self._position == target:
                return frame
        raise FramesDisagree


def nothing_decodes(video: PyavVideo) -> str:
    """Word the reason why a file, decoded to its end, has shown no frame."""
    damage = video.damage or video.passed_over
    return f"no frame can be decoded ({damage})" if damage else "the file has a header but no frame"


def _words(error: Exception) -> str:
    """Give FFmpeg's own words, without the error number and the path."""
    return str(getattr(error, "strerror", None) or error)
