"""Compare FINCH of this project with the authors' package finch-clust, on made and on real pose segments.

Every measurement is a process of its own with one thread, after a warm-up that also compiles what finch-clust uses; the
sides take turns. finch-clust runs with its own settings: exact up to 20,000 points, NN-descent above, for which it
needs pynndescent. Usage:

    python -m benchmarks.finch --sizes 10000 50000 200000 --repeats 3
    python -m benchmarks.finch --sizes --penn LABELS_FOLDER --keyframes keyframes.json
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import warnings
from itertools import chain
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
if str(Path(__file__).resolve().parent) in sys.path:  # there, finch is this script and not the package
    sys.path.remove(str(Path(__file__).resolve().parent))

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from dance_core.finch import EXACT_BELOW, cluster, cluster_means, first_neighbours
from dance_core.finch.partitions import numbered
from dance_core.motion_concepts import MotionSettings
from dance_core.motion_concepts.assignment import motion_features
from dance_core.pose_segments import SegmentSettings, pose_segments
from dance_core.poses.file import read_pose_file
from dance_core.tables import matrix

LENGTH, ACTIONS, SEGMENTS_PER_CLIP = 16, 100, 20
PEER = "finch-clust"
# finch-clust takes more memory than most machines have above this many points.
PEER_UP_TO, PEER_EXACT_UP_TO = 50_000, 20_000
CHECKED_ROWS = 2000


class Measurement(NamedTuple):
    """One run: CPU seconds, peak memory above data and imports and of the whole process in MB, the partitions found."""

    cpu: float
    memory: float
    whole: float
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


def clustered(side: str, points: np.ndarray) -> np.ndarray:
    """Cluster points by one side.

    Args:
        side: "exact", "approximate" or finch-clust.
        points: Array of shape (n, d).

    Returns:
        Labels of every level, shape (n, levels), numbered in the order of the clusters' first points.
    """
    if side != PEER:
        return cluster(points, exact_below=len(points) + 1 if side == "exact" else 0).labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about optional packages at import
        from finch import FINCH
    columns = FINCH(points, verbose=False, random_state=0)[0]
    return np.stack([numbered(column) for column in columns.T], axis=1)


def measure(side: str, path: str) -> Measurement:
    """Cluster the points of a file once, after a small warm-up.

    Args:
        side: "exact", "approximate" or finch-clust.
        path: A .npy file.

    Returns:
        What the run took and gave.
    """
    points = np.load(path)
    clustered(side, points[:200])
    if side == PEER and len(points) > PEER_EXACT_UP_TO:
        from finch.finch import clust_rank

        clust_rank(points[:2000], ann_threshold=1000, random_state=0)
    memory, start = resident("VmRSS"), time.process_time()
    labels = clustered(side, points)
    cpu, whole = time.process_time() - start, resident("VmHWM")
    return Measurement(cpu, whole - memory, whole, labels)


def resident(entry: str) -> float:
    """Read the resident memory of this process.

    Args:
        entry: VmRSS for now, VmHWM for the peak.

    Returns:
        MB.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(entry)) / 1024


def wrong_neighbours(points: np.ndarray, found: dict[str, np.ndarray]) -> dict[str, int]:
    """Count first neighbours that are not the nearest in float64, among evenly spaced points.

    Args:
        points: Array of shape (n, d).
        found: The neighbours that each side found, shape (n,).

    Returns:
        The count of each side.
    """
    unit = points.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    wrong = dict.fromkeys(found, 0)
    for rows in np.array_split(np.linspace(0, len(unit) - 1, CHECKED_ROWS).astype(int), 10):
        cosines, row = unit[rows] @ unit.T, np.arange(len(rows))
        cosines[row, rows] = -np.inf
        for side, neighbours in found.items():
            wrong[side] += int((cosines[row, neighbours[rows]] < cosines.max(axis=1) - 1e-12).sum())
    return wrong


def peer_neighbours(points: np.ndarray) -> np.ndarray:
    """Give finch-clust's exact first neighbours, shape (n,)."""
    from finch.finch import clust_rank

    return clust_rank(np.asarray(points, np.float32), metric="cosine", ann_threshold=len(points))[2]


def differences(points: np.ndarray, labels: np.ndarray) -> str:
    """Say at which points finch-clust's exact neighbours differ from ours, level by level, and by how much.

    Args:
        points: Array of shape (n, d).
        labels: Our partitions, shape (n, levels).

    Returns:
        A sentence.
    """
    counts, largest = [], 0.0
    for level in [points, *(cluster_means(points, column) for column in labels.T)]:
        own, peer = first_neighbours(level, exact_below=len(level) + 1), peer_neighbours(level)
        other = np.flatnonzero(own != peer)
        unit = level.astype(np.float64)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        gaps = (unit[other] * (unit[own[other]] - unit[peer[other]])).sum(axis=1)
        counts.append(f"{len(other)} of {len(level):,}")
        largest = max(largest, float(gaps.max(initial=0)))
    return (
        f"finch-clust's exact neighbours differ at {', '.join(counts)} points, level by level; they are farther than "
        f"ours by at most {largest:.1e} in cosine (float32 epsilon: {np.finfo(np.float32).eps:.1e})."
    )


