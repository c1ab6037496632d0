import numpy as np
import pandas as pd
import pytest

from dance_core.feature_store import FeatureStore
from dance_core.tables import write_table


def table(*clips, dtype=np.float32):
    values = [np.arange(3, dtype=dtype) + 10 * ord(clip) for clip in clips]
    return pd.DataFrame({"clip_id": list(clips), "features": values})


def test_features_come_in_the_order_asked_for():
    store = FeatureStore([table("c", "a"), table("b")])
    assert (store.clip_ids, store.width) == (("a", "b", "c"), 3)
    assert "b" in store
    assert "d" not in store
    found = store.matrix(["b", "a", "b"])
    assert found.dtype == np.float64
    assert found.tolist() == [[980, 981, 982], [970, 971, 972], [980, 981, 982]]
    assert store.rows(["c"]).dense().tolist() == [[990, 991, 992]]
    assert FeatureStore([]).clip_ids == ()


def test_doubles_keep_their_precision():
    precise = pd.DataFrame({"clip_id": ["a"], "features": [np.array([1 + 1e-12])]})
    assert FeatureStore([precise]).matrix(["a"]).item() == 1 + 1e-12


def test_shards_are_read_as_one_whatever_they_were(tmp_path):
    write_table(tmp_path / "1.parquet", table("c", "a"))
    write_table(tmp_path / "2.parquet", table("b"))
    write_table(tmp_path / "3.parquet", table("a", "b", "c"))
    write_table(tmp_path / "4.parquet", table("a").iloc[:0], None)
    two = FeatureStore.read([tmp_path / "2.parquet", tmp_path / "1.parquet"])
    one = FeatureStore.read([tmp_path / "3.parquet", tmp_path / "4.parquet"])
    assert two.clip_ids == one.clip_ids
    np.testing.assert_array_equal(two.matrix(two.clip_ids), one.matrix(one.clip_ids))
    with pytest.raises(ValueError, match="backbone_features: clip 'a' occurs twice; delete both and run again"):
        FeatureStore.read([tmp_path / "1.parquet", tmp_path / "3.parquet"])
    (tmp_path / "5.parquet").write_bytes(b"half")
    with pytest.raises(ValueError, match=r"5.parquet: not a whole Parquet file \(.*\); delete it and run again"):
        FeatureStore.read([tmp_path / "5.parquet"])


def test_what_is_absent_or_broken_is_named():
    store = FeatureStore([table("a", "b")])
    absent = r"backbone_features has no row for clip 'c' \(2 absent\); rebuild backbone_features"
    with pytest.raises(ValueError, match=absent):
        store.rows(["a", "c", "d"])
    broken = table("a", "b")
    broken.at[1, "features"] = np.float32([1, np.nan, 3])
    store = FeatureStore([broken])
    assert store.matrix(["a"]).tolist() == [[970, 971, 972]]
    with pytest.raises(ValueError, match="backbone_features: clip 'b' has values that are not finite; rebuild it"):
        store.matrix(["a", "b"])
    other = pd.DataFrame({"clip_id": ["z"], "features": [np.zeros(2, np.float32)]})
    with pytest.raises(ValueError, match="clips have 3 and 2 features; they come from different encoders, rebuild"):
        FeatureStore([table("a"), other])
