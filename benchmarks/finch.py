"""Compare FINCH of this project with the authors' package finch-clust, both with exact neighbours.

Every measurement is a process of its own with one thread, and the two take turns. Usage:

    python -m benchmarks.finch --sizes 1000 2000 5000 10000 --repeats 3
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
if str(Path(__file__).resolve().parent) in sys.path:  # there, finch is this script and not the package
    sys.path.remove(str(Path(__file__).resolve().parent))

import numpy as np

from dance_core.finch import cluster, first_neighbours

LENGTH, ACTIONS, SEGMENTS_PER_CLIP = 16, 100, 20
METHODS = {"finch": "dance_core.finch", "finch_clust": "finch-clust"}


class Measurement(NamedTuple):
    """One run: CPU seconds, peak memory above the data in MB, the partitions found."""

    cpu: float
    memory: float
    labels: np.ndarray


def pose_sequences(n: int, seed: int) -> np.ndarray:
    """Make segments of periodic joint movements: actions, and clips with a style, phase and pace of their own.

    Args:
        n: Number of segments.
        seed: Seed of all draws.

    Returns:
        float32 [n, 16 * 34] in the unit square.
    """
    rng = np.random.default_rng(seed)
    clip = np.arange(n) % max(1, n // SEGMENTS_PER_CLIP)
    n_clips = int(clip.max()) + 1
    action = rng.integers(0, ACTIONS, n_clips)[clip]
    amplitude, phase = rng.normal(0, 0.5, (ACTIONS, 34)), rng.uniform(0, 2 * np.pi, (ACTIONS, 34))
    rest, style = rng.normal(0, 1, 34), rng.normal(0, 0.12, (n_clips, 34))
    pace = rng.uniform(0.8, 1.25, n_clips)[clip]
    angle = rng.uniform(0, 2 * np.pi, n)[:, None] + 0.35 * pace[:, None] * np.arange(LENGTH)
    joints = amplitude[action][:, None] * np.sin(angle[..., None] + phase[action][:, None])
    joints += rest + style[clip][:, None] + rng.normal(0, 0.05, joints.shape)
    low, high = joints.min(axis=(1, 2), keepdims=True), joints.max(axis=(1, 2), keepdims=True)
    return ((joints - low) / (high - low)).reshape(n, -1).astype(np.float32)


def measure(method: str, path: str) -> Measurement:
    """Cluster the points of a file once, after a small warm-up.

    Args:
        method: A method of `dance_core.finch.cluster`.
        path: A .npy file.

    Returns:
        What the run took and gave.
    """
    points = np.load(path)
    cluster(points[:200], method)
    memory, start = resident("VmRSS"), time.process_time()
    labels = cluster(points, method).labels
    cpu = time.process_time() - start
    return Measurement(cpu, resident("VmHWM") - memory, labels)


def resident(entry: str) -> float:
    """Read the resident memory of this process.

    Args:
        entry: VmRSS for now, VmHWM for the peak.

    Returns:
        MB.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(entry)) / 1024


def wrong_neighbours(points: np.ndarray) -> tuple[int, int]:
    """Count first neighbours that are not the nearest in float64, of this project and of finch-clust.

    Args:
        points: Array of shape (n, d).

    Returns:
        Both counts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about optional packages at import
        from finch.finch import clust_rank

    found = first_neighbours(points), clust_rank(points, metric="cosine", ann_threshold=len(points))[2]
    unit = points.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    wrong = np.zeros(2, int)
    for row, point in enumerate(unit):
        cosines = unit @ point
        cosines[row] = -np.inf
        wrong += [cosines[neighbours[row]] < cosines.max() - 1e-12 for neighbours in found]
    return int(wrong[0]), int(wrong[1])


def compare(n: int, repeats: int, seed: int) -> str:
    """Measure both methods in turns on the same points.

    Args:
        n: Number of points.
        repeats: Runs of each method.
        seed: Seed of the points.

    Returns:
        A row of the Markdown table.
    """
    runs: dict[str, list[Measurement]] = {method: [] for method in METHODS}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "points.npy")
        points = pose_sequences(n, seed)
        np.save(path, points)
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            for _ in range(repeats):
                for method, measurements in runs.items():
                    measurements.append(pool.apply(measure, (method, path)))
    (cpu, memory), (peer_cpu, peer_memory) = (
        (statistics.median(run.cpu for run in found), statistics.median(run.memory for run in found))
        for found in runs.values()
    )
    labels = [run.labels for found in runs.values() for run in found]
    wrong, peer_wrong = wrong_neighbours(points)
    identical = all(np.array_equal(labels[0], other) for other in labels)
    counts = " / ".join(str(last + 1) for last in labels[0].max(axis=0))
    return (
        f"| {n:,} | {counts} | {'yes' if identical else 'no'} | {wrong} / {peer_wrong} "
        f"| {cpu:.2f} | {peer_cpu:.2f} | {cpu / peer_cpu:.2f} "
        f"| {memory:.0f} | {peer_memory:.0f} | {memory / peer_memory:.2f} |"
    )


def main() -> None:
    """Print the comparison as a Markdown table."""
    parser = argparse.ArgumentParser(description="FINCH against finch-clust")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 2000, 5000, 10000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"Pose-like segments of {LENGTH * 34} numbers, cosine, medians of {options.repeats} runs, one thread.\n")
    print(
        "| n | clusters | identical | wrong neighbours own / finch-clust | own CPU s | finch-clust CPU s "
        "| ratio | own MB | finch-clust MB | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for n in options.sizes:
        print(compare(n, options.repeats, options.seed), flush=True)


if __name__ == "__main__":
    main()
