"""Clips found in a folder, or written down in its manifest.csv."""

import logging
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dance_core.datasets.files import EXTENSIONS, csv_lines
from dance_core.video.clip_source import is_picture

COLUMNS = ("clip_id", "path", "label", "split", "group")
_NOT_IN_FILE_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f]')
_CURE = "the columns are clip_id, path, label, and where wished split and group, with commas between"

_log = logging.getLogger(__name__)


def folder_rows(folder: Path) -> list[tuple[str, ...]]:
    """Find the clips at class_name/clip.mp4 or class_name/clip/picture.jpg; hidden files are not looked at.

    Args:
        folder: The source folder.

    Returns:
        Values of `COLUMNS` of each clip, split and group empty.

    Raises:
        ValueError: A name is not UTF-8, or two files would have the same clip id.
    """
    files, others = [], []
    for label in (entry for entry in sorted(folder.iterdir()) if entry.is_dir() and not entry.name.startswith(".")):
        for entry in (entry for entry in sorted(label.iterdir()) if not entry.name.startswith(".")):
            if _is_clip(entry):
                files.append(entry.relative_to(folder))
            elif entry.is_dir():
                others.append(entry.relative_to(folder).as_posix())
    if others:
        _log.warning(
            "%s: %d folders within those of the classes hold no picture and are left out, such as '%s'",
            folder,
            len(others),
            others[0],
        )
    _refuse_undecodable(folder, files)
    names = _clip_ids(files)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        same = [str(file) for file, name in zip(files, names, strict=True) if name == twice[0]]
        raise ValueError(f"{folder}: clips '{same[0]}' and '{same[1]}' would both be '{twice[0]}'; rename one")
    labels = [unicodedata.normalize("NFC", file.parts[0]) for file in files]
    return [(name, file.as_posix(), label, "", "") for name, file, label in zip(names, files, labels, strict=True)]


def _is_clip(entry: Path) -> bool:
    if entry.is_dir():
        return any(is_picture(file.name) for file in entry.iterdir())
    return entry.suffix.lower() in EXTENSIONS


def _refuse_undecodable(folder: Path, files: Sequence[Path]) -> None:
    """Refuse names that no table can hold: Python keeps their odd bytes as lone surrogates."""
    for file in files:
        try:
            str(file).encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{folder}: file name {os.fsencode(file)!r} is not valid UTF-8; rename it") from error


def _clip_ids(files: Sequence[Path]) -> list[str]:
    """Name clips by the shortest of stem, label__stem and label__stem_extension that only one clip has."""
    names = [""] * len(files)
    for pattern in ("{stem}", "{label}__{stem}", "{label}__{stem}_{extension}"):
        open_places = [i for i, name in enumerate(names) if not name]
        candidates = {
            i: _safe(pattern.format(stem=files[i].stem, label=files[i].parts[0], extension=files[i].suffix[1:]))
            for i in open_places
        }
        counts = Counter([*candidates.values(), *filter(None, names)])
        last = pattern.endswith("{extension}")
        for i, name in candidates.items():
            names[i] = name if counts[name] == 1 or last else ""
    return names


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name))


def csv_rows(table: Path, folder: Path, splits: Sequence[str]) -> list[tuple[str, ...]]:
    """Read and check a manifest.csv.

    Args:
        table: The csv file.
        folder: The source folder, which the paths start from.
        splits: Names of splits that may occur.

    Returns:
        Values of `COLUMNS` of each clip, split and group empty where they are not given.

    Raises:
        ValueError: The first line that cannot be used, with its number.
    """
    rows: list[tuple[str, ...]] = []
    places: dict[str, str] = {}
    for place, values in csv_lines(table, ("clip_id", "path", "label"), _CURE):
        row = _csv_row(place, values, folder, splits)
        if row[0] in places:
            raise ValueError(f"{place}: clip_id '{row[0]}' is also on {places[row[0]]}; rename one of them")
        places[row[0]] = place.removeprefix(f"{table} ")
        rows.append(row)
    return _grouped_by_file(rows)


def _grouped_by_file(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Keep clips together that are ranges of one file and have no group: what they show is nearly the same."""
    files = [re.sub(r"#(frames|fps)=[^/]*$", "", row[1]) for row in rows]
    counts = Counter(files)
    return [(*row[:4], row[4] or (file if counts[file] > 1 else "")) for row, file in zip(rows, files, strict=True)]


def _csv_row(place: str, values: dict[str, str], folder: Path, splits: Sequence[str]) -> tuple[str, ...]:
    if values[""]:
        raise ValueError(f"{place}: there are more values than columns; put values that hold a comma in double quotes")
    clip, path, label, split, group = (values.get(name, "") for name in COLUMNS)
    for name, value in (("clip_id", clip), ("path", path), ("label", label)):
        if not value:
            raise ValueError(f"{place}: {name} is empty; fill it in or delete the line")
    if _NOT_IN_FILE_NAMES.search(clip) or clip.startswith("."):
        raise ValueError(f"{place}: clip_id '{clip}' cannot be a file name; use letters, digits, '.', '_' and '-'")
    if split and split not in splits:
        raise ValueError(f"{place}: split '{split}' is unknown; use one of {', '.join(splits)}")
    return clip, _inside(place, path, folder), unicodedata.normalize("NFC", label), split, group


def _inside(place: str, path: str, folder: Path) -> str:
    """Give a path relative to the source folder; links inside it may lead anywhere, since people link their data."""
    root = os.path.abspath(folder)  # noqa: PTH100 (resolve() would follow links)
    relative = Path(os.path.relpath(os.path.join(root, path.replace("\\", "/")), root))  # noqa: PTH118
    if relative.parts[:1] in ((), ("..",)):
        raise ValueError(f"{place}: path '{path}' leaves the source folder '{folder}'; move or link the clip into it")
    return relative.as_posix()
