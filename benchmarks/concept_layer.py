"""Concept layer: row-space ridge and L-BFGS against the authors' Adam, on the same clips, in turn.

    OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.concept_layer [RELEASE] [--splits 3]

With the folder of the Penn Action release, both sides learn its three families from its features; the first table
selects by the release's val as the authors do, the second splits the release's train into clips to learn from, to
select by and to judge by. Without it the problem is synthetic.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dance_core.concept_objectives import BinaryCrossEntropy, NegativeCosineCubed, Objective
from dance_core.concept_solvers import AdamSolver, Chosen, RidgeSolver, Solver
from dance_core.pruning import Pruning, pruned
from dance_core.pseudo_labels import cosine_scores
from dance_core.release.files import ReleaseFolder
from dance_core.rows import Rows

OURS, AUTHORS, OFTEN = "ours", "Adam, val every 500 steps (the authors)", "Adam, val every 50 steps"
CUTOFF = 0.2


@dataclass(frozen=True)
class Problem:
    """One family: features and targets of clips to learn from and of clips to select by."""

    x: np.ndarray
    targets: np.ndarray
    x_val: np.ndarray
    val_targets: np.ndarray
    objective: type[Objective]

    def split(self, learn: np.ndarray, select: np.ndarray, judge: np.ndarray) -> tuple["Problem", "Problem"]:
        """Split the clips to learn from in three; return the problems that end in the second and in the third."""
        targets = self.targets[:, np.ptp(self.targets[learn], axis=0) > 0]
        return tuple(
            Problem(self.x[learn], targets[learn], self.x[last], targets[last], self.objective)
            for last in (select, judge)
        )


def synthetic(seed: int = 0) -> dict[str, Problem]:
    """Features of 64 latent causes with noise; scores read the same causes through a mild non-linearity."""
    n, n_val, width, n_concepts = 1500, 500, 768, 80
    generator = np.random.default_rng(seed)
    latent = generator.normal(size=(n + n_val, 64)) * np.arange(1, 65) ** -0.5
    x = latent @ generator.normal(size=(64, width)) + 0.5 * generator.normal(size=(n + n_val, width))
    noise = 0.5 * generator.normal(size=(n + n_val, n_concepts))
    scores = np.tanh(latent @ generator.normal(size=(64, n_concepts))) + noise
    x = x / x.std() + generator.normal(size=width)
    labels = (scores > scores.mean(axis=0) + 1.5 * scores.std(axis=0)).astype(float)
    return {
        "motion": Problem(x[:n], labels[:n], x[n:], labels[n:], BinaryCrossEntropy),
        "object": Problem(x[:n], scores[:n], x[n:], scores[n:], NegativeCosineCubed),
    }


def released(folder: Path) -> dict[str, Problem]:
    """The three families of a release, with the concepts that pass the authors' cutoff."""
    release = ReleaseFolder(folder)
    x, x_val = (release.backbone_features(split).astype(float) for split in ("train", "val"))
    rows = [release.motion_labels(split) for split in ("train", "val")]
    ids = [[clip_id for clip_id, _, _ in release.clips[split]] for split in ("train", "val")]
    labels, val_labels = (np.stack([row[clip] for clip in clips]) for row, clips in zip(rows, ids, strict=True))
    labelled, val_labelled = (np.isfinite(values).all(axis=1) for values in (labels, val_labels))
    problems = {
        "motion": Problem(
            x[labelled], labels[labelled], x_val[val_labelled], val_labels[val_labelled], BinaryCrossEntropy
        )
    }
    for family in ("object", "scene"):
        _, text = release.concepts(family)
        scores, val_scores = (
            cosine_scores(release.clip_features(split), text).astype(float) for split in ("train", "val")
        )
        kept = pruned(scores, Pruning("cutoff", cutoff=CUTOFF)).kept
        problems[family] = Problem(x, scores[:, kept], x_val, val_scores[:, kept], NegativeCosineCubed)
    return problems


def standardised(problem: Problem, name: str) -> Problem:
    """Ours standardises features as the concept layer does by default; the authors take them as they are."""
    if name != OURS:
        return problem
    mean, std = problem.x.mean(axis=0), problem.x.std(axis=0, ddof=1)
    return Problem(
        (problem.x - mean) / std,
        problem.targets,
        (problem.x_val - mean) / std,
        problem.val_targets,
        problem.objective,
    )


