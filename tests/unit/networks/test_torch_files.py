"""Files of torch are read without running what is in them."""

import argparse
import pickle

import pytest
import torch

from dance_core.networks.torch_files import read_torch, read_torch_tensor


def test_tensors_and_plain_values(tmp_path):
    torch.save({"model": {"w": torch.ones(2)}, "epoch": 3, "args": argparse.Namespace(lr=0.1)}, tmp_path / "a.pth")
    content = read_torch(tmp_path / "a.pth")
    assert content["model"]["w"].tolist() == [1, 1] and content["args"].lr == 0.1


def test_one_tensor(tmp_path):
    torch.save(torch.arange(3).half(), tmp_path / "a.pt")
    values = read_torch_tensor(tmp_path / "a.pt")
    assert values.dtype == "float32" and values.tolist() == [0, 1, 2]
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"a\.pt: holds dict; it must be one dense tensor of floating-point numbers"):
        read_torch_tensor(tmp_path / "a.pt")


def test_code_and_absent_files(tmp_path):
    (tmp_path / "a.pt").write_bytes(pickle.dumps(print))
    with pytest.raises(ValueError, match=r"a\.pt: refused, it is not a plain tensor file; save one dense tensor with"):
        read_torch(tmp_path / "a.pt")
    with pytest.raises(ValueError, match=r"b\.pt: the file is absent"):
        read_torch(tmp_path / "b.pt")
