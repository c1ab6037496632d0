"""One new video: its explanation by hand, and the encoders that a stored model may and may not use."""

import sys
from dataclasses import replace
from hashlib import sha256
from modulefinder import ModuleFinder
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd
import pytest

from dance_core.backbones import Backbone, BackboneSettings, backbone_features
from dance_core.feature_store import FeatureStore
from dance_core.manifest import probe_clips
from dance_core.model import Model
from dance_core.networks.encoder_registry import model_encoders
from dance_core.new_video import Explainer, explain_video, explain_videos, explainer
from dance_core.new_video.explainer import named_error
from dance_core.poses import PoseSettings, estimate_poses
from dance_core.tables import read_table
from tests.unit.networks.real_weights import WEIGHTS, needs
from tests.unit.new_video.small_model import counted, encoders, model
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


@pytest.mark.parametrize("batch_size", [None, 1, 2, 5, 100])
def test_the_number_of_videos_at_once_changes_nothing(encoders, tmp_path, monkeypatch, batch_size):
    sizes = []

    def features(inputs):
        sizes.append(len(inputs))
        return inputs

    monkeypatch.setattr("dance_core.new_video.explainer.load_backbone", lambda settings: Backbone(counted, features))
    videos = [tmp_path / f"{n}.mp4" for n in range(1, 6)]
    for n, path in enumerate(videos, start=1):
        write_video(path, n)
    videos.insert(2, tmp_path / "absent.mp4")
    found = list(explain_videos(model(), videos, batch_size=batch_size))
    assert [getattr(entry, "path", None) for entry in found] == [*videos[:2], None, *videos[3:]]
    expected = [Explainer(model()).explain(path).logits.tolist() for path in videos if path.exists()]
    assert [entry.logits.tolist() for entry in found if entry is not found[2]] == expected
    # Never more at once than there are videos.
    assert max(sizes) == min(batch_size or 1, len(videos))


def test_a_video_that_breaks_its_batch_is_lost_alone(encoders, tmp_path, monkeypatch):
    def features(inputs):
        if (inputs[:, 0] == 2).any():
            raise RuntimeError("not enough memory")
        return inputs

    monkeypatch.setattr("dance_core.new_video.explainer.load_backbone", lambda settings: Backbone(counted, features))
    for n in (1, 2, 3):
        write_video(tmp_path / f"{n}.mp4", n)
    one, two, three = explain_videos(model(), [tmp_path / f"{n}.mp4" for n in (1, 2, 3)], batch_size=3)
    assert str(two) == f"{tmp_path}/2.mp4: not enough memory; the other videos are not concerned"
    assert (one.z[1], three.z[1]) == (0.5, 1.5)


def test_the_next_video_is_looked_at_while_the_caller_has_the_last(encoders, tmp_path, monkeypatch):
    looked, second = [], Event()

    def prepare(clip, poses):
        looked.append(clip.clip_id)
        if len(looked) == 2:
            second.set()
        return counted(clip, poses)

    given = Backbone(prepare, lambda inputs: inputs)
    monkeypatch.setattr("dance_core.new_video.explainer.load_backbone", lambda settings: given)
    for n in range(1, 6):
        write_video(tmp_path / f"{n}.mp4", n)
    results = explain_videos(model(), [tmp_path / f"{n}.mp4" for n in range(1, 6)])
    assert looked == []
    next(results)
    assert second.wait(10)
    results.close()
    assert looked in (["1", "2"], ["1", "2", "3"])  # what waits is bounded, and dropped with the caller


def test_a_file_that_may_not_be_read_is_named(encoders, video, monkeypatch):
    monkeypatch.setattr("dance_core.new_video.explainer.os.access", lambda path, mode: False)
    assert [str(error) for error in explain_videos(model(), [video])] == [
        f"{video}: you have no permission to read it; change that, or give a copy of your own"
    ]


