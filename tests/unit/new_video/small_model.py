"""A model of two classes whose sums can be done by hand, a backbone to go with it, and tiny videos."""

import numpy as np
import pandas as pd
import pytest

from dance_core.backbones import Backbone
from dance_core.model import Concept, Model
from dance_core.networks.clip_frames import Clip
from dance_core.new_video import explainer
from dance_core.poses.person import Person
from dance_core.weights import weight_digests

SETTINGS = {
    "dataset": "tiny",
    "families": ["motion", "scene"],
    "data": {"decoder": "pyav"},
    "poses": {"estimator": "blazepose", "fps": None, "minimum_confidence": 0.3, "maximum_gap": 5},
    "backbone": {"name": "efficientnet", "frames": 3, "device": "auto"},
}


def model(**settings: object) -> Model:
    """Two features, three concepts (the last without weight), two classes."""
    return Model(
        feature_mean=np.array([1.0, 0.0]),
        feature_std=np.array([2.0, 1.0]),
        concept_weight=np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        z_mean=np.array([0.5, 0.0, 0.0]),
        z_std=np.array([0.5, 2.0, 1.0]),
        weight=np.array([[0.5, -1.0, 0.0], [-0.5, 0.25, 0.0]]),
        bias=np.array([0.25, -0.25]),
        classes=("box", "jog <b>"),
        concepts=(Concept("motion", 0, "arm </script>"), Concept("scene", 0, "gym"), Concept("scene", 1, "lawn")),
        encoders=weight_digests(["blazepose", "efficientnet_lite0"]),
        settings={**SETTINGS, **settings},
    )


class FixedEstimator:
    """Sees one person in the middle of every frame, or nobody."""

    name = "fixed"
    reads_video = True

    def __init__(self, present: bool = True) -> None:
        self.present = present

    def reset(self, clip):
        self.frames = clip.n_frames

    def people(self, frames):
        for _ in frames:
            keypoints = np.tile(np.array([32.0, 24, 0.9], np.float32), (17, 1))
            box = np.array([20, 10, 44, 38], np.float32)
            yield [Person(keypoints, box, 0.9)] if self.present else []


def counted(clip: Clip, poses: pd.DataFrame) -> np.ndarray:
    """Number of frames, and number of poses."""
    return np.array([clip.n_frames, len(poses)], np.float32)


backbone = Backbone(counted, lambda inputs: inputs)


@pytest.fixture
def encoders(monkeypatch, tmp_path):
    """Put the backbone and the estimator in place of the networks; give the estimator and what was loaded."""
    loaded = []
    estimator = FixedEstimator()

    def load(name, value):
        def loader(settings):
            loaded.append((name, settings))
            return value

        return loader

    monkeypatch.setattr(explainer, "load_backbone", load("backbone", backbone))
    monkeypatch.setattr(explainer, "pose_estimator", load("estimator", estimator))
    weights = tmp_path / "weights"
    for entry, files in weight_digests(["blazepose", "efficientnet_lite0"]).items():
        (weights / entry).mkdir(parents=True)
        for file in files:
            (weights / entry / file).touch()
    monkeypatch.chdir(tmp_path)
    return estimator, loaded
