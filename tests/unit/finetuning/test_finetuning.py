"""Fine-tuning through the real path: it learns, resumes with the same bits, and reads train and val only."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from dance_core.backbones import BackboneSettings, load_backbone
from dance_core.finetuning import AugmentationSettings, finetune, finetune_settings, read_job, run_job, trainer
from dance_core.finetuning.checkpoints import Checkpoints
from dance_core.networks.clip_frames import readable_clips
from dance_core.networks.encoder_registry import encoder_registry
from dance_core.tables import read_json, read_table, write_json, write_table
from tests.unit.finetuning.moving_squares import job, write_model, write_set
from tests.unit.networks.memory_clip import features_of
from tests.unit.networks.tiny_encoders import SAVERS

# Everything that is drawn, averaged or adapted, so that a resumed run has much to get wrong.
BUSY = {
    "epochs": 3,
    "repeats": 2,
    "augmentation": AugmentationSettings(),
    "drop_path": 0.3,
    "ema_decay": 0.9,
    "maximum_gradient_norm": 0.5,
    "batch_size": 6,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """64 train and 32 val clips; the test clips that the manifest lists do not exist."""
    folder = tmp_path_factory.mktemp("squares")
    write_set(folder, 64, 32)
    return folder


@pytest.fixture(scope="module")
def small(data, tmp_path_factory):
    """A set of 20 train clips, and a model to start from."""
    folder = tmp_path_factory.mktemp("small")
    write_set(folder, 20, 6)
    return folder, write_model(folder / "model")


def weights(folder):
    return load_file(folder / "finetuned" / "model.safetensors")


def assert_same_bits(one, two):
    one, two = weights(one), weights(two)
    assert one.keys() == two.keys()
    assert not [name for name in one if not torch.equal(one[name], two[name])]


@pytest.fixture(scope="module")
def learnt(data, small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("learnt")
    finetune(job(data, folder, model=str(small[1]), epochs=7, learning_rate=0.03))
    return folder


def test_motion_is_learnt_that_no_single_picture_shows(learnt):
    record = read_json(learnt / "finetuning.json")
    assert record["val_top1"] > 0.9
    assert (record["n_train"], record["n_val"], record["classes"]) == (64, 32, ["left", "right"])


def test_the_log_has_a_row_for_each_epoch_and_the_best_is_kept(learnt):
    log = read_table(learnt / "finetuned" / "log.parquet")
    record = read_json(learnt / "finetuning.json")
    assert list(log.columns) == ["epoch", "learning_rate", "train_loss", "val_loss", "val_top1", "seconds"]
    assert log["epoch"].tolist() == list(range(1, record["epochs"] + 1))
    best = log.sort_values(["val_top1", "val_loss"], ascending=[False, True]).iloc[0]
    assert (record["best_epoch"], record["val_top1"]) == (best["epoch"], best["val_top1"])
    assert log["train_loss"].iloc[-1] < log["train_loss"].iloc[0] / 2
    assert not (learnt / "checkpoints").exists()


def test_the_backbone_loads_the_folder_and_gives_what_the_best_epoch_saw(learnt, data):
    backbone = load_backbone(BackboneSettings(name="videomae", model=str(learnt / "finetuned"), frames=4, device="cpu"))
    manifest = read_table(data / "manifest.parquet")
    val = manifest[manifest["split"] == "val"]
    features = np.stack([features_of(backbone, clip) for clip in readable_clips(val, data)])
    stored = weights(learnt)
    assert features.shape == (32, stored["classifier.weight"].shape[1])
    logits = features @ stored["classifier.weight"].numpy().T + stored["classifier.bias"].numpy()
    right = np.array(["left", "right"])[logits.argmax(1)] == val["label"].to_numpy()
    assert right.mean() == read_json(learnt / "finetuning.json")["val_top1"]


def test_test_clips_are_never_read_and_their_labels_change_nothing(small, tmp_path):
    data, model = small
    manifest = read_table(data / "manifest.parquet")
    assert not any((data / path).exists() for path in manifest.loc[manifest["split"] == "test", "path"])
    changed = tmp_path / "changed.parquet"
    write_table(changed, manifest.assign(label=np.where(manifest["split"] == "test", "left", manifest["label"])))
    finetune(job(data, tmp_path / "one", model=str(model)))
    finetune(replace(job(data, tmp_path / "two", model=str(model)), manifest=str(changed)))
    assert_same_bits(tmp_path / "one", tmp_path / "two")


class Killed(BaseException):
    """What stops a process in the middle."""


@pytest.fixture(scope="module")
def straight(small, tmp_path_factory):
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("straight")
    finetune(job(small[0], folder, model=str(small[1]), **BUSY))
    return folder


def killed(work, step):
    """Run a job until a step, with a checkpoint of every step."""
    save = Checkpoints.save

    def save_and_die(self, progress, tensors, numbers):
        save(self, progress, tensors, numbers)
        if progress.step == step:
            raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Checkpoints, "save", save_and_die)
        finetune(work)


@pytest.mark.parametrize("step", [1, 3, 8])
def test_a_killed_run_goes_on_with_the_same_bits(small, straight, tmp_path, monkeypatch, step):
    data, model = small
    again = job(data, tmp_path, model=str(model), checkpoint_minutes=0.0, **BUSY)
    killed(again, step)
    assert not (tmp_path / "finetuned").exists()
    learnt = []
    step_of = trainer.Trainer._step

    def noted(self, number, *rest):
        learnt.append(number)
        step_of(self, number, *rest)

    monkeypatch.setattr(trainer.Trainer, "_step", noted)
    finetune(again)
    assert learnt == list(range(step, 9))
    assert_same_bits(straight, tmp_path)
    logs = [read_table(folder / "finetuned" / "log.parquet").drop(columns="seconds") for folder in (straight, tmp_path)]
    assert logs[0].equals(logs[1])


def test_workers_change_no_bit_and_parts_nothing_but_rounding(small, straight, tmp_path):
    data, model = small
    finetune(job(data, tmp_path / "workers", workers=2, model=str(model), **BUSY))
    assert_same_bits(straight, tmp_path / "workers")
    finetune(job(data, tmp_path / "parts", model=str(model), accumulation=3, **BUSY))
    one, parts = weights(straight), weights(tmp_path / "parts")
    for name in one:
        torch.testing.assert_close(one[name], parts[name], atol=1e-4, rtol=1e-4)


def test_checkpoints_of_other_settings_are_not_used(small, straight, tmp_path, caplog):
    data, model = small
    finished = job(data, tmp_path, model=str(model), **BUSY)
    stranger = Checkpoints(finished.checkpoints, "another run", 1)
    stranger.save(trainer.Progress(step=4), {}, {})
    with caplog.at_level("INFO"):
        finetune(finished)
    assert "belongs to other settings or clips; starting anew" in caplog.text
    assert_same_bits(straight, tmp_path)


@pytest.mark.parametrize("changed", ["train_000.mp4", "weights/videomae-small-finetuned-kinetics/config.json"])
def test_another_file_behind_a_range_or_a_name_of_the_registry_is_noticed(tmp_path, monkeypatch, caplog, changed):
    manifest = write_set(tmp_path, 8, 2)
    ranges = manifest.assign(path=manifest["path"] + "#frames=0-9", n_frames=10)
    write_table(tmp_path / "manifest.parquet", ranges)
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path / "weights/videomae-small-finetuned-kinetics")
    started = job(tmp_path, tmp_path / "run", model="videomae-small-finetuned-kinetics", checkpoint_minutes=0.0)
    killed(started, 1)
    os.utime(tmp_path / changed, (1, 1))
    with caplog.at_level("INFO"):
        finetune(started)
    assert "belongs to other settings or clips; starting anew" in caplog.text
    assert read_json(tmp_path / "run/finetuning.json")["settings"]["model"] == "videomae-small-finetuned-kinetics"


def test_a_run_goes_on_where_gradients_are_scaled_though_they_were_not(small, tmp_path, monkeypatch):
    data, model = small
    moved = job(data, tmp_path, model=str(model), checkpoint_minutes=0.0)
    killed(moved, 1)
    scaler = torch.amp.GradScaler
    monkeypatch.setattr(torch.amp, "GradScaler", lambda device, enabled: scaler(device, enabled=True))
    finetune(moved)
    assert read_json(tmp_path / "finetuning.json")["epochs"] == 2


def test_training_ends_when_val_gains_no_more(small, tmp_path):
    data, model = small
    finetune(job(data, tmp_path, model=str(model), epochs=9, patience=2, learning_rate=0.0, minimum_learning_rate=0.0))
    record = read_json(tmp_path / "finetuning.json")
    assert (record["best_epoch"], record["epochs"]) == (1, 3)
    start, end = load_file(model / "model.safetensors"), weights(tmp_path)
    assert not [name for name in start if not torch.equal(start[name], end[name])]


def test_an_average_of_weights_is_what_is_judged_and_kept(small, tmp_path):
    data, model = small
    common = {"model": str(model), "epochs": 1, "learning_rate": 0.1, "warmup_epochs": 0}
    finetune(job(data, tmp_path / "plain", **common))
    finetune(job(data, tmp_path / "still", ema_decay=1.0, **common))
    plain, still = weights(tmp_path / "plain"), weights(tmp_path / "still")
    start = load_file(model / "model.safetensors")
    name = "videomae.encoder.layer.0.output.dense.weight"
    # The average starts at the weights after the first step and never moves on.
    assert (plain[name] - start[name]).abs().mean() > (still[name] - start[name]).abs().mean() > 0


def test_a_loss_that_is_no_number_is_told(small, tmp_path):
    data, model = small
    with pytest.raises(
        ValueError, match=r"the train loss is (nan|inf) after step 2; lower finetuning.learning_rate, or set"
    ):
        finetune(job(data, tmp_path, model=str(model), learning_rate=1e30, warmup_epochs=0))
    # An epoch of five steps need not end before it is noticed: the first checkpoint that is due will do.
    often = {"batch_size": 4, "learning_rate": 1e30, "warmup_epochs": 0, "checkpoint_minutes": 0.0}
    with pytest.raises(ValueError, match=r"the train loss is (nan|inf) after step [23]; lower"):
        finetune(job(data, tmp_path, model=str(model), **often))


@pytest.mark.parametrize(
    "name", ["timesformer-base-finetuned-kinetics", "vivit-base-finetuned-kinetics", "vjepa2-large-finetuned-ssv2"]
)
def test_other_video_classifiers_are_taught_and_then_loaded_as_backbones(small, tmp_path, name):
    data, frames = small[0], encoder_registry()[name].frames
    SAVERS[name](tmp_path / "model")
    finetune(job(data, tmp_path, model=str(tmp_path / "model"), frames=frames, epochs=1, drop_path=0.2))
    folder = str(tmp_path / "finetuned")
    backbone = load_backbone(BackboneSettings(name="transformers_video", model=folder, frames=frames, device="cpu"))
    clip = next(readable_clips(read_table(data / "manifest.parquet"), data))
    assert features_of(backbone, clip).shape == (weights(tmp_path)["classifier.weight"].shape[1],)


def test_full_memory_is_told(small, tmp_path, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError

    data, model = small
    monkeypatch.setattr(trainer, "cross_entropy", full)
    with pytest.raises(ValueError, match=r"does not suffice for 8 clips at once; raise finetuning.accumulation$"):
        finetune(job(data, tmp_path, model=str(model)))


def test_a_job_can_be_written_and_read(small, tmp_path):
    described = job(small[0], tmp_path, model="x", **BUSY)
    document = {**vars(described), "settings": {**vars(described.settings)}}
    document["settings"]["augmentation"] = vars(described.settings.augmentation)
    write_json(tmp_path / "job.json", document)
    assert read_job(tmp_path / "job.json") == described
    assert finetune_settings(document["settings"]) == described.settings


def test_two_processes_learn_from_the_same_batches_as_one(small, tmp_path):
    pytest.importorskip("accelerate", reason="the extra 'finetune' is not installed")
    data, model = small
    changes = {"epochs": 10, "batch_size": 6, "drop_path": 0.1, "repeats": 2, "learning_rate": 0.04}
    one, two = (job(data, tmp_path / name, model=str(model), **changes) for name in ("one", "two"))
    run_job(one)
    run_job(two, n_processes=2)
    assert read_json(tmp_path / "two/finetuning.json")["processes"] == 2
    logs = [read_table(tmp_path / name / "finetuned/log.parquet") for name in ("one", "two")]
    np.testing.assert_allclose(logs[1]["train_loss"], logs[0]["train_loss"], rtol=1e-4)
    np.testing.assert_array_equal(logs[1]["val_top1"], logs[0]["val_top1"])
    assert logs[1]["train_loss"].iloc[-1] < 0.8 * logs[1]["train_loss"].iloc[0]
    first, second = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in first:
        torch.testing.assert_close(first[name], second[name], atol=1e-4, rtol=1e-4)
    assert not (tmp_path / "two" / "checkpoints").exists()
