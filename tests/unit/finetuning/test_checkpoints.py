"""Checkpoints: whole, without pickle, of this run only, and bit for bit what was saved."""

import pytest
import torch

from dance_core.finetuning.checkpoints import (
    CHECKPOINT,
    Checkpoints,
    Progress,
    below,
    optimiser_tensors,
    restore_optimiser,
    with_prefix,
)

BEST = {"epoch": 2, "top1": 0.5, "loss": 1.25}
PROGRESS = Progress(step=7, loss=0.1 + 0.2, seconds=3.5, stale=1, best=BEST, rows=[{"epoch": 1, "val_top1": 0.25}])
TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(2.5)}


def checkpoints(folder, fingerprint="run", minutes=10.0):
    return Checkpoints(folder / "kept", fingerprint, minutes)


def test_what_was_saved_is_found_again(tmp_path):
    checkpoints(tmp_path).save(PROGRESS, TENSORS, {"scale": 65536.0})
    progress, tensors, numbers = checkpoints(tmp_path).latest()
    assert progress == PROGRESS
    assert numbers == {"scale": 65536.0}
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)


def test_nothing_is_found_where_nothing_is_or_of_another_run(tmp_path, caplog):
    assert checkpoints(tmp_path).latest() is None
    checkpoints(tmp_path).save(PROGRESS, TENSORS, {})
    with caplog.at_level("INFO"):
        assert checkpoints(tmp_path, "another").latest() is None
    assert "belongs to other settings or clips; starting anew" in caplog.text


def test_best_weights_stay_until_the_state_names_others(tmp_path):
    kept = checkpoints(tmp_path)
    kept.save_best(PROGRESS, TENSORS)
    kept.save(PROGRESS, TENSORS, {})
    later = Progress(step=9, best={**BEST, "epoch": 3})
    kept.save_best(later, {"b": torch.tensor(1.0)})
    # Killed here, the state on disk still finds its own best weights.
    assert torch.equal(kept.best_weights(PROGRESS)["b"], TENSORS["b"])
    kept.save(later, TENSORS, {})
    assert sorted(file.name for file in (tmp_path / "kept").iterdir()) == ["best_0003.safetensors", CHECKPOINT]
    assert torch.equal(kept.best_weights(later)["b"], torch.tensor(1.0))


@pytest.mark.parametrize("content", [b"", b"half of it", None])
def test_a_damaged_checkpoint_is_refused(tmp_path, content):
    kept = checkpoints(tmp_path)
    kept.save(PROGRESS, TENSORS, {})
    path = tmp_path / "kept" / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-4] if content is None else content)
    with pytest.raises(ValueError, match=r"not a whole checkpoint \(.*\); delete the folder '.*kept' to start anew"):
        kept.latest()


def test_deleting_takes_half_files_too_and_the_folder_if_it_is_empty(tmp_path):
    kept = checkpoints(tmp_path)
    kept.save(PROGRESS, TENSORS, {})
    (tmp_path / "kept" / ".checkpoint.safetensors.17.partial").touch()
    kept.delete()
    assert not (tmp_path / "kept").exists()
    kept.delete()


def test_a_checkpoint_is_due_after_its_minutes(tmp_path):
    assert checkpoints(tmp_path, minutes=0).is_due()
    assert not checkpoints(tmp_path, minutes=1).is_due()


def test_an_optimiser_goes_on_with_the_same_bits():
    def steps(weight, optimiser, count):
        for _ in range(count):
            optimiser.zero_grad()
            (weight * torch.tensor([1.0, -2.0]) + weight**2).sum().backward()
            optimiser.step()

    def made(values):
        weight = torch.nn.Parameter(torch.tensor(values))
        return weight, torch.optim.AdamW([{"params": [weight], "scale": 1.0}], lr=0.1)

    straight = made([0.5, 1.5])
    steps(*straight, 5)
    first = made([0.5, 1.5])
    steps(*first, 3)
    second = made(first[0].tolist())
    restore_optimiser(second[1], optimiser_tensors(first[1]))
    steps(*second, 2)
    assert torch.equal(straight[0], second[0])


def test_prefixes_are_put_and_taken():
    assert below("net", with_prefix("net", TENSORS) | {"network.b": torch.zeros(1)}).keys() == TENSORS.keys()
