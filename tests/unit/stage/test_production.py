"""Choosing clips, and what is said when something is missing."""

import sys

import pytest

import dance_core.stage
from dance_core.stage.casting import planned_clips
from dance_core.stage.extras import require
from dance_core.stage.production import chosen_clips


def test_all_clips_are_chosen_by_default():
    assert chosen_clips(None) == planned_clips()


def test_clips_are_chosen_by_name_in_the_order_of_the_plan():
    assert [clip.clip_id for clip in chosen_clips("walking_p03,boxing_p17_shift_dev")] == [
        "boxing_p17_shift_dev",
        "walking_p03",
    ]


def test_a_clip_that_is_not_planned_is_named():
    with pytest.raises(ValueError, match="not planned") as error:
        chosen_clips("walking_p99")
    assert str(error.value) == (
        "stage: clip 'walking_p99' is not planned; use a name such as walking_p03 or boxing_p17_shift_dev"
    )


def test_a_missing_package_says_how_to_install_it():
    with pytest.raises(ImportError, match="make stage") as error:
        require("no_such_package")
    assert str(error.value) == (
        "stage: package 'no_such_package' is not installed, so clips cannot be rendered; "
        "run `make stage`, which installs the extra `stage` and renders the demo clips"
    )


def test_the_renderer_is_imported_only_when_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)  # as if it were not installed
    for name in ("rasterizer", "backdrop", "render"):
        monkeypatch.delitem(sys.modules, f"dance_core.stage.{name}", raising=False)
    with pytest.raises(ImportError, match="make stage"):
        _ = dance_core.stage.render_clip
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = dance_core.stage.nothing
