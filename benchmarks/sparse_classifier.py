"""Sparse classifier: L-BFGS-B on split variables against scikit-learn's saga, on one objective, in turn.

Run: OMP_NUM_THREADS=1 .venv/bin/python benchmarks/sparse_classifier.py
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from dance_core.sparse_classifier import CrossEntropy, ElasticNet, effective_concepts, fit_sparse_classifier

LAM, ALPHA, ROUNDS = 7e-4, 0.99, 3


def correlated_problem(n: int, n_concepts: int, n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Standardised concepts that share 64 latent causes; 8 of them decide each class."""
    generator = np.random.default_rng(seed)
    latent = generator.normal(size=(n, 64)) * np.arange(1, 65) ** -0.5
    z = latent @ generator.normal(size=(64, n_concepts))
    z = z / z.std(axis=0) + 0.6 * generator.normal(size=z.shape)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    truth = np.zeros((n_classes, n_concepts))
    for row in truth:
        row[generator.choice(n_concepts, 8, replace=False)] = 1.6 * generator.normal(size=8)
    return z, (z @ truth.T + generator.gumbel(size=(n, n_classes))).argmax(axis=1)


def ours(z: np.ndarray, y: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit to a KKT residual."""
    fitted = fit_sparse_classifier(z, y, LAM, ALPHA, tolerance=tolerance)
    return fitted.weight, fitted.bias


def saga(z: np.ndarray, y: np.ndarray, iterations: int) -> tuple[np.ndarray, np.ndarray]:
    """Run scikit-learn's solver for a number of passes."""
    peer = LogisticRegression(solver="saga", l1_ratio=ALPHA, C=1 / (len(y) * LAM), max_iter=iterations, tol=1e-8)
    peer.set_params(random_state=0).fit(z, y)
    return peer.coef_, peer.intercept_


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    z, y = correlated_problem(2000, 150, 15, seed=0)
    solvers = {f"ours, KKT {tolerance:g}": (ours, tolerance) for tolerance in (1e-4, 1e-5, 1e-6)}
    solvers |= {f"scikit-learn saga, {passes} passes": (saga, passes) for passes in (30, 100, 300)}
    seconds: dict[str, list[float]] = {name: [] for name in solvers}
    solutions = {}
    for _ in range(ROUNDS):
        for name, (solver, effort) in solvers.items():
            start = time.process_time()
            solutions[name] = solver(z, y, effort)
            seconds[name].append(time.process_time() - start)
    data, penalty = CrossEntropy(z, np.eye(15)[y]), ElasticNet(LAM, ALPHA)
    objectives = {name: data.value_and_gradient(*pair)[0] + penalty.value(pair[0]) for name, pair in solutions.items()}
    best = min(objectives.values())
    print(
        f"2,000 clips, 150 concepts, 15 classes, lam {LAM:g}, alpha {ALPHA:g}; median of {ROUNDS} interleaved rounds\n"
    )
    print("| solver | CPU s | gap to the best | KKT residual | NEC |\n|---|---|---|---|---|")
    for name, (weight, bias) in solutions.items():
        _, gradient, bias_gradient = data.value_and_gradient(weight, bias)
        residual = max(penalty.violation(weight, gradient).max(), np.abs(bias_gradient).max())
        nec = effective_concepts(weight)
        gap = (objectives[name] - best) / best
        print(f"| {name} | {np.median(seconds[name]):.2f} | {gap:.1e} | {residual:.1e} | {nec:.1f} |")


if __name__ == "__main__":
    main()
