import csv

import numpy as np
import pytest

import dance_core.poses as poses_package
from dance_core.poses import (
    POSE_QUALITY_SCHEMA,
    POSES_SCHEMA,
    PoseSettings,
    estimate_poses,
    pose_estimator,
    sampled_frames,
    write_poses,
)
from dance_core.tables import matrix, read_table, write_table
from dance_core.weights import weight_file
from tests.unit.poses.people import WEIGHTS, YOGA, clip, manifest, person, write_video


class Scripted:
    """An estimator that says what it was told, by clip and frame."""

    name = "scripted"
    reads_video = False

    def __init__(self, people):
        self.script = people

    def reset(self, clip):
        self.clip_id = clip.clip_id

    def people(self, frames):
        for number, _ in frames:
            yield self.script.get((self.clip_id, number), [])


@pytest.fixture
def told(monkeypatch):
    def tell(people):
        monkeypatch.setattr(poses_package, "pose_estimator", lambda settings: Scripted(people))

    return tell


def test_frames_at_a_lower_rate_are_rounded_half_up():
    assert sampled_frames(10, 25, 10) == [0, 3, 5, 8]  # 0, 2.5, 5, 7.5
    assert sampled_frames(7, 30, 10) == [0, 3, 6]
    assert sampled_frames(7, 29.97, 10) == [0, 3, 6]


def test_all_frames_at_the_clips_rate_or_above_or_unknown():
    assert sampled_frames(4, 25, None) == sampled_frames(4, 25, 25) == sampled_frames(4, 25, 60) == [0, 1, 2, 3]
    assert sampled_frames(4, float("nan"), 10) == [0, 1, 2, 3]


def test_a_rate_must_be_positive():
    with pytest.raises(ValueError, match="poses: fps is 0; give a positive number, or none for every frame"):
        sampled_frames(4, 25, 0)


def test_an_unknown_estimator_is_named():
    with pytest.raises(ValueError) as error:
        pose_estimator(PoseSettings(estimator="openpose"))
    assert str(error.value) == (
        "poses: estimator 'openpose' is unknown; use one of blazepose, movenet, yolo, rtmlib, ultralytics, file"
    )


def test_the_tables_follow_the_contract(told, tmp_path):
    told({("a", 0): [person(300, 240), person(20, 20, 10)], ("a", 4): [person(310, 240)]})
    rows = manifest(clip(n_frames=5), clip(clip_id="b"), clip(clip_id="c", status="unreadable"))
    poses, quality = estimate_poses(rows, "", PoseSettings(fps=12.5))
    assert poses["clip_id"].tolist() == ["a", "a"]
    assert poses["frame"].tolist() == [0, 4]
    assert poses["estimator"].tolist() == ["scripted"] * 2
    np.testing.assert_array_equal(poses["bbox"][0], [250, 190, 350, 290])
    np.testing.assert_array_equal(poses["keypoints"][1].reshape(17, 3)[2], [310, 240, 1])
    assert quality["clip_id"].tolist() == ["a", "b"]
    assert quality["status"].tolist() == ["ok", "no_person"]
    assert quality["people"].tolist() == [2, 0]
    assert quality["seen"].tolist() == [pytest.approx(2 / 3), 0]
    assert quality["reason"][1] == "scripted found no person in any of the 2 sampled frames"
    write_table(tmp_path / "poses.parquet", poses, POSES_SCHEMA)
    write_table(tmp_path / "quality.parquet", quality, POSE_QUALITY_SCHEMA)
    assert matrix(read_table(tmp_path / "poses.parquet")["keypoints"]).shape == (2, 51)


def test_poses_written_as_they_come_are_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(poses_package, "CLIPS_AT_ONCE", 2)
    people = {("a", 0): [person(300, 240)], ("b", 1): [person(20, 20)], ("d", 2): [person(9, 9)]}
    rows = manifest(*(clip(clip_id=name) for name in "abc"), clip(clip_id="x", status="unreadable"), clip(clip_id="d"))
    write_poses(tmp_path / "poses", tmp_path / "quality", rows, "", PoseSettings(), Scripted(people))
    poses, quality = estimate_poses(rows, "", PoseSettings(), Scripted(people))
    written = read_table(tmp_path / "poses")
    assert written["clip_id"].tolist() == poses["clip_id"].tolist() == ["a", "b", "d"]
    assert written["frame"].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(matrix(written["keypoints"]), matrix(poses["keypoints"]))
    assert read_table(tmp_path / "quality")["clip_id"].tolist() == quality["clip_id"].tolist() == ["a", "b", "c", "d"]
    write_poses(tmp_path / "poses", tmp_path / "quality", rows.iloc[:0], "", PoseSettings(), Scripted({}))
    assert len(read_table(tmp_path / "poses")) == len(read_table(tmp_path / "quality")) == 0


