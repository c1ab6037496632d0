"""Reading the files of a release: tensors without code, lists, labels; every disagreement between them is an error.

A release holds class_list.txt, train.csv and val.csv (path, class index), features/*_{train,val}_{encoder}.pt, whose
row i is line i of the csv, concepts/*{object,scene}*.txt with the text features of each list beside it in
{stem}_{encoder}.pt, motion_labels/hard_label_{train,val}.json, and released_model/.
"""

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dance_core.networks.torch_files import read_torch_tensor

SPLITS = ("train", "val")
"""Splits of a release; the authors select by "val" and report it, so it is the test split of this project."""


@dataclass(frozen=True)
class ReleaseFolder:
    """One released data set.

    Attributes:
        folder: Where it lies.

    Raises:
        ValueError: There is no such folder.
    """

    folder: Path

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise ValueError(f"release: there is no folder '{self.folder}'; set release to the folder of the release")

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Class names; the place of a name is its index in the csv files."""
        return self.lines(self.file("class_list.txt"))

    @cached_property
    def clips(self) -> dict[str, list[tuple[str, str, str]]]:
        """Clip id (stem of the path), path and class name of every line, by split."""
        return {split: self._csv(self.file(f"{split}.csv")) for split in SPLITS}

    @cached_property
    def dual_encoder(self) -> str:
        """Name of the encoder that the text features come from."""
        stem = self.concept_list("object").stem
        found = sorted(self.folder.glob(f"concepts/{stem}_*.pt"))
        if len(found) != 1:
            raise ValueError(f"{self.folder}/concepts: {len(found)} files {stem}_ENCODER.pt; give exactly one")
        return found[0].stem.removeprefix(f"{stem}_")

    def file(self, pattern: str) -> Path:
        """Find the one file that fits a pattern.

        Args:
            pattern: Glob below the folder.

        Returns:
            Its path.

        Raises:
            ValueError: There is none, or more than one.
        """
        found = sorted(self.folder.glob(pattern))
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise ValueError(f"{self.folder}: {pattern} must be exactly one file; found {names}")
        return found[0]

    def concept_list(self, family: str) -> Path:
        """Return the path of the list of object or scene concepts."""
        return self.file(f"concepts/*{family}*.txt")

    def lines(self, path: Path) -> tuple[str, ...]:
        """Return the lines of a list without the blanks around them; blank lines at the end do not count."""
        return tuple(line.strip() for line in path.read_text("utf-8").rstrip().split("\n"))

    def backbone_features(self, split: str) -> np.ndarray:
        """Return the backbone features of a split, float32 of shape (n, D), in the order of its csv."""
        return self._rows(split, of_dual_encoder=False)

    def clip_features(self, split: str) -> np.ndarray:
        """Return the dual encoder's features of a split, float32 of shape (n, d), in the order of its csv."""
        return self._rows(split, of_dual_encoder=True)

    def concepts(self, family: str) -> tuple[tuple[str, ...], np.ndarray]:
        """Read the concepts of a family.

        Args:
            family: object or scene.

        Returns:
            Names, M of them; their text features, float32 of shape (M, d).

        Raises:
            ValueError: A name occurs twice, or names and features differ in number.
        """
        path = self.concept_list(family)
        names = self.lines(path)
        width = self.clip_features("train").shape[1]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{path}: concept '{twice}' occurs twice; name each concept once")
        features = load_tensor(path.with_name(f"{path.stem}_{self.dual_encoder}.pt"))
        if features.shape != (len(names), width):
            raise ValueError(
                f"{path}: {len(names)} concepts but text features of shape {features.shape}; "
                f"give one row a concept, {width} wide as the features of the clips"
            )
        return names, features

    def motion_labels(self, split: str) -> dict[str, np.ndarray]:
        """Read the motion labels of a split.

        Args:
            split: train or val.

        Returns:
            Flags, float64 of shape (M,), by clip id; NaN where the release has -1, which is "no accepted segment".

        Raises:
            ValueError: The clips are not those of the csv, rows differ in length, or a value is none of -1, 0 and 1.
        """
        path = self.file(f"motion_labels/hard_label_{split}.json")
        try:
            records = json.loads(path.read_text("utf-8"))
            rows = {Path(record["video_name"]).stem: np.array(record["attribute_label"], float) for record in records}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path}: not motion labels, at {error!r}; it must be a list of "
                '{"video_name": ..., "attribute_label": [0, 1, ...]}'
            ) from error
        expected = {clip_id for clip_id, _, _ in self.clips[split]}
        if len(records) != len(rows) or set(rows) != expected:
            differing = sorted(set(rows) ^ expected)
            which = f"; clip '{differing[0]}' is in one of them only" if differing else ""
            raise ValueError(
                f"{path}: {len(records)} rows, but {split}.csv has {len(expected)} clips{which}; "
                "both must list the same clips, each once"
            )
        widths = sorted({row.size for row in rows.values()})
        if len(widths) > 1:
            raise ValueError(f"{path}: rows have {widths[0]} to {widths[-1]} labels; give every clip one a concept")
        for clip_id, row in rows.items():
            if not np.isin(row, (-1, 0, 1)).all() or ((row < 0).any() and not (row < 0).all()):
                raise ValueError(f"{path}: clip '{clip_id}' has labels other than 0 and 1, or -1 in part of its row")
        return {clip_id: np.where(row < 0, np.nan, row) for clip_id, row in rows.items()}

    def _csv(self, path: Path) -> list[tuple[str, str, str]]:
        rows = []
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if len(row) != 2 or not row[1].strip().isdigit() or int(row[1]) >= len(self.classes):
                    raise ValueError(
                        f"{path}:{number}: '{','.join(row)}' is not a path and a class index below {len(self.classes)}"
                    )
                rows.append((Path(row[0]).stem, row[0], self.classes[int(row[1])]))
        ids = [clip_id for clip_id, _, _ in rows]
        if len(set(ids)) < len(ids):
            twice = next(clip_id for clip_id in ids if ids.count(clip_id) > 1)
            raise ValueError(f"{path}: clip '{twice}' occurs twice; list each clip once")
        return rows

    def _feature_file(self, split: str, of_dual_encoder: bool) -> Path:
        """Find the one feature file of a split that is, or is not, of the dual encoder."""
        files = sorted(self.folder.glob(f"features/*_{split}_*.pt"))
        chosen = [path for path in files if path.stem.endswith(f"_{self.dual_encoder}") == of_dual_encoder]
        if len(chosen) != 1:
            kind = "dual encoder" if of_dual_encoder else "backbone"
            raise ValueError(
                f"{self.folder}/features: {len(chosen)} files of the {kind} for split {split}; give exactly one "
                f"*_{split}_ENCODER.pt (the dual encoder is {self.dual_encoder})"
            )
        return chosen[0]

    def _rows(self, split: str, of_dual_encoder: bool) -> np.ndarray:
        """Read features that have a row for each line of the csv."""
        path = self._feature_file(split, of_dual_encoder)
        values = load_tensor(path)
        if values.ndim != 2 or len(values) != len(self.clips[split]):
            raise ValueError(
                f"{path}: features of shape {values.shape} for {len(self.clips[split])} clips of {split}.csv; "
                "row i must be line i"
            )
        return values


def load_tensor(path: Path) -> np.ndarray:
    """Read a file that holds one tensor; nothing in it is ever run.

    Args:
        path: A .pt file.

    Returns:
        float32 or float64 array.

    Raises:
        ValueError: The file is absent, holds anything but one tensor of numbers, or would have to run code.
    """
    if not path.is_file():
        raise ValueError(f"{path}: the file is absent; complete the release")
    return read_torch_tensor(path)
