"""Every frame is the one asked for, whatever the file."""

import gc
import tracemalloc
from itertools import pairwise

import av
import numpy as np
import pytest

from dance_core.video import UnreadableVideo, iterate_frames, probe_clip, read_frames
from dance_core.video.frame_index import Packet, frame_index
from dance_core.video.orientation import upright
from tests.unit.video.numbered_video import HEIGHT, WIDTH, N, assert_exact, number_in, picture, shorten, write_video


def write_sound(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 44100, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut_without_decoding(path, target, first):
    """Copy packets with times moved back, so that the mp4 muxer writes an edit list that hides the first frames."""
    with av.open(str(path)) as source, av.open(str(target), "w") as container:
        stream = source.streams.video[0]
        copy = container.add_stream_from_template(stream)
        shift = int(first / 25 / stream.time_base)
        for packet in source.demux(stream):
            if packet.size:
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, copy
                container.mux(packet)
    return target


def keep_until(path, mark):
    path.write_bytes(path.read_bytes().split(mark)[0])
    return path


FILES = {
    "x264.mp4": {},
    "groups.mp4": {"g": 12},
    "open_groups.mp4": {"g": 10, "x264-params": "open-gop=1:bframes=3:scenecut=0:keyint=10:min-keyint=10"},
    "all_keyframes.mp4": {"g": 1},
    "tiny_groups.mkv": {"g": 2, "bf": 1},
    "x264.avi": {"g": 12},
    "mpeg4.avi": {"codec": "mpeg4", "g": 12},
    "mpeg4_b.avi": {"codec": "mpeg4", "g": 12, "bf": 2},
    "mpeg2_b.mpg": {"codec": "mpeg2video", "g": 12, "bf": 2, "b": 1_000_000},
    "vp8.webm": {"codec": "libvpx", "b": 400_000, "auto-alt-ref": 1, "lag-in-frames": 16},
    "full_colour.mp4": {"pixels": "yuv444p"},
    "odd.mp4": {"pixels": "yuv444p", "size": (161, 97)},
    "uneven_rate.mp4": {"times": [40 * i + 7 * (i % 5) + 300 * (i > 30) for i in range(N)], "g": 12},
}


@pytest.mark.parametrize("name", FILES)
def test_every_frame_is_the_one_asked_for(tmp_path, name):
    path = write_video(tmp_path / name, **FILES[name])
    frames = assert_exact(path)
    probe = probe_clip(path)
    assert (probe.n_frames, probe.status, probe.reason) == (N, "ok", "")
    assert frames.shape == (N, probe.height, probe.width, 3)
    assert frames.dtype == np.uint8
    if "times" not in FILES[name]:
        assert probe.fps == pytest.approx(25, abs=0.01)
        assert probe.duration_s == pytest.approx(N / 25, abs=0.01)


def test_uneven_rate_is_the_mean_rate(tmp_path):
    probe = probe_clip(write_video(tmp_path / "a.mp4", times=[0, 40, 80, 400, 1000], n=5))
    assert probe.fps == pytest.approx(4.0)  # four steps in one second
    assert probe.duration_s == pytest.approx(1.25)


def test_colours_are_red_green_blue(tmp_path):
    red = read_frames(write_video(tmp_path / "a.mp4", n=1, qp=10), [0])[0, -12, 12]
    assert red[0] > 180
    assert max(red[1:]) < 60


# Counter-clockwise, as cameras write it: a picture stored lying on its side is turned back by the player.
@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ({"degrees": 0}, lambda p: p),
        ({"degrees": 90}, lambda p: np.rot90(p, 1)),
        ({"degrees": -90}, lambda p: np.rot90(p, -1)),
        ({"degrees": 180}, lambda p: np.rot90(p, 2)),
        ({"degrees": 0, "hflip": True}, lambda p: p[:, ::-1]),
        ({"degrees": 0, "vflip": True}, lambda p: p[::-1]),
        ({"degrees": 90, "hflip": True}, lambda p: np.rot90(p, 1)[:, ::-1]),
    ],
    ids=str,
)
def test_frames_stand_upright(tmp_path, turn, expected):
    path = write_video(tmp_path / "a.mp4", n=3, qp=10, turn=turn)
    frames = read_frames(path, [2, 0])
    for frame, number in zip(frames, (2, 0), strict=True):
        wanted = expected(picture(number))
        assert frame.shape == wanted.shape
        assert np.abs(frame.astype(int) - wanted).mean() < 4
    probe = probe_clip(path)
    assert (probe.height, probe.width) == frames.shape[1:3]


def test_a_quarter_turn_moves_the_red_corner_as_a_player_does(tmp_path):
    """Stored bottom left; turned by 90 degrees counter-clockwise it is bottom right."""
    path = write_video(tmp_path / "a.mp4", n=1, qp=10, turn={"degrees": 90})
    assert read_frames(path).shape == (1, WIDTH, HEIGHT, 3)
    assert read_frames(path)[0, -10, -10, 0] > 180


