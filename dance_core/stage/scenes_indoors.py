"""The gym and the room."""

import numpy as np

from dance_core.stage.canvas import Canvas, Colour, blurred_levels, tileable_noise, tint
from dance_core.stage.rotations import Array
from dance_core.stage.scenes import Layer, Scene, layer_of

_CEILING = ((236, 234, 228), (214, 212, 206))


def gym(rng: np.random.Generator) -> Scene:
    """A sports hall with a wooden floor, wall bars, hoops and gymnastics apparatus.

    Args:
        rng: Random stream of the scene.

    Returns:
        The scene.
    """
    sky = np.array(_CEILING, dtype=np.float64)
    layers = [_hall_wall(rng), _apparatus(rng)]
    return Scene(blurred_levels(_boards(rng, (206, 158, 98), court=True)), 64.0, sky, layers, ambient=0.56)


def room(rng: np.random.Generator) -> Scene:
    """A living room with bookcases, a window with a blind, a couch, a lamp and a television.

    Args:
        rng: Random stream of the scene.

    Returns:
        The scene.
    """
    sky = np.array(_CEILING, dtype=np.float64)
    layers = [_room_wall(rng), _furniture(rng)]
    floor = _carpet(rng) if rng.random() < 0.5 else _boards(rng, (142, 98, 64), court=False)
    return Scene(blurred_levels(floor), 64.0, sky, layers, ambient=0.6)


def _boards(rng: np.random.Generator, colour: Colour, court: bool) -> Array:
    """Planks that run sideways, 10 cm wide, with staggered ends; 8 m to the tile."""
    wood = tint(rng, colour, 8.0)
    tile = np.empty((512, 512, 3))
    for plank in range(64):
        start = int(rng.integers(512))
        ends = np.roll(np.repeat(rng.uniform(0.9, 1.08, 4), 128), start)
        tile[plank * 8 : (plank + 1) * 8] = wood * ends[None, :, None]
        tile[plank * 8] *= 0.86
    grain = tileable_noise(rng, 512, 512, 5, 0.8, coarsest=8)[..., None]
    tile *= 0.93 + 0.14 * grain
    if court:
        line = tint(rng, ((236, 236, 232), (40, 84, 150), (190, 44, 40))[rng.integers(3)], 4.0)
        tile[96:100] = line
        tile[:, 300:304] = line
    return tile


def _carpet(rng: np.random.Generator) -> Array:
    pile = tileable_noise(rng, 512, 512, 3, 0.9, coarsest=64)[..., None]
    colour = tint(rng, ((150, 128, 108), (128, 62, 58), (96, 110, 130))[rng.integers(3)], 8.0)
    return colour * (0.86 + 0.26 * pile)


def _hall_wall(rng: np.random.Generator) -> Layer:
    width = 10.0
    canvas = Canvas(width, 5.5, scale=80.0, colour=tint(rng, (222, 216, 200), 6.0))
    for z in np.arange(1.6, 5.5, 0.22):
        canvas.rectangle(0.0, z, width, z + 0.012, (196, 190, 176))
    canvas.rectangle(
        0.0, 0.0, width, 1.5, tint(rng, ((58, 98, 148), (52, 116, 92), (160, 110, 62))[rng.integers(3)], 8.0)
    )
    canvas.rectangle(0.0, 1.5, width, 1.58, (240, 238, 232))
    for x in np.arange(0.4, width, 2.5):  # high windows
        canvas.rectangle(x, 3.9, x + 1.7, 5.1, (120, 124, 128))
        for i in range(3):
            canvas.rectangle(x + 0.06 + 0.55 * i, 3.96, x + 0.53 + 0.55 * i, 5.04, (206, 226, 240))
    for x in (0.9, 5.6):
        _wall_bars(canvas, x, rng)
    for x in (3.6, 8.6):
        _hoop(canvas, x, rng)
    canvas.grain(rng, 0.05)
    return layer_of(canvas, 3.6, rng.uniform(0.0, width))


