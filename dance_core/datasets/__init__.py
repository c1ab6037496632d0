"""Data sets as their authors publish them: a reader each, from the official folders and lists to rows of clips."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from dance_core.datasets import haa, hmdb51, kinetics, kth, mimetics, penn_action, scuba, ssv2, ucf101
from dance_core.datasets.files import bare_name, numbered_lines
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions
from dance_core.video.clip_source import clip_source

__all__ = ["EXTRA_TESTS", "READERS", "ClipRow", "Origin", "ReaderOptions", "read_rows"]

READERS = {
    "haa": haa.rows,
    "hmdb51": hmdb51.rows,
    "kinetics": kinetics.rows,
    "kth": kth.rows,
    "penn_action": penn_action.rows,
    "ssv2": ssv2.rows,
    "ucf101": ucf101.rows,
}
ONE_SPLIT = ("kth", "penn_action", "ssv2")
EXTRA_TESTS = {"mimetics": mimetics.rows, "scuba": scuba.rows}
"""Readers of further test sets; the name of a set begins with that of its reader."""

_log = logging.getLogger(__name__)


def read_rows(name: str, source: str | Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of a data set in its official layout.

    Videos that are not there stay in the list, since the official splits name them; a data set without any is refused.

    Args:
        name: Key of the registry.
        source: Folder in which the data set was unpacked.
        options: Which split and classes, and where lists and further test sets lie.

    Returns:
        Clips of the kept classes, sorted by clip id.

    Raises:
        ValueError: The reader or split is unknown, the folder is not in the official layout, a class to keep is
            unknown, or no video is there.
    """
    if name not in READERS:
        raise ValueError(f"data.reader '{name}' is unknown; use one of folder, {', '.join(READERS)}")
    if name in ONE_SPLIT and options.split != 1:
        raise ValueError(f"data.split {options.split}: {name} has one official split; set it to 1")
    folder = Path(source)
    rows = sorted(READERS[name](folder, options))
    if not rows:
        raise ValueError(f"{source}: the lists of {name} name no clip; get them anew")
    labels = sorted({row.label for row in rows})
    for test, place in sorted(options.extra_tests.items()):
        rows += _extra_test(test, place, folder, labels, options)
    _refuse_doubles(rows, source)
    if options.classes is not None:
        kept = _kept_classes(options.classes, labels)
        rows = [row for row in rows if row.label in kept]
    _count_missing(rows, folder, name)
    return sorted(rows)


def _extra_test(name: str, place: Path, source: Path, classes: Sequence[str], options: ReaderOptions) -> list[ClipRow]:
    """Read a further test set, whose name tells its reader."""
    for start, reader in EXTRA_TESTS.items():
        if name.startswith(start):
            return reader(name, Path(place), source, classes, options)
    raise ValueError(
        f"data.extra_tests: '{name}' is unknown; a name begins with one of {', '.join(EXTRA_TESTS)}, "
        "such as scuba_places"
    )


def _refuse_doubles(rows: Sequence[ClipRow], source: str | Path) -> None:
    """Refuse two clips of one name: every table is keyed by it."""
    for clip, count in Counter(row.clip_id for row in rows).items():
        if count > 1:
            paths = [row.path for row in rows if row.clip_id == clip]
            raise ValueError(
                f"{source}: '{paths[0]}' and '{paths[1]}' would both be clip '{clip}'; "
                "the lists name a video twice, so get them anew"
            )


def _kept_classes(path: Path, labels: Sequence[str]) -> set[str]:
    """Read which classes to keep; spelling may differ in case, "_" and spaces."""
    by_name = {bare_name(label): label for label in labels}
    if not path.is_file():
        raise ValueError(f"data.classes '{path}' is not a file; set it to a file with one class a line, or to null")
    kept = set()
    for number, line in numbered_lines(path):
        label = by_name.get(bare_name(line))
        if label is None:
            near = get_close_matches(line, labels, n=1, cutoff=0.0)[0]
            raise ValueError(f"{path} line {number}: class '{line}' is unknown; did you mean '{near}'?")
        kept.add(label)
    if not kept:
        raise ValueError(f"{path}: there is no class in it; write one a line, or set data.classes to null")
    return kept


def _count_missing(rows: Sequence[ClipRow], source: Path, name: str) -> None:
    """Say how many videos are not there, by split; none at all is an error."""
    missing = [row for row in rows if not os.path.exists(clip_source(source / row.path).file)]  # noqa: PTH110
    if len(missing) == len(rows):
        raise ValueError(
            f"{source}: none of the {len(rows)} clips that {name} lists is there, the first would be "
            f"'{missing[0].path}'; unpack the videos there, or set source to the folder that holds them"
        )
    of = Counter(row.split for row in rows)
    for split, count in sorted(Counter(row.split for row in missing).items()):
        _log.warning(
            "%s: %d of %d clips of %s are not there, such as '%s'; they are listed and left out of everything else",
            source,
            count,
            of[split],
            split or "those whose split is drawn",
            next(row.path for row in missing if row.split == split),
        )
