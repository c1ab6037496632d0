"""UCF-101: 13,320 clips of 101 actions with three official splits.

Source:
    Soomro, Zamir, Shah: UCF101: a dataset of 101 human actions classes from videos in the wild, 2012.
"""

import re
from pathlib import Path

from dance_core.datasets.files import VideoFolder, numbered_lines, place_of, stem_of
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

ORIGIN = Origin(
    "UCF-101",
    "https://www.crcv.ucf.edu/data/UCF101.php",
    "the folder UCF-101 of UCF101.rar and the folder ucfTrainTestlist of UCF101TrainTestSplits-RecognitionTask.zip",
)
N_SPLITS = 3
_NAME = re.compile(r"v_(\w+)_g(\d+)_c\d+(?:__\d+)?")


def rows(source: Path, options: ReaderOptions) -> list[ClipRow]:
    """List the clips of one official split of UCF-101; val is left to be drawn from train by group.

    Args:
        source: Folder of UCF-101/Class/v_Class_g01_c01.avi and of ucfTrainTestlist.
        options: Number of the split, and where the lists are, where not there.

    Returns:
        Clips of both lists; a group is the clips that were cut from one video.

    Raises:
        ValueError: There is no such split, a list is absent, or a line of it is not understood.
    """
    if not 1 <= options.split <= N_SPLITS:
        raise ValueError(f"data.split {options.split}: UCF-101 has the splits 1, 2 and 3; set one of them")
    lists = (options.annotations, source / "ucfTrainTestlist", source.parent / "ucfTrainTestlist", source)
    numbers = _class_numbers(place_of(lists, ("classInd.txt",), ORIGIN))
    folder = next((folder for name in ("UCF-101", "videos") if (folder := source / name).is_dir()), source)
    videos = VideoFolder(folder, source)
    clips = []
    for split in ("train", "test"):
        table = place_of(lists, (f"{split}list{options.split:02d}.txt",), ORIGIN)
        for number, line in numbered_lines(table):
            label, name = _label_and_name(line, numbers, f"{table} line {number}")
            # One class is written otherwise in its folder than in the names of its files, from which some tools
            # make the folders.
            named = name.split("_")[1]
            path = videos.path_of(f"{label}/{name}", f"{named}/{name}", name)
            clips.append(ClipRow(stem_of(name), path, label, split, group_of(name)))
    return clips


def group_of(name: str) -> str:
    """Name the video that a clip was cut from: those of one group show the same people and place.

    Args:
        name: Such as "v_ApplyEyeMakeup_g08_c01.avi".

    Returns:
        Such as "applyeyemakeup_g08"; "" where the name is not of this form.
    """
    found = _NAME.fullmatch(stem_of(name))
    return f"{found[1].lower()}_g{found[2]}" if found else ""


def _class_numbers(table: Path) -> dict[str, int]:
    """Read the official numbers of the classes, from 1."""
    numbers = {}
    for number, line in numbered_lines(table):
        found = re.fullmatch(r"(\d+)\s+(\w+)", line)
        if found is None:
            raise ValueError(
                f"{table} line {number}: '{line}' is no number and class such as '1 ApplyEyeMakeup'; get the list anew"
            )
        numbers[found[2]] = int(found[1])
    return numbers


def _label_and_name(line: str, numbers: dict[str, int], place: str) -> tuple[str, str]:
    """Read a line of a list: class folder, file, and in the train lists the number of the class."""
    found = re.fullmatch(r"([^/\s]+)/(\S+)(?:\s+(\d+))?", line)
    if found is None or not group_of(found[2]):
        raise ValueError(f"{place}: '{line}' is no clip such as 'Archery/v_Archery_g08_c01.avi 3'; get the list anew")
    if found[1] not in numbers:
        raise ValueError(f"{place}: class '{found[1]}' is not in classInd.txt; use the lists of one download")
    if found[3] and int(found[3]) != numbers[found[1]]:
        raise ValueError(
            f"{place}: class '{found[1]}' has number {found[3]}, in classInd.txt {numbers[found[1]]}; "
            "use the lists of one download"
        )
    return found[1], found[2]
