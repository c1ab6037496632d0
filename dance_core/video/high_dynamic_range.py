"""Pictures of high dynamic range in the range that networks and browsers know, by the recommendations of the ITU.

The pictures are turned into light and moved from the colours of BT.2020 to those of BT.709, the highlights are rolled
off towards the white of paper (203 cd/m²; what is darker than about half of it stays as it is) without a change of
hue, and the light is encoded for an ordinary display.
"""

from functools import cache

import numpy as np

# FFmpeg's numbers of the transfer functions of BT.2100.
TRANSFERS = {16: "pq", 18: "hlg"}
# cd/m²: the brightest light kept, and the light of white paper, which becomes the brightest of the standard range.
BRIGHTEST, WHITE = 1000.0, 203.0
BRIGHTEST_PQ = 10_000.0
LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
# From the primaries of BT.2020 to those of BT.709 (BT.2087), for rows of red, green and blue.
TO_BT709 = np.array([[1.6605, -0.1246, -0.0182], [-0.5876, 1.1329, -0.1006], [-0.0728, -0.0083, 1.1187]], np.float32)
STEPS = 4095
ROWS = 64


def standard_range(picture: np.ndarray, transfer: str) -> np.ndarray:
    """Turn a picture of high dynamic range into one of standard range.

    Args:
        picture: RGB of BT.2020, encoded, uint16 of shape (height, width, 3).
        transfer: "pq" or "hlg".

    Returns:
        RGB of BT.709 for an ordinary display, uint8 of the same shape.

    Source:
        ITU-R BT.2100-2 (transfer functions), BT.2408 (white), BT.2390-8 section 5.4.1 (roll-off), BT.2087 (primaries),
        BT.1886 (display).
    """
    light, factors, codes = _light(transfer), _roll_off(), _display_codes()
    result = np.empty(picture.shape, np.uint8)
    for top in range(0, len(picture), ROWS):  # bands of rows stay in the processor's cache
        band = light[picture[top : top + ROWS]]
        if transfer == "hlg":
            band *= ((band @ LUMINANCE) ** np.float32(0.2))[..., None]
        band = np.maximum(band @ TO_BT709, 0.0)
        brightest = np.sqrt(np.sqrt(np.minimum(band.max(axis=-1), 1.0)))
        band *= factors[(brightest * STEPS + 0.5).astype(np.intp)][..., None]
        band = np.sqrt(np.minimum(band, 1.0))
        result[top : top + ROWS] = codes[(band * STEPS + 0.5).astype(np.intp)]
    return result


@cache
def _light(transfer: str) -> np.ndarray:
    """Light of every 16-bit code in units of BRIGHTEST: shown light of PQ, light of the scene of HLG."""
    code = np.arange(65536) / 65535
    return (_pq_light(code) / BRIGHTEST if transfer == "pq" else _hlg_scene(code)).astype(np.float32)


@cache
def _roll_off() -> np.ndarray:
    """What light is multiplied by, by the fourth root of its brightest colour in units of BRIGHTEST."""
    light = np.maximum(np.arange(STEPS + 1) / STEPS, 1 / STEPS) ** 4 * BRIGHTEST
    top = _pq_code(np.array(BRIGHTEST))
    limit = _pq_code(np.array(WHITE)) / top
    knee = 1.5 * limit - 0.5
    code = _pq_code(light) / top
    t = np.clip((code - knee) / (1 - knee), 0, 1)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * limit
    shown = _pq_light(np.where(code < knee, code, curve) * top)
    return (shown / WHITE * BRIGHTEST / light).astype(np.float32)


@cache
def _display_codes() -> np.ndarray:
    """8-bit code of a light between 0 and 1, by its square root."""
    return np.round(255 * (np.arange(STEPS + 1) / STEPS) ** (2 / 2.4)).astype(np.uint8)


def _pq_light(code: np.ndarray) -> np.ndarray:
    """Light of a code of PQ in [0, 1], cd/m²."""
    root = np.asarray(code) ** (32 / 2523)
    return BRIGHTEST_PQ * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)


def _pq_code(light: np.ndarray) -> np.ndarray:
    """Code in [0, 1] of a light in cd/m²."""
    power = (light / BRIGHTEST_PQ) ** (1305 / 8192)
    return ((107 / 128 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def _hlg_scene(code: np.ndarray) -> np.ndarray:
    """Light of the scene, in [0, 1], of a code of hybrid log-gamma."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
