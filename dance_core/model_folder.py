"""The two files of a stored model: whole and fitting each other, or refused with what is wrong."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from dance_core.tables import read_json, read_tensors, write_json, write_tensors

FORMAT_VERSION = 1
TENSORS = "model.safetensors"
DOCUMENT = "model.json"
PARTS = {"classes": list, "concepts": list, "encoders": dict, "settings": dict, "certificate": dict, "versions": dict}
CONCEPT_PARTS = {"family": str, "id": int, "name": str, "extra": dict}


def write_model_files(folder: str | Path, tensors: Mapping[str, np.ndarray], parts: Mapping[str, Any]) -> None:
    """Write the tensors, and a document that knows which tensors it belongs to.

    Args:
        folder: Where to; it is made.
        tensors: Arrays by name.
        parts: Everything else, by the names of `PARTS`.
    """
    write_tensors(Path(folder) / TENSORS, tensors)
    digest = sha256((Path(folder) / TENSORS).read_bytes()).hexdigest()
    write_json(Path(folder) / DOCUMENT, {"format_version": FORMAT_VERSION, "tensors_sha256": digest, **parts})


def read_model_files(folder: str | Path, names: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `write_model_files` wrote.

    Args:
        folder: Folder of the model.
        names: Tensors that it must hold, no more and no less.

    Returns:
        Arrays by name, and the document.

    Raises:
        ValueError: A file is absent, damaged, of another format version, or does not belong to the other.
    """
    folder = Path(folder)
    for file in (TENSORS, DOCUMENT):
        if not (folder / file).is_file():
            raise ValueError(f"{folder}: {file} is absent; give the folder that the stage sparse_classifier wrote")
    document = read_json(folder / DOCUMENT)
    _expect_version(folder / DOCUMENT, document)
    _expect_parts(f"{folder / DOCUMENT}:", document, PARTS)
    for index, concept in enumerate(document["concepts"]):
        _expect_parts(f"{folder / DOCUMENT}: concept {index}:", concept, CONCEPT_PARTS)
    classes = document["classes"]
    if not all(isinstance(name, str) for name in classes) or len(set(classes)) < len(classes):
        raise ValueError(f"{folder / DOCUMENT}: 'classes' holds {classes}; expected names that all differ")
    tensors = dict(read_tensors(folder / TENSORS))
    if sorted(tensors) != sorted(names):
        raise ValueError(f"{folder / TENSORS}: holds {sorted(tensors)}; expected {sorted(names)}; train again")
    # Models of earlier software do not say it.
    meant = document.get("tensors_sha256")
    found = sha256((folder / TENSORS).read_bytes()).hexdigest()
    if meant not in (None, found):
        raise ValueError(
            f"{folder / TENSORS}: has sha256 {found[:12]}… but {DOCUMENT} belongs to one of {str(meant)[:12]}…; "
            "take both files from the same model"
        )
    return tensors, document


def _expect_version(path: Path, document: Any) -> None:
    """Refuse a document that another version of the format wrote."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if version == FORMAT_VERSION:
        return
    newer = isinstance(version, int) and version > FORMAT_VERSION
    cure = "use newer software, or train the model again with this one" if newer else "train the model again"
    raise ValueError(
        f"{path}: format version {version} is unknown; this software reads version {FORMAT_VERSION}; {cure}"
    )


def _expect_parts(place: str, document: Any, parts: Mapping[str, type]) -> None:
    """Refuse a document whose parts are absent, of another kind, or more than expected where all are known."""
    if not isinstance(document, dict):
        raise ValueError(f"{place} is a {type(document).__name__}; expected {', '.join(parts)}; take the original file")
    for name, kind in parts.items():
        if not isinstance(document.get(name), kind):
            found = f"is a {type(document[name]).__name__}" if name in document else "is absent"
            raise ValueError(f"{place} '{name}' {found}; expected a {kind.__name__}; take the original file")
