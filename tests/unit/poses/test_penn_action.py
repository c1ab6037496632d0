"""Annotations of Penn Action: what is visible, hidden, not marked; and the oddities of the official files."""

import numpy as np
import pytest
from scipy.io import savemat

from dance_core.poses import PoseSettings, estimate_poses
from dance_core.poses.penn_action import penn_action_poses, penn_action_size
from tests.unit.poses.people import PENN, clip, manifest

SCALE = 1.5  # of the annotation with its picture: what was not marked lies at (1.5, 1.5)


def annotation(n_frames=2):
    """A clip whose joints are all marked and visible, joint j of frame t at (10 + j + t, 100 + j)."""
    x = 10.0 + np.arange(13) + np.arange(n_frames)[:, None]
    return {
        "x": x,
        "y": np.broadcast_to(100.0 + np.arange(13), x.shape).copy(),
        "visibility": np.ones((n_frames, 13), np.uint8),
        "bbox": np.tile([1.0, 2.0, 30.0, 40.0], (n_frames, 1)),
        "dimensions": np.array([[480, 640, n_frames]], np.uint16),
    }


def saved(folder, **changes):
    savemat(folder / "a.mat", annotation() | changes)
    return folder / "a.mat"


def test_joints_become_coco(tmp_path):
    content = annotation()
    content["visibility"][0, [1, 2]] = 0
    content["x"][0, 2] = content["y"][0, 2] = SCALE
    poses, boxes = penn_action_poses(saved(tmp_path, **content))
    np.testing.assert_array_equal(poses[0, 0], [10, 100, 1])  # the head stands for the nose
    np.testing.assert_array_equal(poses[:, 1:5, 2], 0)
    np.testing.assert_array_equal(poses[0, 5], [11, 101, 0.5])  # the left shoulder: hidden, but marked
    assert poses[0, 6, 2] == 0  # the right one: not marked, whatever the scale
    np.testing.assert_array_equal(poses[1, 16], [23, 112, 1])
    np.testing.assert_array_equal(boxes, np.tile([1, 2, 30, 40], (2, 1)))


def test_nobody_is_seen_where_no_joint_is_visible(tmp_path):
    content = annotation()
    content["visibility"][1] = 0
    poses, _ = penn_action_poses(saved(tmp_path, **content))
    assert (poses[0, 5:, 2] == 1).all()
    assert not poses[1, :, 2].any()


def test_boxes_that_are_fewer_or_more_than_frames(tmp_path):
    _, boxes = penn_action_poses(saved(tmp_path, bbox=np.ones((1, 4))))
    np.testing.assert_array_equal(boxes, [[1] * 4, [np.nan] * 4])
    _, boxes = penn_action_poses(saved(tmp_path, bbox=np.ones((3, 4))))
    assert boxes.shape == (2, 4)


def test_a_clip_in_which_nothing_is_visible_stays_with_a_reason(tmp_path):
    saved(tmp_path, visibility=np.zeros((2, 13)))
    settings = PoseSettings(estimator="file", folder=tmp_path)
    poses, quality = estimate_poses(manifest(clip(n_frames=2, fps=np.nan)), "", settings)
    assert poses.empty
    row = quality.iloc[0]
    assert (row["clip_id"], row["n_sampled"], row["status"]) == ("a", 2, "no_person")
    assert row["reason"] == "file found no person in any of the 2 sampled frames"


def test_mean_confidence_is_of_the_thirteen_joints(tmp_path):
    content = annotation()
    content["visibility"][:, :2] = 0  # two hidden, eleven visible
    saved(tmp_path, **content)
    settings = PoseSettings(estimator="file", folder=tmp_path)
    _, quality = estimate_poses(manifest(clip(n_frames=2)), "", settings)
    assert quality["confidence"].item() == pytest.approx(12 / 13)


def test_the_size_is_read(tmp_path):
    assert penn_action_size(saved(tmp_path)) == (2, 640, 480)


def test_parts_that_disagree_are_named(tmp_path):
    path = saved(tmp_path, visibility=np.ones((3, 13)))
    with pytest.raises(ValueError) as error:
        penn_action_poses(path)
    assert str(error.value) == (
        f"{path}: x, y and visibility have shapes (2, 13), (2, 13) and (3, 13), "
        "but a Penn Action annotation has 13 joints in every frame of each; copy the file again"
    )
    path = saved(tmp_path, dimensions=[[480, 640, 5]])
    with pytest.raises(ValueError) as error:
        penn_action_size(path)
    assert str(error.value) == f"{path}: states 5 frames but has the joints of 2; copy the file again"


@pytest.mark.parametrize("read", [penn_action_poses, penn_action_size])
@pytest.mark.parametrize("content", [{"y": np.ones((2, 13))}, {"x": "words"}, {"dimensions": [[480, 640]]}])
def test_other_files_are_named(tmp_path, read, content):
    whole = annotation() | content
    if "y" in content:
        del whole["x"]
    savemat(tmp_path / "a.mat", whole)
    with pytest.raises(
        ValueError, match=r"a\.mat: not a Penn Action annotation .*; it needs x, y, visibility, bbox and "
    ):
        read(tmp_path / "a.mat")


@pytest.mark.skipif(not PENN.is_dir(), reason=f"{PENN} is absent")
def test_every_official_file_can_be_read():
    """Counted from the files: one clip never shows a joint; 177 frames of 15 clips show none; two boxes are missing."""
    paths = sorted(PENN.glob("*.mat"))
    read = {path.stem: penn_action_poses(path) for path in paths}
    assert len(read) == 2326
    assert all(penn_action_size(path)[0] == len(read[path.stem][0]) for path in paths)
    seen = {clip_id: (poses[:, :, 2] > 0).any(axis=1) for clip_id, (poses, _) in read.items()}
    assert [clip_id for clip_id, frames in seen.items() if not frames.any()] == ["1516"]
    assert sum(len(frames) for frames in seen.values()) == 163_841
    assert sum(not frames.all() for frames in seen.values()) == 15
    assert sum((~frames).sum() for frames in seen.values()) == 177
    assert [clip_id for clip_id, (_, boxes) in read.items() if np.isnan(boxes).any()] == ["1154", "1865"]
    corner = [poses[(poses[:, :, 2] > 0) & (poses[:, :, :2] < 2).all(axis=2)] for poses, _ in read.values()]
    assert not sum(map(len, corner))
