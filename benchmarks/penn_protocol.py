"""The authors' protocol on their released Penn Action: concepts kept, accuracy and NEC of each way, and of their model.

    OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.penn_protocol RELEASE [--seeds 3]

Fitted on train, selected and judged by the authors' val, as their numbers are. The honest protocol is what the workflow
runs: make penn RELEASE=...
"""

import argparse
from pathlib import Path

import numpy as np

from dance_core.concept_layer import ConceptLayer, ConceptLayerSettings, fit_concept_layer
from dance_core.concept_solvers import AdamSolver
from dance_core.concept_targets import ConceptTargets, motion_targets, text_targets
from dance_core.feature_store import FeatureStore
from dance_core.model import Model, fit_model
from dance_core.pruning import Pruning
from dance_core.pseudo_labels import pseudo_label_table
from dance_core.release import ReleaseArtifacts, ReleaseFolder, release_artifacts, released_model
from dance_core.release.model import FOLDERS
from dance_core.sparse_classifier import effective_concepts, lam_of_authors

ALPHA = 0.99
LAM = lam_of_authors(7e-4, ALPHA)


def targets_of(data: ReleaseArtifacts) -> list[ConceptTargets]:
    """Motion labels, and pseudo-labels of the concepts that pass the authors' cutoff."""
    targets = [motion_targets(data.motion_labels, data.motion_concepts)]
    for family in ("object", "scene"):
        clips = FeatureStore([data.clip_features], "clip_features")
        tables = (clips, data.concept_features, data.manifest, family, Pruning("cutoff", cutoff=0.2))
        scores, scored = pseudo_label_table(*tables, protocol="authors")
        targets.append(text_targets(family, scores, scored, data.concept_set))
    return targets


def row(name: str, models: list[Model], release: ReleaseFolder, layers: list[ConceptLayer]) -> str:
    """One line of the table: concepts kept, accuracy of each seed and NEC."""
    features = release.backbone_features("val")
    labels = [label for _, _, label in release.clips["val"]]
    right = [np.array(model.classes)[model.logits(features).argmax(axis=1)] == labels for model in models]
    lists = {family: release.folder / "released_model" / FOLDERS[family] for family in ("object", "scene")}
    published = {family: set(release.lines(folder / "concepts.txt")) for family, folder in lists.items()}
    kept = []
    for family, names in published.items():
        counts = {len(set(layer.families[family].names) & names) for layer in layers}
        strange = {len(set(layer.families[family].names) - names) for layer in layers}
        kept.append(
            f"{min(counts)}–{max(counts)} of {len(names)}, {max(strange)} others" if layers else f"{len(names)}"
        )
    accuracies = [100 * hits.mean() for hits in right]
    nec = [effective_concepts(model.weight) for model in models]
    shown = " / ".join(f"{value:.2f}" for value in accuracies)
    return (
        f"| {name} | {kept[0]} | {kept[1]} | {shown} | {np.mean(accuracies):.2f} | {right[0].sum()}/{len(labels)} | "
        f"{min(nec):.1f}–{max(nec):.1f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("release", nargs="?", type=Path, help="folder of the Penn Action release")
    parser.add_argument("--seeds", type=int, default=3)
    chosen = parser.parse_args()
    if chosen.release is None:
        print("give the folder of the release: python -m benchmarks.penn_protocol RELEASE")
        return
    release = ReleaseFolder(chosen.release)
    data = release_artifacts(release, 0, (0.8, 0.1, 0.1))
    targets = targets_of(data)
    print(f"lam {LAM:.4g} as it enters the objective, alpha {ALPHA}; {chosen.seeds} seeds\n")
    print("| way | object concepts | scene concepts | top-1 by seed | mean | first seed | NEC |")
    print("|---|---|---|---|---|---|---|")
    print(row("released model", [released_model(release)], release, []))
    adam = [
        ConceptLayerSettings("adam", standardise=False, adam=AdamSolver(steps=1001, seed=seed))
        for seed in range(chosen.seeds)
    ]
    ways = {
        "Adam, SAGA of 30,000 epochs (the authors)": (adam, "saga"),
        "Adam, optimum": (adam, "newton"),
        "ridge, optimum (default)": ([ConceptLayerSettings()], "newton"),
    }
    layers: dict[str, list[ConceptLayer]] = {}
    for name, (settings, solver) in ways.items():
        key = settings[0].optimiser
        if key not in layers:
            fit = (FeatureStore([data.backbone_features]), targets, data.manifest)
            layers[key] = [fit_concept_layer(*fit, each, protocol="authors") for each in settings]
        saga = {"epochs": 30_000, "batch_size": 128}
        models = [
            fit_model(layer, data.manifest, LAM, ALPHA, solver=solver, saga=saga, seed=seed)
            for seed, layer in enumerate(layers[key])
        ]
        print(row(name, models, release, layers[key]), flush=True)


if __name__ == "__main__":
    main()
