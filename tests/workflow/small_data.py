"""A data set that is small enough to run in a test and has every kind of trouble in it."""

import csv
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "data" / "demo"
LABELS = {"boxing": "boxing", "handwaving": "hand waving", "walking": "marché à pied"}
PER_SPLIT = {"train": 6, "val": 2, "test": 2}
# What a run of the whole pipeline needs to find concepts in so few clips.
SETTINGS = (
    "motion_concepts={minimum_concepts: 2, minimum_size: 2}",
    "language={source: file, answers: answers.yaml}",
    "evaluate={resamples: 200}",
)
ANSWERS = """
object: {boxing: [punching bag, barbell], hand waving: [television, sofa], marché à pied: [park bench, parked car]}
scene: {boxing: [gymnasium], hand waving: [living room], marché à pied: [city street, grass field]}
"""


def write_video(path: Path, frames: list[np.ndarray], rate: int = 25) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1  # the bytes of several threads differ from run to run
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 16000, Fraction(1, 16000), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def small_data(folder: Path) -> Path:
    """Link some clips of the demo and add clips that are empty, truncated, without a picture, or without a person."""
    rows = []
    with (DEMO / "manifest.csv").open(encoding="utf-8", newline="") as file:
        demo = list(csv.DictReader(file))
    for action, label in LABELS.items():
        (folder / label).mkdir(parents=True)
        for split, count in PER_SPLIT.items():
            for row in [row for row in demo if row["label"] == action and row["split"] == split][:count]:
                path = f"{label}/{row['clip_id']}.mp4"
                shutil.copy(DEMO / row["path"], folder / path)
                rows.append({**row, "path": path, "label": label})
    rows += [{**rows[0], "clip_id": name, "path": f"{name}.mp4"} for name in TROUBLE]
    whole = (folder / rows[0]["path"]).read_bytes()
    (folder / "empty.mp4").touch()
    (folder / "no_index.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    write_sound(folder / "sound_only.mp4")
    grain = np.random.default_rng(0).integers(90, 110, (30, 60, 80, 3), np.uint8).repeat(4, axis=1).repeat(4, axis=2)
    write_video(folder / "nobody.mp4", list(grain))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return folder


TROUBLE = ("empty", "no_index", "sound_only", "nobody")
