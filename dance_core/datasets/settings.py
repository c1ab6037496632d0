"""What a reader is told about a data set, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class ReaderOptions:
    """Settings of all readers; each reads those that concern it.

    Attributes:
        split: Number of the official split, from 1, where a data set has several.
        classes: File with one class a line that keeps only these classes, or None.
        annotations: Folder of the lists and labels where they do not lie in their usual place, or None.
        extra_tests: Folders of further test sets, such as "scuba"; the name becomes the split of their clips.
    """

    split: int = 1
    classes: Path | None = None
    annotations: Path | None = None
    extra_tests: Mapping[str, Path] = field(default_factory=dict)


class ClipRow(NamedTuple):
    """A clip as a data set names it.

    Attributes:
        clip_id: A name that no other clip has and that can be a file name.
        path: Where it is, posix, relative to the source folder; it need not exist. May end in a fragment such as
            "#frames=10-94" or "#fps=30".
        label: Class, as the data set writes it.
        split: "train", "val", "test" or the name of a further test set; "" where it is to be drawn.
        group: What its clips must stay together by, such as a person; "" where there is none.
    """

    clip_id: str
    path: str
    label: str
    split: str
    group: str


class Origin(NamedTuple):
    """Where a data set comes from, for errors that say what to do.

    Attributes:
        name: As its authors write it.
        address: Its official page.
        layout: What the source folder holds, in a few words.
    """

    name: str
    address: str
    layout: str
