"""A clip that is a range of a file has exactly the frames that the whole file has there."""

from pathlib import Path

import numpy as np
import pytest

from dance_core.manifest import list_clips, probe_clips
from dance_core.video import UnreadableVideo, clip_name, iterate_frames, probe_clip, read_frames
from tests.unit.video.numbered_video import HEIGHT, WIDTH, N, number_in, shorten, write_video

DEMO = Path(__file__).parents[3] / "data" / "demo" / "boxing" / "boxing_p01.mp4"
FILES = {
    "x264.mp4": {"g": 12, "bf": 3},
    "x264.avi": {"g": 12},
    "mpeg4_b.avi": {"codec": "mpeg4", "g": 12, "bf": 2},
    "vp8.webm": {"codec": "libvpx", "b": 400_000},
    "uneven_rate.mp4": {"times": [40 * i + 300 * (i > 30) for i in range(N)], "g": 12},
}


@pytest.mark.parametrize("name", FILES)
def test_a_range_has_the_frames_of_the_whole_file(tmp_path, name):
    path = write_video(tmp_path / name, **FILES[name])
    whole = read_frames(path)
    clip = f"{path}#frames=7-33"
    np.testing.assert_array_equal(read_frames(clip), whole[7:34])
    np.testing.assert_array_equal(read_frames(clip, [20, 0, 26]), whole[[27, 7, 33]])
    assert [index for index, _ in iterate_frames(clip)] == list(range(27))
    np.testing.assert_array_equal(read_frames(f"{path}#frames=40-"), whole[40:])
    np.testing.assert_array_equal(read_frames(f"{path}#frames=0-0"), whole[:1])


def test_a_range_of_a_demo_clip(tmp_path):
    whole = read_frames(DEMO)
    clip = f"{DEMO}#frames=10-34"
    np.testing.assert_array_equal(read_frames(clip), whole[10:35])
    np.testing.assert_array_equal(read_frames(clip, [3, 24]), whole[[13, 34]])
    probe, all_of_it = probe_clip(clip), probe_clip(DEMO)
    assert (probe.n_frames, probe.fps, probe.width, probe.status) == (25, all_of_it.fps, all_of_it.width, "ok")


def test_decord_reads_ranges_too(tmp_path):
    pytest.importorskip("decord")
    path = write_video(tmp_path / "a.mp4", g=12)
    np.testing.assert_array_equal(read_frames(f"{path}#frames=7-33", decoder="decord"), read_frames(path)[7:34])
    np.testing.assert_array_equal(read_frames(f"{path}#frames=7-", [2], decoder="decord"), read_frames(path)[[9]])
    with pytest.raises(UnreadableVideo, match=r"the file has frames 0 to 49 but the clip begins at frame 60"):
        list(iterate_frames(f"{path}#frames=60-", decoder="decord"))


@pytest.mark.parametrize(
    ("fragment", "n_frames", "fps"),
    [
        ("#frames=10-29", 20, 25.0),
        ("#frames=10-", 40, 25.0),
        ("#fps=10", 50, 10.0),
        ("#frames=10-10&fps=12.5", 1, 12.5),
        ("#fps=50&frames=0-49", 50, 50.0),
    ],
)
def test_the_probe_describes_the_range(tmp_path, fragment, n_frames, fps):
    probe = probe_clip(f"{write_video(tmp_path / 'a.mkv')}{fragment}")
    assert (probe.n_frames, probe.fps, probe.width, probe.height) == (n_frames, fps, WIDTH, HEIGHT)
    assert probe.duration_s == pytest.approx(n_frames / fps)
    assert (probe.status, probe.reason) == ("ok", "")


def test_the_rate_of_a_range_is_that_of_its_frames(tmp_path):
    """40 ms from frame to frame up to frame 9, then 100 ms."""
    path = write_video(tmp_path / "a.mp4", n=20, times=[40 * i + 60 * max(0, i - 9) for i in range(20)])
    assert probe_clip(f"{path}#frames=0-9").fps == pytest.approx(25)
    assert probe_clip(f"{path}#frames=9-19").fps == pytest.approx(10)


def test_a_range_beyond_the_end_is_truncated(tmp_path):
    clip = f"{write_video(tmp_path / 'a.mp4')}#frames=40-60"
    probe = probe_clip(clip)
    assert (probe.n_frames, probe.status) == (10, "truncated")
    assert probe.reason == "the file has frames 0 to 49 but the clip is frames 40 to 60; the frames before are used"
    assert [number_in(frame) for frame in read_frames(clip)] == list(range(40, 50))


def test_damage_within_a_range_is_named(tmp_path):
    path = shorten(write_video(tmp_path / "a.mp4", container={"movflags": "faststart"}, g=12), 0.6)
    usable = probe_clip(path).n_frames
    probe = probe_clip(f"{path}#frames=2-{usable + 2}")
    assert (probe.n_frames, probe.status) == (usable - 2, "truncated")
    assert f"the file has frames 0 to {usable - 1} but the clip is frames 2 to {usable + 2}" in probe.reason
    assert probe_clip(f"{path}#frames=2-{usable - 1}").status == "ok"


