"""Motion concepts of Penn Action from its official annotations, on the released VideoMAE features.

    python -m benchmarks.penn_motion RELEASE LABELS [--splits 3] [--test]

RELEASE is the folder of the released artefacts, LABELS that of the official .mat files. The motion half runs without
videos on every clip: poses of the annotations, key frames, segments, FINCH, labels; then the concept layer and the
classifier from motion concepts alone. The tables compare the honest fit on train with the authors' joint fit and with
other settings, averaged over seeded draws of val (a fifth of each class of the authors' train; Penn Action names no
groups). Test labels are read for the default only, once, with --test; coverage needs none.

The released features come from a network that was fine-tuned on the whole train split, so on a val drawn from it the
accuracy says little; the columns that see no feature (purity, labels to class) decide between settings.
"""

import argparse
import json
import os
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, roc_auc_score

from dance_core.clips import usable_clips
from dance_core.concept_layer import ConceptLayer, fit_concept_layer
from dance_core.concept_targets import ConceptTargets, motion_targets
from dance_core.feature_store import FeatureStore
from dance_core.keyframes import KeyframeSettings, select_keyframes
from dance_core.model import Model, fit_model
from dance_core.motion_concepts import (
    MotionConcepts,
    MotionSettings,
    SegmentStore,
    fit_motion_concepts,
    motion_labels,
)
from dance_core.pose_segments import SegmentSettings, pose_segments
from dance_core.poses import PoseSettings, estimate_poses
from dance_core.poses.file import pose_file_size
from dance_core.release import ReleaseArtifacts, ReleaseFolder, release_artifacts
from dance_core.sparse_classifier import effective_concepts, lam_of_authors
from dance_core.tables import matrix

FRACTIONS = (0.8, 0.2, 0.0)
LAM = lam_of_authors(7e-4, 0.99)
SEGMENTS: dict[str, Any] = {"step": 2, "minimum_confidence": 0.3}
EVERY_FRAME, MINMAX = {"step": 1}, {"normalisation": "minmax"}
TRAIN, JOINT = {"joint_fit": False}, {"joint_fit": True}
AUTHORS = EVERY_FRAME | MINMAX | {"length": 25, "mirror": False, "discontinuity": "cosine", "minimum_confidence": 0.5}
AUTHORS_MOTION = {"subtract_mean": False, "movement_weight": 1.0}


@dataclass(frozen=True)
class Variant:
    """One way to find motion concepts: its key frames and what differs from the default settings."""

    name: str
    keyframes: str = "pose_motion"
    segments: dict[str, Any] = field(default_factory=dict)
    motion: dict[str, Any] = field(default_factory=dict)


DEFAULT = Variant("default, fit on train")
VARIANTS = (
    DEFAULT,
    Variant("default, joint fit", motion=JOINT),
    Variant("not mirrored", segments={"mirror": False}),
    Variant("minmax", segments=MINMAX),
    Variant("minmax, not mirrored", segments=MINMAX | {"mirror": False}),
    Variant("released key frames", "released"),
    Variant("released key frames, joint fit", "released", motion=JOINT),
    Variant("every frame", segments=EVERY_FRAME),
    Variant("every frame, length 25", segments=EVERY_FRAME | {"length": 25}),
    Variant("movement weight 1", motion={"movement_weight": 1.0}),
    Variant("authors' settings, fit on train", "released", AUTHORS, AUTHORS_MOTION),
    Variant("authors' settings, joint fit", "released", AUTHORS, AUTHORS_MOTION | JOINT),
)


