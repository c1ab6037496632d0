"""Pruning of object and scene concepts: what each rule keeps of the Penn Action release, and what that costs.

    OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.pruning RELEASE [--splits 8]

Only the release's train is read, and of it a fifth is held out in each split to measure accuracy at five effective
concepts of a class (NEC 5) with object and scene concepts alone.
"""

import argparse
from pathlib import Path

import numpy as np

from dance_core.concept_objectives import NegativeCosineCubed
from dance_core.concept_solvers import RidgeSolver
from dance_core.pruning import Pruning, pruned
from dance_core.pseudo_labels import cosine_scores
from dance_core.release.files import ReleaseFolder
from dance_core.sparse_classifier import at_effective_concepts, fit_path

FAMILIES = ("object", "scene")
SCALES = {"x 0.5": (0.5, 0.0), "+ 0.2": (1.0, 0.2), "x 2 + 0.1": (2.0, 0.1)}
RULES = {
    "none": Pruning("rank", rank=10_000),
    "cutoff 0.15": Pruning("cutoff", cutoff=0.15),
    "cutoff 0.2 (the authors)": Pruning("cutoff", cutoff=0.2),
    "cutoff 0.225": Pruning("cutoff", cutoff=0.225),
    "cutoff 0.25": Pruning("cutoff", cutoff=0.25),
    "rank 20": Pruning("rank", rank=20),
    "rank 35": Pruning("rank", rank=35),
    "zscore -1": Pruning(zscore=-1.0),
    "zscore -0.5": Pruning(zscore=-0.5),
    "zscore 0": Pruning(zscore=0.0),
    "zscore 0.5": Pruning(zscore=0.5),
}
LEVELS = (5, 10)


def overlap(one: np.ndarray, two: np.ndarray) -> float:
    """Concepts kept by both over concepts kept by either."""
    return float((one & two).sum() / max((one | two).sum(), 1))


def subsampled(scores: np.ndarray, rule: Pruning, n: int) -> float:
    """How far the kept concepts of n clips are those of all clips; the mean of twenty draws."""
    whole, generator = pruned(scores, rule).kept, np.random.default_rng(0)
    draws = [pruned(scores[generator.permutation(len(scores))[:n]], rule).kept for _ in range(20)]
    return float(np.mean([overlap(draw, whole) for draw in draws]))


def print_sets(scores: dict[str, np.ndarray]) -> None:
    """Print what each rule keeps, also where the cosines had another scale or the clips were fewer."""
    print(
        "| rule | family | kept | overlap with the authors' | " + " | ".join(f"kept, {name}" for name in SCALES), end=""
    )
    print(" | overlap with all clips, 72 | 300 |\n|---|---|---|---|" + "---|" * (len(SCALES) + 2))
    for name, rule in RULES.items():
        for family in FAMILIES:
            kept = pruned(scores[family], rule).kept
            authors = pruned(scores[family], RULES["cutoff 0.2 (the authors)"]).kept
            rescaled = [str(pruned(a * scores[family] + b, rule).kept.sum()) for a, b in SCALES.values()]
            fewer = [f"{subsampled(scores[family], rule, n):.2f}" for n in (72, 300)]
            cells = [name, family, f"{kept.sum()} of {len(kept)}", f"{overlap(kept, authors):.2f}", *rescaled, *fewer]
            print("| " + " | ".join(cells) + " |")


def activations(x: np.ndarray, scores: np.ndarray, learn: np.ndarray) -> np.ndarray:
    """Standardised activations of all concepts of a family, learnt from some clips and selected by the others."""
    mean, std = x[learn].mean(axis=0), x[learn].std(axis=0, ddof=1)
    x = (x - mean) / std
    weight = RidgeSolver().fit(x[learn], scores[learn], x[~learn], scores[~learn], NegativeCosineCubed).weight
    found = x @ weight.T
    return (found - found[learn].mean(axis=0)) / found[learn].std(axis=0, ddof=1)


def accuracies(z: np.ndarray, y: np.ndarray, learn: np.ndarray) -> list[float]:
    """Held-out accuracy at each number of effective concepts."""
    path = fit_path(z[learn], y[learn], n_values=20)
    found = at_effective_concepts(path, z[learn], y[learn], LEVELS)
    held = z[~learn]
    return [float(((held @ c.weight.T + c.bias).argmax(axis=1) == y[~learn]).mean()) for c in found.values()]


def print_accuracy(x: np.ndarray, scores: dict[str, np.ndarray], y: np.ndarray, splits: int) -> None:
    """Print the accuracy that each rule leaves, with the difference to no pruning over the splits."""
    found: dict[str, list[list[float]]] = {name: [] for name in RULES}
    for split in range(splits):
        learn = np.random.default_rng(split).permutation(np.arange(len(y)) % 5) > 0
        z = {family: activations(x, scores[family], learn) for family in FAMILIES}
        for name, rule in RULES.items():
            kept = {family: pruned(scores[family][learn], rule).kept for family in FAMILIES}
            both = np.hstack([z[family][:, kept[family]] for family in FAMILIES])
            found[name].append([*accuracies(both, y, learn), *accuracies(z["scene"][:, kept["scene"]], y, learn)])
    print(f"\nHeld-out accuracy over {splits} splits of train; in brackets the difference to no pruning ± its error\n")
    heads = [f"{what}, NEC {level}" for what in ("object and scene", "scene alone") for level in LEVELS]
    print("| rule | " + " | ".join(heads) + " |\n|---|" + "---|" * len(heads))
    baseline = np.array(found["none"])
    for name, values in found.items():
        away = np.array(values) - baseline
        error = away.std(axis=0, ddof=1) / np.sqrt(splits) if splits > 1 else away[0]
        cells = [
            f"{mean:.3f} ({difference:+.3f} ± {e:.3f})"
            for mean, difference, e in zip(np.mean(values, axis=0), away.mean(axis=0), error, strict=True)
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("release", nargs="?", type=Path, help="folder of the Penn Action release")
    options.add_argument("--splits", type=int, default=8)
    chosen = options.parse_args()
    if chosen.release is None:
        print("give the folder of the release: python -m benchmarks.pruning RELEASE")
        return
    release = ReleaseFolder(chosen.release)
    texts = {family: release.concepts(family)[1] for family in FAMILIES}
    scores = {family: cosine_scores(release.clip_features("train"), text) for family, text in texts.items()}
    y = np.array([release.classes.index(label) for _, _, label in release.clips["train"]])
    print_sets(scores)
    print_accuracy(release.backbone_features("train").astype(float), scores, y, chosen.splits)


if __name__ == "__main__":
    main()
