"""The data of a release as the tables that the stages of this project write."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.clips import USABLE, WITHOUT_VIDEO
from dance_core.manifest import MANIFEST_SCHEMA
from dance_core.manifest.splits import complete_splits
from dance_core.poses.file import pose_file, pose_file_size
from dance_core.release.files import SPLITS, ReleaseFolder

NO_VIDEO = "imported from a release, without its video"


@dataclass(frozen=True)
class ReleaseArtifacts:
    """Tables of a release, each as the stage of the same name writes it.

    Attributes:
        manifest: One row per clip; the release's val is the test split, val is drawn from its train.
        backbone_features: clip_id, features.
        clip_features: clip_id, features.
        concept_set: family, concept, classes (unknown, so empty), kept, reason.
        concept_features: family, concept, features.
        motion_labels: clip_id, split, labelled, concepts.
        motion_concepts: concept, name, label, size, n_clips, purity, medoid and clip_id (both unknown, so empty),
            class_counts; the size is counted in clips.
    """

    manifest: pd.DataFrame
    backbone_features: pd.DataFrame
    clip_features: pd.DataFrame
    concept_set: pd.DataFrame
    concept_features: pd.DataFrame
    motion_labels: pd.DataFrame
    motion_concepts: pd.DataFrame


def release_artifacts(
    release: ReleaseFolder, seed: int, fractions: Sequence[float], poses: str | Path | None = None
) -> ReleaseArtifacts:
    """Turn a release into tables that are joined by clip id.

    A clip whose features are all zero or not finite stays in the manifest as unreadable, with the reason.

    Args:
        release: The release.
        seed: Seed of the drawn val split.
        fractions: Shares of train, val and test; the first two say how much of train becomes val.
        poses: Folder with a pose file for each clip, which gives the number of frames and the size of its pictures;
            None leaves them unknown.

    Returns:
        The tables.

    Raises:
        ValueError: Files of the release disagree, or a clip is in both splits.
    """
    backbone = {split: release.backbone_features(split) for split in SPLITS}
    clips = {split: release.clip_features(split) for split in SPLITS}
    for name, features in (("backbone", backbone), ("dual encoder", clips)):
        train, test = (features[split].shape[1] for split in SPLITS)
        if train != test:
            raise ValueError(
                f"{release.folder}/features: the {name} has {train} features in train and {test} in val; "
                "both must come from the same network"
            )
    manifest = _manifest(release, seed, fractions, poses)
    bad = {}
    for name, features in (("backbone", backbone), ("dual encoder", clips)):
        for split in SPLITS:
            for (clip_id, _, _), row in zip(release.clips[split], features[split], strict=True):
                if not np.isfinite(row).all() or not row.any():
                    what = "all zero" if np.isfinite(row).all() else "not finite"
                    bad[clip_id] = f"its {name} features are {what}"
    broken = manifest["clip_id"].isin(bad)
    manifest.loc[broken, "status"] = "unreadable"
    manifest.loc[broken, "reason"] = manifest.loc[broken, "clip_id"].map(bad)
    usable = set(manifest.loc[manifest["status"].isin(USABLE), "clip_id"])
    if not ((manifest["split"] == "train") & ~broken).any():
        raise ValueError(
            f"{release.folder}: no train clip has usable features ({len(bad)} have none); export them again"
        )
    concepts = {family: release.concepts(family) for family in ("object", "scene")}
    named = [(family, name) for family, (names, _) in concepts.items() for name in names]
    concept_set = pd.DataFrame(named, columns=["family", "concept"])
    embedded = [row for _, features in concepts.values() for row in features]
    labels, motion = _motion(release, manifest[manifest["clip_id"].isin(usable)])
    return ReleaseArtifacts(
        manifest=manifest,
        backbone_features=_by_clip(release, backbone, usable),
        clip_features=_by_clip(release, clips, usable),
        concept_set=concept_set.assign(classes=pd.Series([[]] * len(named), dtype=object), kept=True, reason=""),
        concept_features=concept_set.assign(features=embedded),
        motion_labels=labels,
        motion_concepts=motion,
    )


def _manifest(release: ReleaseFolder, seed: int, fractions: Sequence[float], poses: str | Path | None) -> pd.DataFrame:
    """List all clips; what only a video would tell is unknown, except what the pose files tell."""
    rows = [
        (clip_id, path, label, "test" if split == "val" else "train")
        for split in SPLITS
        for clip_id, path, label in release.clips[split]
    ]
    table = pd.DataFrame(rows, columns=["clip_id", "path", "label", "split"])
    table = table.sort_values("clip_id", ignore_index=True)
    twice = table["clip_id"].duplicated()
    if twice.any():
        raise ValueError(
            f"{release.folder}: clip '{table['clip_id'][twice].iloc[0]}' is in train.csv and in val.csv; "
            "a clip that is learnt from cannot judge"
        )
    table["group"] = table["clip_id"]
    table["split"] = complete_splits(table, seed, fractions)
    sizes = map(partial(_size, Path(poses) if poses else None), table["clip_id"])
    table[["n_frames", "width", "height"]] = pd.DataFrame(list(sizes), dtype="Int32")
    table = table.assign(fps=np.nan, duration_s=np.nan, status=WITHOUT_VIDEO, reason=NO_VIDEO)
    return table[MANIFEST_SCHEMA.names]


def _size(poses: Path | None, clip_id: str) -> tuple[int | None, int | None, int | None]:
    """Give the number of frames, width and height of a clip as its pose file knows them."""
    return pose_file_size(pose_file(poses, clip_id)) if poses else (None, None, None)


def _by_clip(release: ReleaseFolder, features: dict[str, np.ndarray], usable: set[str]) -> pd.DataFrame:
    """Give the rows of both splits their clip ids, sorted, without the clips that cannot be used."""
    rows = {
        clip_id: row
        for split in SPLITS
        for (clip_id, _, _), row in zip(release.clips[split], features[split], strict=True)
        if clip_id in usable
    }
    ordered = sorted(rows)
    return pd.DataFrame({"clip_id": ordered, "features": [rows[clip_id] for clip_id in ordered]})


def _motion(release: ReleaseFolder, manifest: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the motion labels and a description of each concept by the train clips that show it."""
    known = {clip_id: row for split in SPLITS for clip_id, row in release.motion_labels(split).items()}
    widths = sorted({row.size for row in known.values()})
    if len(widths) != 1:
        raise ValueError(f"{release.folder}/motion_labels: train and val have {widths} labels; give both the same")
    rows = np.stack([known[clip_id] for clip_id in manifest["clip_id"]])
    labelled = np.isfinite(rows).all(axis=1)
    flags = np.where(labelled[:, None], rows, 0).astype(bool)
    labels = manifest[["clip_id", "split"]].assign(labelled=labelled, concepts=list(flags))
    train = (manifest["split"] == "train").to_numpy()
    counts = pd.DataFrame(flags[train]).groupby(manifest["label"][train].to_numpy()).sum()
    concepts = [_motion_concept(concept, counts[concept]) for concept in range(flags.shape[1])]
    return labels.reset_index(drop=True), pd.DataFrame(concepts)


def _motion_concept(concept: int, counts: pd.Series) -> dict[str, object]:
    """Describe a released concept; it keeps its number and is named after the class that shows it most."""
    size, label = int(counts.sum()), str(counts.idxmax())
    return {
        "concept": np.int32(concept),
        "name": f"{label} {concept}",
        "label": label,
        "size": size,
        "n_clips": size,
        "purity": counts.max() / size if size else None,
        "medoid": "",
        "clip_id": "",
        "class_counts": json.dumps({name: int(n) for name, n in counts[counts > 0].items()}),
    }
