"""Concept layer: row-space ridge and L-BFGS against the authors' full-batch Adam, on the same clips, in turn.

Run: OMP_NUM_THREADS=1 .venv/bin/python benchmarks/concept_layer.py
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from dance_core.concept_objectives import BinaryCrossEntropy, NegativeCosineCubed
from dance_core.concept_solvers import AdamSolver, RidgeSolver

ROUNDS = 3


def clips(n: int, n_val: int, width: int, n_concepts: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of 64 latent causes with noise; scores read the same causes through a mild non-linearity."""
    generator = np.random.default_rng(seed)
    latent = generator.normal(size=(n + n_val, 64)) * np.arange(1, 65) ** -0.5
    x = latent @ generator.normal(size=(64, width)) + 0.5 * generator.normal(size=(n + n_val, width))
    scores = np.tanh(latent @ generator.normal(size=(64, n_concepts))) + 0.5 * generator.normal(
        size=(n + n_val, n_concepts)
    )
    return x / x.std() + generator.normal(size=width), scores


def main() -> None:
    """Print the table."""
    n = 1500
    x, scores = clips(n, 500, 768, 80, seed=0)
    labels = (scores > scores.mean(axis=0) + 1.5 * scores.std(axis=0)).astype(float)
    solvers = {
        "ours": RidgeSolver(),
        "Adam, 1,000 steps, val every 500 (the authors)": AdamSolver(steps=1001),
        "Adam, 1,000 steps, val every 50": AdamSolver(steps=1001, check_every=50),
    }
    families = {"similarity": (scores, NegativeCosineCubed), "cross-entropy": (labels, BinaryCrossEntropy)}
    seconds: dict[tuple[str, str], list[float]] = {(name, family): [] for family in families for name in solvers}
    found = {}
    for _ in range(ROUNDS):
        for name, family in seconds:
            targets, objective = families[family]
            start = time.process_time()
            chosen = solvers[name].fit(x[:n], targets[:n], x[n:], targets[n:], objective)
            seconds[name, family].append(time.process_time() - start)
            found[name, family] = min(point["val_loss"] for point in chosen.val_curve)
    print(f"1,500 train and 500 val clips, 768 features, 80 concepts; median of {ROUNDS} interleaved rounds\n")
    print("| loss | solver | CPU s | val |\n|---|---|---|---|")
    for (name, family), values in seconds.items():
        loss = found[name, family]
        shown = f"similarity {-loss:.4f}" if family == "similarity" else f"cross-entropy {loss:.4f}"
        print(f"| {family} | {name} | {np.median(values):.2f} | {shown} |")


if __name__ == "__main__":
    main()
