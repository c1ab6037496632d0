"""Choosing a device."""

import pytest
import torch

from dance_core.devices import device_or_auto, pick_device


def test_a_cpu_is_always_there_and_runs_on_one_thread():
    assert pick_device("cpu") == torch.device("cpu")
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_the_fastest_that_is_present(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert pick_device("auto") == torch.device(expected)


def test_an_absent_device_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError) as error:
        pick_device("cuda")
    assert str(error.value) == (
        f"device 'cuda' is asked for but torch {torch.__version__} finds none here; set device: auto or cpu in "
        "each section that asks for it (--device on the command line), or install a torch that was built for it"
    )


def test_the_device_of_another_machine_is_kept_where_it_is_here_too(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for present, kept in ((True, "cuda"), (False, "auto")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda present=present: present)
        assert device_or_auto("cuda") == kept
        assert [device_or_auto(name) for name in ("auto", "cpu", "mps", "gpu")] == ["auto", "cpu", "auto", "gpu"]


def test_an_unknown_device_is_an_error():
    with pytest.raises(ValueError, match="device 'gpu' is unknown; use one of: auto, cpu, cuda, mps"):
        pick_device("gpu")
