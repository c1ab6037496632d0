"""Alone, or with others that must be there."""

import pytest
import torch

from dance_core.finetuning import team


def test_alone_nothing_is_exchanged():
    alone = team.join("cpu")
    model, values = torch.nn.Linear(2, 2), torch.ones(2)
    assert (alone.rank, alone.size, alone.device.type) == (0, 1, "cpu")
    assert alone.wrapped(model) is model
    assert alone.total(values) is values
    with alone.apart(model):
        alone.leave()


def test_an_absent_package_is_told(monkeypatch):
    monkeypatch.setattr(team, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError,
        match=r"processes is 2 but the package 'accelerate' is absent; run 'pip install accelerate==1.15.0' or",
    ):
        team.launch("dance_core.finetuning", "job.json", 2)


def test_more_processes_than_cards_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setattr(team, "pick_device", torch.device)
    monkeypatch.setattr(team.torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError, match=r"processes is 4 but torch finds 2 GPUs here; set finetuning.processes to th"):
        team.join("cuda")


def test_a_failed_process_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(team, "find_spec", lambda name: object())
    monkeypatch.setattr(team.sys, "executable", "/bin/false")
    with pytest.raises(ValueError, match=r"one of 2 processes failed \(status 1\); its reason stands above"):
        team.launch("dance_core.finetuning", tmp_path / "job.json", 2)
