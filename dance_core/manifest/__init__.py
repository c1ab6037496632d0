"""The clips of a data set: found, named, split by group, probed; and the questions other stages ask of the list."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from dance_core.clips import USABLE
from dance_core.datasets import ReaderOptions, read_rows
from dance_core.datasets.files import EXTENSIONS
from dance_core.manifest.files import COLUMNS, csv_rows, folder_rows
from dance_core.manifest.splits import SPLITS, check_classes, check_groups, complete_splits
from dance_core.video import probe_clip
from dance_core.video.clip_source import NO_FILE

__all__ = [
    "EXTENSIONS",
    "LISTING_SCHEMA",
    "MANIFEST_SCHEMA",
    "SPLITS",
    "check_manifest",
    "list_clips",
    "missing_clips",
    "probe_clips",
    "select_shard",
    "usable",
]

LISTING_SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])
MANIFEST_SCHEMA = pa.schema(
    [
        *LISTING_SCHEMA,
        ("n_frames", pa.int32()),
        ("fps", pa.float64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("duration_s", pa.float64()),
        ("status", pa.string()),
        ("reason", pa.string()),
    ]
)
_log = logging.getLogger(__name__)


def list_clips(
    source: str | Path,
    seed: int,
    fractions: Sequence[float] = (0.6, 0.2, 0.2),
    extra_splits: Sequence[str] = (),
    reader: str = "folder",
    options: ReaderOptions | None = None,
) -> pd.DataFrame:
    """List the clips of a data set and give each a split.

    With the reader `folder`, a `manifest.csv` in the folder (columns clip_id, path, label, and where wished split and
    group) wins over the names of the sub-folders; any other reads a published data set in its official layout. Splits
    that neither gives are drawn by group, alike for every class; val and test are drawn from train where there is
    none. The answer does not depend on the order of rows or files.

    Args:
        source: Folder of `class_name/clip.mp4` or `class_name/clip/picture.jpg`, or of clips and a
            `manifest.csv`, or of an unpacked data set.
        seed: Seed of the drawn splits.
        fractions: Shares of train, val and test among drawn clips.
        extra_splits: Names of further test sets that the csv may use.
        reader: "folder", or one of `dance_core.datasets.READERS`.
        options: What that reader is told; its defaults where None.

    Returns:
        One row per clip, sorted by clip_id: clip_id, path (posix, relative to `source`), label, split, group.

    Raises:
        ValueError: The folder or its lists cannot be used, or a class or group cannot be split.
    """
    folder = Path(source)
    if not folder.is_dir():
        raise ValueError(f"{source}: there is no such folder; set source to the folder of class_name/clip.mp4")
    if len(fractions) != 3 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"split fractions {list(fractions)} are not three positive numbers that sum to 1; set them so")
    options = options or ReaderOptions()
    if reader == "folder":
        _refuse_options(options)
        rows = _own_rows(folder, (*SPLITS, *extra_splits))
    else:
        rows = [tuple(row) for row in read_rows(reader, folder, options)]
    listing = pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("clip_id", ignore_index=True)
    listing["group"] = listing["group"].where(listing["group"] != "", listing["clip_id"])
    check_classes(listing, source)
    check_groups(listing, source)
    listing["split"] = complete_splits(listing, seed, fractions)
    return listing


def _refuse_options(options: ReaderOptions) -> None:
    """Refuse what only the readers of published data sets understand, instead of leaving it unheard."""
    for name, value in vars(ReaderOptions()).items():
        if getattr(options, name) != value:
            raise ValueError(f"data.{name} is for published data sets only; leave it out, or set data.reader")


def _own_rows(folder: Path, splits: Sequence[str]) -> list[tuple[str, ...]]:
    """Read the clips of a folder of one's own, from its table or from the names of its sub-folders."""
    table = folder / "manifest.csv"
    rows = csv_rows(table, folder, splits) if table.is_file() else folder_rows(folder)
    if not rows:
        raise ValueError(
            f"{folder}: no clip was found; put clips at class_name/clip.mp4 ({', '.join(EXTENSIONS)}) "
            "or list them in manifest.csv"
        )
    return rows


def probe_clips(listing: pd.DataFrame, source: str | Path) -> pd.DataFrame:
    """Decode every listed clip once and write down what it is.

    Args:
        listing: Rows of `list_clips`.
        source: Folder that the paths start from.

    Returns:
        The listing with n_frames, fps, width, height, duration_s, status and reason (`MANIFEST_SCHEMA`).
    """
    probes = pd.DataFrame([vars(probe_clip(Path(source) / path)) for path in listing["path"]])
    probes = probes.reindex(columns=MANIFEST_SCHEMA.names[len(LISTING_SCHEMA) :])
    counts = dict.fromkeys(("n_frames", "width", "height"), "int32")
    return pd.concat([listing.reset_index(drop=True), probes], axis=1).astype(counts)


def usable(manifest: pd.DataFrame) -> pd.DataFrame:
    """Keep the clips that have frames: whole ones and the part before the damage of truncated ones."""
    return manifest[manifest["status"].isin(USABLE)].reset_index(drop=True)


def select_shard(table: pd.DataFrame, shard: int, n_shards: int) -> pd.DataFrame:
    """Take every n-th clip, so that shards are of equal size whatever the order of the table.

    Args:
        table: Table with a column clip_id.
        shard: Number of the shard, from 0.
        n_shards: Number of shards.

    Returns:
        Rows whose place in the order of clip_id leaves `shard` when divided by `n_shards`.

    Raises:
        ValueError: There is no such shard.
    """
    if not 0 <= shard < n_shards:
        raise ValueError(f"shard {shard} of {n_shards} does not exist; shards are counted from 0 to {n_shards - 1}")
    return table.sort_values("clip_id", ignore_index=True).iloc[shard::n_shards].reset_index(drop=True)


def missing_clips(manifest: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Count the clips that are listed but not there.

    Args:
        manifest: Rows of `probe_clips`.

    Returns:
        For each split that misses any: how many are not there, and how many are listed.
    """
    absent = manifest[manifest["reason"] == NO_FILE]["split"].value_counts()
    listed = manifest["split"].value_counts()
    return {str(split): (int(absent[split]), int(listed[split])) for split in sorted(absent.index)}


def check_manifest(manifest: pd.DataFrame) -> None:
    """Make sure that every class can be learnt and every split can be used, and log what is missing.

    Args:
        manifest: Rows of `probe_clips`.

    Raises:
        ValueError: A class has no usable clip in train, or val or test has no usable clip at all.
    """
    for split, (absent, listed) in missing_clips(manifest).items():
        _log.warning("split %s: %d of %d clips are not there and left out", split, absent, listed)
    clips = usable(manifest)
    for label in sorted(set(manifest["label"]) - set(clips.loc[clips["split"] == "train", "label"])):
        raise ValueError(f"class '{label}' has no usable train clip{_why(manifest, 'label', label)}")
    for split in SPLITS:
        if split not in set(clips["split"]):
            raise ValueError(f"split '{split}' has no usable clip{_why(manifest, 'split', split)}")


def _why(manifest: pd.DataFrame, column: str, value: str) -> str:
    """Say how many clips were there and what is wrong with the first, and what to do."""
    rows = manifest[manifest[column] == value]
    broken = rows[rows["status"] == "unreadable"]
    first = f", the first is '{broken.iloc[0]['path']}': {broken.iloc[0]['reason']}" if len(broken) else ""
    return f" ({len(broken)} of its {len(rows)} clips are unreadable{first}); repair or add clips, or move some to it"