def test_a_slanted_picture_is_shown_as_it_is_stored():
    image = picture(3)
    np.testing.assert_array_equal(upright(image, (1, 1, -1, 1)), image)


def test_an_edit_list_hides_frames(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", g=12, bf=2)
    path = cut_without_decoding(whole, tmp_path / "cut.mp4", first=17)
    with av.open(str(path)) as container:
        assert sum(packet.is_discard for packet in container.demux(video=0)) > 0
    assert_exact(path, n=N - 17, first=17)
    assert probe_clip(path).n_frames == N - 17


def test_one_frame(tmp_path):
    path = write_video(tmp_path / "a.mp4", n=1)
    assert_exact(path, n=1)
    probe = probe_clip(path)
    assert (probe.n_frames, probe.fps, probe.duration_s, probe.status) == (1, 25.0, 0.04, "ok")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp4", {"container": {"movflags": "faststart"}, "g": 12}),
        ("a.avi", {"codec": "mpeg4", "bf": 2, "g": 12}),
        ("a.webm", {"codec": "libvpx", "b": 400_000}),
    ],
)
def test_a_truncated_file_keeps_the_frames_before_the_damage(tmp_path, name, options):
    path = shorten(write_video(tmp_path / name, **options), 0.6)
    probe = probe_clip(path)
    assert probe.status == "truncated"
    assert 4 < probe.n_frames < 45
    assert "the frames" in probe.reason
    assert_exact(path, n=probe.n_frames)


def test_damage_in_the_middle_ends_the_video(tmp_path):
    path = write_video(tmp_path / "a.mp4", g=12)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 600] = np.random.default_rng(0).integers(0, 256, 600, np.uint8).tobytes()
    path.write_bytes(content)
    probe = probe_clip(path)
    assert probe.status == "truncated"
    assert probe.reason.startswith(f"the file is damaged after frame {probe.n_frames - 1} (")
    assert_exact(path, n=probe.n_frames)


