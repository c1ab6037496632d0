"""Peak memory of every stage with few and with many clips.

    python -m benchmarks.memory [--clips 100 2000] [--keep FOLDER]

Cuts the demo's clips to their first 20 frames, copies them until there are enough, runs the whole pipeline in one part
on each set, and compares what the job of each rule took at most, as its log says.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from dance_core.video import iterate_frames

ROOT = Path(__file__).parents[1]
FRAMES = 20
SETTINGS = (
    "poses={fps: 5}",
    "backbone={frames: 2, context_frames: 1}",
    "dual_encoder={frames: 1}",
    "evaluate={resamples: 200}",
    "report={media_limit: 50, page_limit: 50}",
    "data={extra_splits: []}",
    "language={source: vocabulary}",
    "motion_concepts={minimum_concepts: 2}",
)


def cut(source: Path, target: Path) -> None:
    """Write the first frames of a clip as a clip."""
    target.parent.mkdir(parents=True, exist_ok=True)
    pictures = [picture for _, picture in iterate_frames(source, range(FRAMES))]
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def short_clips(folder: Path, count: int) -> None:
    """Fill a folder with short clips, all of them or copies of them, spread over classes and splits."""
    with (ROOT / "data" / "demo" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        demo = [row for row in csv.DictReader(file) if row["split"] in ("train", "val", "test")]
    order = np.random.default_rng(0).permutation(len(demo))
    rows = []
    for number in range(count):
        row = demo[order[number % len(demo)]]
        clip_id = f"{row['clip_id']}_{number // len(demo)}"
        path = folder / row["label"] / f"{clip_id}.mp4"
        first = path.with_name(f"{row['clip_id']}_0.mp4")
        if path == first:
            cut(ROOT / "data" / "demo" / row["path"], path)
        else:
            shutil.copy(first, path)
        rows.append({**row, "clip_id": clip_id, "path": path.relative_to(folder).as_posix()})
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def peaks(folder: Path, count: int, weights: Path) -> dict[str, int]:
    """Run the pipeline on some clips; peak memory in MB by stage."""
    folder.mkdir(parents=True, exist_ok=True)
    short_clips(folder / "clips", count)
    for name, target in (("weights", weights.resolve()), ("config.yaml", ROOT / "config.yaml")):
        if not (folder / name).exists():
            (folder / name).symlink_to(target)
    command = [sys.executable, "-m", "snakemake", "all", "--cores", "all", "--quiet", "all"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--set-scatter", "clips=1"]
    command += ["--config", "dataset=short", "source=clips", *SETTINGS]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr[-3000:])
    found: dict[str, int] = {}
    logs = folder / "logs" / "short"
    for log in sorted(logs.rglob("*.log")):
        stage = next(part for part in log.relative_to(logs).with_suffix("").parts if not part.startswith("seed"))
        for peak in re.findall(r"peak memory (\d+) MB", log.read_text("utf-8")):
            found[stage] = max(found.get(stage, 0), int(peak))
    return found


def main() -> None:
    """Measure both sets and print what each stage took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs=2, default=[100, 2000], metavar=("FEW", "MANY"))
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    parser.add_argument("--keep", type=Path, help="folder for the runs, kept; a temporary one by default")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        few, many = (peaks(folder / str(count), count, chosen.weights) for count in chosen.clips)
    print(f"| stage | {chosen.clips[0]:,} clips, MB | {chosen.clips[1]:,} clips, MB | ratio |\n|---|---|---|---|")
    for stage in few:
        print(f"| {stage} | {few[stage]} | {many[stage]} | {many[stage] / few[stage]:.2f} |")


if __name__ == "__main__":
    main()
