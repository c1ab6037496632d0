"""Which clips the report shows, found without holding a whole table."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dance_core.report import ReportInputs, ReportSettings
from dance_core.report.clip_table import ClipTable
from dance_core.report.site import explained_clips, top_clips
from tests.unit.report.fixture import stored, whole


@pytest.mark.parametrize("thumbnails", [0, 1, 3, 100])
@pytest.mark.parametrize("files", [1, 4])
def test_top_clips_are_those_of_the_whole_table(
    inputs: ReportInputs, monkeypatch: pytest.MonkeyPatch, thumbnails: int, files: int
) -> None:
    monkeypatch.setattr("dance_core.report.clip_table.ROWS_OF_PART", 7)
    draws = np.random.default_rng(thumbnails)
    # Whole numbers below 6, so that many are equal.
    scores = draws.integers(0, 6, (90, 3)).astype(float)
    splits = np.where(draws.random(90) < 0.7, "train", "test")
    table = pd.DataFrame({"clip_id": [f"clip_{i:02}" for i in range(90)], "split": splits, "scores": list(scores)})
    shuffled = table.sample(frac=1, random_state=1)
    paths = [path for part in range(files) for path in stored(inputs.source, shuffled[part::files]).paths]
    columns = pd.DataFrame({"concept": ["x", "y", "z"], "kept": True})
    run = replace(inputs, scores={"object": ClipTable(tuple(paths))}, score_concepts={"object": columns})
    train = table[splits == "train"]
    expected = [
        sorted(train["clip_id"], key=lambda clip_id, c=column: (-scores[int(clip_id[5:]), c], clip_id))[:thumbnails]
        for column in range(3)
    ]
    assert top_clips(replace(run, settings=ReportSettings(thumbnails=thumbnails)), "object") == expected


def test_without_train_clips_no_concept_has_top_clips(inputs: ReportInputs) -> None:
    judged = stored(inputs.source, whole(inputs.scores["scene"]).query("split == 'test'"))
    assert top_clips(replace(inputs, scores={"scene": judged}), "scene") == [[], [], []]


def test_explained_clips_lie_evenly_and_come_with_their_probabilities(inputs: ReportInputs) -> None:
    table = whole(inputs.predictions).query("method == 'dance'").set_index("clip_id")
    order = ["boxing_03", "swing <b>3</b>", "übung_1", "übung_2", "boxing_04"]
    for limit, places in ((9, [0, 1, 2, 3, 4]), (2, [0, 2]), (0, [])):
        rows = explained_clips(replace(inputs, settings=ReportSettings(page_limit=limit)))
        assert list(rows["clip_id"]) == [order[place] for place in places]
        for row in rows.to_dict("records"):
            assert row["method"] == "dance"
            assert row["probabilities"].tolist() == table.loc[row["clip_id"], "probabilities"].tolist()