def test_a_stream_that_begins_between_keyframes_is_counted_from_its_first_picture(tmp_path):
    whole = write_video(tmp_path / "whole.mpg", codec="mpeg2video", g=12, bf=0, b=2_000_000)
    whole.write_bytes(whole.read_bytes()[int(whole.stat().st_size * 0.3) // 2048 * 2048 :])
    probe = probe_clip(whole)
    assert probe.n_frames > 10
    assert_exact(whole, n=probe.n_frames, first=number_in(read_frames(whole, [0])[0]))


def write_text(path):
    path.write_text("this is not a video\n" * 20)
    return path


UNREADABLE = {
    "empty": (lambda p: p.touch() or p, "the file is empty (0 bytes)"),
    "text": (write_text, "the file is not a video or lacks its header (Invalid data found when processing input)"),
    "sound": (write_sound, "the file holds sound but no pictures"),
    "absent": (lambda p: p, "there is no such file"),
    "headerless": (
        lambda p: shorten(write_video(p), 0.6),
        "the file is not a video or lacks its header (Invalid data found when processing input)",
    ),
    "unknown codec": (
        lambda p: keep_until(write_video(p, n=1), b"stsd"),
        "the pictures are in an unknown codec, or the file ends within its header",
    ),
    "half a header": (
        lambda p: keep_until(write_video(p, n=1), b"trak"),
        "the file holds no pictures, or ends within its header",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_unreadable_files_say_why(tmp_path, kind):
    make, reason = UNREADABLE[kind]
    path = make(tmp_path / "a.mp4")
    probe = probe_clip(path)
    assert (probe.status, probe.reason, probe.n_frames, probe.fps) == ("unreadable", reason, 0, 0.0)
    for decoder in ("pyav", "decord"):
        with pytest.raises(
            UnreadableVideo, match=r"a\.mp4: .*; replace the file or take the clip out of the data set$"
        ):
            read_frames(path, [0], decoder=decoder)


def test_a_file_whose_every_picture_is_damaged_is_unreadable(tmp_path):
    path = write_video(tmp_path / "a.mp4", n=5)
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for start, size in places:
        content[start : start + size] = b"\x00" * size
    path.write_bytes(content)
    probe = probe_clip(path)
    assert probe.status == "unreadable"
    assert probe.reason.startswith("no frame can be decoded (")


def test_iteration_gives_the_indices_asked_for_in_order(tmp_path):
    path = write_video(tmp_path / "a.mp4", g=12)
    assert [(i, number_in(frame)) for i, frame in iterate_frames(path, [3, 4, 40, 49])] == [
        (i, i) for i in (3, 4, 40, 49)
    ]
    assert list(iterate_frames(path, [])) == []
    assert [number_in(frame) for frame in read_frames(path, [9, 2, 9])] == [9, 2, 9]
    assert read_frames(path, []).shape == (0, HEIGHT, WIDTH, 3)


def test_iteration_holds_one_frame_at_a_time(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    tracemalloc.start()
    for _ in iterate_frames(path):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * WIDTH * HEIGHT * 3


def test_no_frame_waits_in_memory_for_the_collector(tmp_path):
    """Frames that hold themselves alive would add up over the clips of a data set."""
    path = write_video(tmp_path / "a.mp4", n=5)
    gc.collect()
    gc.disable()
    try:
        for indices in (None, range(3)):
            assert len(list(iterate_frames(path, indices))) > 2
            assert av.VideoFrame not in map(type, gc.get_objects())
    finally:
        gc.enable()


def test_decord_gives_the_same_frames_of_a_plain_file(tmp_path):
    pytest.importorskip("decord")
    path = write_video(tmp_path / "a.mp4", g=12)
    np.testing.assert_array_equal(read_frames(path, [40, 3], decoder="decord"), read_frames(path, [40, 3]))
    assert len(read_frames(path, decoder="decord")) == N
    with pytest.raises(ValueError, match=r"frame 50 was asked for but the video has frames 0 to 49; read the manifest"):
        read_frames(path, [50], decoder="decord")


def test_absent_decord_is_named(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", n=1)
    monkeypatch.setitem(__import__("sys").modules, "decord", None)
    sentence = r"^decoder 'decord' is not installed; run 'pip install decord==0\.6\.0' or use decoder 'pyav'$"
    with pytest.raises(ValueError, match=sentence):
        read_frames(path, decoder="decord")


@pytest.mark.parametrize(
    ("indices", "decoder", "sentence"),
    [
        (None, "decrod", r"^decoder 'decrod' is unknown; use one of pyav, decord$"),
        ([-1], "pyav", r"a\.mp4: frame -1 was asked for but frames are counted from 0; ask from 0 on$"),
        ([3, 3], "pyav", r"a\.mp4: frame 3 was asked for after frame 3; sort them and drop repeats$"),
        ([2, 50], "pyav", r"a\.mp4: frame 50 was asked for but the video has frames 0 to 49; read the manifest again$"),
    ],
)
def test_wrong_questions_are_refused(tmp_path, indices, decoder, sentence):
    path = write_video(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match=sentence):
        list(iterate_frames(path, indices, decoder))


def packets(shown, keyframes, hidden=(), size=500):
    return [Packet(time, i, i in keyframes, time in hidden, size) for i, time in enumerate(shown)]


def test_the_index_sorts_frames_by_the_time_they_are_shown():
    """Two groups of I P B B; decoding for frame 5 starts at the second I, which is frame 4."""
    index = frame_index(packets([0, 30, 10, 20, 40, 70, 50, 60], {0, 4}), "h264")
    assert list(index.times) == [0, 10, 20, 30, 40, 50, 60, 70]
    assert [index.keyframe(frame) for frame in (0, 3, 4, 5)] == [(0, 3), (0, 3), (4, 70), (4, 70)]


def test_hidden_frames_have_no_index():
    index = frame_index(packets([-20, -10, 0, 10], {0}, hidden={-20, -10}), "h264")
    assert list(index.times) == [0, 10]
    assert index.keyframe(1) == (0, 10)


def test_the_time_to_seek_to_lies_before_the_next_keyframe_by_either_clock():
    """Keyframes shown at 20 and 40 and decoded at 0 and 2: showing time 20 would find the second by decoding time."""
    index = frame_index(
        [Packet(20, 0, True, False, 500), Packet(30, 1, False, False, 500), Packet(40, 2, True, False, 500)], "h264"
    )
    assert index.keyframe(1) == (0, 1)


@pytest.mark.parametrize(
    ("rows", "codec"),
    [
        (packets([0, 10, 20], {0}), "vp8"),
        (packets([0, 10, 10], {0}), "h264"),
        (packets([0, None, 10], {0}), "h264"),
        (packets([0, 10, 20], {1}), "h264"),
        (packets([10, 0, 20], {0}), "h264"),
        (packets([0, 10, 20], {0}, size=7), "mpeg4"),
        ([], "h264"),
    ],
    ids=["unshown packets", "equal times", "no time", "no keyframe first", "frame before keyframe", "skipped", "none"],
)
def test_times_that_cannot_be_trusted_give_no_index(rows, codec):
    assert frame_index(rows, codec) is None


def test_counting_replaces_an_index_that_proves_wrong(tmp_path, monkeypatch):
    """An index that claims a frame more than there is must not shift any frame."""
    path = write_video(tmp_path / "a.mp4", g=12)
    real = frame_index

    def with_a_ghost(rows, codec):
        index = real(rows, codec)
        first, second = next(pairwise(index.times))
        return type(index)(sorted([*index.times, (first + second) // 2]), index.keyframes)

    monkeypatch.setattr("dance_core.video.pyav_decoder.frame_index", with_a_ghost)
    assert [number_in(frame) for frame in read_frames(path, [5, 30, 49])] == [5, 30, 49]
