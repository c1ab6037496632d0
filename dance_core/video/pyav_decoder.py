"""Decoding through PyAV: one thread, one kept scaler, exact seeking, and a plain word for what is wrong with a file."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from dance_core.video.frame_index import FrameIndex, Packet, frame_index

CORRUPT = "a picture is incomplete"
UPRIGHT = (1, 0, 0, 1)


class UnreadableVideo(ValueError):  # noqa: N818 (named after what it says about the file)
    """No frame of a file can be decoded; `reason` says why in words that fit after "the clip is unreadable:"."""

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}; replace the file or take the clip out of the data set")
        self.reason = reason


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
        rgb = self._reformatter.reformat(frame, format="rgb24", threads=1, **size).to_ndarray()
        if self._matrix is None:
            self._matrix = display_matrix(frame)
        return rgb if self._matrix == UPRIGHT else upright(rgb, self._matrix)


def display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Read how a frame is to be turned for display.

    Args:
        frame: Any frame of a stream; the header of the file gives all of them the same matrix.

    Returns:
        Signs (a, b, c, d): the pixel at column p and row q is to be seen at column a·p + c·q and row b·p + d·q.
    """
    side_data: Any = frame.side_data  # PyAV's own hints for it are wrong
    matrix = next((data for data in side_data if data.type is SideDataType.DISPLAYMATRIX), None)
    if matrix is None:
        return UPRIGHT
    a, b, _, c, d = np.sign(np.frombuffer(bytes(matrix), np.int32)[:5]).tolist()
    return a, b, c, d


def upright(picture: np.ndarray, matrix: tuple[int, int, int, int]) -> np.ndarray:
    """Turn and mirror a picture.

    Args:
        picture: Stored picture, shape (height, width, 3).
        matrix: Signs of the display matrix. Cameras write multiples of 90 degrees and mirrors, so either a and d or
            b and c are zero; anything between is shown as it is stored.

    Returns:
        The picture as it is to be seen.
    """
    a, b, c, d = matrix
    if not (a or d):
        return np.ascontiguousarray(picture.transpose(1, 0, 2)[:: b or 1, :: c or 1])
    if not (b or c):
        return np.ascontiguousarray(picture[:: d or 1, :: a or 1])
    return picture


@contextmanager
def open_video(path: str | Path) -> Iterator[PyavVideo]:
    """Open the video stream of a file.

    Args:
        path: Video file.

    Yields:
        The stream, at its beginning.

    Raises:
        UnreadableVideo: The file is absent, empty, no video, or in a codec that FFmpeg does not know.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise UnreadableVideo(path, "there is no such file")
    if not file.stat().st_size:
        raise UnreadableVideo(path, "the file is empty (0 bytes)")
    try:
        container = av.open(str(file))
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


def pyav_frames(path: str | Path, indices: Sequence[int] | None) -> Iterator[tuple[int, np.ndarray]]:
    """Stream frames; see `dance_core.video.iterate_frames`."""
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
    yield from _by_counting(path, indices, done)


def _by_counting(path: str | Path, indices: Sequence[int] | None, done: int) -> Iterator[tuple[int, np.ndarray]]:
    """Decode from the beginning and count: slow for few frames, right for every file."""
    remaining = None if indices is None else iter(indices[done:])
    target = None if remaining is None else next(remaining, None)
    number = -1
    with open_video(path) as video:
        for number, frame in enumerate(video.frames()):
            if remaining is None or number == target:
                yield number, video.picture(frame)
                if remaining is not None and (target := next(remaining, None)) is None:
                    return
        if number < 0:
            raise UnreadableVideo(path, nothing_decodes(video))
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