def main() -> None:
    """Run every stage once, then every variant on every draw of val, and print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("release", nargs="?", type=Path, help="folder of the released artefacts")
    options.add_argument("labels", nargs="?", type=Path, help="folder of the official .mat files")
    options.add_argument("--splits", type=int, default=3, help="draws of val to average over")
    options.add_argument("--test", action="store_true", help="read the test labels once, for the default")
    arguments = options.parse_args()
    if arguments.labels is None:
        print("give the folders of the release and of the annotations: python -m benchmarks.penn_motion RELEASE LABELS")
        return

    warnings.simplefilter("ignore")  # of folds and columns without a positive
    release = ReleaseFolder(arguments.release)
    draws = [release_artifacts(release, seed, FRACTIONS, arguments.labels) for seed in range(arguments.splits)]
    every = with_unlisted(draws[0].manifest, arguments.labels)
    poses, keyframes = first_stages(every, arguments.labels)
    tables = {"pose_motion": keyframes, "released": released_keyframes(arguments.release, every)}
    partitions: dict[str, pd.DataFrame] = {}
    rows: dict[str, pd.DataFrame] = {}
    for variant in VARIANTS:
        settings = SegmentSettings(**SEGMENTS | variant.segments)
        segments = pose_segments(every, poses, tables[variant.keyframes], settings)[0]
        records = []
        for draw in draws:
            own = SegmentStore.of([placed(segments, draw.manifest)])
            concepts = fit_motion_concepts(own, MotionSettings(**variant.motion))
            records.append(judged(concepts, draw, arguments.test and variant is DEFAULT and draw is draws[0]))
            partitions.setdefault(variant.name, concepts.partitions)
        rows[variant.name] = pd.DataFrame(records)
    print_variants(rows)
    for name, table in partitions.items():
        print_partitions(name, table)


def with_unlisted(manifest: pd.DataFrame, labels: Path) -> pd.DataFrame:
    """Add the annotated clips that the release does not list, without split or class."""
    rows = []
    for path in sorted(labels.glob("*.mat")):
        if path.stem not in set(manifest["clip_id"]):
            n_frames, width, height = pose_file_size(path)
            rows.append({"clip_id": path.stem, "n_frames": n_frames, "width": width, "height": height})
    unlisted = pd.DataFrame(rows).assign(path="", label="", split="", fps=np.nan, status=manifest["status"].iloc[0])
    return pd.concat([manifest, unlisted], ignore_index=True) if rows else manifest


def first_stages(every: pd.DataFrame, labels: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run the motion half with the default settings on all clips and print what each stage costs and gives."""
    clock = [time.process_time()]
    poses, quality = estimate_poses(every, "", PoseSettings(estimator="file", folder=labels))
    clock.append(time.process_time())
    keyframes = select_keyframes(every, "", poses, KeyframeSettings())
    clock.append(time.process_time())
    segments, report = pose_segments(every, poses, keyframes, SegmentSettings(**SEGMENTS))
    clock.append(time.process_time())
    concepts = fit_motion_concepts(SegmentStore.of([segments]), MotionSettings())
    clock.append(time.process_time())
    gives = {
        "poses": f"{len(poses):,} poses",
        "keyframes": f"{keyframes['frames'].map(len).sum():,} key frames",
        "pose_segments": f"{len(segments):,} segments",
        "motion_concepts": f"{len(concepts.concepts)} motion concepts",
    }
    print(f"{len(every):,} clips, one thread.\n\n| stage | CPU s | gives |\n|---|---|---|")
    for (stage, given), took in zip(gives.items(), np.diff(clock), strict=True):
        print(f"| {stage} | {took:.1f} | {given} |")
    nobody = ", ".join(quality.loc[quality["status"] != "ok", "clip_id"])
    print(f"\nNobody is visible in {nobody or 'no clip'}. Clips without a segment:\n")
    print("| class | why | clips |\n|---|---|---|")
    without = report[report["reason"] != ""]
    for label, reason in sorted(set(zip(without["label"], without["reason"], strict=True))):
        n = ((without["label"] == label) & (without["reason"] == reason)).sum()
        print(f"| {label} | {reason} | {n} |")
    return poses, keyframes


def released_keyframes(release: Path, every: pd.DataFrame) -> pd.DataFrame:
    """Read the key frames of the release; its clips are those of the manifest."""
    frames = json.loads((release / "keyframes.json").read_text("utf-8"))
    rows = [(clip_id, np.array(frames[clip_id], np.int32)) for clip_id in every["clip_id"]]
    return pd.DataFrame(rows, columns=["clip_id", "frames"])


