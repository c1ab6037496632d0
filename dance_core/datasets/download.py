"""Data sets from where their authors put them: terms first, then only what is not there yet, checked and unpacked."""

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dance_core.datasets.archives import Renaming, refuse_unreadable, unpack
from dance_core.datasets.transfer import Patience, digest_of, fetch
from dance_core.language.names import nearest_hint
from dance_core.tables import write_json

SOURCES = Path(__file__).with_name("sources.yaml")
LOCK = "download.lock.json"
ARCHIVES = "archives"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set.

    Attributes:
        name: What it is called on disk.
        urls: Its addresses, tried in this order.
        size: About how many bytes it has, for the check of free space.
        into: Folder of its content, relative to the source folder.
        digest: Such as "sha256:5c0d…", or None where no trustworthy one is known.
        nested: Whether there are archives inside it.
        rename: Where members go that the official layout has elsewhere.
    """

    name: str
    urls: tuple[str, ...]
    size: int
    into: str
    digest: str | None = None
    nested: bool = False
    rename: Renaming | None = None


@dataclass(frozen=True)
class DataSource:
    """A data set and the terms it comes under.

    Attributes:
        title: As its authors write it.
        page: Its official page.
        terms: What its authors allow, in a sentence or two.
        unpacked: About how many bytes it has when unpacked.
        files: Its files; none where it has no plain address.
        instructions: How to get it by hand; "" where there are files.
    """

    title: str
    page: str
    terms: str
    unpacked: int = 0
    files: tuple[RemoteFile, ...] = ()
    instructions: str = ""


def data_sources() -> dict[str, DataSource]:
    """Read where the data sets come from.

    Returns:
        Sources by the name of their reader.
    """
    return {name: _source(entry) for name, entry in yaml.safe_load(SOURCES.read_text("utf-8")).items()}


def _source(entry: Mapping[str, Any]) -> DataSource:
    fields = dict(entry)
    fields["files"] = tuple(_remote_file(file) for file in fields.pop("files", ()))
    return DataSource(**fields)


def _remote_file(entry: Mapping[str, Any]) -> RemoteFile:
    rename = Renaming(**entry["rename"]) if "rename" in entry else None
    return RemoteFile(**{**entry, "urls": tuple(entry["urls"]), "rename": rename})


def download(name: str, folder: str | Path, accepted: str, patience: Patience | None = None) -> dict[str, Any]:
    """Download and unpack a data set into its official layout.

    Archives go to the sub-folder `archives`, which may be deleted afterwards; one that was put there by hand is taken
    as it is. What is whole is never fetched again: `download.lock.json` keeps the digest and the content of each file.

    Args:
        name: Reader of the data set, such as "kth".
        folder: The source folder.
        accepted: Data set whose terms the user has accepted; it must be this one.
        patience: How long servers are given.

    Returns:
        By file: url, size in bytes, digest and content.

    Raises:
        ValueError: The data set is unknown, has no plain address, or its terms are not accepted; the folder is absent,
            belongs to another data set or is too full; a file cannot be fetched, is another one, or cannot be unpacked.
    """
    source, folder = _accepted_source(name, Path(folder), accepted), Path(folder)
    _log.info("%s: %s", source.title, source.terms)
    lock = _read_lock(folder)
    files = [file for file in source.files if not _is_whole(file, folder, lock)]
    refuse_unreadable(file.name for file in files)
    _refuse_full_disk(source, files, folder)
    for file in source.files:
        if file not in files:
            _log.info("%s: whole, nothing to do", file.name)
            continue
        archive = folder / ARCHIVES / file.name
        if not archive.is_file():
            fetch(list(file.urls), archive, patience or Patience())
        lock[file.name] = _verified_entry(file, archive, lock.get(file.name, {}))
        write_json(folder / LOCK, lock)
        content = unpack(archive, folder / file.into, file.rename, file.nested)
        lock[file.name]["content"] = [(Path(file.into) / entry).as_posix() for entry in content]
        write_json(folder / LOCK, lock)
        _log.info("%s: unpacked into %s", file.name, folder / file.into)
    return {file.name: lock[file.name] for file in source.files}


def _accepted_source(name: str, folder: Path, accepted: str) -> DataSource:
    """Find a data set that can be downloaded and whose terms were accepted."""
    sources = data_sources()
    if name not in sources:
        raise ValueError(f"data set '{name}' is unknown{nearest_hint(name, sources)}; use one of {', '.join(sources)}")
    source = sources[name]
    if source.instructions:
        raise ValueError(
            f"{source.title} has to be fetched by hand. {source.instructions} Page: {source.page} Terms: {source.terms}"
        )
    if accepted != name:
        size = sum(file.size for file in source.files) / 1e9
        raise ValueError(
            f"{source.title} comes under these terms: {source.terms} See {source.page}. To accept them and download "
            f"{size:.1f} GB into '{folder}', add accept_terms={name} to --config"
        )
    if not folder.is_dir():
        raise ValueError(f"source '{folder}' is not a folder; make it, on a disk that has the space")
    if (folder / "manifest.csv").is_file():
        raise ValueError(
            f"source '{folder}' holds a manifest.csv, so it belongs to another data set; set source to a new folder"
        )
    return source


def _read_lock(folder: Path) -> dict[str, Any]:
    """Read what earlier downloads wrote down."""
    path = folder / LOCK
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise ValueError(
            f"{path}: not a JSON document ({error}); delete it, the archives are then checked anew"
        ) from error


def _is_whole(file: RemoteFile, folder: Path, lock: Mapping[str, Any]) -> bool:
    content = lock.get(file.name, {}).get("content", [])
    return bool(content) and all((folder / entry).exists() for entry in content)


def _verified_entry(file: RemoteFile, archive: Path, known: Mapping[str, Any]) -> dict[str, Any]:
    """Check a file against the digest that is published, else against the one of the first download."""
    published, recorded = file.digest, known.get("digest")
    expected = published or recorded
    algorithm = expected.partition(":")[0] if expected else "sha256"
    found = f"{algorithm}:{digest_of(archive, algorithm)}"
    if expected and found != expected:
        origin = "as published" if published else f"as the first download of it had ({LOCK})"
        raise ValueError(
            f"'{archive}' has {found[: len(algorithm) + 13]}… but {expected[: len(algorithm) + 13]}… is expected, "
            f"{origin}; delete the file and run again, or get it from another place and put it there"
        )
    return {"url": file.urls[0], "size": archive.stat().st_size, "digest": found}


def _refuse_full_disk(source: DataSource, files: list[RemoteFile], folder: Path) -> None:
    """Refuse to start what cannot fit: the missing archives, and beside them what is in them."""
    if not files:
        return
    missing = sum(max(0, file.size - _have(folder / ARCHIVES / file.name)) for file in files)
    share = sum(file.size for file in files) / sum(file.size for file in source.files)
    needed, free = missing + share * source.unpacked, shutil.disk_usage(folder).free
    if needed > free:
        raise ValueError(
            f"source '{folder}' has {free / 1e9:.1f} GB of free space but {needed / 1e9:.1f} GB are needed "
            f"({missing / 1e9:.1f} GB to download, the rest to unpack); set source to a folder on a larger disk"
        )


def _have(archive: Path) -> int:
    """Count the bytes of an archive that are there, whole or in part."""
    paths = (archive, archive.with_name(archive.name + ".part"))
    return sum(path.stat().st_size for path in paths if path.is_file())
