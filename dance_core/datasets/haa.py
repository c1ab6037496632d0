"""HAA500 and its part HAA-100: 20 clips a class, which the number in a clip's name puts into a split."""

import re
from pathlib import Path

from dance_core.datasets.files import EXTENSIONS, VideoFolder, place_of, safe_id
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

ORIGIN = Origin(
    "HAA500",
    "https://github.com/a6o/HAA500",
    "the folder 'video' of the release, with a folder for each class: video/arm_wave/arm_wave_000.mp4",
)
_CLIPS = 20  # of every class in the release
_TRAIN = 16
_NUMBER = re.compile(r"_(\d{3})$")
_LAST_VAL = {1: 16, 2: -1}  # by split: the number of the last val clip; after it come the test clips


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of HAA500; HAA-100 is the part of it that `data.classes` keeps.

    Clips 000 to 015 of a class are train. Split 1 is the one of the release: 016 is val, 017 to 019 are test. Split 2
    is the one of DANCE's HAA-100: 016 to 019 are test, and val is drawn out of train. A clip of these numbers whose
    file is not there stays in the list.

    Args:
        source: Folder of the release, or its folder `video`.
        options: The split.

    Returns:
        Clips in the order of class and number.

    Raises:
        ValueError: There is no such split, or no folder of a class.

    Source:
        Chung et al., HAA500 (ICCV 2021), the readme of the release; the lists of the DANCE authors' code for HAA-100.
    """
    if options.split not in _LAST_VAL:
        raise ValueError(
            f"data.split {options.split}: HAA500 has the splits 1 (16 train, 1 val and 3 test clips of a class, as "
            "released) and 2 (16 train and 4 test clips, as in DANCE); set one of them"
        )
    folder = place_of([source], ["video", "videos", ""], ORIGIN)
    labels = [entry.name for entry in sorted(folder.iterdir()) if entry.is_dir() and _numbers(entry)]
    if not labels:
        place_of([folder], ["arm_wave/arm_wave_000.mp4"], ORIGIN)
    videos = VideoFolder(folder, source)
    return [row for label in labels for row in _class_rows(folder, label, videos, options.split)]


def _class_rows(folder: Path, label: str, videos: VideoFolder, split: int) -> list[ClipRow]:
    """List the clips of one class: the 20 of the release and whatever more there is."""
    numbers = sorted({*range(_CLIPS), *_numbers(folder / label)})
    names = {number: f"{label}_{number:03d}" for number in numbers}
    return [
        ClipRow(safe_id(name), videos.path_of(f"{label}/{name}.mp4"), label, _split_of(number, split), "")
        for number, name in names.items()
    ]


def _numbers(folder: Path) -> list[int]:
    """Give the numbers of the clips in the folder of a class."""
    stems = [file.stem for file in folder.iterdir() if file.suffix.lower() in EXTENSIONS]
    return [int(found[1]) for stem in stems if (found := _NUMBER.search(stem))]


def _split_of(number: int, split: int) -> str:
    if number < _TRAIN:
        return "train"
    return "val" if number <= _LAST_VAL[split] else "test"