def placed(segments: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Give segments the split of their clips, leaving out clips without one."""
    split = segments["clip_id"].map(manifest.set_index("clip_id")["split"])
    return segments.assign(split=split)[split.notna()]


def judged(found: MotionConcepts, draw: ReleaseArtifacts, with_test: bool) -> dict[str, float]:
    """Measure motion concepts on train and val: coverage, purity, what they tell of the class, what can be learnt."""
    manifest = draw.manifest
    labels = motion_labels(found.assignments, manifest, len(found.concepts))
    labels["label"] = manifest["label"].to_numpy()
    record = {"segments": float(len(found.assignments)), "concepts": float(len(found.concepts))}
    for split in ("train", "val", "test"):
        record[f"labelled {split}"] = labels.loc[labels["split"] == split, "labelled"].mean()
    class_of = found.assignments["clip_id"].map(manifest.set_index("clip_id")["label"])
    majority = found.concepts["label"].to_numpy()[found.assignments["concept"]]
    assigned = found.assignments["concept"] >= 0
    held_out = found.assignments["split"] != "train"
    record["unassigned"] = float((~assigned[held_out]).mean())
    for split in ("train", "val"):
        rows = assigned & (found.assignments["split"] == split)
        record[f"purity {split}"] = float((majority == class_of)[rows].mean())
    train, val = (labels[(labels["split"] == split) & labels["labelled"]] for split in ("train", "val"))
    by_labels = LogisticRegression(max_iter=1000).fit(matrix(train["concepts"]), train["label"])
    record["labels to class"] = by_labels.score(matrix(val["concepts"]), val["label"])
    target = motion_targets(labels, found.concepts)
    layer = fit_concept_layer(FeatureStore([draw.backbone_features]), [target], manifest)
    model = fit_model(layer, manifest, LAM)
    record["AUROC"] = mean_auroc(layer, target, draw, val["clip_id"].tolist())
    record["accuracy val"], record["NEC"] = accuracy(model, draw, "val"), effective_concepts(model.weight)
    if with_test:
        record["accuracy test"] = accuracy(model, draw, "test")
    return record | with_release(found, labels, draw)


def mean_auroc(layer: ConceptLayer, target: ConceptTargets, draw: ReleaseArtifacts, clips: list[str]) -> float:
    """Average how well the concept layer tells which clips show a concept, over concepts that some of them show."""
    motion = layer.families["motion"]
    x = (FeatureStore([draw.backbone_features]).matrix(clips) - layer.feature_mean) / layer.feature_std
    shown = target.rows(clips)[:, [target.ids.index(concept) for concept in motion.ids]]
    some = np.flatnonzero(np.ptp(shown, axis=0) > 0)
    z = x @ motion.weight.T
    return float(np.mean([roc_auc_score(shown[:, column], z[:, column]) for column in some]))


def accuracy(model: Model, draw: ReleaseArtifacts, split: str) -> float:
    """Top-1 of the clips of a split, those without a motion label included."""
    clips = usable_clips(draw.manifest, split)
    logits = model.logits(FeatureStore([draw.backbone_features]).matrix(list(clips["clip_id"])))
    return float((np.array(model.classes)[logits.argmax(axis=1)] == clips["label"]).mean())


def with_release(found: MotionConcepts, labels: pd.DataFrame, draw: ReleaseArtifacts) -> dict[str, float]:
    """Compare motion labels with the released ones, over clips that both label.

    The omega index is the adjusted Rand index of overlapping clusters: whether two clips share as many concepts in one
    as in the other, beyond chance (Collins and Dent 1988). ARI and NMI take clips with a single released concept, and
    of ours the one that most segments of the clip show.
    """
    released = draw.motion_labels.set_index("clip_id").loc[labels["clip_id"]]
    both = labels["labelled"].to_numpy() & released["labelled"].to_numpy()
    ours, theirs = (matrix(table["concepts"])[both].astype(np.float32) for table in (labels, released))
    pairs = np.triu_indices(len(ours), 1)
    shared, released_shared = (np.rint(flags @ flags.T).astype(int)[pairs] for flags in (ours, theirs))
    width = max(shared.max(), released_shared.max()) + 1
    shares = [np.bincount(counts, minlength=width) / len(counts) for counts in (shared, released_shared)]
    observed, expected = float((shared == released_shared).mean()), float(shares[0] @ shares[1])
    assigned = found.assignments[found.assignments["concept"] >= 0]
    main = assigned.groupby("clip_id")["concept"].agg(lambda concepts: concepts.mode().iloc[0])
    single = theirs.sum(axis=1) == 1
    first = main.loc[labels["clip_id"][both][single]].to_numpy()
    second = theirs[single].argmax(axis=1)
    return {
        "omega": (observed - expected) / (1 - expected),
        "ARI": adjusted_rand_score(second, first),
        "NMI": normalized_mutual_info_score(second, first),
    }


def print_variants(rows: dict[str, pd.DataFrame]) -> None:
    """Print means over the draws, with the standard deviation where it says something; test where it was read."""
    columns = [str(column) for column in rows[DEFAULT.name]]
    print("\n| settings | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name, table in rows.items():
        cells = []
        for column in columns:
            values = table[column].dropna().to_numpy(float) if column in table else np.empty(0)
            digits = {"segments": 0, "concepts": 0, "NEC": 1}.get(column, 3)
            spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 and np.ptp(values) > 0 else ""
            cells.append(f"{np.mean(values):.{digits}f}{spread}" if len(values) else "")
        print(f"| {name} | " + " | ".join(cells) + " |")


def print_partitions(name: str, table: pd.DataFrame) -> None:
    """Print every partition of the first draw."""
    columns = ["n_clusters", "n_kept", "purity", "nmi", "silhouette", "agreement"]
    print(f"\n{name}:\n\n| " + " | ".join(columns) + " | chosen |\n|" + "---|" * (len(columns) + 1))
    for row in table.to_dict("records"):
        cells = [f"{row[column]}" if column.startswith("n_") else f"{row[column]:.3f}" for column in columns]
        print("| " + " | ".join(cells).replace("nan", "") + f" | {'yes' if row['chosen'] else ''} |")


if __name__ == "__main__":
    main()
