"""KTH: six actions of 25 people in four scenarios, each video cut into clips by the official sequence file.

Source:
    Schuldt, Laptev, Caputo: Recognizing human actions: a local SVM approach, ICPR 2004 (splits by person).
"""

import logging
import re
from pathlib import Path

from dance_core.datasets.files import VideoFolder, numbered_lines, place_of
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

ACTIONS = ("boxing", "handclapping", "handwaving", "jogging", "running", "walking")
SEQUENCES = "00sequences.txt"
ORIGIN = Origin(
    "KTH",
    "https://www.csc.kth.se/cvap/actions",
    f"{SEQUENCES} and the folders {', '.join(ACTIONS)} with the videos of the zip files",
)
SPLITS = {
    "train": (11, 12, 13, 14, 15, 16, 17, 18),
    "val": (1, 4, 19, 20, 21, 23, 24, 25),
    "test": (2, 3, 5, 6, 7, 8, 9, 10, 22),
}
_SPLIT_OF = {f"{person:02d}": split for split, people in SPLITS.items() for person in people}
_LINE = re.compile(r"(person(\d\d)_([a-z]+)_d\d)\s+(?:frames\s+(.*)|\*missing\*)")

_log = logging.getLogger(__name__)


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of KTH: the parts of each video in which its person moves, split by person.

    Args:
        source: Folder of the six folders of videos (or of all videos), and of the sequence file.
        options: Where the sequence file is, where not there.

    Returns:
        2391 clips of the complete data set.

    Raises:
        ValueError: The sequence file is absent or damaged.
    """
    table = place_of((options.annotations, source), (SEQUENCES, "sequences.txt"), ORIGIN)
    videos = VideoFolder(source, source)
    clips = []
    for number, line in numbered_lines(table):
        place = f"{table} line {number}"
        if re.match(r"person\d", line):
            video, person, action, ranges = _sequence(line, place)
            path = videos.path_of(f"{action}/{video}_uncomp.avi", f"{video}_uncomp.avi")
            clips += [
                ClipRow(
                    f"{video}_{part}", f"{path}#frames={first}-{last}", action, _SPLIT_OF[person], f"person{person}"
                )
                for part, (first, last) in enumerate(frame_ranges(ranges, place), 1)
            ]
    if not clips:
        raise ValueError(f"{table}: there is no sequence in it; copy it anew from {ORIGIN.address}")
    return clips


def _sequence(line: str, place: str) -> tuple[str, str, str, str]:
    """Read a line: name of the video, number of the person, action, and ranges of frames ("" for the missing video)."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"{place}: '{line}' is no sequence; expected 'person01_boxing_d1 frames 1-95, 96-185'")
    video, person, action, ranges = found.groups()
    if person not in _SPLIT_OF or action not in ACTIONS:
        raise ValueError(
            f"{place}: '{video}' is not one of KTH's {len(_SPLIT_OF)} people and {len(ACTIONS)} actions "
            f"({', '.join(ACTIONS)}); copy the file anew"
        )
    return video, person, action, ranges or ""


def frame_ranges(text: str, place: str) -> list[tuple[int, int]]:
    """Read the ranges of frames of one video.

    Some ranges of the official file begin before the one before them ends, most by a slip in one digit (such as
    "207-311, 212-456"): they begin where that one ends.

    Args:
        text: Such as "1-95, 96-185", counted from 1, both ends included.
        place: File and line, for the error and the log.

    Returns:
        First and last frame of each, counted from 0, both included, in the order written.

    Raises:
        ValueError: A range is not understood or empty.
    """
    ranges: list[tuple[int, int]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(r"(\d+)\s*-\s*(\d+)", part)
        if found is None or not 0 < int(found[1]) <= int(found[2]):
            raise ValueError(f"{place}: '{part}' is no range of frames such as 96-185; copy the file anew")
        first, last = int(found[1]) - 1, int(found[2]) - 1
        before = max((end for begin, end in ranges if begin <= first), default=-1)
        if first <= before < last:
            _log.info("%s: range %s begins at %d, after the one before it", place, part, before + 2)
            first = before + 1
        ranges.append((first, last))
    return ranges