def fitted_offset(activations: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The offset of each concept that suits its labels best, by Newton's method."""
    offset = np.zeros(labels.shape[1])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-(activations + offset)))
        slope, curvature = (labels - probability).sum(axis=0), (probability * (1 - probability)).sum(axis=0)
        offset += np.clip(slope / np.maximum(curvature, 1e-9), -1, 1)
    return offset


def fitted(solver: Solver, problem: Problem) -> Chosen:
    """The weights that a solver chooses; features are in memory for both sides."""
    x, x_val = Rows.of(problem.x), Rows.of(problem.x_val)
    return solver.fit(x, problem.targets, x_val, problem.val_targets, problem.objective)


def judged(solver: Solver, name: str, chosen: Problem, judge: Problem) -> float:
    """Loss on clips that were neither learnt from nor selected by; logits are offset to fit those learnt from."""
    chosen, judge = standardised(chosen, name), standardised(judge, name)
    weight = fitted(solver, chosen).weight
    activations = judge.x_val @ weight.T
    if chosen.objective is BinaryCrossEntropy:
        activations = activations + fitted_offset(chosen.x @ weight.T, chosen.targets)
    return float(judge.objective(judge.val_targets).loss(activations).mean())


def shown(loss: float, objective: type[Objective]) -> str:
    """Word a loss."""
    return f"cross-entropy {loss:.4f}" if objective is BinaryCrossEntropy else f"similarity {-loss:.4f}"


def compare_time(problems: dict[str, Problem], solvers: dict[str, Solver], rounds: int) -> None:
    """Print the time and the val loss of both sides, interleaved."""
    seconds: dict[tuple[str, str], list[float]] = {(family, name): [] for family in problems for name in solvers}
    found = {}
    for _ in range(rounds):
        for family, name in seconds:
            problem = standardised(problems[family], name)
            start = time.process_time()
            chosen = fitted(solvers[name], problem)
            seconds[family, name].append(time.process_time() - start)
            found[family, name] = min(point["val_loss"] for point in chosen.val_curve)
    print(f"Median of {rounds} interleaved rounds; wanted: the val loss of Adam in at most 1/10 of its time\n")
    print("| family | clips | concepts | solver | CPU s | share of the authors' | val |\n|---|---|---|---|---|---|---|")
    for (family, name), values in seconds.items():
        problem, authors = problems[family], np.median(seconds[family, AUTHORS])
        ratio = f"1/{authors / np.median(values):.1f}" if name != AUTHORS else "1"
        size = f"{len(problem.x)} + {len(problem.x_val)} | {problem.targets.shape[1]}"
        print(
            f"| {family} | {size} | {name} | {np.median(values):.2f} | {ratio} "
            f"| {shown(found[family, name], problem.objective)} |"
        )


def compare_held_out(problems: dict[str, Problem], solvers: dict[str, Solver], splits: int) -> None:
    """Print the loss on clips that neither side has chosen by."""
    print(f"\nThe clips to learn from split anew into 3/5, 1/5 to select by and 1/5 to judge by; {splits} splits\n")
    print("| family | " + " | ".join(solvers) + " |\n|---|" + "---|" * len(solvers))
    for family, problem in problems.items():
        losses: dict[str, list[float]] = {name: [] for name in solvers}
        for split in range(splits):
            part = np.random.default_rng(split).permutation(np.arange(len(problem.x)) % 5)
            chosen, judge = problem.split(part > 1, part == 0, part == 1)
            for name, solver in solvers.items():
                losses[name].append(judged(solver, name, chosen, judge))
        cells = [shown(float(np.mean(values)), problem.objective) for values in losses.values()]
        print(f"| {family} | " + " | ".join(cells) + " |")


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("release", nargs="?", type=Path, help="folder of the Penn Action release")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--splits", type=int, default=3)
    chosen = options.parse_args()
    problems = released(chosen.release) if chosen.release and chosen.release.is_dir() else synthetic()
    solvers: dict[str, Solver] = {
        OURS: RidgeSolver(),
        AUTHORS: AdamSolver(),
        OFTEN: AdamSolver(steps=1001, check_every=50),
    }
    compare_time(problems, solvers, chosen.rounds)
    if chosen.splits:
        compare_held_out(problems, solvers, chosen.splits)


if __name__ == "__main__":
    main()
