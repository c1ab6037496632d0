"""A small video network taught the demo's actions on a CPU, from nothing: accuracy on val and time.

`python -m benchmarks.finetuning [--epochs N] [--threads N]` trains on the demo's train clips alone, without any
pretrained weight, and judges by val; no other split is read. The first thread trains, the others prepare clips.
"""

import argparse
import logging
import os
import tempfile
import time
from pathlib import Path

import pandas as pd

from dance_core.finetuning import AugmentationSettings, FinetuneSettings, Job, finetune
from dance_core.manifest import probe_clips
from dance_core.tables import read_json, read_table, write_table

# What a network that starts from nothing on so few clips needs in place of the recipe for a pretrained one.
SETTINGS = FinetuneSettings(
    frames=8,
    epochs=40,
    warmup_epochs=5,
    patience=None,
    batch_size=4,
    repeats=1,
    learning_rate=0.03,
    layer_decay=1.0,
    drop_path=0.0,
    augmentation=AugmentationSettings((0.5, 1.0), operations=0, erasing=0.0, mixup=0.0, cutmix=0.0),
    device="cpu",
)


def manifest_of(source: Path) -> pd.DataFrame:
    """Rows of the train and val clips, probed."""
    listing = pd.read_csv(source / "manifest.csv")
    return probe_clips(listing[listing["split"].isin(["train", "val"])], source)


def main() -> None:
    """Read the options, train, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=Path("data/demo"), help="folder with manifest.csv")
    options.add_argument("--epochs", type=int, default=SETTINGS.epochs)
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = FinetuneSettings(**{**vars(SETTINGS), "epochs": chosen.epochs})
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_table(folder / "manifest.parquet", manifest_of(chosen.data))
        places = (str(folder / name) for name in ("finetuned", "finetuning.json", "checkpoints"))
        job = Job(str(folder / "manifest.parquet"), str(chosen.data), *places, settings, workers=chosen.threads - 1)
        start, before = time.perf_counter(), os.times()
        finetune(job)
        wall, after = time.perf_counter() - start, os.times()
        record, log = read_json(folder / "finetuning.json"), read_table(folder / "finetuned/log.parquet")
    cpu = sum(after[:4]) - sum(before[:4])
    print("| clips to train on, to judge by | chance | val top-1, best epoch | last epoch | wall time | CPU time |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {record['n_train']}, {record['n_val']} | {1 / len(record['classes']):.3f} "
        f"| {record['val_top1']:.3f} (epoch {record['best_epoch']}) | {log['val_top1'].iloc[-1]:.3f} "
        f"| {wall:.0f} s on {chosen.threads} threads | {cpu:.0f} s |"
    )


if __name__ == "__main__":
    main()
