"""Videos as they come from phones, cameras and the web, from the file to frames, poses and the copy for the browser."""

import av
import numpy as np
import pandas as pd
import pytest

from dance_core.networks.clip_frames import Clip
from dance_core.poses import PoseSettings, estimate_poses
from dance_core.poses.person import Person
from dance_core.report.inputs import ReportSettings
from dance_core.report.media import write_video as write_copy
from dance_core.tables import matrix
from dance_core.video import probe_clip, read_frames
from tests.unit.video.numbered_video import HEIGHT, WIDTH, number_in, write_video

UNEVEN = [33 * i + 200 * (i > 3) + 11 * (i % 3) for i in range(12)]
VIDEOS = {
    "portrait.mp4": {"turn": {"degrees": -90}, "n": 6},
    "large.mp4": {"size": (3840, 2160), "n": 2, "preset": "ultrafast"},
    "fast.mp4": {"rate": 120, "n": 48},
    "uneven.mp4": {"times": UNEVEN, "n": 12},
    "odd.webm": {"codec": "libvpx-vp9", "size": (161, 97), "n": 4, "b": 400_000, "cpu-used": 8},
    "interlaced.mpg": {"codec": "mpeg2video", "flags": "+ildct+ilme", "n": 8, "b": 2_000_000, "top": 1},
    "interlaced.mp4": {"x264-params": "interlaced=1:tff=1", "n": 8},
    "one.mp4": {"n": 1},
    "two.mp4": {"n": 2},
    "three.avi": {"n": 3, "codec": "mpeg4"},
    "bright.mp4": {
        "codec": "libx265",
        "n": 3,
        "pixels": "yuv420p10le",
        "preset": "ultrafast",
        "x265-params": "log-level=none:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc:pools=1",
    },
}


class RedCorner:
    """Takes the red corner for a person, so that poses show where the estimator saw it."""

    name = "red corner"
    reads_video = True

    def reset(self, clip):
        pass

    def people(self, frames):
        for _, frame in frames:
            colour = frame.astype(np.int16)
            y, x = np.nonzero(colour[..., 0] - colour[..., 1] > 90)
            points = np.tile(np.array([x.mean(), y.mean(), 1], np.float32), (17, 1))
            box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1], np.float32)
            yield [Person(points, box, 1.0)]


@pytest.fixture(params=VIDEOS)
def video(request, tmp_path):
    return write_video(tmp_path / request.param, **VIDEOS[request.param])


def test_difficult_videos_go_all_the_way(video, tmp_path):
    options = VIDEOS[video.name]
    width, height = options.get("size", (WIDTH, HEIGHT))
    width, height = (height, width) if "turn" in options else (width, height)
    probe = probe_clip(video)
    assert (probe.n_frames, probe.status, probe.reason) == (options["n"], "ok", "")
    assert (probe.width, probe.height) == (width, height)
    assert read_frames(video, [options["n"] - 1]).shape == (1, height, width, 3)
    clip = Clip("a", video, probe.n_frames, probe.fps)
    seen = clip.spread_frames(16)
    if "turn" not in options:
        assert [number_in(frame) for frame in seen] == [int((2 * i + 1) * options["n"] / 32) for i in range(16)]
    row = pd.DataFrame([{"clip_id": "a", "path": video.name, **vars(probe)}])
    poses, quality = estimate_poses(row, tmp_path, PoseSettings(fps=None, weights=""), RedCorner())
    assert quality["n_seen"].tolist() == [options["n"]]
    where = matrix(poses["keypoints"]).reshape(-1, 17, 3)[:, 0, :2]
    expected = (16, 16) if "turn" in options else (16, height - 16)  # stored below left, turned clockwise above left
    assert np.abs(where - expected).max() < 3
    settings = ReportSettings()
    middle = write_copy(video, tmp_path / "copy.mp4", row.iloc[0].to_dict(), settings)
    assert middle.shape == (height, width, 3)
    copy = probe_clip(tmp_path / "copy.mp4")
    assert (copy.n_frames, copy.status) == (options["n"], "ok")
    assert copy.fps == pytest.approx(probe.fps, rel=1e-3)
    assert max(copy.width, copy.height) <= settings.long_side
    assert abs(copy.width / copy.height - width / height) < 0.05


def test_the_rate_of_fast_and_uneven_videos(tmp_path):
    assert probe_clip(write_video(tmp_path / "a.mp4", **VIDEOS["fast.mp4"])).fps == pytest.approx(120)
    rate = probe_clip(write_video(tmp_path / "b.mp4", **VIDEOS["uneven.mp4"])).fps
    assert rate == pytest.approx(11 / ((max(UNEVEN) - min(UNEVEN)) / 1000))


def test_a_video_with_sound_counts_its_pictures(tmp_path):
    silent = write_video(tmp_path / "silent.mp4", n=10)
    with av.open(str(silent)) as source, av.open(str(tmp_path / "sound.mp4"), "w") as container:
        pictures = container.add_stream_from_template(source.streams.video[0])
        sound = container.add_stream("aac", rate=44100, layout="mono")
        for number in range(60):  # 1.4 s of sound for 0.4 s of pictures
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, 1024 * number
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = pictures
                container.mux(packet)
    probe = probe_clip(tmp_path / "sound.mp4")
    assert (probe.n_frames, probe.fps, probe.status) == (10, 25.0, "ok")
    np.testing.assert_array_equal(read_frames(tmp_path / "sound.mp4"), read_frames(silent))
