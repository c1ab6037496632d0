"""Features from a user's own file: Parquet, or safetensors with the keys in a JSON file beside it."""

from pathlib import Path

import numpy as np

from dance_core.tables import matrix, read_json, read_table, read_tensors


def read_features(path: str | Path, key: str, place: str) -> dict[str, np.ndarray]:
    """Read one feature vector per key.

    Args:
        path: Either a .parquet file with the columns `key` and "features", or a .safetensors file with the tensor
            "features" [n, d] and beside it a .json file of the same stem with the list of the n keys.
        key: What the rows are called: "clip_id" or "concept".
        place: What the setting is called in errors.

    Returns:
        float32 features of shape (d,) by key.

    Raises:
        ValueError: The file is absent or of another kind, keys and rows differ in number, or a key occurs twice.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{place}: file '{path}' is absent; name a .parquet or .safetensors file of features")
    if path.suffix not in (".parquet", ".safetensors"):
        raise ValueError(f"{place}: '{path}' is of an unknown kind; use .parquet or .safetensors")
    keys, features = _parquet(path, key) if path.suffix == ".parquet" else _safetensors(path)
    if features.ndim != 2 or len(keys) != len(features):
        raise ValueError(f"{path}: {len(keys)} keys but features of shape {features.shape}; one row per key is needed")
    table = dict(zip(keys, features.astype(np.float32), strict=True))
    if len(table) < len(keys):
        twice = next(name for name in keys if keys.count(name) > 1)
        raise ValueError(f"{path}: {key} '{twice}' occurs twice; keep one row of it")
    return table


def _parquet(path: Path, key: str) -> tuple[list[str], np.ndarray]:
    table = read_table(path)
    absent = [name for name in (key, "features") if name not in table.columns]
    if absent:
        raise ValueError(f"{path}: column '{absent[0]}' is absent; the file has {list(table.columns)}")
    return [str(name) for name in table[key]], matrix(table["features"])


def _safetensors(path: Path) -> tuple[list[str], np.ndarray]:
    tensors, keys = read_tensors(path), path.with_suffix(".json")
    if "features" not in tensors:
        raise ValueError(f"{path}: tensor 'features' is absent; the file has {sorted(tensors)}")
    if not keys.is_file():
        raise ValueError(f"{path}: '{keys.name}' with the list of its rows is absent beside it; write one key per row")
    return [str(name) for name in read_json(keys)], tensors["features"]
