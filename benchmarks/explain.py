"""Explaining a new video: how long it takes, and whether it says what the workflow said.

    make demo && python -m benchmarks.explain
    python -m benchmarks.explain --results results/NAME --source FOLDER

Cold: the command `explain` in a new process, on one clip of three seconds. Warm: each further clip of the same process,
page included. Exact: the largest difference of a logit between `explain` and the workflow's own features, over the
test clips. Right: the share of the test clips that the command `predict` names as they are labelled.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from statistics import median

import av
import numpy as np
import pandas as pd

from dance_core.clips import USABLE
from dance_core.feature_store import FeatureStore
from dance_core.model import Model
from dance_core.new_video import Explainer, Explanation
from dance_core.new_video.page import write_page
from dance_core.tables import read_table, write_json
from dance_core.video import iterate_frames

ROOT = Path(__file__).parents[1]
SECONDS = 3.0


def write_clip(source: Path, target: Path, n_frames: int, fps: float) -> None:
    """Write a clip of SECONDS out of another one, which is played to and fro where it is shorter."""
    frames = [frame for _, frame in islice(iterate_frames(source), round(SECONDS * fps))]
    there_and_back = [*range(n_frames), *range(n_frames - 2, 0, -1)] if n_frames > 1 else [0]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=round(fps))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for number in range(round(SECONDS * fps)):
            picture = frames[there_and_back[number % len(there_and_back)] % len(frames)]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def command(words: list[str]) -> tuple[float, float]:
    """Run a command of dance_core in a process of its own; wall seconds and processor seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dance_core", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def warm(explainer: Explainer, clip: Path, folder: Path, repeats: int) -> list[tuple[float, float]]:
    """Explain a clip again and again, files included; wall and processor seconds of each but the first."""
    found = []
    for number in range(repeats + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        explanation = explainer.explain(clip)
        write_json(folder / f"{number}.json", explanation.document())
        write_page(explanation, explainer.model, folder / f"{number}.html")
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return found[1:]


def largest_difference(explainer: Explainer, results: Path, rows: pd.DataFrame, source: Path) -> float:
    """Compare the logits of new videos with those of the workflow's features of the same clips."""
    features = FeatureStore.read((results / "backbone_features").glob("*.parquet")).matrix(list(rows["clip_id"]))
    found = list(explainer.explain_many([source / path for path in rows["path"]]))
    failed = [entry for entry in found if not isinstance(entry, Explanation)]
    if failed:
        sys.exit(str(failed[0]))
    return float(np.abs(np.stack([entry.logits for entry in found]) - explainer.model.logits(features)).max())


def share_right(model: Path, weights: Path, rows: pd.DataFrame, source: Path, folder: Path) -> str:
    """Have the command predict name all clips; the share that it names as they are labelled."""
    with (folder / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path"], *([str((source / path).resolve())] for path in rows["path"])])
    command(
        ["predict", str(model), str(folder / "list.csv"), "--out", str(folder / "t.csv"), "--weights", str(weights)]
    )
    right = (pd.read_csv(folder / "t.csv")["predicted"].to_numpy() == rows["label"].to_numpy()).sum()
    return f"{right / len(rows):.3f} ({right} of {len(rows)})"


def main() -> None:
    """Read the options, measure, print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "demo", help="of a finished run")
    parser.add_argument("--source", type=Path, default=ROOT / "data" / "demo", help="folder of its clips")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    model, weights = (chosen.results / "seed0" / "model").resolve(), chosen.weights.resolve()
    if not model.is_dir():
        sys.exit(f"{model}: there is no such model; run 'make demo', or give --results and --source")
    manifest = read_table(chosen.results / "manifest.parquet")
    rows = manifest[(manifest["split"] == "test") & manifest["status"].isin(USABLE)]
    with tempfile.TemporaryDirectory() as scratch:
        folder, first = Path(scratch), rows.iloc[0]
        write_clip(chosen.source / first["path"], folder / "clip.mp4", int(first["n_frames"]), float(first["fps"]))
        words = ["explain", str(model), str(folder / "clip.mp4"), "--out", str(folder), "--weights", str(weights)]
        cold = [command(words) for _ in range(chosen.repeats)]
        explainer = Explainer(Model.load(model), weights)
        each = warm(explainer, folder / "clip.mp4", folder, chosen.repeats)
        difference = largest_difference(explainer, chosen.results, rows, chosen.source)
        right = share_right(model, weights, rows, chosen.source, folder)
    print(f"| {chosen.results.name}, {os.cpu_count()} cores | wanted | measured | processor |\n|---|---|---|---|")
    for name, bar, times in (("cold, one clip of 3 s", 10, cold), ("warm, each further clip", 3, each)):
        wall, cpu = (median(column) for column in zip(*times, strict=True))
        print(f"| {name} | ≤ {bar} s | {wall:.2f} s | {cpu:.2f} s |")
    print(f"| largest difference of a logit, {len(rows)} test clips | ≤ 1e-4 | {difference:.1e} | |")
    print(f"| right, through the command | ≥ 0.80 | {right} | |")


if __name__ == "__main__":
    main()