def test_an_error_without_words_says_its_kind(tmp_path):
    assert str(named_error(tmp_path / "a.mp4", MemoryError())) == (
        f"{tmp_path}/a.mp4: MemoryError; the other videos are not concerned"
    )


def test_nobody_in_the_video_is_a_warning(encoders, video):
    encoders[0].present = False
    found = explain_video(model(), video)
    assert found.z.tolist() == [3.0, 0.0, 2.0]
    assert found.warnings == (
        "fixed found no person in any of the 5 sampled frames; the middle of the picture was looked at in their place",
    )


def test_a_video_with_fewer_frames_than_the_backbone_needs_is_a_warning(encoders, tmp_path):
    write_video(tmp_path / "two.mp4", 2)
    assert explain_video(model(), tmp_path / "two.mp4").warnings == (
        "the backbone needs 3 frames but the video has 2; the nearest stand in for others",
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


@pytest.mark.parametrize(("present", "taken"), [(True, "cuda"), (False, "auto")])
def test_a_model_that_a_gpu_trained_runs_where_there_is_none(encoders, monkeypatch, caplog, present, taken):
    monkeypatch.setattr("torch.cuda.is_available", lambda: present)
    Explainer(model(backbone={"name": "efficientnet", "frames": 3, "device": "cuda"}))
    assert encoders[1][0][1].device == taken
    told = "the model was trained on the device 'cuda', which is absent here; taking another"
    assert (told in caplog.text) == (not present)


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
        ({"backbone": {"name": "efficientnet", "frames": "3"}}, "backbone.frames: '3', where one like 16 is expected"),
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


def own_encoder(place):
    """A backbone in a folder, and a model that was trained with it."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "model.safetensors").write_bytes(b"weights")
    (place / "config.json").write_text("{}")
    settings = {"name": "videomae", "model": str(place), "frames": 3}
    return replace(model(families=["scene"], backbone=settings), encoders=model_encoders([], [settings]))


def test_an_encoder_that_changed_since_the_training_is_refused_with_both_digests(encoders, tmp_path):
    trained = own_encoder(tmp_path / "vm")
    Explainer(trained)
    assert encoders[1][0][1].model == str(tmp_path / "vm")
    (tmp_path / "vm" / "model.safetensors").write_bytes(b"others")
    before, after = (sha256(text).hexdigest()[:12] for text in (b"weights", b"others"))
    with pytest.raises(
        ValueError, match=f"backbone.model 'vm': .*'model.safetensors' of sha256 {before}… but .*{after}…"
    ):
        Explainer(trained)
    (tmp_path / "vm" / "model.safetensors").unlink()
    with pytest.raises(
        ValueError, match=rf"of sha256 {before}… but the one here has \(absent\); put the encoder of the"
    ):
        Explainer(trained)


def test_an_encoder_of_another_place_is_found_in_the_weights(encoders, tmp_path):
    trained = own_encoder(tmp_path / "vm")
    (tmp_path / "vm").rename(tmp_path / "gone")
    with pytest.raises(
        ValueError, match="is not on this machine, nor is 'weights/vm'; put it there, or name the folder"
    ):
        Explainer(trained)
    (tmp_path / "gone").rename(tmp_path / "weights" / "vm")
    Explainer(trained)
    assert encoders[1][0][1].model == "weights/vm"
    (tmp_path / "weights" / "vm" / "config.json").write_text("[]")
    with pytest.raises(ValueError, match=r"backbone\.model 'vm': the model was trained with a 'config.json' of sha256"):
        Explainer(trained)


def test_another_commit_of_a_hub_id_is_refused(encoders):
    settings = {"name": "videomae", "model": "a/b", "revision": "1" * 40, "frames": 3}
    trained = replace(model(families=["scene"], backbone=settings), encoders={"a/b": {"revision": "1" * 40}})
    Explainer(trained)
    other = replace(trained, encoders={"a/b": {"revision": "2" * 40}})
    with pytest.raises(ValueError, match=f"of commit {'2' * 12}… but the one here has {'1' * 12}…"):
        Explainer(other)


def test_a_model_of_the_pose_estimator_is_checked_too(encoders, tmp_path):
    (tmp_path / "net.tflite").write_bytes(b"net")
    poses = {"estimator": "movenet", "model": str(tmp_path / "net.tflite")}
    trained = replace(
        model(poses=poses), encoders={**model().encoders, "net.tflite": {"net.tflite": sha256(b"net").hexdigest()}}
    )
    Explainer(trained)
    (tmp_path / "net.tflite").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"poses\.model 'net.tflite': the model was trained with"):
        Explainer(trained)


@pytest.mark.parametrize("key", ["model", "detector"])
def test_a_pose_network_among_the_weights_is_checked_by_its_bare_name(encoders, tmp_path, key):
    (tmp_path / "weights" / "net.onnx").write_bytes(b"net")
    poses = {"estimator": "rtmlib", key: "net.onnx"}
    digests = {"net.onnx": {"net.onnx": sha256(b"net").hexdigest()}}
    trained = replace(model(poses=poses), encoders={**model().encoders, **digests})
    Explainer(trained)
    assert getattr(encoders[1][-1][1], key) == "weights/net.onnx"
    (tmp_path / "weights" / "net.onnx").write_bytes(b"other")
    with pytest.raises(ValueError, match=rf"poses\.{key} 'net.onnx': the model was trained with"):
        Explainer(trained)


def test_poses_are_estimated_on_the_processor_where_their_runtime_cannot_reach_the_gpu(
    encoders, tmp_path, monkeypatch, caplog
):
    asked = []

    def estimator(settings):
        asked.append(settings.device)
        if settings.device != "cpu":
            raise ValueError("poses: onnxruntime cannot run on 'cuda' here; run 'pip install onnxruntime-gpu'")
        return encoders[0]

    monkeypatch.setattr(explainer, "pose_estimator", estimator)
    Explainer(model(), device="cuda")
    assert asked == ["cuda", "cpu"]
    assert encoders[1][0][1].device == "cuda"
    assert caplog.messages == ["poses: onnxruntime cannot run on 'cuda' here; poses are estimated on the processor"]


def test_an_estimator_that_cannot_run_anywhere_is_an_error(encoders, monkeypatch):
    def estimator(settings):
        raise ValueError(f"poses: no model for {settings.device}")

    monkeypatch.setattr(explainer, "pose_estimator", estimator)
    for device in (None, "cuda"):
        with pytest.raises(ValueError, match="poses: no model for cpu"):
            Explainer(model(), device=device)


def test_a_model_that_knows_no_digests_is_not_refused(encoders, tmp_path):
    Explainer(replace(own_encoder(tmp_path / "vm"), encoders={}))


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
    paths = ["boxing/boxing_p17.mp4#frames=0-19", "walking/walking_p19.mp4#frames=5-24"]
    rows = pd.DataFrame({"clip_id": ["a", "b"], "path": paths})
    rows = probe_clips(rows.assign(label="", split="test", group=""), source)
    poses, _ = estimate_poses(rows, source, PoseSettings(**seen.settings["poses"], weights=WEIGHTS))
    told = BackboneSettings(**seen.settings["backbone"], weights=WEIGHTS)
    features = FeatureStore(backbone_features(rows, source, poses.groupby("clip_id"), told))
    expected = seen.logits(features.matrix(["a", "b"]))
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
    features = FeatureStore.read((DEMO / "backbone_features").glob("*.parquet")).matrix(list(rows["clip_id"]))
    paths = [ROOT / "data" / "demo" / path for path in rows["path"]]
    found = np.stack([entry.logits for entry in explain_videos(trained, paths, WEIGHTS)])
    assert np.abs(found - trained.logits(features)).max() < 1e-4
