"""Compare video decoders in one run: CPU seconds, and frames that are not the ones asked for.

Run `python -m benchmarks.decoding`; it makes its own clips, with a number burnt into every frame, in a temporary
folder and prints markdown. The peers take turns, so that a change in the load of the machine meets them all.
"""

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import av
import numpy as np

from dance_core.video import iterate_frames

BITS, BLOCK = 12, 24
CLIPS = {
    "H.264 320x240, GOP 12": ("h264_12.mp4", "libx264", (320, 240), {"g": 12}),
    "H.264 320x240, GOP 250": ("h264_250.mp4", "libx264", (320, 240), {"g": 250}),
    "H.264 640x480, GOP 12": ("h264_large.mp4", "libx264", (640, 480), {"g": 12}),
    "H.264 320x240, variable rate": ("variable.mp4", "libx264", (320, 240), {"g": 12}),
    "MPEG-4 AVI 320x240": ("mpeg4.avi", "mpeg4", (320, 240), {"g": 12, "b": 800_000}),
    "MPEG-4 AVI 320x240, B-frames": ("mpeg4_b.avi", "mpeg4", (320, 240), {"g": 12, "bf": 2, "b": 800_000}),
    "MPEG-4 AVI 640x480, B-frames": ("mpeg4_large.avi", "mpeg4", (640, 480), {"g": 12, "bf": 2, "b": 2_000_000}),
}


