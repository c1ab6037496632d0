"""Files of the data set: what is written comes back."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("av")

from dance_core.stage.casting import Clip
from dance_core.stage.writing import (
    packed_truth,
    read_video,
    write_clip_truth,
    write_manifest,
    write_truth,
    write_video,
)

CLIPS = [
    Clip("boxing_p02", 2, "boxing", "gym", "none", "train", n_frames=3),
    Clip("walking_p01", 1, "walking", "street", "bench", "val", n_frames=2),
]


def test_keypoints_are_packed_as_tenths_and_bits():
    keypoints = np.zeros((2, 17, 2))
    keypoints[1, 3] = (12.34, -5.06)
    visible = np.zeros((2, 17), dtype=bool)
    visible[0, [0, 16]] = True
    tenths, masks = packed_truth(keypoints, visible)
    assert tenths.shape == (2, 34)
    assert tenths[1, 6:8].tolist() == [123, -51]
    assert masks.tolist() == [1 + 2**16, 0]


def test_the_truth_is_sorted_by_clip_and_frame(tmp_path):
    rng = np.random.default_rng(0)
    truths = [
        (
            clip.clip_id,
            *packed_truth(rng.uniform(0, 300, (clip.n_frames, 17, 2)), rng.random((clip.n_frames, 17)) < 0.5),
        )
        for clip in reversed(CLIPS)
    ]
    write_truth(tmp_path / "truth.parquet", truths)
    table = pd.read_parquet(tmp_path / "truth.parquet")
    assert table["clip_id"].tolist() == ["boxing_p02"] * 3 + ["walking_p01"] * 2
    assert table["frame"].tolist() == [0, 1, 2, 0, 1]
    np.testing.assert_array_equal(np.stack(table["keypoints"])[3:], truths[0][1])
    assert table["frame"].dtype == np.int32
    assert table["visible"].dtype == np.uint32
    assert table["keypoints"][0].dtype == np.int16


def test_the_truth_of_clips_names_scene_and_object(tmp_path):
    write_clip_truth(tmp_path / "clips.parquet", CLIPS, {clip.clip_id: {"cadence_hz": 1.5} for clip in CLIPS})
    table = pd.read_parquet(tmp_path / "clips.parquet").set_index("clip_id")
    assert table.loc["walking_p01", ["person", "scene", "object", "cadence_hz"]].tolist() == [
        "p01",
        "street",
        "bench",
        1.5,
    ]


def test_the_manifest_has_a_line_per_clip(tmp_path):
    write_manifest(tmp_path / "manifest.csv", CLIPS)
    assert (tmp_path / "manifest.csv").read_text("utf-8") == (
        "clip_id,path,label,split,group\n"
        "boxing_p02,boxing/boxing_p02.mp4,boxing,train,p02\n"
        "walking_p01,walking/walking_p01.mp4,walking,val,p01\n"
    )


def test_a_video_comes_back_close_to_its_frames_and_the_same_every_time(tmp_path):
    ramp = np.add.outer(np.arange(64), np.arange(96))[None, :, :, None] + np.arange(5)[:, None, None, None] * 4
    frames = np.broadcast_to(ramp, (5, 64, 96, 3)).astype(np.uint8)
    for name in ("a", "b"):
        write_video(tmp_path / name / "clip.mp4", frames)
    back = read_video(tmp_path / "a" / "clip.mp4")
    assert back.shape == frames.shape
    assert np.abs(back.astype(int) - frames).mean() < 4.0
    assert (tmp_path / "a" / "clip.mp4").read_bytes() == (tmp_path / "b" / "clip.mp4").read_bytes()
