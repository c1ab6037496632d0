"""Rendering many clips in several processes, and putting the finished data set in its place."""

import logging
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dance_core.stage.casting import Clip, planned_clips
from dance_core.stage.extras import require
from dance_core.stage.writing import packed_truth, write_clip_truth, write_manifest, write_truth, write_video

_log = logging.getLogger(__name__)
_SMALLEST_PERSON = 110.0

Outcome = tuple[str, NDArray[np.int16], NDArray[np.uint32], dict[str, float | str]]


def chosen_clips(names: str | None) -> list[Clip]:
    """Pick clips of the plan by name.

    Args:
        names: Clip ids separated by commas; None picks all.

    Returns:
        The clips, in the order of the plan.

    Raises:
        ValueError: A name is not in the plan.
    """
    clips = planned_clips()
    if names is None:
        return clips
    wanted = set(names.split(","))
    unknown = sorted(wanted - {clip.clip_id for clip in clips})
    if unknown:
        raise ValueError(
            f"stage: clip '{unknown[0]}' is not planned; use a name such as walking_p03 or boxing_p17_shift_dev"
        )
    return [clip for clip in clips if clip.clip_id in wanted]


def produce(clips: list[Clip], output: Path, jobs: int = 1, cache_dir: Path | None = None) -> None:
    """Render clips and write them with their manifest and truth.

    Args:
        clips: Clips in the order of the manifest's rows.
        output: Folder of the data set; files of the same names are replaced when all clips are done.
        jobs: Clips rendered at the same time.
        cache_dir: Where the body model is kept; see BodyModel.

    Raises:
        ValueError: A person is too small in the picture or leaves it.
        ImportError: The extra `stage` is not installed.
    """
    # Rendered elsewhere and moved at the end, so that nobody reads half of it.
    with tempfile.TemporaryDirectory(prefix="stage-") as name:
        folder = Path(name)
        outcomes = _render_all(clips, folder, jobs, cache_dir)
        write_manifest(folder / "manifest.csv", clips)
        write_truth(folder / "truth.parquet", [outcome[:3] for outcome in outcomes])
        write_clip_truth(folder / "truth_clips.parquet", clips, {outcome[0]: outcome[3] for outcome in outcomes})
        for source in sorted(path for path in folder.rglob("*") if path.is_file()):
            target = output / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)


@cache
def _body_model(cache_dir: Path | None) -> Any:
    from dance_core.stage.bodies import BodyModel

    require("torch").set_num_threads(1)  # the processes share the cores already
    return BodyModel(cache_dir)


def _render_one(clip: Clip, folder: Path, cache_dir: Path | None) -> Outcome:
    from dance_core.stage.render import render_clip

    rendered = render_clip(clip, _body_model(cache_dir))
    smallest, margin = float(rendered.person_height.min()), float(rendered.margin.min())
    if smallest < _SMALLEST_PERSON or margin < 0.0:
        raise ValueError(
            f"clip '{clip.clip_id}': the person is {smallest:.0f} px high and {margin:.0f} px from the border; "
            f"at least {_SMALLEST_PERSON:.0f} px and 0 px are needed, so change the camera's distance"
        )
    write_video(folder / clip.path, rendered.frames)
    facts = {**rendered.facts, "smallest_height_px": smallest}
    return (clip.clip_id, *packed_truth(rendered.keypoints, rendered.visible), facts)


def _render_all(clips: list[Clip], folder: Path, jobs: int, cache_dir: Path | None) -> list[Outcome]:
    _body_model(cache_dir)  # fills the cache once, before several processes would do it at the same time
    if jobs == 1:
        return [_logged(_render_one(clip, folder, cache_dir)) for clip in clips]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_render_one, clip, folder, cache_dir) for clip in clips]
        return [_logged(future.result()) for future in waiting]


def _logged(outcome: Outcome) -> Outcome:
    _log.info("%s: %d frames", outcome[0], len(outcome[1]))
    return outcome
