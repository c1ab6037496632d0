"""Text that goes into pages: escaping, safe file names, numbers, and JSON that no label can break out of."""

import hashlib
import json
import math
import re
import unicodedata
from typing import Any

import numpy as np
from markupsafe import Markup

_UNSAFE_IN_SCRIPT = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "'": "\\u0027",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
MINUS = "\u2212"
DASH = "\u2013"


def script_json(value: Any) -> Markup:
    """Write a value as JSON that can stand inside a script element or a script file.

    Args:
        value: Nested dicts, lists and scalars; numpy is understood, numbers that are not finite become null.

    Returns:
        One line without the characters that end a script element or a string.
    """
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    for character, escape in _UNSAFE_IN_SCRIPT.items():
        text = text.replace(character, escape)
    return Markup(text)


def plain(value: Any) -> Any:
    """Turn numpy and tuples into what JSON knows; floats keep eight significant digits, more than float32 has.

    Args:
        value: Nested dicts, lists, arrays and scalars.

    Returns:
        The same as dicts, lists, str, int, float, bool and None.
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.8g}") if math.isfinite(value) else None
    return value


def safe_name(clip_id: str) -> str:
    """Give a file name for a clip that is safe and unique on every file system.

    Args:
        clip_id: Any text.

    Returns:
        The id itself where it is plain (lower-case ASCII letters, digits, `_`, `-`), else a readable part and a digest.
    """
    letters = unicodedata.normalize("NFKD", clip_id).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_-]+", "-", letters).strip("-")[:60]
    if slug and slug == clip_id and slug not in _DEVICE_NAMES:
        return slug
    digest = hashlib.sha256(clip_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug}.{digest}" if slug else digest


def number(value: Any, digits: int = 2) -> str:
    """Write a number for reading, with a real minus sign; unknown is a dash.

    Args:
        value: A number, None or NaN.
        digits: Decimals.

    Returns:
        For example `3.10`, `−0.25` or `–`.
    """
    if value is None or not math.isfinite(float(value)):
        return DASH
    text = f"{float(value):,.{digits}f}"
    return text.replace("-", MINUS) if text.strip("-0.,") else text.lstrip("-")


def signed(value: Any, digits: int = 2) -> str:
    """Write a number with its sign, plus included.

    Args:
        value: A number, None or NaN.
        digits: Decimals.

    Returns:
        For example `+3.10` or `−0.25`.
    """
    text = number(value, digits)
    return text if text.startswith((MINUS, DASH)) or not text.strip("0.,") else f"+{text}"


def percent(value: Any, digits: int = 1) -> str:
    """Write a fraction as a percentage; unknown is a dash.

    Args:
        value: A fraction, None or NaN.
        digits: Decimals.

    Returns:
        For example `97.5 %`.
    """
    text = number(None if value is None else 100 * float(value), digits)
    return text if text == DASH else f"{text}\u202f%"


def p_value(value: Any) -> str:
    """Write a probability of a test; what is tiny is only bounded.

    Args:
        value: In [0, 1], or None.

    Returns:
        For example `0.50`, `0.031` or `< 0.001`.
    """
    if value is None or not math.isfinite(float(value)):
        return DASH
    return "< 0.001" if value < 0.001 else number(value, 3 if value < 0.1 else 2)


def twice(text: str) -> tuple[str, str]:
    """Give an option of a choice whose value is what people read."""
    return text, text
