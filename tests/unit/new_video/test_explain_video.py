"""One new video: its explanation by hand, and the encoders that a stored model may and may not use."""

import sys
from dataclasses import replace
from modulefinder import ModuleFinder
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dance_core.backbones import Backbone, BackboneSettings, backbone_features
from dance_core.clips import feature_matrix
from dance_core.manifest import probe_clips
from dance_core.model import Model
from dance_core.new_video import Explainer, explain_video, explain_videos
from dance_core.poses import PoseSettings, estimate_poses
from dance_core.tables import read_shards, read_table
from tests.unit.networks.real_weights import WEIGHTS, needs
from tests.unit.new_video.small_model import encoders, model
from tests.unit.poses.people import write_video

__all__ = ["encoders"]

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "results" / "demo"


@pytest.fixture
def video(tmp_path):
    write_video(tmp_path / "five.mp4", 5)
    return tmp_path / "five.mp4"


def test_an_explanation_by_hand(encoders, video):
    found = explain_video(model(), video)
    # Features 5 and 5: standardised 2 and 5, so z = (2 - 0.5) / 0.5, 5 / 2 and 7.
    assert found.z.tolist() == [3.0, 2.5, 7.0]
    assert found.logits.tolist() == [0.25 + 1.5 - 2.5, -0.25 - 1.5 + 0.625]
    assert found.predicted == "box"
    assert found.probability == pytest.approx(1 / (1 + np.exp(-1.125 + 0.75)))
    assert found.contributions.to_dict("records") == [
        {"concept": 1, "family": "scene", "name": "gym", "z": 2.5, "weight": -1.0, "contribution": -2.5},
        {"concept": 0, "family": "motion", "name": "arm </script>", "z": 3.0, "weight": 0.5, "contribution": 1.5},
    ]
    assert found.bias + found.contributions["contribution"].sum() == found.logits.max()
    assert found.warnings == ()
    document = found.document()
    assert document["logits"] == {"box": -0.75, "jog <b>": -1.125}
    assert (document["quality"]["n_frames"], document["quality"]["person"]["n_seen"]) == (5, 5)


def test_encoders_are_loaded_once_and_a_bad_video_stops_no_other(encoders, video, tmp_path):
    (tmp_path / "empty.mp4").touch()
    results = list(explain_videos(model(), [video, tmp_path / "empty.mp4", "absent.mp4", video]))
    assert [kind for kind, _ in encoders[1]] == ["backbone", "estimator"]
    assert results[0].logits.tolist() == results[3].logits.tolist()
    assert str(results[1]) == f"{tmp_path}/empty.mp4: the file is empty (0 bytes); give a video that can be played"
    assert str(results[2]) == "absent.mp4: there is no such file; give a video that can be played"


def test_what_goes_wrong_inside_an_encoder_is_the_error_of_that_video(encoders, video, monkeypatch):
    def broken(clip, poses):
        raise RuntimeError("out of memory")

    monkeypatch.setattr("dance_core.new_video.explainer.load_backbone", lambda settings: Backbone(broken, np.asarray))
    assert [str(error) for error in explain_videos(model(), [video])] == [
        f"{video}: out of memory; the other videos are not concerned"
    ]


def test_nobody_in_the_video_is_a_warning(encoders, video):
    encoders[0].present = False
    found = explain_video(model(), video)
    assert found.z.tolist() == [3.0, 0.0, 2.0]
    assert found.warnings == (
        "fixed found no person in any of the 5 sampled frames; the middle of the picture was looked at in their place",
    )


def test_a_video_with_fewer_frames_than_the_backbone_looks_at_is_a_warning(encoders, tmp_path):
    write_video(tmp_path / "two.mp4", 2)
    assert explain_video(model(), tmp_path / "two.mp4").warnings == (
        "the backbone looks at 3 frames but the video has 2; some are seen more than once",
    )


def test_a_damaged_video_is_explained_from_what_is_left(encoders, video, monkeypatch):
    cut = replace(Explainer(model()).explain(video).probe, n_frames=4, status="truncated", reason="it ends early")
    monkeypatch.setattr("dance_core.new_video.explainer.probe_clip", lambda path: cut)
    found = explain_video(model(), video)
    assert found.z.tolist() == [2.0, 2.0, 5.5]
    assert found.warnings == ("it ends early",)


def test_settings_come_from_the_model_and_the_device_from_the_caller(encoders, tmp_path):
    Explainer(model(), tmp_path / "weights", "cuda")
    (_, backbone), (_, poses) = encoders[1]
    assert (backbone.frames, backbone.device, backbone.weights) == (3, "cuda", tmp_path / "weights")
    assert (poses.minimum_confidence, poses.device, poses.decoder) == (0.3, "cuda", "pyav")