def picture(number, size, texture):
    """A drifting texture and two moving boxes under the number."""
    width, height = size
    image = np.roll(texture, (number // 3, number * 2), (0, 1)).copy()
    x, y = int((0.5 + 0.4 * np.sin(number / 9)) * (width - 60)), int((0.6 + 0.2 * np.cos(number / 7)) * (height - 60))
    image[y : y + 60, x : x + 40] = (200, 120, 40)
    image[height - 40 :, (number * 5) % (width - 30) :][:, :30] = (30, 90, 200)
    for bit in range(BITS):
        image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 20
    return image


def number_in(frame):
    """Read the burnt-in number back."""
    lit = [frame[6:18, bit * BLOCK + 6 : bit * BLOCK + 18].mean() > 128 for bit in range(BITS)]
    return sum(1 << bit for bit, on in enumerate(lit) if on)


def smooth_texture(size):
    """Soft blobs with a little noise, which codecs treat like a natural background."""
    rng = np.random.default_rng(0)
    width, height = size
    coarse = rng.integers(50, 200, (height // 40 + 1, width // 40 + 1, 3))
    texture = np.kron(coarse, np.ones((40, 40, 1)))[:height, :width]
    for axis in (0, 1):
        texture = sum(np.roll(texture, shift, axis) for shift in range(-12, 13, 3)) / 9
    return np.clip(texture + rng.normal(0, 4, texture.shape), 0, 255).astype(np.uint8)


def write_clip(path, codec, size, options, n_frames):
    """Encode one clip; times of the variable-rate clip are uneven."""
    texture = smooth_texture(size)
    uneven = path.name.startswith("variable")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options={key: str(value) for key, value in options.items()})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, 1000) if uneven else Fraction(1, 25)
        for number in range(n_frames):
            frame = av.VideoFrame.from_ndarray(picture(number, size, texture), format="rgb24")
            frame.pts = 40 * number + 11 * (number % 4) + 500 * (number // 100) if uneven else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cpu_seconds():
    """User and system time of this process and of the children it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def ffmpeg_all(path, _):
    """Decode everything to RGB and throw it away."""
    command = ["ffmpeg", "-v", "fatal", "-threads", "1", "-i", str(path), "-pix_fmt", "rgb24", "-f", "null", "-"]
    subprocess.run(command, check=True)


def reader(decoder):
    """Make the function that reads with one of our decoders and returns the numbers of frames that were wrong."""

    def read(path, indices):
        wrong = 0
        for index, frame in iterate_frames(path, indices, decoder):
            wrong += number_in(frame) != index
        return wrong

    return read


def plain_reader(decoder):
    """Make the function that reads and looks at nothing, as ffmpeg does."""

    def read(path, indices):
        for _ in iterate_frames(path, indices, decoder):
            pass

    return read


def interleaved(peers: dict[str, Callable], path, indices, repeats):
    """Median CPU seconds of each peer, in turns that start with another peer each time."""
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    names = list(peers)
    for turn in range(repeats):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = cpu_seconds()
            peers[name](path, indices)
            seconds[name].append(cpu_seconds() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def has_decord():
    """Say whether decord can be imported here."""
    try:
        import decord
    except ImportError:
        return False
    return bool(decord.__version__)


def cell(seconds, name):
    """Format one time, or a dash for a peer that is not here."""
    return f"{seconds[name]:.4f}" if name in seconds else "-"


def ratio(seconds, name, other):
    """Format the ratio of two times."""
    return f"{seconds[name] / seconds[other]:.2f}" if other in seconds else "-"


def full_decode_row(title, path, decoders, start, repeats, n_frames):
    """Time decoding all frames, and count the wrong ones."""
    peers = {name: plain_reader(name) for name in decoders}
    if start is not None:
        peers["ffmpeg"] = ffmpeg_all
    seconds = interleaved(peers, path, None, repeats)
    net = f"{seconds['pyav'] / (seconds['ffmpeg'] - start):.2f}" if start is not None else "-"
    wrong = {name: reader(name)(path, None) + abs(n_frames - count(name, path)) for name in decoders}
    return [
        title,
        cell(seconds, "ffmpeg"),
        cell(seconds, "pyav"),
        cell(seconds, "decord"),
        ratio(seconds, "pyav", "ffmpeg"),
        net,
        ratio(seconds, "pyav", "decord"),
        *[f"{wrong[name]} of {n_frames}" if name in wrong else "-" for name in ("pyav", "decord")],
    ]


def count(decoder, path):
    """Count the frames that a decoder gives."""
    return sum(1 for _ in iterate_frames(path, None, decoder))


def picked_row(title, path, decoders, repeats, n_frames):
    """Time 16 uniform frames, and count the wrong ones among these and among 40 random ones."""
    uniform = np.linspace(0, n_frames - 1, 16).astype(int).tolist()
    chosen = sorted(np.random.default_rng(1).choice(n_frames, 40, replace=False).tolist())
    seconds = interleaved({name: plain_reader(name) for name in decoders}, path, uniform, repeats)
    wrong = {name: f"{reader(name)(path, uniform)}/16, {reader(name)(path, chosen)}/40" for name in decoders}
    return [
        title,
        cell(seconds, "pyav"),
        cell(seconds, "decord"),
        ratio(seconds, "pyav", "decord"),
        wrong["pyav"],
        wrong.get("decord", "-"),
    ]


def print_table(header, rows):
    """Print a markdown table."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def ffmpeg_start(path):
    """Median CPU seconds that ffmpeg takes to show one frame, which is nearly all start-up."""
    command = ["ffmpeg", "-v", "fatal", "-threads", "1", "-i", str(path), "-frames:v", "1", "-f", "null", "-"]
    seconds = []
    for _ in range(5):
        start = cpu_seconds()
        subprocess.run(command, check=True)
        seconds.append(cpu_seconds() - start)
    return statistics.median(seconds)


def main():
    """Make the clips, run the peers, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="length of each clip at 25 frames per second")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each peer")
    arguments = parser.parse_args()
    n_frames = arguments.seconds * 25
    if not shutil.which("ffmpeg"):
        print(
            "ffmpeg is not on this machine, so its columns are empty; install it (apt install ffmpeg) to fill them.\n"
        )
    if not has_decord():
        print("decord is not installed, so its columns are empty.\n")
    decoders = ["pyav", "decord"] if has_decord() else ["pyav"]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        paths = {
            title: write_clip(Path(folder) / name, codec, size, options, n_frames)
            for title, (name, codec, size, options) in CLIPS.items()
        }
        start = ffmpeg_start(paths["H.264 320x240, GOP 12"]) if shutil.which("ffmpeg") else None
        print(
            f"{n_frames} frames a clip, medians of {arguments.repeats} interleaved turns, one decoder thread, "
            f"CPU seconds (user + system); PyAV {av.__version__}, Python {platform.python_version()}"
            + (f"; ffmpeg spends {start:.3f} s on starting, taken off in the column 'net'.\n" if start else ".\n")
        )
        header = ["all frames to RGB", "ffmpeg", "PyAV reader", "decord", "PyAV / ffmpeg", "net", "PyAV / decord"]
        rows = [full_decode_row(t, p, decoders, start, arguments.repeats, n_frames) for t, p in paths.items()]
        print_table([*header, "wrong, PyAV", "wrong, decord"], rows)
        rows = [picked_row(t, p, decoders, arguments.repeats, n_frames) for t, p in paths.items()]
        print_table(
            ["16 uniform frames", "PyAV reader", "decord", "PyAV / decord", "wrong, PyAV", "wrong, decord"], rows
        )
    print(f"Took {time.perf_counter() - began:.0f} s.")


if __name__ == "__main__":
    main()