def _wall_bars(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    wood = tint(rng, (198, 148, 88), 8.0)
    for section in range(2):
        left = x + 0.95 * section
        for z in np.arange(0.2, 2.7, 0.17):
            canvas.rectangle(left, z - 0.03, left + 0.95, z, wood * 0.5)
            canvas.rectangle(left, z, left + 0.95, z + 0.05, wood)
    for i in range(3):
        left = x + 0.95 * i
        canvas.rectangle(left - 0.05, 0.0, left + 0.05, 2.75, wood * 0.82)


def _hoop(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    canvas.rectangle(x - 0.75, 2.05, x + 0.75, 3.1, (60, 62, 66))
    canvas.rectangle(x - 0.71, 2.09, x + 0.71, 3.06, (244, 244, 242))
    canvas.rectangle(x - 0.26, 2.25, x + 0.26, 2.65, (206, 50, 40))
    canvas.rectangle(x - 0.21, 2.30, x + 0.21, 2.60, (244, 244, 242))
    for i in range(7):
        top = x - 0.24 + 0.08 * i
        canvas.line((top, 2.2), (x - 0.13 + 0.043 * i + 0.04, 1.78), 0.018, (240, 240, 240))
        canvas.line((top, 2.2), (x - 0.13 + 0.043 * i - 0.04, 1.78), 0.018, (240, 240, 240))
    canvas.rectangle(x - 0.27, 2.17, x + 0.27, 2.23, (226, 90, 30))


def _apparatus(rng: np.random.Generator) -> Layer:
    canvas = Canvas(9.0, 3.2, scale=90.0)
    things = [_parallel_bars, _dumbbell_rack, _balance_beam, _barbell]
    for slot, thing in enumerate(rng.permutation(4)):
        things[thing](canvas, 1.1 + 2.25 * slot, rng)
    return layer_of(canvas, 2.3, rng.uniform(0.0, 9.0))


def _parallel_bars(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    wood, steel = tint(rng, (226, 182, 120), 6.0), tint(rng, (70, 84, 110), 6.0)
    for shift, z, shade in ((0.22, 1.72, 0.85), (0.0, 1.55, 1.0)):
        for leg in (-0.75, 0.75):
            canvas.rectangle(x + shift + leg - 0.04, 0.0, x + shift + leg + 0.04, z, steel * shade)
            canvas.line((x + shift + leg - 0.3, 0.04), (x + shift + leg + 0.3, 0.04), 0.08, steel * shade)
        canvas.rectangle(x + shift - 1.1, z, x + shift + 1.1, z + 0.075, wood * shade)
    canvas.rectangle(x - 0.9, 0.0, x + 1.1, 0.09, steel * 0.8)


def _balance_beam(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    suede, steel = tint(rng, (206, 168, 118), 6.0), tint(rng, (60, 76, 110), 6.0)
    for leg in (-0.75, 0.75):
        canvas.line((x + leg, 1.1), (x + leg - 0.22, 0.0), 0.06, steel)
        canvas.line((x + leg, 1.1), (x + leg + 0.22, 0.0), 0.06, steel)
        canvas.rectangle(x + leg - 0.3, 0.0, x + leg + 0.3, 0.05, steel)
    canvas.rectangle(x - 1.1, 1.08, x + 1.1, 1.26, suede)
    canvas.rectangle(x - 1.1, 1.08, x + 1.1, 1.13, suede * 0.7)


def _dumbbell(canvas: Canvas, x: float, z: float, size: float, colour: Colour) -> None:
    dark = np.asarray(colour)
    canvas.rectangle(x - 0.12, z - 0.025, x + 0.12, z + 0.025, (170, 172, 176))
    for end in (-1.0, 1.0):
        canvas.rectangle(x + end * 0.12 - 0.07, z - size, x + end * 0.12 + 0.07, z + size, dark)
        canvas.rectangle(x + end * 0.12 - 0.07, z + 0.4 * size, x + end * 0.12 + 0.07, z + 0.7 * size, dark * 1.8)


def _dumbbell_rack(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    steel = tint(rng, (88, 92, 98), 6.0)
    for leg in (-0.95, 0.95):
        canvas.rectangle(x + leg - 0.05, 0.0, x + leg + 0.05, 1.3, steel)
    for z in (0.28, 0.72, 1.16):
        canvas.rectangle(x - 1.0, z, x + 1.0, z + 0.06, steel)
        for i in range(4):
            _dumbbell(canvas, x - 0.72 + 0.48 * i, z + 0.19, 0.12, (40, 40, 44))


def _barbell(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    steel = tint(rng, (76, 80, 88), 6.0)
    for leg in (-0.55, 0.55):
        canvas.rectangle(x + leg - 0.05, 0.0, x + leg + 0.05, 1.5, steel)
        canvas.rectangle(x + leg - 0.25, 0.0, x + leg + 0.25, 0.07, steel)
    canvas.rectangle(x - 0.55, 0.42, x + 0.55, 0.54, (120, 36, 34))
    canvas.rectangle(x - 1.1, 1.3, x + 1.1, 1.35, (196, 198, 202))
    colour = tint(rng, ((190, 34, 34), (30, 70, 150), (36, 36, 40))[rng.integers(3)], 6.0)
    for end in (-1.0, 1.0):
        for away, radius in ((0.82, 0.38), (0.92, 0.3), (1.0, 0.2)):
            canvas.polygon(_plate(x + end * away, 1.325, radius), colour * (0.7 + 0.3 * radius / 0.38))


def _plate(x: float, z: float, radius: float) -> list[tuple[float, float]]:
    angle = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    return [(float(x + 0.055 * np.cos(a)), float(z + radius * np.sin(a))) for a in angle]


def _room_wall(rng: np.random.Generator) -> Layer:
    width = 9.0
    paper = tint(rng, ((226, 208, 178), (186, 204, 196), (214, 190, 186), (200, 204, 218))[rng.integers(4)], 8.0)
    canvas = Canvas(width, 4.2, scale=90.0, colour=paper)
    if rng.random() < 0.6:
        for x in np.arange(0.0, width, 0.3):
            canvas.rectangle(x, 0.0, x + 0.13, 4.2, paper * 0.93)
    canvas.rectangle(0.0, 0.0, width, 0.14, (240, 236, 228))
    order = rng.permutation(4)
    things = [_bookcase, _window, _bookcase, _pictures]
    for slot, thing in enumerate(order):
        things[thing](canvas, 1.1 + 2.25 * slot, rng)
    canvas.grain(rng, 0.04)
    return layer_of(canvas, 2.5, rng.uniform(0.0, width))


def _bookcase(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    wood = tint(rng, ((122, 78, 46), (168, 120, 76), (88, 56, 38))[rng.integers(3)], 6.0)
    canvas.rectangle(x - 0.85, 0.0, x + 0.85, 2.35, wood)
    for shelf in range(5):
        z = 0.1 + 0.45 * shelf
        canvas.rectangle(x - 0.78, z, x + 0.78, z + 0.39, wood * 0.4)
        left = x - 0.77
        while left < x + 0.68:
            thick, tall = rng.uniform(0.03, 0.075), rng.uniform(0.25, 0.36)
            book = rng.uniform(40, 220, 3) * np.array([1.0, 0.85, 0.75])
            canvas.rectangle(left, z, left + thick - 0.006, z + tall, book)
            canvas.rectangle(left, z + 0.7 * tall, left + thick - 0.006, z + 0.8 * tall, np.clip(book * 1.4, 0, 250))
            left += thick if rng.random() > 0.05 else thick + 0.1


def _window(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    canvas.rectangle(x - 0.85, 0.85, x + 0.85, 2.5, (244, 242, 236))
    canvas.rectangle(x - 0.77, 0.93, x + 0.77, 2.42, (186, 214, 238))
    canvas.rectangle(x - 0.77, 0.93, x + 0.77, 1.3, (128, 168, 104))
    canvas.rectangle(x - 0.03, 0.93, x + 0.03, 2.42, (244, 242, 236))
    for z in np.arange(1.5, 2.42, 0.07):  # slats of the blind
        canvas.rectangle(x - 0.79, z, x + 0.79, z + 0.05, (238, 234, 222))
        canvas.rectangle(x - 0.79, z, x + 0.79, z + 0.015, (190, 186, 176))
    curtain = tint(rng, ((150, 60, 56), (70, 100, 130), (190, 160, 100))[rng.integers(3)], 8.0)
    for side in (-1.05, 0.75):
        for i in range(6):
            fold = curtain * (0.8 + 0.25 * (i % 2))
            canvas.rectangle(x + side + 0.05 * i, 0.2, x + side + 0.05 * (i + 1), 2.62, np.clip(fold, 0, 250))
    canvas.rectangle(x - 1.12, 2.6, x + 1.12, 2.66, (110, 84, 60))


def _pictures(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    for shift, z, wide, high in ((-0.5, 1.5, 0.4, 0.55), (0.42, 1.6, 0.36, 0.36)):
        canvas.rectangle(x + shift - wide, z, x + shift + wide, z + 2 * high, (106, 76, 44))
        canvas.rectangle(
            x + shift - wide + 0.06, z + 0.06, x + shift + wide - 0.06, z + 2 * high - 0.06, (240, 236, 224)
        )
        for _ in range(5):
            canvas.disc(
                x + shift + rng.uniform(-0.15, 0.15),
                z + high + rng.uniform(-0.15, 0.15),
                0.12,
                tint(rng, (150, 130, 110), 45.0),
            )


def _furniture(rng: np.random.Generator) -> Layer:
    canvas = Canvas(9.0, 2.6, scale=90.0)
    things = [_couch, _lamp, _television, _couch]
    for slot, thing in enumerate(rng.permutation(4)):
        things[thing](canvas, 1.1 + 2.25 * slot, rng)
    return layer_of(canvas, 2.0, rng.uniform(0.0, 9.0))


def _couch(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    cloth = tint(
        rng, ((150, 44, 40), (70, 96, 130), (116, 128, 84), (176, 146, 108), (96, 64, 48))[rng.integers(5)], 8.0
    )
    canvas.rectangle(x - 0.95, 0.12, x + 0.95, 0.95, cloth * 0.85)
    for left in (-0.72, 0.02):
        canvas.rectangle(x + left, 0.5, x + left + 0.70, 0.93, cloth)
        canvas.rectangle(x + left, 0.34, x + left + 0.70, 0.5, np.clip(cloth * 1.15, 0, 250))
        canvas.rectangle(x + left, 0.48, x + left + 0.70, 0.5, cloth * 0.6)
    canvas.rectangle(x - 0.72, 0.12, x + 0.72, 0.33, cloth * 0.72)
    for arm in (-0.98, 0.74):
        canvas.rectangle(x + arm, 0.12, x + arm + 0.24, 0.66, cloth * 0.95)
        canvas.disc(x + arm + 0.12, 0.66, 0.12, np.clip(cloth * 1.1, 0, 250))
    for leg in (-0.88, 0.8):
        canvas.rectangle(x + leg, 0.0, x + leg + 0.08, 0.12, (60, 44, 32))
    pillow = tint(rng, (220, 190, 120), 30.0)
    canvas.polygon([(x - 0.65, 0.5), (x - 0.3, 0.52), (x - 0.28, 0.86), (x - 0.62, 0.84)], pillow)


def _lamp(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    wood = tint(rng, (120, 82, 50), 6.0)
    canvas.rectangle(x - 0.4, 0.0, x - 0.34, 0.6, wood * 0.8)
    canvas.rectangle(x + 0.34, 0.0, x + 0.4, 0.6, wood * 0.8)
    canvas.rectangle(x - 0.45, 0.58, x + 0.45, 0.65, wood)
    base = tint(rng, (70, 110, 150), 25.0)
    canvas.disc(x, 0.88, 0.15, base, 1.4)
    canvas.rectangle(x - 0.02, 1.05, x + 0.02, 1.25, (190, 160, 90))
    canvas.polygon([(x - 0.36, 1.2), (x + 0.36, 1.2), (x + 0.2, 1.72), (x - 0.2, 1.72)], (250, 232, 184))
    canvas.polygon([(x - 0.36, 1.2), (x + 0.36, 1.2), (x + 0.34, 1.26), (x - 0.34, 1.26)], (214, 180, 120))


def _television(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    wood = tint(rng, (98, 68, 46), 6.0)
    canvas.rectangle(x - 0.9, 0.0, x + 0.9, 0.55, wood)
    for left in (-0.85, 0.03):
        canvas.rectangle(x + left, 0.06, x + left + 0.82, 0.48, wood * 1.2)
        canvas.disc(x + left + 0.41, 0.28, 0.03, (200, 190, 160))
    canvas.rectangle(x - 0.2, 0.55, x + 0.2, 0.62, (30, 30, 32))
    canvas.rectangle(x - 0.72, 0.6, x + 0.72, 1.48, (26, 26, 28))
    canvas.rectangle(x - 0.67, 0.66, x + 0.67, 1.43, (58, 84, 118))
    canvas.polygon(
        [(x - 0.67, 0.66), (x + 0.67, 0.66), (x + 0.67, 0.85), (x - 0.1, 1.05), (x - 0.67, 0.8)], (66, 110, 70)
    )
    canvas.polygon([(x - 0.3, 1.43), (x + 0.0, 1.43), (x - 0.4, 0.95), (x - 0.6, 0.95)], (96, 122, 150))
