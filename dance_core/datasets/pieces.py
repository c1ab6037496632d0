"""Pieces of YouTube videos, as the tables of Kinetics and Mimetics list them, and their files."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dance_core.datasets.files import EXTENSIONS, csv_lines

COLUMNS = ("label", "youtube_id", "time_start", "time_end")
_SECONDS = re.compile(r"[0-9]{1,6}")


class Piece(NamedTuple):
    """A line of a table: some seconds of a video.

    Attributes:
        label: Class.
        video: Id of the video, in which capital and small letters differ.
        start: First second.
        end: Last second.
    """

    label: str
    video: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """What its file is called, without the extension."""
        return f"{self.video}_{self.start:06d}_{self.end:06d}"


def listed_pieces(table: Path) -> Iterator[tuple[str, Piece]]:
    """Read a table.

    Args:
        table: CSV with the columns label, youtube_id, time_start and time_end, and any others.

    Yields:
        Pairs of a line's place, for errors, and its piece.

    Raises:
        ValueError: A column is absent, or a line cannot be used.
    """
    for place, values in csv_lines(table, COLUMNS, "take the official list with its labels"):
        label, video, start, end = (values[column] for column in COLUMNS)
        for column in COLUMNS:
            if not values[column]:
                raise ValueError(f"{place}: {column} is empty; fill it in or delete the line")
        if not re.fullmatch(r"[\w-]+", video, re.ASCII):
            raise ValueError(
                f"{place}: youtube_id '{video}' has signs other than letters, digits, '-' and '_' (a spreadsheet may "
                "have changed it); take the official list"
            )
        if not (_SECONDS.fullmatch(start) and _SECONDS.fullmatch(end)):
            raise ValueError(f"{place}: times '{start}' and '{end}' are not whole seconds; take the official list")
        yield place, Piece(label, video, int(start), int(end))


def videos_below(folder: Path) -> dict[str, str]:
    """Find the videos in a folder and all folders in it, linked ones as well.

    Args:
        folder: A folder.

    Returns:
        Posix paths relative to the folder by their names without the extension; of two of one name the first path.
    """
    found: dict[str, str] = {}
    for place, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        start = Path(place).relative_to(folder)
        for file in sorted(files):
            stem, extension = os.path.splitext(file)  # noqa: PTH122 (half a million names)
            if extension.lower() in EXTENSIONS and not file.startswith("."):
                found.setdefault(stem, (start / file).as_posix())
    return found
