"""Features from files of a user."""

import numpy as np
import pandas as pd
import pytest
import torch

from dance_core.networks.feature_files import read_features
from dance_core.tables import write_json, write_table, write_tensors

FEATURES = np.arange(6, dtype=np.float64).reshape(2, 3)


def parquet(path, **columns):
    write_table(path, pd.DataFrame(columns))
    return path


def test_parquet(tmp_path):
    path = parquet(tmp_path / "f.parquet", clip_id=["b", "a"], features=list(FEATURES))
    features = read_features(path, "clip_id", "backbone.model")
    assert list(features) == ["b", "a"]
    assert features["a"].tolist() == [3, 4, 5] and features["a"].dtype == np.float32


def test_safetensors_with_its_list_of_keys(tmp_path):
    write_tensors(tmp_path / "f.safetensors", {"features": FEATURES})
    write_json(tmp_path / "f.json", ["b", "a"])
    assert read_features(tmp_path / "f.safetensors", "clip_id", "backbone.model")["b"].tolist() == [0, 1, 2]


def test_npz(tmp_path):
    np.savez(tmp_path / "f.npz", concept=["ball", "dog"], features=FEATURES)
    features = read_features(tmp_path / "f.npz", "concept", "dual_encoder.model")
    assert {name: row.tolist() for name, row in features.items()} == {"ball": [0, 1, 2], "dog": [3, 4, 5]}


def test_a_tensor_of_the_release_with_its_list_of_keys(tmp_path):
    torch.save(torch.from_numpy(FEATURES), tmp_path / "f.pt")
    write_json(tmp_path / "f.json", ["b", "a"])
    assert read_features(tmp_path / "f.pt", "clip_id", "backbone.model")["a"].tolist() == [3, 4, 5]


class Harmful:
    def __reduce__(self):
        return exec, ("raise SystemExit('code of a file was run')",)


def test_objects_in_a_file_are_never_made(tmp_path):
    np.savez(tmp_path / "f.npz", clip_id=np.array([Harmful()], object), features=FEATURES[:1])
    with pytest.raises(
        ValueError, match=r"f\.npz: refused, it is not an archive of plain arrays .*; write it with num"
    ):
        read_features(tmp_path / "f.npz", "clip_id", "backbone.model")
    torch.save([Harmful()], tmp_path / "f.pt")
    write_json(tmp_path / "f.json", ["a"])
    with pytest.raises(ValueError, match=r"f\.pt: refused, it is not a plain tensor file; save one dense tensor"):
        read_features(tmp_path / "f.pt", "clip_id", "backbone.model")


def test_an_absent_array(tmp_path):
    np.savez(tmp_path / "f.npz", features=FEATURES)
    with pytest.raises(ValueError, match=r"array 'clip_id' is absent; the file has \['features'\]"):
        read_features(tmp_path / "f.npz", "clip_id", "backbone.model")


def test_an_absent_file(tmp_path):
    with pytest.raises(
        ValueError, match=r"backbone.model: file '.*f.parquet' is absent; name a .parquet, .npz, .safet"
    ):
        read_features(tmp_path / "f.parquet", "clip_id", "backbone.model")


def test_an_unknown_kind(tmp_path):
    (tmp_path / "f.pkl").write_bytes(b"")
    with pytest.raises(ValueError, match=r"f\.pkl' is of an unknown kind; use \.parquet, \.npz, \.safetensors or \.pt"):
        read_features(tmp_path / "f.pkl", "clip_id", "backbone.model")


def test_an_absent_column(tmp_path):
    path = parquet(tmp_path / "f.parquet", clip=["a"], features=[[1.0]])
    with pytest.raises(ValueError, match=r"f.parquet: column 'clip_id' is absent; the file has \['clip', 'features'\]"):
        read_features(path, "clip_id", "backbone.model")


def test_an_absent_tensor(tmp_path):
    write_tensors(tmp_path / "f.safetensors", {"x": FEATURES})
    with pytest.raises(ValueError, match=r"tensor 'features' is absent; the file has \['x'\]"):
        read_features(tmp_path / "f.safetensors", "clip_id", "backbone.model")


def test_an_absent_list_of_keys(tmp_path):
    write_tensors(tmp_path / "f.safetensors", {"features": FEATURES})
    with pytest.raises(ValueError, match=r"'f.json' with the list of its rows is absent beside it; write one key per"):
        read_features(tmp_path / "f.safetensors", "clip_id", "backbone.model")


def test_keys_and_rows_that_differ_in_number(tmp_path):
    write_tensors(tmp_path / "f.safetensors", {"features": FEATURES})
    write_json(tmp_path / "f.json", ["a"])
    with pytest.raises(ValueError, match=r"1 keys but features of shape \(2, 3\); one row per key is needed"):
        read_features(tmp_path / "f.safetensors", "clip_id", "backbone.model")


def test_a_key_that_occurs_twice(tmp_path):
    path = parquet(tmp_path / "f.parquet", clip_id=["a", "a"], features=list(FEATURES))
    with pytest.raises(ValueError, match="clip_id 'a' occurs twice; keep one row of it"):
        read_features(path, "clip_id", "backbone.model")
