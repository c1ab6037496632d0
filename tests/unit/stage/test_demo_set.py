"""The shipped data set: complete, small, and what the renderer makes today."""

import csv
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dance_core.stage.bodies import CACHE_VARIABLE
from dance_core.stage.casting import TRAVELLING, planned_clips

DEMO = Path(__file__).parents[3] / "data" / "demo"
MEGABYTE = 1_000_000
CLIPS = planned_clips()

pytestmark = pytest.mark.skipif(not (DEMO / "manifest.csv").is_file(), reason="data/demo is not in this checkout")


@pytest.fixture(scope="module")
def truth():
    return pd.read_parquet(DEMO / "truth.parquet")


@pytest.fixture(scope="module")
def clip_truth():
    return pd.read_parquet(DEMO / "truth_clips.parquet").set_index("clip_id")


def test_the_manifest_lists_the_plan_and_every_file_is_there():
    with (DEMO / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [(c.clip_id, c.path, c.action, c.split, c.group) for c in CLIPS]
    assert sorted(path.relative_to(DEMO).as_posix() for path in DEMO.rglob("*.mp4")) == sorted(c.path for c in CLIPS)


def test_the_data_set_is_small():
    sizes = [path.stat().st_size for path in DEMO.rglob("*") if path.is_file()]
    assert max(sizes) <= MEGABYTE
    assert sum(sizes) <= 12 * MEGABYTE


def test_the_truth_covers_every_frame(truth, clip_truth):
    counts = truth.groupby("clip_id").size()
    assert counts.to_dict() == {clip.clip_id: clip.n_frames for clip in CLIPS}
    assert (truth.groupby("clip_id")["frame"].max() + 1 == counts).all()
    assert truth["clip_id"].is_monotonic_increasing
    assert clip_truth["scene"].to_dict() == {clip.clip_id: clip.scene for clip in CLIPS}
    assert clip_truth["object"].to_dict() == {clip.clip_id: clip.prop for clip in CLIPS}


def test_people_are_large_and_whole(truth, clip_truth):
    assert clip_truth["smallest_height_px"].min() >= 110.0
    points = np.stack(truth["keypoints"]).reshape(-1, 17, 2) / 10.0
    assert points.min() >= 0.0
    assert points[..., 0].max() <= 320.0
    assert points[..., 1].max() <= 240.0


def test_actions_have_the_speeds_and_cadences_of_life(clip_truth):
    by_action = clip_truth.groupby("action")
    speed, cadence = by_action["speed_m_s"].median(), by_action["cadence_hz"].median()
    assert 1.0 < speed["walking"] < 1.5 < 2.0 < speed["jogging"] < 3.0 < 3.5 < speed["running"] < 5.0
    assert cadence["walking"] < cadence["jogging"] < cadence["running"]
    assert (clip_truth.loc[~clip_truth["action"].isin(TRAVELLING), "speed_m_s"] == 0.0).all()


def test_hands_meet_when_clapping_and_rise_when_waving(truth, clip_truth):
    points = {name: np.stack(part["keypoints"]).reshape(-1, 17, 2) / 10.0 for name, part in truth.groupby("clip_id")}
    for name in clip_truth.index[clip_truth["action"] == "handclapping"]:
        gap = np.linalg.norm(points[name][:, 9] - points[name][:, 10], axis=1)
        shoulders = np.linalg.norm(points[name][:, 5] - points[name][:, 6], axis=1).mean()
        assert gap.min() < 0.8 * shoulders < gap.max()
    for name in clip_truth.index[clip_truth["action"] == "handwaving"]:
        above = points[name][:, 0, 1] - points[name][:, 9:11, 1].max(1)
        assert above.max() > 0.0  # both wrists higher than the nose


def _renderer():
    """Import the renderer, or say why the test cannot run."""
    for package in ("anny", "numba", "av", "cv2"):
        pytest.importorskip(package, reason="the extra `stage` is not installed")
    cache = Path(os.environ.get(CACHE_VARIABLE, Path.home() / ".cache" / "dance" / "anny"))
    if not list(cache.rglob("*.safetensors")):
        pytest.skip(f"the body model is not prepared in {cache}; `make stage` does so")
    import dance_core.stage as stage

    return stage.BodyModel(), stage.render_clip


def test_rendering_a_clip_again_gives_the_shipped_one(tmp_path, truth):
    body, render_clip = _renderer()
    from dance_core.stage.writing import packed_truth, read_video, write_video

    clip = next(clip for clip in CLIPS if clip.clip_id == "boxing_p13")
    rendered = render_clip(clip, body)
    tenths, masks = packed_truth(rendered.keypoints, rendered.visible)
    shipped = truth[truth["clip_id"] == clip.clip_id]
    assert np.abs(np.stack(shipped["keypoints"]).astype(int) - tenths).max() <= 1
    assert (shipped["visible"].to_numpy() == masks).mean() > 0.95
    write_video(tmp_path / "again.mp4", rendered.frames)
    again, before = read_video(tmp_path / "again.mp4").astype(float), read_video(DEMO / clip.path).astype(float)
    error = np.mean((again - before) ** 2)
    assert 10.0 * np.log10(255.0**2 / max(error, 1e-9)) > 40.0  # exact on one machine, last bits may differ on another


def test_another_scene_leaves_the_person_where_it_was():
    body, render_clip = _renderer()
    from dataclasses import replace

    clip = replace(next(clip for clip in CLIPS if clip.clip_id == "walking_p03"), n_frames=4)
    here, there = render_clip(clip, body), render_clip(replace(clip, scene="gym", prop="none"), body)
    np.testing.assert_array_equal(here.keypoints, there.keypoints)
    np.testing.assert_array_equal(here.frames, render_clip(clip, body).frames)
    assert np.abs(here.frames.astype(int) - there.frames).mean() > 5.0
