"""Marks for tests that need fetched weights."""

from pathlib import Path

import pytest

WEIGHTS = Path(__file__).parents[3] / "weights"


def needs(name: str) -> pytest.MarkDecorator:
    """Skip a test where a set of weights has not been fetched."""
    return pytest.mark.skipif(not (WEIGHTS / name).is_dir(), reason=f"weights '{name}' are not fetched; run make demo")
