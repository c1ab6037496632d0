"""What all readers need: lists of text as people save them, and videos found whatever the case of their names."""

import csv
import io
import logging
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dance_core.datasets.settings import ClipRow, Origin

EXTENSIONS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg")
# How many names of what is there instead an error lists.
SHOWN = 5
_ODD = re.compile(r"[^\w.-]+")

_log = logging.getLogger(__name__)


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Read the lines of a text file that are not empty.

    Args:
        path: Text in UTF-8, with or without a byte order mark, with line ends of any system.

    Returns:
        Pairs of a line's number, from 1, and its text without white space at the ends.

    Raises:
        ValueError: The file is not UTF-8.
    """
    lines = _text(path, "UTF-8").splitlines()
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def csv_lines(table: Path, columns: Sequence[str], cure: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Read a table whose values have commas between, as people and spreadsheets save it.

    Args:
        table: CSV in UTF-8, with or without a byte order mark, with line ends of any system.
        columns: Columns that it has to have, in any order and in capital or small letters.
        cure: What to do where one is absent.

    Yields:
        Pairs of a line's place, for errors, and its values by column, in small letters, without white space at the
        ends; "" where a line ends early. What is beyond the last column is under "".

    Raises:
        ValueError: The file is not UTF-8, a column is absent, or a double quote is not closed.
    """
    reader = csv.DictReader(io.StringIO(_text(table, "CSV UTF-8"), newline=""), restval="", strict=True)
    try:
        reader.fieldnames = found = [name.strip().lower() for name in reader.fieldnames or []]
        _check_columns(table, found, columns, cure)
        for values in reader:
            beyond = ",".join(values.pop(None, []))
            yield (
                f"{table} line {reader.line_num}",
                {name: value.strip() for name, value in values.items()} | {"": beyond},
            )
    except csv.Error as error:
        raise ValueError(
            f"{table}: what comes after line {reader.line_num} cannot be read ({error}); a value that holds a double "
            "quote has to stand between double quotes, and the quote in it twice"
        ) from error


def _check_columns(table: Path, found: Sequence[str], columns: Sequence[str], cure: str) -> None:
    """Refuse a header in which a column is absent or could be one of two."""
    for name in columns:
        if name not in found:
            has = ", ".join(found) or "nothing"
            raise ValueError(f"{table} line 1: column '{name}' is absent, the header has {has}; {cure}")
    twice = [name for name, count in Counter(found).items() if name and count > 1]
    if twice:
        raise ValueError(f"{table} line 1: there are two columns '{twice[0]}'; rename or delete one")


def _text(path: Path, name: str) -> str:
    """Read a file as UTF-8; `name` is what people have to save it as."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start} is not UTF-8; save the file as {name}") from error


def place_of(folders: Iterable[Path | None], names: Sequence[str], origin: Origin) -> Path:
    """Find a file or folder of a data set.

    Args:
        folders: Where to look, in this order; None is passed over.
        names: What it may be called, in this order.
        origin: The data set.

    Returns:
        The first that exists.

    Raises:
        ValueError: None does; the sentence says what was looked for, and what is there instead.
    """
    looked_in = list(dict.fromkeys(folder for folder in folders if folder is not None))
    for folder in looked_in:
        for name in names:
            if (folder / name).exists():
                return folder / name
    wanted = " or ".join(str(folder / name) for folder in looked_in for name in names)
    there = next((folder for folder in looked_in if folder.is_dir()), looked_in[0])
    raise ValueError(
        f"{origin.name}: there is no {wanted}; {there} holds {contents(there)}, but it should hold {origin.layout}; "
        f"unpack what comes from {origin.address} there, or set source to the folder where it is"
    )


def contents(folder: Path) -> str:
    """Name the first few entries of a folder, for an error."""
    if not folder.is_dir():
        return "nothing, there is no such folder"
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:SHOWN]) + more or "nothing"


class VideoFolder:
    """Videos below a folder, found whatever the case of their names or the container they were converted to."""

    def __init__(self, folder: Path, source: Path) -> None:
        self._folder = folder
        self._start = relative_path(folder, source)
        self._names: dict[str, dict[str, str]] = {}

    def path_of(self, *names: str) -> str:
        """Give the path of a video.

        Args:
            names: Where it may be, the likeliest first, as the data set writes it: relative to the folder, "/" between.

        Returns:
            Posix path relative to the source of the first that exists, else of the first as it is written.
        """
        for name in names:
            found = self._found(name)
            if found is not None:
                return "/".join(part for part in (self._start, found) if part)
        return "/".join(part for part in (self._start, names[0]) if part)

    def _found(self, name: str) -> str | None:
        parent, _, file = name.rpartition("/")
        names = self._names.get(parent)
        if names is None:
            names = self._names[parent] = self._listed(parent)
        found = names.get(file.lower()) or names.get(stem_of(file).lower())
        return found and (f"{parent}/{found}" if parent else found)

    def _listed(self, parent: str) -> dict[str, str]:
        """Videos of a sub-folder, by their names and by their stems, both in small letters."""
        folder = self._folder / parent
        files = sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208 (without a Path for each)
        videos = [file for file in files if stem_of(file) != file]
        return {stem_of(file).lower(): file for file in videos} | {file.lower(): file for file in videos}


def stem_of(file: str) -> str:
    """Cut the extension off the name of a video; other dots stay."""
    stem, extension = os.path.splitext(file)  # noqa: PTH122 (a name is no path: it may hold what one may not)
    return stem if extension.lower() in EXTENSIONS else file


def relative_path(place: Path, source: Path) -> str:
    """Give a place relative to the source folder, so that the system finds it from there even through links.

    Args:
        place: File or folder, inside the source or not.
        source: The source folder.

    Returns:
        Posix path; "" for the source itself.
    """
    try:
        path = place.relative_to(source).as_posix()
    except ValueError:
        path = Path(os.path.relpath(place.resolve(), source.resolve())).as_posix()
    return "" if path == "." else path


def safe_id(name: str) -> str:
    """Turn a name into one that can be a clip id: odd characters become "_"."""
    return _ODD.sub("_", name).lstrip(".")


def distinct_ids(names: Sequence[str]) -> list[str]:
    """Turn names into clip ids, and number those that are then alike.

    Args:
        names: Names of clips, in an order that does not change.

    Returns:
        An id for each.
    """
    ids = [safe_id(name) for name in names]
    alike = {name for name, count in Counter(ids).items() if count > 1}
    seen: Counter[str] = Counter()
    for place, name in enumerate(ids):
        seen[name] += 1
        ids[place] = f"{name}_{seen[name]}" if name in alike else name
    return ids


def groups_on_one_side(clips: Sequence[ClipRow], name: str) -> list[ClipRow]:
    """Part the groups that the official lists have on several sides, since these stay as they are.

    Args:
        clips: Clips with their official splits.
        name: The data set, for the log.

    Returns:
        The same clips; the name of a parted group ends in the split.
    """
    splits = defaultdict(set)
    for clip in clips:
        splits[clip.group].add(clip.split)
    parted = {group for group, sides in splits.items() if group and len(sides) > 1}
    if parted:
        _log.warning(
            "%s: the official lists have %d groups in two splits, such as '%s'", name, len(parted), min(parted)
        )
    return [clip._replace(group=f"{clip.group} ({clip.split})") if clip.group in parted else clip for clip in clips]


def bare_name(label: str) -> str:
    """Reduce a class name to its letters and digits, so that "JumpRope", "jump_rope" and "jump rope" are one."""
    return re.sub(r"[\W_]+", "", label).casefold()
