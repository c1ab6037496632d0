"""Videos whose every frame carries its own number, burnt in as black and white blocks, so that a wrong one shows."""

from fractions import Fraction

import av
import numpy as np

from dance_core.video import read_frames

BITS, BLOCK = 8, 16
WIDTH, HEIGHT, N = 160, 96, 50


def picture(number, width=WIDTH, height=HEIGHT):
    """The number in the top row, a band of noise, and a red corner below, so that turns and mirrors show."""
    image = np.full((height, width, 3), 90, np.uint8)
    image += (np.arange(width) * 60 // width).astype(np.uint8)[None, :, None]
    image[32:56] = np.random.default_rng(number).integers(60, 150, (24, width, 1), np.uint8)
    for bit in range(BITS):
        image[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if number >> bit & 1 else 20
    image[-32:, :32] = (220, 20, 20)
    return image


def number_in(frame):
    blocks = [frame[4:12, bit * BLOCK + 4 : bit * BLOCK + 12].mean() > 128 for bit in range(BITS)]
    return sum(1 << bit for bit, lit in enumerate(blocks) if lit)


def write_video(
    path, codec="libx264", n=N, size=(WIDTH, HEIGHT), times=None, pixels="yuv420p", turn=None, rate=25, **options
):
    with av.open(str(path), "w", options=options.pop("container", {})) as container:
        stream = container.add_stream(codec, rate=rate, options={k: str(v) for k, v in options.items()})
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.thread_count = 1
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if turn is not None:
            stream.set_display_rotation(**turn)
        for number in range(n):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24").reformat(format=pixels)
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, rate) if times is None else Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def assert_exact(path, n=N, first=0):
    frames = read_frames(path)
    assert [number_in(frame) for frame in frames] == list(range(first, first + n))
    rng = np.random.default_rng(0)
    for indices in (np.linspace(0, n - 1, 16).astype(int), rng.integers(0, n, 40), [n - 1], [n // 2]):
        np.testing.assert_array_equal(read_frames(path, indices), frames[indices])
    return frames


def shorten(path, share):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path
