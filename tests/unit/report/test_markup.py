"""Escaping, names and numbers."""

import json

import numpy as np
import pytest

from dance_core.report.markup import number, percent, plain, safe_name, script_json, signed


def test_script_json_cannot_be_left_and_reads_back() -> None:
    value = {"a": "</script><!-- & ' \u2028 ü", "b": [1, 2.5, None, True, float("nan")], "c": np.float32(0.1)}
    text = script_json(value)
    assert not set(text) & set("<>&'\u2028")
    assert json.loads(text) == {"a": value["a"], "b": [1, 2.5, None, True, None], "c": 0.1}


def test_plain_keeps_eight_digits() -> None:
    assert plain(np.array([1 / 3, 123456.789])) == [0.33333333, 123456.79]


@pytest.mark.parametrize("clip_id", ["boxing_01", "a-b", "0"])
def test_a_plain_id_is_its_own_name(clip_id: str) -> None:
    assert safe_name(clip_id) == clip_id


def test_names_are_safe_and_differ_on_file_systems_without_case() -> None:
    ids = [
        "A",
        "a",
        "a/b",
        "a\\b",
        "a b",
        "..",
        ".",
        "",
        "con",
        "nul",
        "Ü",
        "u",
        "ü",
        "日本",
        "x" * 300,
        "x" * 299,
        'q"<>|?*',
    ]
    names = [safe_name(clip_id) for clip_id in ids]
    assert len({name.casefold() for name in names}) == len(ids)
    for name in names:
        assert name.isascii() and len(name) < 80 and not set(name) & set('/\\ "<>|?*:') and name.strip(".")


@pytest.mark.parametrize(
    ("value", "text"), [(3.14159, "3.14"), (-0.25, "\u22120.25"), (-0.001, "0.00"), (None, "–"), (float("nan"), "–")]
)
def test_numbers_have_a_real_minus_and_unknown_is_a_dash(value: float | None, text: str) -> None:
    assert number(value) == text


def test_signs_and_percentages() -> None:
    assert [signed(value) for value in (1.5, -1.5, 0.0, None)] == ["+1.50", "\u22121.50", "0.00", "–"]
    assert [percent(value) for value in (0.975, None)] == ["97.5\u202f%", "–"]