def test_a_model_explains_by_itself(encoders, video):
    assert model().explain(video).document() == explain_video(model(), video).document()


def test_poses_are_left_out_where_neither_features_nor_motion_need_them(encoders, video):
    other = model(families=["scene"], backbone={"name": "videomae", "model": "somewhere", "frames": 3})
    found = explain_video(other, video)
    assert [kind for kind, _ in encoders[1]] == ["backbone"]
    assert (found.quality, found.document()["quality"]["person"], found.z[1]) == ({}, None, 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backbone": {"name": "file", "model": "x.parquet"}}, "backbone 'file'.*knows nothing of a new video"),
        ({"poses": {"estimator": "file", "folder": "x"}}, "poses.estimator 'file'.*poses.estimator: blazepose"),
        ({"backbone": {}}, r"do not say how videos become features \('backbone' or 'data' is absent\)"),
        ({"data": {}}, r"do not say how videos become features"),
        ({"backbone": {"name": "efficientnet", "colour": 1}}, "backbone.colour, which this version does not know"),
    ],
)
def test_models_that_cannot_see_a_new_video_are_refused(encoders, settings, message):
    with pytest.raises(ValueError, match=message):
        Explainer(model(**settings))


def test_absent_weights_name_the_command_that_fetches_them(encoders, tmp_path):
    with pytest.raises(ValueError, match=r"nowhere/efficientnet_lite0/efficientnet-lite0.pth' are absent; run 'make w"):
        Explainer(model(), "nowhere")
    (tmp_path / "weights" / "blazepose" / "pose_detection.tflite").unlink()
    with pytest.raises(ValueError, match=r"pose estimator 'blazepose': weights .*detection.tflite' are absent"):
        Explainer(model())


def test_other_weights_than_in_training_are_refused_with_both_digests(encoders):
    trained = replace(model(), encoders={"efficientnet_lite0": {"efficientnet-lite0.pth": "ab" * 32}})
    with pytest.raises(ValueError, match=r"sha256 abababababab… but this version uses 579344248a93…"):
        Explainer(trained)


def test_a_stage_that_reads_a_model_does_not_depend_on_decoders_and_pages():
    finder = ModuleFinder(path=[str(ROOT), *(path for path in sys.path if "dance" not in path)])
    finder.excludes = ["numpy", "pandas", "scipy", "sklearn", "torch", "pyarrow", "safetensors"]
    finder.run_script(str(ROOT / "dance_core" / "model.py"))
    assert "dance_core.tables" in finder.modules
    assert not {name for name in finder.modules if name.startswith(("dance_core.new_video", "dance_core.report"))}


@needs("blazepose")
@needs("efficientnet_lite0")
def test_the_logits_are_those_of_the_stages_of_the_pipeline():
    generator = np.random.default_rng(0)
    seen = replace(
        model(),
        feature_mean=generator.normal(size=5120),
        feature_std=generator.uniform(0.5, 2, size=5120),
        concept_weight=generator.normal(size=(3, 5120)) / 70,
    )
    source = ROOT / "data" / "demo"
    rows = pd.DataFrame({"clip_id": ["a", "b"], "path": ["boxing/boxing_p17.mp4", "walking/walking_p19.mp4"]})
    rows = probe_clips(rows.assign(label="", split="test", group=""), source)
    poses, _ = estimate_poses(rows, source, PoseSettings(**seen.settings["poses"], weights=WEIGHTS))
    told = BackboneSettings(**seen.settings["backbone"], weights=WEIGHTS)
    expected = seen.logits(feature_matrix(backbone_features(rows, source, poses, told), ["a", "b"]))
    # The other way round, so that a video that changed the next one would be noticed.
    found = list(explain_videos(seen, [source / path for path in rows["path"][::-1]], WEIGHTS))[::-1]
    assert np.abs(np.stack([entry.logits for entry in found]) - expected).max() < 1e-4


@pytest.mark.slow
@needs("blazepose")
@needs("efficientnet_lite0")
@pytest.mark.skipif(
    not (DEMO / "seed0" / "model" / "model.json").is_file(), reason="the demo was not run; run make demo"
)
def test_the_demo_model_says_of_a_file_what_it_said_in_the_workflow():
    trained = Model.load(DEMO / "seed0" / "model")
    manifest = read_table(DEMO / "manifest.parquet")
    rows = manifest[manifest["split"] == "test"].iloc[::12]
    features = feature_matrix(read_shards((DEMO / "backbone_features").glob("*.parquet")), list(rows["clip_id"]))
    paths = [ROOT / "data" / "demo" / path for path in rows["path"]]
    found = np.stack([entry.logits for entry in explain_videos(trained, paths, WEIGHTS)])
    assert np.abs(found - trained.logits(features)).max() < 1e-4
