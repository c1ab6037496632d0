"""Features from a user's own file: Parquet, npz, or safetensors and .pt with the keys in a JSON file beside them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from dance_core.networks.torch_files import read_torch_tensor
from dance_core.tables import matrix, read_json, read_table, read_tensors

Rows = tuple[list[str], np.ndarray]


def read_features(path: str | Path, key: str, place: str) -> dict[str, np.ndarray]:
    """Read one feature vector per key.

    Args:
        path: One of: a .parquet file with the columns `key` and "features"; an .npz file with the arrays `key` (n
            texts) and "features" [n, d]; a .safetensors file with the tensor "features" [n, d], or a .pt file that
            holds one tensor [n, d] as those of the authors' release do, either with a .json file of the same stem
            beside it that lists the n keys.
        key: What the rows are called: "clip_id" or "concept".
        place: What the setting is called in errors.

    Returns:
        float32 features of shape (d,) by key.

    Raises:
        ValueError: The file is absent or of another kind, keys and rows differ in number, or a key occurs twice.
    """
    path = Path(path)
    kinds = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
    if not path.is_file():
        raise ValueError(f"{place}: file '{path}' is absent; name a {kinds} file of features")
    if path.suffix not in _READERS:
        raise ValueError(f"{place}: '{path}' is of an unknown kind; use {kinds}")
    keys, features = _READERS[path.suffix](path, key)
    if features.ndim != 2 or len(keys) != len(features):
        raise ValueError(f"{path}: {len(keys)} keys but features of shape {features.shape}; one row per key is needed")
    table = dict(zip(keys, features.astype(np.float32), strict=True))
    if len(table) < len(keys):
        twice = next(name for name in keys if keys.count(name) > 1)
        raise ValueError(f"{path}: {key} '{twice}' occurs twice; keep one row of it")
    return table


def _parquet(path: Path, key: str) -> Rows:
    table = read_table(path)
    absent = [name for name in (key, "features") if name not in table.columns]
    if absent:
        raise ValueError(f"{path}: column '{absent[0]}' is absent; the file has {list(table.columns)}")
    return [str(name) for name in table[key]], matrix(table["features"])


def _npz(path: Path, key: str) -> Rows:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # a broken archive, or objects that would have to run code
        raise ValueError(
            f"{path}: refused, it is not an archive of plain arrays ({error}); write it with numpy.savez, the keys as "
            "an array of str"
        ) from error
    absent = [name for name in (key, "features") if name not in arrays]
    if absent:
        raise ValueError(f"{path}: array '{absent[0]}' is absent; the file has {sorted(arrays)}")
    return [str(name) for name in arrays[key]], arrays["features"]


def _safetensors(path: Path, key: str) -> Rows:
    tensors = read_tensors(path)
    if "features" not in tensors:
        raise ValueError(f"{path}: tensor 'features' is absent; the file has {sorted(tensors)}")
    return _keys_beside(path), tensors["features"]


def _torch_tensor(path: Path, key: str) -> Rows:
    return _keys_beside(path), read_torch_tensor(path)


def _keys_beside(path: Path) -> list[str]:
    """Read the keys of a file that can hold none itself."""
    keys = path.with_suffix(".json")
    if not keys.is_file():
        raise ValueError(f"{path}: '{keys.name}' with the list of its rows is absent beside it; write one key per row")
    return [str(name) for name in read_json(keys)]


_READERS: dict[str, Callable[[Path, str], Rows]] = {
    ".parquet": _parquet,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".pt": _torch_tensor,
}
SUFFIXES = tuple(_READERS)
