"""The field and the street."""

import numpy as np

from dance_core.stage.canvas import Canvas, Colour, blurred_levels, tileable_noise, tint
from dance_core.stage.rotations import Array
from dance_core.stage.scenes import Layer, Scene, layer_of

_SKY = ((206, 222, 236), (112, 158, 216))


def field(rng: np.random.Generator) -> Scene:
    """A meadow with a rail fence, hay, trees and now and then a barn.

    Args:
        rng: Random stream of the scene.

    Returns:
        The scene.
    """
    sky = np.array([tint(rng, colour, 6.0) for colour in _SKY])
    layers = [_hills(rng), _trees(rng), _fence_and_hay(rng)]
    return Scene(blurred_levels(_grass(rng)), 64.0, sky, layers, ambient=0.5)


def street(rng: np.random.Generator) -> Scene:
    """A pavement before a road with parked cars and a row of shops.

    Args:
        rng: Random stream of the scene.

    Returns:
        The scene.
    """
    sky = np.array([tint(rng, colour, 6.0) for colour in _SKY])
    layers = [_shops(rng), _cars(rng), _street_furniture(rng)]
    return Scene(blurred_levels(_pavement(rng)), 64.0, sky, layers, ambient=0.5)


def _grass(rng: np.random.Generator) -> Array:
    patches = tileable_noise(rng, 512, 512, 3, 0.6)[..., None]
    blades = tileable_noise(rng, 512, 512, 3, 0.9, coarsest=64)[..., None]
    dark, light, dry = tint(rng, (58, 108, 40), 6.0), tint(rng, (120, 164, 66), 6.0), tint(rng, (160, 162, 84), 6.0)
    green = dark + (light - dark) * blades
    return green * (1.0 - 0.35 * patches) + dry * 0.35 * patches


def _hills(rng: np.random.Generator) -> Layer:
    canvas = Canvas(60.0, 14.0, scale=14.0)
    for base, rise, colour in ((5.5, 3.0, (150, 176, 182)), (3.5, 2.0, (112, 152, 116))):
        line = tileable_noise(rng, 8, 240, 3, 0.5)[0]
        points = [(60.0 * i / 240, base + rise * float(h)) for i, h in enumerate(line)]
        canvas.polygon([(0.0, 0.0), *points, (60.0, points[0][1]), (60.0, 0.0)], tint(rng, colour, 5.0))
    return layer_of(canvas, 40.0, rng.uniform(0.0, 60.0))


def _trees(rng: np.random.Generator) -> Layer:
    canvas = Canvas(24.0, 9.0, scale=40.0)
    for x in np.arange(0.0, 24.0, 0.7):  # a hedge under the trees
        canvas.disc(x, 0.4, rng.uniform(0.6, 1.0), tint(rng, (52, 92, 40), 8.0), 0.9)
    x = 0.0
    while x < 22.0:
        if rng.random() < 0.16 and x < 18.0:
            _barn(canvas, x + 2.6, rng)
            x += 5.6
            continue
        _tree(canvas, x + 1.0, rng)
        x += rng.uniform(1.6, 3.2)
    canvas.grain(rng, 0.16)
    return layer_of(canvas, 15.0, rng.uniform(0.0, 24.0))


