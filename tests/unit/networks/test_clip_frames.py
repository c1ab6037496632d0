"""Frame sampling by hand, frames from a real file, and which clips are usable."""

import av
import numpy as np
import pandas as pd
import pytest

from dance_core.networks.clip_frames import (
    Clip,
    dense_frames,
    feature_table,
    feature_tables,
    readable_clips,
    segment_centres,
)


@pytest.mark.parametrize(
    ("n_frames", "count", "border", "expected"),
    [
        (8, 4, 0, [1, 3, 5, 7]),
        (10, 2, 0, [2, 7]),
        (10, 2, 2, [3, 6]),
        (3, 3, 0, [0, 1, 2]),
        (2, 4, 0, [0, 0, 1, 1]),
        (1, 3, 5, [0, 0, 0]),
        (4, 2, 9, [1, 2]),
    ],
)
def test_segment_centres_by_hand(n_frames, count, border, expected):
    assert segment_centres(n_frames, count, border).tolist() == expected


@pytest.mark.parametrize("n_frames", [1, 2, 15, 16, 17, 57, 1000])
def test_segment_centres_stay_in_the_clip_and_spread_evenly(n_frames):
    centres = segment_centres(n_frames, 16)
    assert centres[0] >= 0 and centres[-1] < n_frames
    assert set(np.diff(centres)) <= {n_frames // 16, n_frames // 16 + 1}


@pytest.fixture
def video(tmp_path):
    with av.open(str(tmp_path / "clip.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "bgr0"
        for level in range(12):
            picture = np.full((24, 32, 3), 20 * level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="bgr0")))
        container.mux(stream.encode())
    return tmp_path / "clip.mkv"


def test_frames_come_from_the_file_each_once(video):
    frames = Clip("a", video, 12, 25.0).frames([7, 2, 7, np.int64(11)])
    assert sorted(frames) == [2, 7, 11]
    assert {index: int(frame[0, 0, 0]) for index, frame in frames.items()} == {2: 40, 7: 140, 11: 220}


def test_spread_frames_are_the_middles_of_segments(video):
    assert [int(frame[0, 0, 1]) for frame in Clip("a", video, 12, 25.0).spread_frames(3)] == [40, 120, 200]


def test_a_file_that_lost_frames_is_an_error(video):
    with pytest.raises(ValueError, match=r"clip\.mkv"):
        Clip("a", video, 40, 25.0).frames([30])


def test_unreadable_clips_are_left_out_and_the_order_is_kept():
    manifest = pd.DataFrame(
        {
            "clip_id": ["c", "a", "b"],
            "path": ["x/c.mp4", "a.mp4", "b.mp4"],
            "n_frames": np.int32([5, 9, 0]),
            "fps": [25.0, 30.0, np.nan],
            "status": ["truncated", "ok", "unreadable"],
        }
    )
    clips = list(readable_clips(manifest, "data", "decord"))
    assert [(clip.clip_id, clip.path.as_posix(), clip.n_frames, clip.fps) for clip in clips] == [
        ("c", "data/x/c.mp4", 5, 25.0),
        ("a", "data/a.mp4", 9, 30.0),
    ]
    assert {clip.decoder for clip in clips} == {"decord"}


@pytest.mark.parametrize(
    ("n_frames", "expected"), [(20, [5, 8, 11, 14]), (10, [0, 3, 6, 9]), (8, [0, 3, 6, 7]), (1, [0] * 4)]
)
def test_a_window_lies_in_the_middle_and_a_short_clip_repeats_its_last_frame(n_frames, expected):
    assert dense_frames(n_frames, 4, 3).tolist() == expected


def test_a_drawn_window_lies_anywhere_in_the_clip():
    rng = np.random.default_rng(0)
    assert {int(dense_frames(12, 4, 3, rng)[0]) for _ in range(50)} == {0, 1, 2}


def test_features_that_are_not_numbers_name_the_clip():
    with pytest.raises(ValueError, match="clip 'b': a feature is not a finite number; check the weights"):
        feature_table([("a", np.zeros(2)), ("b", np.array([0, np.nan]))])


def test_many_clips_come_in_several_tables():
    tables = list(feature_tables((str(k), np.full(2, k)) for k in range(150)))
    assert [len(table) for table in tables] == [64, 64, 22]
    assert np.stack(pd.concat(tables)["features"])[:, 0].tolist() == list(range(150))
    assert [len(table) for table in feature_tables([])] == [0]


def test_a_shard_without_clips_is_an_empty_table():
    assert list(feature_table([]).columns) == ["clip_id", "features"]
