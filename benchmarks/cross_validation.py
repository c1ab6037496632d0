"""DANCE against the linear probe by cross-validation over people, on the train and val clips of a finished run.

    python -m benchmarks.cross_validation [--results results/demo] [--repeats 6]

The groups of train and val are dealt into four folds; each fold is scored once by models whose motion concepts, concept
layer and classifier were fitted on the others (three quarters of them as train, one quarter as val). The pseudo-labels
are those of the run. The test sets are never read.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.baselines.linear_probe import linear_probe
from dance_core.concept_layer import ConceptLayerSettings, fit_concept_layer
from dance_core.concept_targets import ConceptTargets, motion_targets
from dance_core.feature_store import FeatureStore
from dance_core.manifest import usable
from dance_core.model import fit_model
from dance_core.motion_concepts import MotionSettings, SegmentStore, fit_motion_concepts, motion_labels
from dance_core.tables import matrix, read_shards, read_table, rows_of
from dance_core.target_files import read_targets

FOLDS = 4
Clips = tuple[pd.DataFrame, FeatureStore, pd.DataFrame, Sequence[ConceptTargets]]


def pool(results: Path) -> Clips:
    """Manifest, features, segments and text targets of the train and val clips."""
    manifest = usable(read_table(results / "manifest.parquet"))
    manifest = manifest[manifest["split"].isin(["train", "val"])]
    known = set(manifest["clip_id"])
    features = read_shards((results / "backbone_features").glob("*.parquet"))
    segments = read_table(results / "pose_segments.parquet")
    files = {family: results / "pseudo_labels" / f"{family}.parquet" for family in ("object", "scene")}
    files |= {f"{family}_concepts": results / "pseudo_labels" / f"{family}_concepts.parquet" for family in files}
    files["concept_set"] = results / "concepts" / "concept_set.parquet"
    targets = []
    for target in read_targets(files):
        rows = [row for row, clip in enumerate(target.clip_ids) if clip in known]
        clips = tuple(target.clip_ids[row] for row in rows)
        targets.append(replace(target, clip_ids=clips, values=target.values[rows]))
    return (
        manifest,
        FeatureStore([features[features["clip_id"].isin(known)]]),
        segments[segments["clip_id"].isin(known)],
        targets,
    )


def dance(manifest: pd.DataFrame, clips: Clips, motion_features: str) -> np.ndarray:
    """Whether DANCE is right on each held-out clip."""
    _, features, segments, targets = clips
    split = dict(zip(manifest["clip_id"], manifest["split"], strict=True))
    segments = segments.assign(split=segments["clip_id"].map(split))
    found = fit_motion_concepts(SegmentStore.of([segments]), MotionSettings(minimum_size=3))
    labels = motion_labels(found.assignments, manifest, len(found.concepts))
    settings = ConceptLayerSettings(motion_features=motion_features)
    targets = [motion_targets(labels, found.concepts), *targets]
    model = fit_model(fit_concept_layer(features, targets, manifest, settings, "efficientnet"), manifest)
    held = manifest[manifest["split"] == "held"]
    _, logits = model.predict(features.matrix(list(held["clip_id"])))
    return np.array(model.classes)[logits.argmax(axis=1)] == held["label"].to_numpy()


def probe(manifest: pd.DataFrame, clips: Clips) -> np.ndarray:
    """Whether the linear probe is right on each held-out clip."""
    table, _ = linear_probe(clips[1], manifest)
    held = manifest[manifest["split"] == "held"]
    chosen = matrix(rows_of(table, list(held["clip_id"]), "probe")["probabilities"]).argmax(axis=1)
    return np.array(sorted(set(manifest["label"])))[chosen] == held["label"].to_numpy()


def folds(manifest: pd.DataFrame, repeats: int) -> list[pd.DataFrame]:
    """The manifest with its splits dealt anew, once per repetition and fold."""
    groups = np.array(sorted(set(manifest["group"])))
    dealt = []
    for repeat in range(repeats):
        parts = np.array_split(np.random.default_rng(repeat).permutation(groups), FOLDS)
        for held in parts:
            rest = [group for part in parts for group in part if group not in held]
            split = (
                dict.fromkeys(rest, "train")
                | dict.fromkeys(rest[: len(rest) // 4], "val")
                | dict.fromkeys(held, "held")
            )
            dealt.append(manifest.assign(split=manifest["group"].map(split)))
    return dealt


def main() -> None:
    """Score both sides on the same folds and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--results", type=Path, default=Path("results/demo"))
    options.add_argument("--repeats", type=int, default=6)
    chosen = options.parse_args()
    clips = pool(chosen.results)
    sides: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
        "linear probe": lambda manifest: probe(manifest, clips),
        "DANCE, motion_features all": lambda manifest: dance(manifest, clips, "all"),
        "DANCE, motion_features movement": lambda manifest: dance(manifest, clips, "movement"),
    }
    right: dict[str, list[float]] = {name: [] for name in sides}
    for manifest in folds(clips[0], chosen.repeats):
        for name, side in sides.items():
            right[name].append(float(side(manifest).mean()))
    print(f"| side | top-1 over {len(clips[0])} clips, {FOLDS} folds × {chosen.repeats} |\n|---|---|")
    for name, scores in right.items():
        print(f"| {name} | {np.mean(scores):.3f} |")


if __name__ == "__main__":
    main()
