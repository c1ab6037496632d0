"""Features from a user's file."""

import numpy as np
import pandas as pd
import pytest

from dance_core.backbones import BackboneSettings, load_backbone
from dance_core.tables import write_table
from tests.unit.networks.memory_clip import MemoryClip, features_of, random_pictures


@pytest.fixture
def backbone(tmp_path):
    table = pd.DataFrame({"clip_id": ["b", "a"], "features": [[1.0, 2.0], [3.0, 4.0]]})
    write_table(tmp_path / "features.parquet", table)
    return load_backbone(BackboneSettings(name="file", model=str(tmp_path / "features.parquet")))


def test_a_clip_is_found_by_its_id(backbone):
    assert features_of(backbone, MemoryClip(random_pictures(0, 2), clip_id="a")).tolist() == [3, 4]


def test_a_clip_without_features_is_an_error(backbone):
    with pytest.raises(ValueError, match=r"features.parquet: clip 'c' has no features; add it, or take it out of the"):
        features_of(backbone, MemoryClip(np.zeros((1, 2, 2, 3), np.uint8), clip_id="c"))
