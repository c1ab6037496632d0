from pathlib import Path

import pytest

from dance_core.poses.model_files import expect_file, model_path


def test_a_bare_name_lies_in_weights_unless_it_is_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert model_path("weights", "a.pt", "usual.pt") == Path("weights/a.pt")
    assert model_path("weights", None, "usual.pt") == Path("weights/usual.pt")
    assert model_path("weights", "models/a.pt", "usual.pt") == Path("models/a.pt")
    (tmp_path / "a.pt").touch()
    assert model_path("weights", "a.pt", "usual.pt") == Path("a.pt")


def test_an_absent_file_is_named_with_its_cure(tmp_path):
    (tmp_path / "here.pt").touch()
    expect_file(tmp_path / "here.pt")
    with pytest.raises(ValueError) as error:
        expect_file(tmp_path / "a.pt")
    assert str(error.value) == (
        f"poses: weights 'a.pt' are not at {tmp_path}/ and cannot be downloaded here; "
        "put the file there or set poses.estimator: blazepose"
    )
    with pytest.raises(ValueError) as error:
        expect_file(tmp_path / "a.pt", "rtmlib")
    assert str(error.value) == (
        f"poses: weights 'a.pt' are not at {tmp_path}/ and poses.download is false; put the file there, "
        "set poses.download: true to have rtmlib fetch it, or set poses.estimator: blazepose"
    )
