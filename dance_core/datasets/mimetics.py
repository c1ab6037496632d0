"""Mimetics: 50 classes of Kinetics mimed without their objects and places.

Source:
    Weinzaepfel, Rogez: Mimetics: Towards Understanding Human Actions Out of Context, IJCV 2021.
"""

import csv
import logging
from collections.abc import Sequence
from pathlib import Path

from dance_core.datasets.files import (
    EXTENSIONS,
    bare_name,
    contents,
    distinct_ids,
    numbered_lines,
    relative_path,
    stem_of,
)
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

TABLE = "mimetics_v1.0.csv"
ORIGIN = Origin(
    "Mimetics",
    "https://europe.naverlabs.com/research/computer-vision/mimetics",
    f"{TABLE} and the videos, at data/class/id_start_end.mp4 or anywhere below",
)
COLUMNS = ("label", "youtube_id", "time_start", "time_end")

_log = logging.getLogger(__name__)


def rows(name: str, folder: Path, source: Path, classes: Sequence[str], options: ReaderOptions) -> list[ClipRow]:
    """List the clips of Mimetics whose class the data set has too.

    Args:
        name: Name of the test set, which becomes the split.
        folder: Folder of the table and the videos.
        source: Source folder of the data set.
        classes: Classes of the data set; a class is the same where its letters and digits are.
        options: Not read.

    Returns:
        Clips of the shared classes.

    Raises:
        ValueError: The table is absent or damaged, or shares no class with the data set.
    """
    table = next((file for file in (folder / TABLE, *sorted(folder.glob("*.csv"))) if file.is_file()), None)
    if table is None:
        raise ValueError(
            f"data.extra_tests.{name}: {folder} holds {contents(folder)}; "
            f"expected {ORIGIN.layout}, see {ORIGIN.address}"
        )
    listed = _listed(table)
    by_name = {bare_name(label): label for label in classes}
    shared = [values for values in listed if bare_name(values["label"]) in by_name]
    if not shared:
        raise ValueError(
            f"{table}: none of its classes, such as '{listed[0]['label']}', is one of the data set, "
            f"such as '{classes[0]}'; leave {name} out of data.extra_tests"
        )
    if len(shared) < len(listed):
        _log.warning(
            "%s: %d of %d clips are left out, the data set has no such class",
            table,
            len(listed) - len(shared),
            len(listed),
        )
    videos = _videos(folder)
    start = relative_path(folder, source)
    stems = [_stems(values) for values in shared]
    return [
        ClipRow(
            clip_id,
            "/".join(part for part in (start, _found(names, values["label"], videos)) if part),
            by_name[bare_name(values["label"])],
            name,
            f"mimetics {values['youtube_id']}",
        )
        for clip_id, names, values in zip(
            distinct_ids([f"{name}__{names[0]}" for names in stems]), stems, shared, strict=True
        )
    ]


def _listed(table: Path) -> list[dict[str, str]]:
    """Read the table and check what is needed of it."""
    lines = numbered_lines(table)
    reader = csv.DictReader([line for _, line in lines])
    found = reader.fieldnames or []
    absent = [column for column in COLUMNS if column not in found]
    if absent:
        raise ValueError(
            f"{table} line 1: column '{absent[0]}' is absent, the header has {', '.join(found) or 'nothing'}; "
            f"the columns are {', '.join(COLUMNS)}"
        )
    listed = []
    for (number, line), values in zip(lines[1:], reader, strict=True):
        times = (values["time_start"], values["time_end"])
        if not all((values[column] or "").strip() for column in COLUMNS) or not all(time.isdigit() for time in times):
            raise ValueError(f"{table} line {number}: '{line}' has no {', '.join(COLUMNS)}, times in whole seconds")
        listed.append({column: values[column].strip() for column in COLUMNS})
    if not listed:
        raise ValueError(f"{table}: there is no clip in it; get it anew from {ORIGIN.address}")
    return listed


def _stems(values: dict[str, str]) -> tuple[str, ...]:
    """Names that downloaders give to a clip, the official one first."""
    video, start, end = values["youtube_id"], int(values["time_start"]), int(values["time_end"])
    return f"{video}_{start:06d}_{end:06d}", f"{video}_{start}_{end}", video


def _videos(folder: Path) -> dict[str, str]:
    """Find the videos below a folder, by stem; ids of videos tell capitals from small letters."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in EXTENSIONS)
    return {stem_of(file.name): file.relative_to(folder).as_posix() for file in files}


def _found(stems: Sequence[str], label: str, videos: dict[str, str]) -> str:
    return next((videos[stem] for stem in stems if stem in videos), f"data/{label}/{stems[0]}.mp4")