def _tree(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    height, crown = rng.uniform(4.0, 7.0), rng.uniform(1.1, 1.7)
    leaf = tint(rng, (66, 116, 46), 12.0)
    canvas.line((x, 0.0), (x, height - crown), 0.3, tint(rng, (92, 70, 50), 6.0))
    for turn in range(60):
        angle, away = rng.uniform(0.0, 2.0 * np.pi), crown * rng.uniform(0.0, 1.0) ** 0.6
        lit = 0.72 + 0.4 * (0.5 + 0.5 * np.sin(angle)) * away / crown + 0.2 * turn / 60
        place = (x + away * np.cos(angle), height - crown + 1.15 * away * np.sin(angle))
        canvas.disc(*place, rng.uniform(0.25, 0.45), np.clip(leaf * lit, 0, 255), 0.85)


def _barn(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    red, roof, white = tint(rng, (150, 44, 36), 8.0), tint(rng, (92, 86, 88), 6.0), (232, 228, 220)
    canvas.polygon(
        [(x - 2.2, 0), (x + 2.2, 0), (x + 2.2, 2.8), (x + 1.4, 4.4), (x, 5.2), (x - 1.4, 4.4), (x - 2.2, 2.8)], red
    )
    for i in range(-10, 11):
        canvas.rectangle(x + 0.21 * i, 0.0, x + 0.21 * i + 0.02, 3.2, red * 0.75)
    for a, b in (
        ((-2.4, 2.6), (-1.45, 4.5)),
        ((-1.45, 4.5), (0, 5.35)),
        ((0, 5.35), (1.45, 4.5)),
        ((1.45, 4.5), (2.4, 2.6)),
    ):
        canvas.line((x + a[0], a[1]), (x + b[0], b[1]), 0.24, roof)
    for left in (-1.0, 0.04):
        canvas.rectangle(x + left, 0.0, x + left + 0.96, 2.1, white)
        canvas.rectangle(x + left + 0.08, 0.08, x + left + 0.88, 2.02, red * 0.9)
        canvas.line((x + left, 0.0), (x + left + 0.96, 2.1), 0.09, white)
        canvas.line((x + left, 2.1), (x + left + 0.96, 0.0), 0.09, white)
    canvas.rectangle(x - 0.5, 3.1, x + 0.5, 3.9, white)
    canvas.rectangle(x - 0.42, 3.18, x + 0.42, 3.82, (60, 40, 36))


def _fence_and_hay(rng: np.random.Generator) -> Layer:
    canvas = Canvas(12.0, 2.2, scale=90.0)
    wood = tint(rng, (146, 122, 96), 10.0)
    for post in np.arange(0.0, 12.0, 1.5):
        for z in (0.35, 0.72, 1.08):
            sag = rng.normal(0.0, 0.03, 2)
            shade = wood * rng.uniform(0.85, 1.1)
            canvas.line((post - 0.1, z + sag[0]), (post + 1.6, z + sag[1]), 0.12, np.clip(shade, 0, 250))
            canvas.line((post - 0.1, z + sag[0] - 0.045), (post + 1.6, z + sag[1] - 0.045), 0.03, shade * 0.6)
        canvas.rectangle(post - 0.08, 0.0, post + 0.08, 1.3, np.clip(wood * rng.uniform(0.75, 0.95), 0, 250))
        canvas.rectangle(post + 0.04, 0.0, post + 0.08, 1.3, wood * 0.55)
    for x in (1.6, 5.2, 9.0):
        _hay_bale(canvas, x + rng.uniform(-0.6, 0.6), rng)
    canvas.grain(rng, 0.14)
    return layer_of(canvas, 4.6, rng.uniform(0.0, 12.0))


def _hay_bale(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    radius = rng.uniform(0.72, 0.85)
    straw = tint(rng, (206, 172, 92), 8.0)
    canvas.rectangle(x, 0.0, x + 1.1, 2 * radius * 0.98, straw * 0.86)
    canvas.disc(x + 1.1, radius, radius, straw * 0.86)
    for _ in range(160):
        left, z = x + rng.uniform(0.0, 1.6), rng.uniform(0.05, 1.9 * radius)
        canvas.line(
            (left, z), (left + 0.25, z + rng.normal(0, 0.03)), 0.02, np.clip(straw * rng.uniform(0.6, 1.15), 0, 250)
        )
    canvas.disc(x, radius, radius, straw)
    for turn in np.linspace(0.0, 1.0, 7)[1:]:
        canvas.disc(x, radius, radius * (1.02 - turn), np.clip(straw * (0.78 if round(turn * 6) % 2 else 1.08), 0, 250))


def _pavement(rng: np.random.Generator) -> Array:
    stone = tint(rng, (150, 148, 144), 8.0)
    tile = np.empty((512, 512, 3))
    for i in range(8):
        for j in range(8):
            tile[i * 64 : (i + 1) * 64, j * 64 : (j + 1) * 64] = stone * rng.uniform(0.9, 1.08)
    joint = (np.arange(512) % 64) < 2
    tile[joint] *= 0.68
    tile[:, joint] *= 0.68
    return tile * (0.88 + 0.24 * tileable_noise(rng, 512, 512, 6, 0.85)[..., None])


def _bricks(
    canvas: Canvas, left: float, right: float, bottom: float, top: float, colour: Colour, rng: np.random.Generator
) -> None:
    mortar = (186, 178, 166)
    canvas.rectangle(left, bottom, right, top, mortar)
    for course, z in enumerate(np.arange(bottom, top, 0.14)):
        for x in np.arange(left - 0.2 * (course % 2), right, 0.4):
            shade = np.clip(np.asarray(colour) * rng.uniform(0.8, 1.15), 0, 250)
            canvas.rectangle(max(x, left), z, min(x + 0.37, right), min(z + 0.115, top), shade)


def _shops(rng: np.random.Generator) -> Layer:
    width = 18.0
    canvas = Canvas(width, 7.5, scale=56.0, colour=(160, 150, 140))
    for i, left in enumerate(np.arange(0.0, width, 4.5)):
        brick = ((158, 82, 60), (136, 70, 56), (178, 130, 92), (150, 100, 80))[(i + int(rng.integers(4))) % 4]
        _bricks(canvas, left, left + 4.5, 0.0, 7.5, tint(rng, brick, 8.0), rng)
        for x in (left + 0.7, left + 2.7):  # upper windows
            canvas.rectangle(x - 0.08, 4.2, x + 1.18, 6.3, (226, 222, 212))
            canvas.rectangle(x, 4.3, x + 1.1, 6.2, (92, 116, 140))
            canvas.rectangle(x + 0.51, 4.3, x + 0.59, 6.2, (226, 222, 212))
            canvas.rectangle(x, 5.2, x + 1.1, 5.28, (226, 222, 212))
        _shop_front(canvas, left + 0.25, rng)
    canvas.grain(rng, 0.06)
    return layer_of(canvas, 7.5, rng.uniform(0.0, width))


def _shop_front(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    frame = tint(rng, ((40, 70, 60), (110, 36, 34), (34, 44, 78), (60, 50, 44))[rng.integers(4)], 6.0)
    canvas.rectangle(x, 0.0, x + 4.0, 3.6, frame)
    canvas.rectangle(x + 0.15, 0.55, x + 2.75, 2.5, (150, 176, 190))
    canvas.polygon([(x + 0.4, 0.55), (x + 1.0, 0.55), (x + 1.9, 2.5), (x + 1.3, 2.5)], (186, 206, 214))
    for i in range(5):  # goods behind the pane
        canvas.rectangle(
            x + 0.3 + 0.5 * i, 0.55, x + 0.62 + 0.5 * i, rng.uniform(0.9, 1.5), tint(rng, (170, 120, 90), 40.0)
        )
    canvas.rectangle(x + 2.95, 0.0, x + 3.8, 2.4, frame * 0.7)
    canvas.rectangle(x + 3.05, 0.5, x + 3.7, 2.3, (130, 156, 172))
    stripe = tint(rng, ((196, 48, 44), (40, 110, 70), (40, 80, 150))[rng.integers(3)], 8.0)
    for i in range(16):
        colour = stripe if i % 2 else (238, 234, 226)
        canvas.polygon(
            [(x + 0.25 * i, 2.75), (x + 0.25 * (i + 1), 2.75), (x + 0.25 * (i + 1), 3.3), (x + 0.25 * i, 3.3)], colour
        )
        canvas.disc(x + 0.25 * i + 0.125, 2.75, 0.125, colour, 0.8)
    canvas.rectangle(x + 0.2, 3.35, x + 3.8, 3.85, frame * 0.8)
    for i in range(9):  # letters of a sign
        canvas.rectangle(x + 0.7 + 0.3 * i, 3.47, x + 0.86 + 0.3 * i, 3.73, (240, 226, 160))


def _cars(rng: np.random.Generator) -> Layer:
    canvas = Canvas(13.0, 2.0, scale=84.0)
    for x in (0.6, 7.1):
        _car(canvas, x + rng.uniform(0.0, 1.4), rng)
    return layer_of(canvas, 3.9, rng.uniform(0.0, 13.0))


def _car(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    paint = tint(
        rng, ((178, 30, 34), (236, 190, 30), (36, 76, 150), (200, 204, 208), (40, 110, 80))[rng.integers(5)], 8.0
    )
    body = [(0.0, 0.35), (0.02, 0.72), (0.2, 0.86), (1.05, 0.95), (1.55, 1.40), (2.85, 1.42), (3.55, 0.98), (4.2, 0.92)]
    body += [(4.32, 0.7), (4.32, 0.35)]
    canvas.polygon([(x + a, b) for a, b in body], paint)
    canvas.polygon([(x + a, b) for a, b in [(0.0, 0.35), (0.0, 0.55), (4.32, 0.55), (4.32, 0.35)]], paint * 0.72)
    glass = (58, 74, 88)
    for pane in (
        [(1.2, 0.96), (1.62, 1.33), (2.14, 1.35), (2.14, 0.96)],
        [(2.22, 0.96), (2.22, 1.35), (2.8, 1.34), (3.36, 0.98)],
    ):
        canvas.polygon([(x + a, b) for a, b in pane], glass)
    canvas.polygon([(x + 1.3, 0.98), (x + 1.45, 0.98), (x + 1.85, 1.34), (x + 1.7, 1.34)], (150, 170, 184))
    for line in (1.2, 2.18, 3.3):
        canvas.line((x + line, 0.45), (x + line, 0.94), 0.02, paint * 0.6)
    canvas.line((x + 0.1, 0.9), (x + 4.2, 0.93), 0.03, np.clip(paint * 1.25, 0, 255))
    canvas.rectangle(x, 0.66, x + 0.16, 0.8, (250, 244, 210))
    canvas.rectangle(x + 4.2, 0.68, x + 4.32, 0.84, (190, 20, 20))
    for wheel in (0.82, 3.48):
        for radius, colour in (
            (0.40, (24, 24, 26)),
            (0.33, (38, 38, 40)),
            (0.22, (176, 178, 182)),
            (0.08, (70, 70, 74)),
        ):
            canvas.disc(x + wheel, 0.33, radius, colour)


def _street_furniture(rng: np.random.Generator) -> Layer:
    canvas = Canvas(9.0, 4.4, scale=90.0)
    things = [_traffic_light, _parking_meter, _mailbox, _street_sign]
    order = rng.permutation(4)
    for slot, thing in enumerate(order):
        things[thing](canvas, 0.8 + 2.25 * slot + rng.uniform(-0.3, 0.3), rng)
    return layer_of(canvas, 2.1, rng.uniform(0.0, 9.0))


def _traffic_light(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    canvas.rectangle(x - 0.06, 0.0, x + 0.06, 2.2, (64, 70, 68))
    canvas.rectangle(x - 0.22, 1.75, x + 0.22, 2.95, (36, 40, 40))
    lit = int(rng.integers(3))
    for i, colour in enumerate(((226, 40, 36), (246, 186, 30), (50, 206, 96))):
        shade = np.array(colour) * (1.0 if i == lit else 0.4)
        canvas.disc(x, 2.72 - 0.37 * i, 0.15, shade)


def _parking_meter(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    steel = tint(rng, (120, 126, 132), 8.0)
    canvas.rectangle(x - 0.045, 0.0, x + 0.045, 1.1, steel * 0.8)
    canvas.rectangle(x - 0.16, 1.05, x + 0.16, 1.42, steel)
    canvas.disc(x, 1.42, 0.16, steel)
    canvas.disc(x, 1.42, 0.11, (226, 232, 224))
    canvas.rectangle(x - 0.03, 1.13, x + 0.03, 1.24, (30, 30, 32))


def _mailbox(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    colour = tint(rng, ((28, 70, 150), (190, 30, 32))[rng.integers(2)], 8.0)
    canvas.rectangle(x - 0.3, 0.0, x - 0.22, 0.2, colour * 0.6)
    canvas.rectangle(x + 0.22, 0.0, x + 0.3, 0.2, colour * 0.6)
    canvas.rectangle(x - 0.33, 0.15, x + 0.33, 1.05, colour)
    canvas.disc(x, 1.05, 0.33, colour)
    canvas.rectangle(x - 0.22, 1.0, x + 0.22, 1.08, colour * 0.5)
    canvas.rectangle(x - 0.2, 0.55, x + 0.2, 0.85, (232, 232, 228))


def _street_sign(canvas: Canvas, x: float, rng: np.random.Generator) -> None:
    canvas.rectangle(x - 0.04, 0.0, x + 0.04, 3.0, (130, 134, 136))
    if rng.random() < 0.5:
        angle = np.arange(8) * 0.25 * np.pi + 0.125 * np.pi
        canvas.polygon([(float(x + 0.42 * np.cos(a)), float(2.5 + 0.42 * np.sin(a))) for a in angle], (236, 236, 232))
        canvas.polygon([(float(x + 0.38 * np.cos(a)), float(2.5 + 0.38 * np.sin(a))) for a in angle], (196, 28, 34))
        for i in range(4):
            canvas.rectangle(x - 0.27 + 0.145 * i, 2.4, x - 0.17 + 0.145 * i, 2.6, (240, 240, 236))
        return
    for z, shift in ((2.75, -0.1), (2.4, 0.12)):
        canvas.rectangle(x + shift - 0.6, z, x + shift + 0.6, z + 0.26, (24, 110, 66))
        for i in range(7):
            canvas.rectangle(
                x + shift - 0.48 + 0.14 * i, z + 0.07, x + shift - 0.39 + 0.14 * i, z + 0.19, (240, 244, 240)
            )
