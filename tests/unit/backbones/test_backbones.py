"""The registry, and the table of features."""

import numpy as np
import pandas as pd
import pytest

import dance_core.backbones as backbones
from dance_core.backbones import Backbone, BackboneSettings, backbone_features, load_backbone
from dance_core.networks.clip_frames import dense_frames
from tests.unit.backbones.test_person_crop import pose_row

MANIFEST = pd.DataFrame(
    {"clip_id": ["b", "a", "c"], "path": "x.mp4", "n_frames": 9, "fps": 25.0, "status": ["ok", "ok", "unreadable"]}
)


def counted(clip, poses):
    return np.array([len(poses), 1.0])


@pytest.fixture
def counting_backbone(monkeypatch):
    """A backbone whose features are the number of pose rows that it was given."""
    monkeypatch.setattr(backbones, "load_backbone", lambda settings: Backbone(counted, np.asarray))


def test_each_clip_meets_its_own_poses(counting_backbone):
    poses = pd.DataFrame([{"clip_id": "a", **pose_row(t, [(1, 2)])} for t in range(3)])
    table = next(backbone_features(MANIFEST, "data", poses.groupby("clip_id"), BackboneSettings()))
    assert table["clip_id"].tolist() == ["b", "a"]
    assert np.stack(table["features"]).tolist() == [[0, 1], [3, 1]]


def test_a_backbone_works_without_any_poses(counting_backbone):
    assert len(next(backbone_features(MANIFEST, "data", (), BackboneSettings()))) == 2


def test_poses_of_an_unknown_clip_or_in_another_order_are_refused(counting_backbone):
    for order in ("ab", "bz"):
        poses = [(name, pd.DataFrame([pose_row(0, [(1, 2)])])) for name in order]
        with pytest.raises(
            ValueError, match=f"poses: clip '{order[1]}' is none of the usable clips, or not in their o"
        ):
            list(backbone_features(MANIFEST, "data", poses, BackboneSettings()))


def test_an_absent_device_is_told_before_any_weights_are_read(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(backbones, "load_backbone", lambda settings: pytest.fail("the weights were read"))
    with pytest.raises(ValueError, match="device 'cuda' is asked for"):
        next(backbone_features(MANIFEST, "data", (), BackboneSettings(device="cuda")))


def test_an_unknown_backbone_is_refused():
    with pytest.raises(
        ValueError, match="backbone 'resnet' is unknown; use one of: efficientnet, file, transformers_v"
    ):
        load_backbone(BackboneSettings(name="resnet"))


def test_a_dense_window_spans_more_frames_than_it_has():
    assert BackboneSettings(frames=16).span == 16
    dense = BackboneSettings(frames=16, sampling="dense", stride=4)
    assert dense.span == 61
    assert set(np.diff(dense_frames(61, 16, 4))) == {4}
    assert set(np.diff(dense_frames(60, 16, 4))) == {4, 3}
