"""Kinetics-400, -600 and -700: csv lists of pieces of YouTube videos, many of which are not to be had any more."""

from pathlib import Path

from dance_core.datasets.files import groups_on_one_side, place_of
from dance_core.datasets.pieces import Piece, listed_pieces, videos_below
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

ORIGIN = Origin(
    "Kinetics",
    "https://github.com/cvdfoundation/kinetics-dataset",
    "the lists train.csv and val.csv, and clips named {youtube_id}_{start:06d}_{end:06d}.mp4 in folders of any name",
)
_FOLDERS = ("annotations", "", "kinetics400", "kinetics600", "kinetics700")
_NAMES = {"train": ("train",), "validate": ("val", "validate", "validation"), "test": ("test",)}
_ROLES = {
    1: {"train": "train", "validate": "test"},
    2: {"train": "train", "validate": "val", "test": "test"},
}


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of Kinetics, those whose video is missing as well.

    With split 1 the official validation clips are the test clips, as in the papers that report on this data set, and
    val is drawn out of train. Split 2 takes the three official parts as they are; it needs a test.csv with labels. A
    clip is found by its name in whatever folder below the source: that of its class, that of its part, or one for all.
    Pieces of one video are one group.

    Args:
        source: Folder of the clips, with the lists in it or in `annotations`.
        options: The split, and the folder of the lists where it is another.

    Returns:
        Clips in the order of the lists, train first.

    Raises:
        ValueError: There is no such split, a list is not there, or a line of it cannot be used.
    """
    if options.split not in _ROLES:
        raise ValueError(
            f"data.split {options.split}: Kinetics has the splits 1 (test on the official validation clips, val drawn "
            "out of train) and 2 (the three official parts, with a labelled test.csv); set one of them"
        )
    videos = videos_below(source)
    clips = [
        ClipRow(piece.name, videos.get(piece.name, f"{piece.label}/{piece.name}.mp4"), piece.label, split, piece.video)
        for part, split in _ROLES[options.split].items()
        for piece in _pieces(_list(source, options, part))
    ]
    return groups_on_one_side(clips, ORIGIN.name)


def _list(source: Path, options: ReaderOptions, part: str) -> Path:
    """Find the list of a part of the data set under one of the names in use."""
    names = [f"{prefix}{name}.csv" for prefix in ("", "kinetics_") for name in _NAMES[part]]
    folders = [options.annotations, *(source / folder for folder in _FOLDERS)]
    found = [path for folder in folders if folder for file in names if (path := folder / file).is_file()]
    return found[0] if found else place_of([options.annotations, source], names[:1], ORIGIN)


def _pieces(table: Path) -> list[Piece]:
    """Read a list; a line that is there twice counts once."""
    pieces: dict[str, Piece] = {}
    for place, piece in listed_pieces(table):
        if pieces.setdefault(piece.name, piece).label != piece.label:
            raise ValueError(
                f"{place}: clip '{piece.name}' is of class '{piece.label}' here and of '{pieces[piece.name].label}' "
                "above; remove one of the lines"
            )
    return list(pieces.values())
