"""The commands `explain` and `predict`: many videos, one after another, none lost because of another."""

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from dance_core.manifest.files import EXTENSIONS
from dance_core.model import Model
from dance_core.new_video import Explanation, explain_videos
from dance_core.new_video.explainer import FAULTS, named_error
from dance_core.new_video.page import write_page
from dance_core.report.markup import percent, safe_name, signed
from dance_core.tables import write_json
from dance_core.video import clip_name

BAR_WIDTH = 24
COLUMNS = ("path", "predicted", "probability", "frames", "seen", "warnings", "error")


@dataclass
class Progress:
    """A line that says which of many videos is looked at; a bar on a terminal, a line for each video elsewhere.

    Attributes:
        total: Number of videos.
        stream: Where to write; stderr by default.
    """

    total: int
    stream: TextIO | None = None

    def __post_init__(self) -> None:
        self._stream = self.stream or sys.stderr

    def show(self, done: int, name: str) -> None:
        """Say that some videos are done and the next one is looked at."""
        if self._stream.isatty():
            filled = BAR_WIDTH * done // max(self.total, 1)
            bar = "#" * filled + "-" * (BAR_WIDTH - filled)
            self._stream.write(f"\r\x1b[K[{bar}] {done + 1} of {self.total}  {name[:60]}")
        else:
            self._stream.write(f"{done + 1} of {self.total}: {name}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar away, so that a result can be written in its place."""
        if self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def explain_files(
    model_folder: Path,
    videos: Sequence[Path],
    out: Path,
    say: Callable[[str], None],
    weights: Path = Path("weights"),
    top: int = 3,
    device: str | None = None,
    batch_size: int | None = None,
) -> int:
    """Write a JSON file and a page for each video.

    Args:
        model_folder: Folder with model.json and model.safetensors.
        videos: Video files.
        out: Folder that the files go to; it is made.
        say: Is given a line about each video.
        weights: Folder of the fetched weights.
        top: Concepts named in that line.
        device: Where networks run, in place of what the model was trained with.
        batch_size: Videos that the backbone takes at once; by default 1 on a CPU and 16 on a GPU.

    Returns:
        Number of videos that could not be explained; the others are.

    Raises:
        ValueError: The model cannot be used, or `out` is a file.
        OSError: `out` cannot be written to.
    """
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: is a file, but a folder is needed for the pages; give another --out")
    model = Model.load(model_folder)
    # Before the first video, so that a place that cannot be written to is known at once.
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    names = file_names(videos)
    results = explain_videos(model, videos, weights, device, batch_size)
    for name, path, result in zip(names, videos, _with_progress(results, videos), strict=True):
        found = _written(result, model, out, name) if isinstance(result, Explanation) else result
        if isinstance(found, Explanation):
            say(f"{path}: {summary(found, top)}\n  {out / name}.html")
        else:
            failed += 1
            say(f"{path}: not explained: {_reason(path, found)}")
    return failed


def _written(explanation: Explanation, model: Model, out: Path, name: str) -> Explanation | ValueError:
    """Write the files of one video, or say why that cannot be done."""
    try:
        write_json(out / f"{name}.json", explanation.document())
        write_page(explanation, model, out / f"{name}.html")
    except FAULTS as error:
        return named_error(explanation.path, error)
    return explanation


def predict_files(
    model_folder: Path,
    source: Path,
    out: Path,
    say: Callable[[str], None],
    weights: Path = Path("weights"),
    device: str | None = None,
    batch_size: int | None = None,
) -> int:
    """Write one table with the predictions of many videos.

    Args:
        model_folder: Folder with model.json and model.safetensors.
        source: A csv file with a column path, relative to its folder; or a folder of videos.
        out: The csv file to write: path, predicted, probability, frames, seen (share of the frames looked at in which
            the person was seen), warnings, error, and the probability of each class.
        say: Is given a line about each video that failed, and one about the table.
        weights: Folder of the fetched weights.
        device: Where networks run, in place of what the model was trained with.
        batch_size: Videos that the backbone takes at once; by default 1 on a CPU and 16 on a GPU.

    Returns:
        Number of videos that could not be predicted; they have a row with the error.

    Raises:
        ValueError: The model or the source cannot be used, or `out` is a folder.
        OSError: `out` cannot be written to.
    """
    if out.is_dir():
        raise ValueError(f"{out}: is a folder, but a file is needed for the table; give --out FILE.csv")
    model = Model.load(model_folder)
    listed = listed_videos(source)
    if out.exists() and any(path.exists() and path.samefile(out) for path in (source, *listed.values())):
        raise ValueError(f"{out}: is an input, which would be lost; give another --out")
    videos = list(listed.values())
    results = explain_videos(model, videos, weights, device, batch_size)
    failed = 0
    # Row by row, so that what is done stays when the run is stopped.
    with _table(out, [*COLUMNS, *(f"p({name})" for name in model.classes)]) as write:
        for given, path, result in zip(listed, videos, _with_progress(results, videos), strict=True):
            write(_row(given, path, result))
            if not isinstance(result, Explanation):
                failed += 1
                say(f"{given}: not predicted: {_reason(path, result)}")
    say(f"{out}: {len(listed) - failed} of {len(listed)} videos predicted")
    return failed


def _with_progress(
    results: Iterator[Explanation | ValueError], videos: Sequence[Path]
) -> Iterator[Explanation | ValueError]:
    """Pass results on while a line on stderr says how far they are."""
    progress = Progress(len(videos))
    for done, path in enumerate(videos):
        progress.show(done, path.name)
        try:
            result = next(results)
        finally:
            progress.clear()
        yield result


def summary(explanation: Explanation, top: int) -> str:
    """Say in one line what the model says and which concepts add most.

    Args:
        explanation: Of one video.
        top: Number of concepts.

    Returns:
        For example `boxing 99.2 % (motion boxing 1 +3.10, scene gym +0.52)`, then the warnings.
    """
    rows = explanation.contributions.head(top).to_dict("records")
    parts = [f"{row['family']} {row['name']} {signed(row['contribution'])}" for row in rows]
    reasons = f" ({', '.join(parts)})" if parts else ""
    return f"{explanation.predicted} {percent(explanation.probability)}{reasons}" + "".join(
        f"\n  warning: {sentence}" for sentence in explanation.warnings
    )


def file_names(videos: Sequence[Path]) -> list[str]:
    """Give each video a file name of its own: its stem and range, numbered where two would be the same.

    Args:
        videos: Video files.

    Returns:
        Names without an ending, all different.
    """
    names: list[str] = []
    for video in videos:
        first = name = safe_name(clip_name(video))
        number = 2
        while name in names:
            name, number = f"{first}-{number}", number + 1
        names.append(name)
    return names


def listed_videos(source: Path) -> dict[str, Path]:
    """List the videos of a csv file or a folder.

    Args:
        source: A csv file with a column path, relative to its folder; or a folder, which is looked through whole.

    Returns:
        Files by the path as it is given, or as it is within the folder.

    Raises:
        ValueError: There is no such source, the column is absent, or no video is listed.
    """
    if source.is_dir():
        files = sorted(file for file in source.rglob("*") if file.suffix.lower() in EXTENSIONS and file.is_file())
        names = {file.relative_to(source).as_posix(): file for file in files}
        listed = {name: file for name, file in names.items() if not any(p.startswith(".") for p in name.split("/"))}
    else:
        listed = {given: source.parent / given for given in _paths_in(source)}
    if not listed:
        raise ValueError(f"{source}: no video is listed ({', '.join(EXTENSIONS)}); add some")
    return listed


def _paths_in(table: Path) -> list[str]:
    """Read the column path of a csv file, empty ones left out."""
    if not table.is_file():
        raise ValueError(f"{table}: there is no such file or folder; give a csv with a column path, or a folder")
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if "path" not in (reader.fieldnames or []):
                raise ValueError(f"{table}: column 'path' is absent; it has {list(reader.fieldnames or [])}")
            return [row["path"].strip() for row in reader if (row["path"] or "").strip()]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table}: not a csv file in UTF-8 ({error}); save it as such") from error


@contextmanager
def _table(out: Path, columns: list[str]) -> Iterator[Callable[[list[object]], None]]:
    """Open a csv file and give a function that adds one row to what is on the disk."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)

        def write(row: list[object]) -> None:
            writer.writerow(row)
            file.flush()

        write(list(columns))
        yield write


def _reason(path: Path, error: ValueError) -> str:
    """Say what is wrong with a video, without the path that stands before it."""
    return str(error).removeprefix(f"{path}: ")


def _row(given: str, path: Path, result: Explanation | ValueError) -> list[object]:
    """Lay out one row of the table."""
    if not isinstance(result, Explanation):
        return [given, "", "", "", "", "", _reason(path, result)]
    seen = result.quality.get("seen", "")
    told = [result.predicted, result.probability, result.probe.n_frames, seen, "; ".join(result.warnings), ""]
    return [given, *told, *result.probabilities.tolist()]