def compare(name: str, points: np.ndarray, repeats: int) -> tuple[list[str], str]:
    """Measure all sides in turns on the same points.

    Args:
        name: What the points are.
        points: Array of shape (n, d).
        repeats: Runs of each side.

    Returns:
        Rows of the Markdown table, and a sentence on the differences where finch-clust is exact.
    """
    n = len(points)
    runs: dict[str, list[Measurement]] = {side: [] for side in ("exact", "approximate", PEER)}
    if n > PEER_UP_TO:
        del runs[PEER]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "points.npy")
        np.save(path, points)
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            for _ in range(repeats):
                for side, measurements in runs.items():
                    measurements.append(pool.apply(measure, (side, path)))
    exact = first_neighbours(points, exact_below=n + 1)
    found = {"exact": exact, "approximate": first_neighbours(points, exact_below=0)}
    if n <= PEER_EXACT_UP_TO:
        found[PEER] = peer_neighbours(points)
    wrong = wrong_neighbours(points, found)
    reference = runs["exact"][0].labels
    cpu, memory = ({side: statistics.median(row[i] for row in rows) for side, rows in runs.items()} for i in (0, 1))
    table = []
    for side, measurements in runs.items():
        labels = measurements[0].labels
        same = all(np.array_equal(labels, other.labels) for other in measurements)
        neighbours = found.get(side)
        table.append(
            f"| {name} | {n:,} | {side}{'' if same else ' (runs differ)'} "
            f"| {' / '.join(str(last + 1) for last in labels.max(axis=0))} "
            f"| {'yes' if np.array_equal(labels, reference) else 'no'} "
            f"| {adjusted_rand_score(reference[:, 0], labels[:, 0]):.4f} "
            f"| {'' if neighbours is None else f'{(neighbours == exact).mean():.4f}'} "
            f"| {wrong.get(side, '')} "
            f"| {cpu[side]:.2f} | {f'{cpu[side] / cpu[PEER]:.2f}' if PEER in cpu else ''} "
            f"| {memory[side]:.0f} | {f'{memory[side] / memory[PEER]:.3f}' if PEER in cpu else ''} "
            f"| {max(run.whole for run in measurements) / 1024:.2f} |"
        )
    return table, f"{name}, {n:,}: {differences(points, reference)}" if n <= PEER_EXACT_UP_TO else ""


def penn_segments(labels: Path, keyframes: Path) -> dict[str, np.ndarray]:
    """Make segments of the real poses of Penn Action as the pipeline does.

    Args:
        labels: Folder of the official annotations, one .mat for each clip.
        keyframes: The released key frames by clip, JSON.

    Returns:
        float32 features by name: windows around the released key frames in both normal forms, and around every second
        frame.
    """
    released = {clip: frames for clip, frames in json.loads(keyframes.read_text()).items() if frames}
    rows = []
    for clip in sorted(released):
        people = read_pose_file(labels / f"{clip}.mat", 0, 0)[0]
        rows += [(clip, frame, found[0].keypoints.ravel()) for frame, found in people.items() if found]
    poses = pd.DataFrame(rows, columns=["clip_id", "frame", "keypoints"])
    manifest = pd.DataFrame({"clip_id": sorted(released)}).assign(split="train", label="", status="ok")
    every = {clip: own["frame"].to_numpy()[::2] for clip, own in poses.groupby("clip_id")}
    found = {}
    for name, frames, settings in (
        ("Penn, torso", released, SegmentSettings()),
        ("Penn, minmax", released, SegmentSettings(normalisation="minmax")),
        ("Penn, every window", every, SegmentSettings(maximum=1000)),
    ):
        table = pd.DataFrame({"clip_id": list(frames), "frames": list(frames.values())})
        joints = matrix(pose_segments(manifest, poses, table, settings)[0]["joints"])
        mean = np.nan_to_num(joints).sum(axis=0) / np.maximum(np.isfinite(joints).sum(axis=0), 1)
        found[name] = motion_features(joints, mean, MotionSettings()).astype(np.float32)
    return found


def main() -> None:
    """Print the comparison as a Markdown table."""
    parser = argparse.ArgumentParser(description="FINCH against finch-clust")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 50_000, 200_000])
    parser.add_argument("--penn", type=Path, help="folder of the Penn Action .mat annotations")
    parser.add_argument("--keyframes", type=Path, help="JSON of the released key frames")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.penn and not options.keyframes:
        parser.error("--penn needs --keyframes")
    print(
        f"Segments of {LENGTH * 34} numbers, cosine, medians of {options.repeats} runs, one thread. FINCH is exact "
        f"below {EXACT_BELOW:,} points unless set otherwise. MB above data and imports; GB of the whole process.\n"
    )
    print(
        "| points | n | side | clusters | all levels as exact | ARI of the first | recall@1 "
        f"| wrong of {CHECKED_ROWS:,} | CPU s | / finch-clust | MB | / finch-clust | GB |"
    )
    print("|" + "---|" * 13)
    notes = []
    made = (("made", pose_sequences(n, options.seed)) for n in options.sizes)
    real = penn_segments(options.penn, options.keyframes).items() if options.penn else ()
    for name, points in chain(made, real):
        table, note = compare(name, points, options.repeats)
        print(*table, sep="\n", flush=True)
        notes.append(note)
    print("", *filter(None, notes), sep="\n")


if __name__ == "__main__":
    main()
