"""Kinetics-400, -600 and -700: csv lists of pieces of YouTube videos, many of which are not to be had any more."""

import csv
import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dance_core.datasets.files import EXTENSIONS, place_of
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

ORIGIN = Origin(
    "Kinetics",
    "https://github.com/cvdfoundation/kinetics-dataset",
    "the lists train.csv and val.csv, and clips named {youtube_id}_{start:06d}_{end:06d}.mp4 in folders of any name",
)
_COLUMNS = ("label", "youtube_id", "time_start", "time_end")
_FOLDERS = ("annotations", "", "kinetics400", "kinetics600", "kinetics700")
_NAMES = {"train": ("train",), "validate": ("val", "validate", "validation"), "test": ("test",)}
_ROLES = {
    1: {"train": "train", "validate": "test"},
    2: {"train": "train", "validate": "val", "test": "test"},
}


class _Piece(NamedTuple):
    """A line of a list: ten seconds of a YouTube video."""

    label: str
    video: str
    name: str


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of Kinetics, those whose video is missing as well.

    With split 1 the official validation clips are the test clips, as in the papers that report on this data set, and
    val is drawn out of train. Split 2 takes the three official parts as they are; it needs a test.csv with labels. A
    clip is found by its name in whatever folder below the source: that of its class, that of its part, or one for all.

    Args:
        source: Folder of the clips, with the lists in it or in `annotations`.
        options: The split, and the folder of the lists where it is another.

    Returns:
        Clips in the order of the lists, train first. Pieces of one video are one group, unless the official lists
        have it in two parts.

    Raises:
        ValueError: There is no such split, a list is not there, or a line of it cannot be used.
    """
    if options.split not in _ROLES:
        raise ValueError(
            f"data.split {options.split}: Kinetics has the splits 1 (test on the official validation clips, val drawn "
            "out of train) and 2 (the three official parts, with a labelled test.csv); set one of them"
        )
    pieces = {role: _pieces(_list(source, options, part)) for part, role in _ROLES[options.split].items()}
    videos, parts = _videos(source), _parts_of_videos(pieces)
    return [
        ClipRow(
            piece.name,
            videos.get(piece.name, f"{piece.label}/{piece.name}.mp4"),
            piece.label,
            role,
            piece.video if len(parts[piece.video]) == 1 else "",
        )
        for role, part in pieces.items()
        for piece in part
    ]


def _list(source: Path, options: ReaderOptions, part: str) -> Path:
    """Find the list of a part of the data set under one of the names in use."""
    names = [f"{prefix}{name}.csv" for prefix in ("", "kinetics_") for name in _NAMES[part]]
    folders = [options.annotations, *(source / folder for folder in _FOLDERS)]
    found = [path for folder in folders if folder for file in names if (path := folder / file).is_file()]
    return found[0] if found else place_of([options.annotations, source], names[:1], ORIGIN)


def _pieces(path: Path) -> list[_Piece]:
    """Read a list."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        absent = [name for name in _COLUMNS if name not in (reader.fieldnames or [])]
        if absent:
            raise ValueError(
                f"{path} line 1: column '{absent[0]}' is absent, the header has "
                f"{', '.join(reader.fieldnames or []) or 'nothing'}; take the official list with its labels"
            )
        pieces: dict[str, _Piece] = {}
        for values in reader:
            piece = _piece(f"{path} line {reader.line_num}", values)
            if pieces.setdefault(piece.name, piece).label != piece.label:
                raise ValueError(
                    f"{path} line {reader.line_num}: clip '{piece.name}' is of class '{piece.label}' here and of "
                    f"'{pieces[piece.name].label}' above; remove one of the lines"
                )
    return list(pieces.values())


def _piece(place: str, values: Mapping[str, str | None]) -> _Piece:
    """Read a line of a list; the name of the clip is made of the video and its first and last second."""
    label, video, start, end = ((values[column] or "").strip() for column in _COLUMNS)
    for column, value in zip(_COLUMNS, (label, video, start, end), strict=True):
        if not value:
            raise ValueError(f"{place}: {column} is empty; fill it in or delete the line")
    if not (start.isdecimal() and end.isdecimal()):
        raise ValueError(f"{place}: times '{start}' and '{end}' are not whole seconds; take the official list")
    return _Piece(label, video, f"{video}_{int(start):06d}_{int(end):06d}")


def _videos(source: Path) -> dict[str, str]:
    """Map the names of all videos below the source to their paths; of two of one name the first path counts."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        start = Path(folder).relative_to(source)
        for file in sorted(files):
            stem, suffix = os.path.splitext(file)  # noqa: PTH122 (half a million names)
            if suffix.lower() in EXTENSIONS and not file.startswith("."):
                found.setdefault(stem, (start / file).as_posix())
    return found


def _parts_of_videos(pieces: Mapping[str, list[_Piece]]) -> dict[str, set[str]]:
    """Tell in which parts of the data set the pieces of each video lie."""
    parts: dict[str, set[str]] = defaultdict(set)
    for role, part in pieces.items():
        for piece in part:
            parts[piece.video].add(role)
    return parts