UNREADABLE = {
    "absent.mp4#frames=1-2": "there is no such file",
    "a.mp4#frames=50-60": "the file has frames 0 to 49 but the clip begins at frame 50",
    "a.mp4#frames=9-3": "its range 9-3 ends before it begins",
    "a.mp4#frame=1-3": "'#frame=1-3' is not understood (known are #frames=first-last and #fps=rate)",
    "a.mp4#frames=1-3&frames=5-6": "'#frames=1-3&frames=5-6' is not understood (known are #frames=first-last and "
    "#fps=rate)",
    "a.mp4#frames=-3": "'#frames=-3' is not understood (known are #frames=first-last and #fps=rate)",
    "a.mp4#fps=0": "its fps is 0",
    "a.mp4#frames=9-9999999999": "'#frames=9-9999999999' is not understood (known are #frames=first-last and "
    "#fps=rate)",
    "a.mp4#1/gone.mp4": "there is no such file",
    "#odd name.mp4": "there is no such file",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_ranges_that_cannot_be_read_say_why(tmp_path, name):
    write_video(tmp_path / "a.mp4")
    probe = probe_clip(tmp_path / name)
    assert (probe.status, probe.reason, probe.n_frames) == ("unreadable", UNREADABLE[name], 0)
    with pytest.raises(UnreadableVideo):
        read_frames(tmp_path / name)


def test_what_the_system_refuses_is_an_answer_of_the_probe(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", n=2)

    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("av.open", refuse)
    assert probe_clip(path).reason == "the file may not be read (Permission denied)"
    monkeypatch.setattr(type(path), "iterdir", refuse)
    assert probe_clip(tmp_path).reason == "it cannot be read (Permission denied)"
    assert probe_clip(tmp_path / f"{'x' * 300}.mp4").reason == "it cannot be read (File name too long)"


def test_a_frame_outside_the_range_is_refused(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    with pytest.raises(
        ValueError, match=r"#frames=3-9: frame 7 was asked for but the clip has frames 0 to 6; read the"
    ):
        read_frames(f"{path}#frames=3-9", [7])
    with pytest.raises(ValueError, match=r"a\.mp4: frame 50 was asked for but the video has frames 0 to 49; read the"):
        read_frames(f"{path}#frames=3-", [47])


def test_a_file_that_is_literally_named_so_is_meant(tmp_path):
    write_video(tmp_path / "a.mp4", n=20)
    odd = write_video(tmp_path / "b.mp4", n=9).rename(tmp_path / "a.mp4#frames=0-4")
    assert probe_clip(odd).n_frames == 9
    assert probe_clip(f"{odd}#frames=2-3").n_frames == 2


def test_names_of_clips(tmp_path):
    path = write_video(tmp_path / "a.b.mp4", n=1)
    (tmp_path / "v1.2").mkdir()
    names = ["a.b.mp4", "a.b.mp4#frames=0-0", "a.b.mp4#frames=3-", "a.b.mp4#fps=3", "v1.2#fps=30", "a.b.mp4#odd"]
    assert [clip_name(path.parent / name) for name in names] == ["a.b", "a.b_0-0", "a.b_3-end", "a.b", "v1.2", "a.b"]


def test_clips_of_one_file_are_one_group_where_none_is_named(tmp_path):
    rows = [f"c{i},a.mp4#{'fps=9&' * (i == 1)}frames={i}-{i},{'xy'[i % 2]},,{'g' * (i == 3)}" for i in range(4)]
    rows += [f"d{i},{i}.mp4,{'xy'[i % 2]},," for i in range(4)]
    (tmp_path / "manifest.csv").write_text("\n".join(["clip_id,path,label,split,group", *rows]), "utf-8")
    listing = list_clips(tmp_path, seed=0)
    assert listing["group"].tolist() == ["a.mp4", "a.mp4", "a.mp4", "g", "d0", "d1", "d2", "d3"]
    assert listing["split"][:3].nunique() == 1


def test_a_manifest_may_list_ranges_and_folders(tmp_path):
    write_video(tmp_path / "a.mp4")
    (tmp_path / "kick").mkdir()
    rows = [f"c{i},a.mp4#frames={10 * i}-{10 * i + 9},{'ab'[i % 2]},train" for i in range(4)]
    rows += ["d,kick/../kick#fps=30,a,train"]
    (tmp_path / "manifest.csv").write_text("\n".join(["clip_id,path,label,split", *rows]), "utf-8")
    listing = list_clips(tmp_path, seed=0)
    assert listing["path"].tolist()[3:] == ["a.mp4#frames=30-39", "kick#fps=30"]
    manifest = probe_clips(listing, tmp_path)
    assert manifest["n_frames"].tolist() == [10, 10, 10, 10, 0]
    assert manifest["reason"].iloc[4] == "the folder holds no picture (.jpg, .jpeg, .png)"
