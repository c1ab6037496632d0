"""Mimetics: 50 classes of Kinetics mimed without their objects and places.

Source:
    Weinzaepfel, Rogez: Mimetics: Towards Understanding Human Actions Out of Context, IJCV 2021.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from dance_core.datasets.files import bare_name, contents, distinct_ids, relative_path
from dance_core.datasets.pieces import Piece, listed_pieces, videos_below
from dance_core.datasets.settings import ClipRow, Origin, ReaderOptions

TABLE = "mimetics_v1.0.csv"
ORIGIN = Origin(
    "Mimetics",
    "https://europe.naverlabs.com/research/computer-vision/mimetics",
    f"{TABLE} and the videos, at data/class/id_start_end.mp4 or anywhere below",
)

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
    listed = [piece for _, piece in listed_pieces(table)]
    by_name = {bare_name(label): label for label in classes}
    shared = [piece for piece in listed if bare_name(piece.label) in by_name]
    if not shared:
        raise ValueError(
            f"{table}: none of its clips is of a class of the data set, such as '{classes[0]}'; "
            f"leave {name} out of data.extra_tests"
        )
    if len(shared) < len(listed):
        left_out = len(listed) - len(shared)
        _log.warning("%s: %d of %d clips are left out, the data set has no such class", table, left_out, len(listed))
    videos = videos_below(folder)
    start = relative_path(folder, source)
    return [
        ClipRow(
            clip_id,
            "/".join(part for part in (start, _path_of(piece, videos)) if part),
            by_name[bare_name(piece.label)],
            name,
            f"mimetics {piece.video}",
        )
        for clip_id, piece in zip(distinct_ids([f"{name}__{piece.name}" for piece in shared]), shared, strict=True)
    ]


def _path_of(piece: Piece, videos: Mapping[str, str]) -> str:
    """Find a clip under the names that downloaders give, the official one first."""
    stems = (piece.name, f"{piece.video}_{piece.start}_{piece.end}", piece.video)
    return next((videos[stem] for stem in stems if stem in videos), f"data/{piece.label}/{piece.name}.mp4")
