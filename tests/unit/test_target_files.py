import numpy as np
import pandas as pd
import pytest

from dance_core.tables import write_table
from dance_core.target_files import read_concept_table, read_targets


@pytest.fixture
def files(tmp_path):
    """Labels of two motion concepts, and scores of the two of three scenes that pseudo-labels kept."""
    tables = {
        "motion": {"clip_id": ["a", "b"], "labelled": [True, False], "concepts": [np.array([1, 0]), np.array([0, 0])]},
        "motion_concepts": {"concept": [0, 1], "name": ["jog 1", "box 1"]},
        "scene": {"clip_id": ["a", "b"], "scores": [np.float32([0.25, 0.5]), np.float32([0.75, 0])]},
        "scene_concepts": {
            "concept": ["gym", "sea", "stage"],
            "kept": [True, False, True],
            "reason": ["", "no clip shows it", ""],
        },
        "concept_set": {
            "family": ["object", "scene", "scene", "scene", "scene"],
            "concept": ["ball", "gymnasium", "gym", "sea", "stage"],
            "kept": [True, False, True, True, True],
            "reason": ["", "too near to 'gym'", "", "", ""],
        },
    }
    for name, columns in tables.items():
        write_table(tmp_path / f"{name}.parquet", pd.DataFrame(columns))
    # in another order than that of the families
    return {name: tmp_path / f"{name}.parquet" for name in reversed(tables)}


def test_targets_of_the_chosen_families_are_read_in_their_order(files):
    motion, scene = read_targets(files)
    assert (motion.family, motion.ids, motion.names) == ("motion", (0, 1), ("jog 1", "box 1"))
    np.testing.assert_array_equal(motion.values, [[1, 0], [np.nan, np.nan]])
    # ids are places in the concept set, so those of dropped concepts stay free
    assert (scene.family, scene.ids, scene.names) == ("scene", (1, 3), ("gym", "stage"))
    assert scene.values.tolist() == [[0.25, 0.5], [0.75, 0]]


def test_the_concept_table_tells_where_each_concept_was_dropped(files):
    table = read_concept_table(files, {"motion": {1: "rare"}, "scene": {3: "val similarity 0.10 is not above 0.3"}})
    assert table["family"].tolist() == ["motion"] * 2 + ["scene"] * 4
    assert table["concept"].tolist() == [0, 1, 0, 1, 2, 3]
    assert table["kept"].tolist() == [True, False, False, True, False, False]
    assert table["stage"].tolist() == ["", "concept_layer", "text", "", "pseudo_labels", "concept_layer"]
    assert table["reason"][4] == "no clip shows it"


def test_motion_alone_needs_no_concept_set(files):
    motion = {name: path for name, path in files.items() if name.startswith("motion")}
    assert [target.family for target in read_targets(motion)] == ["motion"]
    assert read_concept_table(motion, {})["kept"].tolist() == [True, True]
