"""SCUBA: the people of test videos on other backgrounds, to measure what a model owes to the place.

Source:
    Li, Liu, Zhang, Li: Mitigating and Evaluating Static Bias of Action Representations in the Background and the
    Foreground, ICCV 2023.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from dance_core.datasets.files import (
    VideoFolder,
    bare_name,
    contents,
    distinct_ids,
    numbered_lines,
    relative_path,
    stem_of,
)
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions
from dance_core.datasets.ucf101 import group_of

ORIGIN = Origin(
    "SCUBA",
    "https://github.com/lihaoxin05/StillMix",
    "the folders of pictures of one background and their list testlist01.txt",
)
LISTS = ("testlist01.txt", "val.csv", "test.csv")
UNPACKED = "generated_videos"
# The pictures carry no rate; UCF-101 has this one.
FPS = 25
_CLIP = re.compile(r"(.+)__\d+")


def rows(name: str, folder: Path, source: Path, classes: Sequence[str], options: ReaderOptions) -> list[ClipRow]:
    """List the clips of a background of SCUBA.

    Args:
        name: Name of the test set, which becomes the split.
        folder: Folder of v_Class_g01_c01__0/frame000001.jpg (or of videos of that name), and of the list
            (name, number of frames, number of the class from 0, with spaces between), where there is one.
        source: Source folder of the data set.
        classes: Classes of the data set, sorted.
        options: Number of the official split, which has to be the first.

    Returns:
        Clips of the list, or of all that the folder holds, where the names tell the class.

    Raises:
        ValueError: The split is another one, nothing is there, or a clip's class cannot be told.
    """
    if options.split != 1:
        raise ValueError(
            f"data.extra_tests.{name}: SCUBA was made from the test videos of split 1, but data.split is "
            f"{options.split}, which trains on some of them; set data.split to 1"
        )
    base = folder / UNPACKED if (folder / UNPACKED).is_dir() else folder
    by_name = {bare_name(label): label for label in classes}
    listed = _listed(name, folder, base)
    videos = VideoFolder(base, source)
    start = relative_path(base, source)
    ids = distinct_ids([f"{name}__{stem_of(clip)}" for clip, _, _ in listed])
    return [
        ClipRow(
            clip_id,
            f"{start}/{clip}#fps={FPS}" if (base / clip).is_dir() else videos.path_of(clip),
            _label(clip, number, classes, by_name, place),
            name,
            group_of(clip) or f"scuba {clip.rpartition('__')[0]}",
        )
        for clip_id, (clip, number, place) in zip(ids, listed, strict=True)
    ]


def _listed(name: str, folder: Path, base: Path) -> list[tuple[str, int | None, str]]:
    """Give the clips with the number of their class, where a list tells it, and the place to name in an error."""
    table = next((file for place in (folder, base) for list_ in LISTS if (file := place / list_).is_file()), None)
    if table is not None:
        return [
            (*_listed_clip(line, f"{table} line {number}"), f"{table} line {number}")
            for number, line in numbered_lines(table)
        ]
    entries = sorted(entry.name for entry in base.iterdir()) if base.is_dir() else []
    clips = [entry for entry in entries if _CLIP.fullmatch(stem_of(entry))]
    if not clips:
        raise ValueError(
            f"data.extra_tests.{name}: {folder} holds {contents(folder)}; "
            f"expected {ORIGIN.layout}, see {ORIGIN.address}"
        )
    return [(clip, None, f"{base}/{clip}") for clip in clips]


def _listed_clip(line: str, place: str) -> tuple[str, int]:
    found = re.fullmatch(r"(.+__\d+(?:\.\w+)?)\s+\d+\s+(\d+)", line)
    if found is None:
        raise ValueError(f"{place}: '{line}' is no clip such as 'v_Basketball_g01_c01__0 240 7'; get the list anew")
    return found[1], int(found[2])


def _label(clip: str, number: int | None, classes: Sequence[str], by_name: dict[str, str], place: str) -> str:
    """Tell the class by the name, and else by the number, which counts the classes in the order of a dictionary."""
    found = re.match(r"v_([A-Za-z]+)_g\d+_", clip)
    named = by_name.get(bare_name(found[1])) if found else None
    in_order = sorted(classes, key=str.casefold)
    numbered = in_order[number] if number is not None and number < len(classes) else None
    label = named or numbered
    if label is None:
        raise ValueError(f"{place}: the class of '{clip}' cannot be told; add the list {LISTS[0]} to the folder")
    return label
