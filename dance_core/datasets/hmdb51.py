"""HMDB-51: 6766 clips of 51 actions from films, with three official splits.

Source:
    Kuehne, Jhuang, Garrote, Poggio, Serre: HMDB: a large video database for human motion recognition, ICCV 2011.
"""

import re
from pathlib import Path

from dance_core.datasets.files import (
    VideoFolder,
    distinct_ids,
    groups_on_one_side,
    numbered_lines,
    place_of,
    stem_of,
)
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

ORIGIN = Origin(
    "HMDB-51",
    "https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database",
    "the class folders of hmdb51_org.rar (each is an archive of its own) and the folder testTrainMulti_7030_splits "
    "of test_train_splits.rar",
)
N_SPLITS = 3
LISTS = "testTrainMulti_7030_splits"
# What a line of a list says: neither, train, test.
_SPLIT_OF = {"0": "", "1": "train", "2": "test"}
# After the film and the action: visible body, camera, people, viewpoint, quality, number.
_PROPERTIES = r"_[a-z]+_[a-z]+_np\d_[a-z]+_[a-z]+_\d+"


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of one official split of HMDB-51; val is left to be drawn from train by film.

    Args:
        source: Folder of the class folders (or of hmdb51_org or videos, which hold them) and of the lists.
        options: Number of the split, and where the lists are, where not there.

    Returns:
        70 train and 30 test clips of each class; the others, marked 0, are in neither.

    Raises:
        ValueError: There is no such split, the lists are absent, or a line of one is not understood.
    """
    if not 1 <= options.split <= N_SPLITS:
        raise ValueError(f"data.split {options.split}: HMDB-51 has the splits 1, 2 and 3; set one of them")
    ending = f"_test_split{options.split}.txt"
    tables = sorted(_lists(source, options, ending).glob(f"*{ending}"))
    folder = next((folder for name in ("hmdb51_org", "videos") if (folder := source / name).is_dir()), source)
    videos = VideoFolder(folder, source)
    listed = [
        (label, name, split)
        for table in tables
        for label in (table.name.removesuffix(ending),)
        for name, split in _clips_of(table)
        if split
    ]
    names = distinct_ids([stem_of(name) for _, name, _ in listed])
    clips = [
        ClipRow(clip, videos.path_of(f"{label}/{name}"), label, split, group_of(name, label))
        for clip, (label, name, split) in zip(names, listed, strict=True)
    ]
    return groups_on_one_side(clips, ORIGIN.name)


def group_of(name: str, label: str) -> str:
    """Name the film that a clip was cut from, within its class, since the official splits part films by class.

    Args:
        name: Such as "April_09_brush_hair_u_nm_np1_ba_goo_0.avi".
        label: Such as "brush_hair".

    Returns:
        Such as "brush_hair: April_09"; "" where the name is not of this form.
    """
    found = re.fullmatch(rf"(.+)_{re.escape(label)}{_PROPERTIES}", stem_of(name), re.IGNORECASE)
    return f"{label}: {found[1]}" if found else ""


def _lists(source: Path, options: ReaderOptions, ending: str) -> Path:
    """Find the folder of the lists."""
    places = (options.annotations, source / LISTS, source / "test_train_splits" / LISTS, source.parent / LISTS, source)
    for place in places:
        if place is not None and any(place.glob(f"*{ending}")):
            return place
    return place_of((options.annotations, source), (f"{LISTS}/brush_hair{ending}",), ORIGIN).parent


def _clips_of(table: Path) -> list[tuple[str, str]]:
    """Read the clips of a class and their splits; names may hold spaces."""
    clips = []
    for number, line in numbered_lines(table):
        name, _, mark = line.rpartition(" ")
        if not name or mark not in _SPLIT_OF:
            raise ValueError(
                f"{table} line {number}: '{line}' is no video and 0, 1 (train) or 2 (test); get the list anew"
            )
        clips.append((name.strip(), _SPLIT_OF[mark]))
    return clips
