"""The whole pipeline from nothing: wall time, peak memory, and what the run came to.

    python -m benchmarks.pipeline
    python -m benchmarks.pipeline --dataset NAME --source FOLDER --configfile configs/folder.yaml
    python -m benchmarks.pipeline --dataset NAME --release FOLDER --configfile configs/penn_action_release.yaml

Runs in a temporary folder, so nothing of an earlier run is used; fetching the weights is part of it unless --weights.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from dance_core.tables import read_json, read_shards, read_table

ROOT = Path(__file__).parents[1]


def memory_of(process: psutil.Process) -> int:
    """Memory of a process and all its children in bytes, shared pages counted once (PSS)."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def run(command: list[str], folder: Path) -> tuple[float, int]:
    """Run a command; wall seconds and peak memory in bytes."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    start, peak = time.perf_counter(), 0
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={**os.environ, "PATH": path})
        tree = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, memory_of(tree))
            time.sleep(0.5)
    if process.returncode:
        sys.exit((folder / "log").read_text()[-3000:])
    return time.perf_counter() - start, peak


def outcome(results: Path) -> list[tuple[str, str]]:
    """What a finished run came to."""
    metrics = read_json(results / "seed0" / "metrics.json")
    rows = [
        (f"{method} top-1 on {split}", f"{scores['top1']:.3f} ({scores['n']} clips)")
        for method, splits in metrics["accuracy"].items()
        for split, scores in splits.items()
    ]
    if not (results / "motion_concepts").is_dir():
        return rows
    quality = read_shards(results.glob("pose_quality/*.parquet"))
    partitions = read_table(results / "motion_concepts" / "partitions.parquet")
    chosen = partitions[partitions["chosen"]].iloc[0]
    return [
        *rows,
        ("clips with a person", f"{(quality['status'] == 'ok').mean():.3f} of {len(quality)}"),
        ("motion concepts, purity on train", f"{chosen['n_kept']}, {chosen['purity']:.3f}"),
        ("effective concepts per class", f"{metrics['nec']:.1f}"),
    ]


def main() -> None:
    """Run the pipeline twice, the second time with nothing to do, and print what it cost and came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--source", type=Path, default=ROOT / "data" / "demo")
    parser.add_argument("--release", type=Path, help="the authors' release in place of clips")
    parser.add_argument("--configfile", type=Path)
    parser.add_argument("--weights", type=Path, help="use fetched weights instead of fetching them")
    parser.add_argument("--cores", default="all")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("config.yaml", "data"):
            (folder / name).symlink_to(ROOT / name)
        if chosen.weights:
            (folder / "weights").symlink_to(chosen.weights.resolve())
        command = [sys.executable, "-m", "snakemake", "all", "--cores", chosen.cores]
        command += ["--snakefile", str(ROOT / "Snakefile")]
        if chosen.configfile:
            command += ["--configfile", str(chosen.configfile.resolve())]
        place = f"release={chosen.release.resolve()}" if chosen.release else f"source={chosen.source.resolve()}"
        command += ["--config", f"dataset={chosen.dataset}", place]
        wall, peak = run(command, folder)
        again, _ = run(command, folder)
        print(f"| what | {chosen.dataset} |\n|---|---|")
        print(f"| wall time, {os.cpu_count()} cores | {wall / 60:.1f} min |")
        print(f"| peak memory of all processes | {peak / 1e9:.2f} GB |")
        print(f"| run again, nothing to do | {again:.1f} s |")
        for name, value in outcome(folder / "results" / chosen.dataset):
            print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
