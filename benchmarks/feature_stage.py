"""What the feature stages spend beside their networks: decoding and preparation on a CPU, waiting on a GPU.

    python -m benchmarks.feature_stage [--device cpu|cuda] [--precision bfloat16] [--batch-size 16] [--clips 16]

On a CPU: the share of decoding and preparation in the CPU time of the stage, for the offline encoders and for a
VideoMAE-B of random weights. On a GPU: the stage fed with clips in memory against the bare network on tensors that lie
on the GPU.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from transformers import VideoMAEConfig, VideoMAEForVideoClassification

from dance_core.backbones import BackboneSettings, load_backbone
from dance_core.devices import number_type, pick_device
from dance_core.dual_encoders import DualEncoderSettings, load_dual_encoder
from dance_core.manifest import probe_clips
from dance_core.networks.clip_batches import embedded
from dance_core.networks.clip_frames import readable_clips

ROOT = Path(__file__).parents[1]
NOBODY = pd.DataFrame({"frame": [], "bbox": [], "keypoints": []})
REPEATS = 5


def random_videomae(folder: Path) -> str:
    """Save a VideoMAE-B with random weights; its speed is that of a trained one."""
    torch.manual_seed(0)
    VideoMAEForVideoClassification(VideoMAEConfig(num_labels=400, use_mean_pooling=True)).save_pretrained(folder)
    config = {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}, "do_center_crop": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(config))
    return str(folder)


def demo_clips(count: int) -> list:
    """Some clips of the demo."""
    source = ROOT / "data" / "demo"
    rows = pd.read_csv(source / "manifest.csv").sample(count, random_state=0)
    return list(readable_clips(probe_clips(rows[["clip_id", "path", "label", "split", "group"]], source), source))


def cpu_shares(model: str, weights: Path, clips: list) -> None:
    """Print the CPU time of both steps per clip, median over the clips."""
    backbones = {
        "backbone efficientnet": BackboneSettings(weights=weights, device="cpu"),
        "backbone videomae, base": BackboneSettings(name="videomae", model=model, device="cpu"),
    }
    parts = {name: load_backbone(settings) for name, settings in backbones.items()}
    steps = {name: (lambda clip, one=one: one.prepare(clip, NOBODY), one.features) for name, one in parts.items()}
    conse = load_dual_encoder(DualEncoderSettings(weights=weights, device="cpu"))
    steps["dual encoder conse"] = (conse.prepare, conse.clip_embeddings)
    times: dict[str, list] = {name: [] for name in steps}
    for clip in clips:
        for name, (prepare, embed) in steps.items():
            start = time.process_time()
            inputs = prepare(clip)[None]
            middle = time.process_time()
            embed(inputs)
            times[name].append((middle - start, time.process_time() - middle))
    print("| stage | decode and prepare, ms | network, ms | share of decode and prepare |\n|---|---|---|---|")
    for name, pairs in times.items():
        first, second = np.median(pairs, axis=0) * 1000
        print(f"| {name} | {first:.0f} | {second:.0f} | {first / (first + second):.1%} |")


def gpu_throughput(model: str, clips: list, size: int, precision: str) -> None:
    """Print clips per second of the stage and of the bare network, interleaved."""
    settings = BackboneSettings(name="videomae", model=model, device="cuda", batch_size=size, precision=precision)
    backbone = load_backbone(settings)
    inputs = [backbone.prepare(clip, NOBODY) for clip in clips] * (-(-40 * size // len(clips)))
    network = VideoMAEForVideoClassification.from_pretrained(model, dtype=number_type(precision)).eval().to("cuda")
    pixels = torch.zeros(size, 16, 3, 224, 224, dtype=number_type(precision), device="cuda")
    rates: dict[str, list] = {"bare": [], "stage": []}
    for _ in range(REPEATS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        with torch.inference_mode():
            for _ in range(len(inputs) // size):
                network.videomae(pixels)
        torch.cuda.synchronize()
        rates["bare"].append(len(inputs) / (time.perf_counter() - start))
        start = time.perf_counter()
        for _ in embedded(np.asarray, ((one,) for one in inputs), backbone.features, size):
            pass
        rates["stage"].append(len(inputs) / (time.perf_counter() - start))
    bare, stage = (np.median(rates[name]) for name in ("bare", "stage"))
    print(f"| {torch.cuda.get_device_name()}, batches of {size}, {precision} | clips per second |\n|---|---|")
    print(f"| bare network | {bare:.1f} |\n| stage on decoded clips | {stage:.1f} |\n| ratio | {stage / bare:.1%} |")


def main() -> None:
    """Measure on the chosen device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", default="bfloat16", help="on a GPU")
    parser.add_argument("--batch-size", type=int, default=16, help="on a GPU")
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--weights", type=Path, default=ROOT / "weights")
    chosen = parser.parse_args()
    pick_device(chosen.device)
    with tempfile.TemporaryDirectory() as scratch:
        model = random_videomae(Path(scratch))
        if chosen.device == "cpu":
            cpu_shares(model, chosen.weights, demo_clips(chosen.clips))
        else:
            gpu_throughput(model, demo_clips(chosen.clips), chosen.batch_size, chosen.precision)


if __name__ == "__main__":
    main()
