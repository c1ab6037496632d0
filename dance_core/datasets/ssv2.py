"""Something-Something V2: clips named by a number, and lists in json whose templates are the classes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dance_core.datasets.files import VideoFolder, place_of
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions
from dance_core.language.names import nearest_hint

ORIGIN = Origin(
    "Something-Something V2",
    "https://www.qualcomm.com/developer/software/something-something-v-2-dataset",
    "20bn-something-something-v2/{id}.webm and the lists labels.json, train.json and validation.json",
)
_FOLDERS = (
    "",
    "labels",
    "annotations",
    "20bn-something-something-download-package-labels",
    "20bn-something-something-download-package-labels/labels",
)
_SPLIT_OF = {"train": "train", "validation": "test"}


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the labelled clips of Something-Something V2.

    The official validation clips are the test clips, as in the papers that report on this data set, since the labels
    of the official test clips were held back; val is drawn out of train. The class is the template of a clip without
    its brackets, as in labels.json: "Pushing something from left to right".

    Args:
        source: Folder of `20bn-something-something-v2`, or that folder.
        options: The folder of the lists, where it is another.

    Returns:
        Clips in the order of the lists, train first; each is its own group.

    Raises:
        ValueError: The clips or a list are not there, or a list has another form.
    """
    videos = VideoFolder(place_of([source], ["20bn-something-something-v2", "videos", ""], ORIGIN), source)
    classes = _document(_list(source, options, "labels"), dict)
    known = {_bare(name) for name in classes}
    listed: list[ClipRow] = []
    for name, split in _SPLIT_OF.items():
        path = _list(source, options, name)
        for number, entry in enumerate(_document(path, list), 1):
            clip, label = _clip(f"{path} entry {number}", entry, known)
            listed.append(ClipRow(clip, videos.path_of(f"{clip}.webm"), label, split, clip))
    return listed


def _list(source: Path, options: ReaderOptions, name: str) -> Path:
    """Find a list under its name of today or of the first release."""
    names = [f"{name}.json", f"something-something-v2-{name}.json"]
    folders = [options.annotations, *(source / folder for folder in _FOLDERS)]
    found = [path for folder in folders if folder for file in names if (path := folder / file).is_file()]
    return found[0] if found else place_of([options.annotations, source], names[:1], ORIGIN)


def _document(path: Path, kind: type) -> Any:
    """Read a json file that holds a dict or a list."""
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON document ({error}); unpack the lists again") from error
    if not isinstance(document, kind):
        raise ValueError(f"{path}: found {type(document).__name__}; expected {kind.__name__} as in the official list")
    return document


def _clip(place: str, entry: Any, known: set[str]) -> tuple[str, str]:
    """Give the number and the class of an entry such as {"id": "78687", "template": "Holding [something]"}."""
    fields = entry if isinstance(entry, Mapping) else {}
    for field in ("id", "template"):
        if not fields.get(field):
            raise ValueError(f"{place}: '{field}' is absent; expected an id and a template as in the official list")
    clip, label = str(fields["id"]), _bare(str(fields["template"]))
    if not clip.isdecimal():
        raise ValueError(f"{place}: id '{clip}' is not a number; expected one such as 78687")
    if label not in known:
        raise ValueError(
            f"{place}: class '{label}' is not in labels.json{nearest_hint(label, known)}; "
            "take both lists from the same release"
        )
    return clip, label


def _bare(template: str) -> str:
    return " ".join(template.replace("[", "").replace("]", "").split())