def test_no_clips_give_empty_tables_with_columns(told, tmp_path):
    told({})
    poses, quality = estimate_poses(manifest(clip(status="unreadable")), "", PoseSettings())
    assert len(poses) == len(quality) == 0
    write_table(tmp_path / "poses.parquet", poses, POSES_SCHEMA)
    write_table(tmp_path / "quality.parquet", quality, POSE_QUALITY_SCHEMA)


def test_short_gaps_of_unsure_joints_are_filled(told):
    doubtful = person(999, 999, confidence=0.1)
    doubtful = type(doubtful)(doubtful.keypoints, person(110, 240).box, 0.9)
    told({("a", 0): [person(100, 240)], ("a", 1): [doubtful], ("a", 2): [person(120, 240)]})
    poses, quality = estimate_poses(manifest(clip()), "", PoseSettings())
    np.testing.assert_allclose(poses["keypoints"][1].reshape(17, 3)[0], [110, 240, 0.1])
    assert quality["interpolated"][0] == pytest.approx(1 / 3)
    poses, quality = estimate_poses(manifest(clip()), "", PoseSettings(maximum_gap=0))
    assert np.isnan(poses["keypoints"][1].reshape(17, 3)[:, :2]).all()


class Looking(Scripted):
    """An estimator that looks at every frame."""

    reads_video = True

    def people(self, frames):
        for _, frame in frames:
            yield [person(float(frame[0, 0, 0]), 24, 40)]


def test_frames_are_decoded_by_number(monkeypatch, tmp_path):
    monkeypatch.setattr(poses_package, "pose_estimator", lambda settings: Looking({}))
    write_video(tmp_path / "a.mp4", 10)
    poses, _ = estimate_poses(manifest(clip(n_frames=10, width=64, height=48)), tmp_path, PoseSettings(fps=5))
    assert poses["frame"].tolist() == [0, 5]
    np.testing.assert_allclose([row[0] for row in poses["keypoints"]], [40, 65], atol=3)


def test_a_clip_that_does_not_decode_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(poses_package, "pose_estimator", lambda settings: Looking({}))
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(ValueError, match=r"poses: clip 'a' cannot be decoded .*probe the clips again"):
        estimate_poses(manifest(clip()), tmp_path, PoseSettings())
    write_video(tmp_path / "a.mp4", 3)
    with pytest.raises(ValueError, match=r"poses: clip 'a' .*probe the clips again"):
        estimate_poses(manifest(clip(n_frames=9)), tmp_path, PoseSettings())


def yoga_clips(*clip_ids):
    """The first two seconds of real clips, as manifest rows; skips where clips or weights are absent."""
    try:
        weight_file(WEIGHTS, "blazepose", "pose_detection.tflite")
    except ValueError as error:
        pytest.skip(str(error))
    if not YOGA.is_dir():
        pytest.skip(f"{YOGA} is absent")
    with (YOGA / "manifest.csv").open() as file:
        path_of = {row["clip_id"]: row["path"] for row in csv.DictReader(file)}
    size = {"n_frames": 60, "fps": 30.0, "width": 854, "height": 480}
    return manifest(*(clip(clip_id=clip_id, path=path_of[clip_id], **size) for clip_id in clip_ids))


def test_real_clips_of_people_who_stand_and_lie():
    rows = yoga_clips("trikonasana_20250127135303", "shavasana_20250127142345")
    settings = PoseSettings(weights=WEIGHTS, fps=2)
    poses, quality = estimate_poses(rows, YOGA, settings)
    assert (quality["seen"] >= 0.95).all()
    middle = [part["keypoints"].iloc[len(part) // 2].reshape(17, 3) for _, part in poses.groupby("clip_id", sort=False)]
    height = [np.nanmax(joints[5:, 1]) - np.nanmin(joints[5:, 1]) for joints in middle]
    width = [np.nanmax(joints[5:, 0]) - np.nanmin(joints[5:, 0]) for joints in middle]
    assert height[0] > 1.2 * width[0]
    assert width[1] > 3 * height[1]

    alone, _ = estimate_poses(rows.iloc[[1]], YOGA, settings)
    after = poses[poses["clip_id"] == rows["clip_id"][1]]
    assert matrix(alone["keypoints"]).tobytes() == matrix(after["keypoints"]).tobytes()
    assert matrix(alone["bbox"]).tobytes() == matrix(after["bbox"]).tobytes()
