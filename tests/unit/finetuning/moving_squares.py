"""Two classes that differ in motion alone: a square that moves to the left, or to the right."""

import os
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pandas as pd
import torch
from transformers import VideoMAEConfig, VideoMAEForVideoClassification

from dance_core.finetuning import AugmentationSettings, FinetuneSettings, Job
from dance_core.finetuning.networks import save_network
from dance_core.tables import write_table

SIDE, N_FRAMES = 48, 12
PLAIN = AugmentationSettings((0.8, 1.0), flip=False, operations=0, erasing=0.0, mixup=0.0, cutmix=0.0)
QUICK = FinetuneSettings(
    frames=4,
    epochs=2,
    warmup_epochs=1,
    batch_size=8,
    repeats=1,
    learning_rate=0.05,
    layer_decay=1.0,
    drop_path=0.0,
    label_smoothing=0.0,
    augmentation=PLAIN,
    device="cpu",
)


def pictures(label: str, seed: int) -> np.ndarray:
    """A bright square on a noisy ground, uint8 [N_FRAMES, SIDE, SIDE, 3]."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
    clip = np.repeat(ground[None], N_FRAMES, axis=0)
    top, start, colour = rng.integers(4, 30), rng.integers(0, 8), rng.integers(160, 256, 3)
    for frame in range(N_FRAMES):
        left = start + 2 * (frame if label == "right" else N_FRAMES - 1 - frame)
        clip[frame, top : top + 12, left : left + 12] = colour
    return clip


def write_clip(path: Path, clip: np.ndarray) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt, stream.thread_count = *clip.shape[1:3], "yuv420p", 1
        stream.bit_rate = 2_000_000
        for frame in clip:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def write_set(folder: Path, n_train: int, n_val: int) -> pd.DataFrame:
    """Write clips, half of each class, and their manifest; test clips are listed and absent."""
    rows = []
    for split, count in (("train", n_train), ("val", n_val), ("test", 2)):
        for number in range(count):
            label = ("left", "right")[number % 2]
            name = f"{split}_{number:03d}.mp4"
            if split != "test":
                write_clip(folder / name, pictures(label, 1000 * len(split) + number))
            rows.append({"clip_id": name[:-4], "path": name, "label": label, "split": split, "status": "ok"})
    manifest = pd.DataFrame(rows).assign(n_frames=N_FRAMES, fps=25.0)
    write_table(folder / "manifest.parquet", manifest)
    return manifest


def write_model(folder: Path) -> Path:
    """A VideoMAE that is small enough to learn in seconds, with random weights."""
    torch.manual_seed(0)
    size = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    config = VideoMAEConfig(**size, image_size=32, patch_size=8, num_frames=4, use_mean_pooling=True, num_labels=2)
    network = VideoMAEForVideoClassification(config)
    for weight in network.parameters():
        if weight.ndim > 1:
            torch.nn.init.xavier_uniform_(weight.detach().view(len(weight), -1))
    crop = {"do_center_crop": True, "crop_size": {"height": 32, "width": 32}}
    save_network(network, {"size": {"shortest_edge": 32}, **crop}, folder)
    return folder


def job(data: Path, folder: Path, workers: int = 0, **changes: object) -> Job:
    return Job(
        manifest=str(data / "manifest.parquet"),
        source=os.fspath(data),
        folder=str(folder / "finetuned"),
        record=str(folder / "finetuning.json"),
        checkpoints=str(folder / "checkpoints"),
        settings=replace(QUICK, **changes),
        workers=workers,
    )
