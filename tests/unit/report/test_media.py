"""Videos that browsers play frame for frame, and skeletons in few characters."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dance_core.report import ReportInputs, ReportSettings
from dance_core.report.markup import safe_name
from dance_core.report.media import encode, fitted_size, plays_as_it_is, skeleton_document
from dance_core.video import read_frames
from tests.unit.report.fixture import whole


def row_of(inputs: ReportInputs, clip_id: str) -> dict:
    return inputs.manifest.set_index("clip_id").loc[clip_id].to_dict()


@pytest.mark.parametrize(
    ("clip_id", "copied"),
    [("boxing_01", True), ("swing <b>3</b>", False), ("übung_1", False), ("übung_2", False)],
)
def test_only_small_whole_h264_is_copied(site: Path, inputs: ReportInputs, clip_id: str, copied: bool) -> None:
    source = inputs.source / row_of(inputs, clip_id)["path"]
    written = site / "assets" / "videos" / f"{safe_name(clip_id)}.mp4"
    assert (written.read_bytes() == source.read_bytes()) is copied


@pytest.mark.parametrize("clip_id", ["boxing_01", "swing <b>3</b>", "übung_1", "übung_2"])
def test_frame_i_is_shown_at_time_i_over_fps(site: Path, inputs: ReportInputs, clip_id: str) -> None:
    row = row_of(inputs, clip_id)
    path = site / "assets" / "videos" / f"{safe_name(clip_id)}.mp4"
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        times = [frame.time for frame in container.decode(stream)]
    np.testing.assert_allclose(times, np.arange(row["n_frames"]) / 25, atol=1e-6)


def test_an_encoded_clip_shows_the_frames_of_its_source(site: Path, inputs: ReportInputs) -> None:
    path = site / "assets" / "videos" / f"{safe_name('übung_1')}.mp4"
    source = read_frames(inputs.source / row_of(inputs, "übung_1")["path"], [0, 17, 39]).astype(float)
    written = read_frames(path, [0, 17, 39]).astype(float)
    assert np.abs(written - source).mean() < 4


def test_a_large_clip_is_made_smaller(site: Path) -> None:
    with av.open(str(site / "assets" / "videos" / f"{safe_name('swing <b>3</b>')}.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (480, 270)


def test_a_clip_with_other_times_than_the_manifest_says_is_not_copied(inputs: ReportInputs) -> None:
    row = row_of(inputs, "boxing_01")
    source = inputs.source / row["path"]
    side = ReportSettings().long_side
    assert plays_as_it_is(source, row, side)
    assert not plays_as_it_is(source, row | {"fps": 24.0}, side)
    assert not plays_as_it_is(source, row | {"n_frames": 39}, side)
    assert not plays_as_it_is(source, row | {"status": "truncated"}, side)
    assert not plays_as_it_is(source, row, 200)


@pytest.mark.parametrize(
    ("size", "fitted"),
    [((320, 240), (320, 240)), ((1920, 1080), (480, 270)), ((101, 51), (100, 52)), ((3, 900), (2, 480))],
)
def test_sizes_fit_and_are_even(size: tuple[int, int], fitted: tuple[int, int]) -> None:
    assert fitted_size(*size, 480) == fitted


def test_a_skeleton_is_tenths_of_a_pixel_with_missing_joints_as_null(site: Path, inputs: ReportInputs) -> None:
    rows = whole(inputs.poses).query("clip_id == 'boxing_01'")
    document = skeleton_document(rows)
    assert document["frames"] == list(range(0, 40, 2))
    keypoints = rows["keypoints"].iloc[0].reshape(17, 3)
    assert document["points"][0][:2] == [round(float(keypoints[0, 0]) * 10), round(float(keypoints[0, 1]) * 10)]
    assert document["points"][2][30:32] == [None, None]
    text = (site / "assets" / "skeletons" / "boxing_01.js").read_text("utf-8")
    assert json.loads(text.removeprefix('dance.skeletons["boxing_01"]=').removesuffix(";\n")) == document
    assert len(text) < 6000


def test_the_same_frames_give_the_same_bytes_whatever_lay_in_memory(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (50, 66, 3), dtype=np.uint8)
    frames = [np.roll(noise, 3 * shift, axis=1) for shift in range(24)]
    found, litter = set(), []
    for _ in range(40):
        encode(frames, tmp_path / "clip.mp4", Fraction(25), (66, 50))
        found.add((tmp_path / "clip.mp4").read_bytes())
        litter = [np.full(size, size % 256, np.uint8) for size in generator.integers(1000, 200_000, 20)]
    assert len(found) == 1 and litter
