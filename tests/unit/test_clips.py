import numpy as np
import pandas as pd
import pytest

from dance_core.clips import (
    class_indices,
    class_names,
    clip_groups,
    feature_scale,
    fitted_splits,
    refuse_strangers,
    training_clips,
    usable_clips,
)
from dance_core.rows import Rows


def manifest():
    """Two classes in each split, out of order, with an unreadable clip in each, and a test set that is shifted."""
    rows = [
        ("t3", "jog", "train", "ok"),
        ("t1", "box", "train", "truncated"),
        ("t2", "wave", "train", "unreadable"),
        ("v1", "box", "val", "without video"),
        ("s2", "jog", "test", "ok"),
        ("v0", "jog", "val", "unreadable"),
        ("s1", "box", "test", "ok"),
        ("a1", "jog", "val", "ok"),
        ("s0", "box", "test", "unreadable"),
        ("x1", "box", "shift_test", "ok"),
    ]
    return pd.DataFrame(rows, columns=["clip_id", "label", "split", "status"])


def ids(rows):
    return list(rows["clip_id"])


def test_the_honest_protocol_fits_on_train_and_selects_on_val():
    fitted, selected = training_clips(manifest(), "place")
    assert (ids(fitted), ids(selected)) == (["t1", "t3"], ["a1", "v1"])
    assert ids(training_clips(manifest(), "place", "honest")[0]) == ids(fitted)


def test_the_protocol_of_the_authors_fits_on_train_and_val_and_selects_on_test():
    fitted, selected = training_clips(manifest(), "place", "authors")
    assert (ids(fitted), ids(selected)) == (["a1", "t1", "t3", "v1"], ["s1", "s2"])
    assert list(fitted["split"]) == ["val", "train", "train", "val"]
    assert list(fitted.index) == [0, 1, 2, 3]


def test_no_protocol_fits_on_what_it_selects_by():
    for protocol in ("honest", "authors"):
        fitted, selected = training_clips(manifest(), "place", protocol)
        assert set(fitted["split"]) == set(fitted_splits(protocol))
        assert not set(selected["split"]) & set(fitted_splits(protocol))


def test_the_order_of_rows_changes_nothing():
    shuffled = manifest().sample(frac=1, random_state=1)
    for protocol in ("honest", "authors"):
        for one, two in zip(
            training_clips(manifest(), "place", protocol), training_clips(shuffled, "place", protocol), strict=True
        ):
            pd.testing.assert_frame_equal(one, two)


def test_the_authors_need_no_val():
    fitted, _ = training_clips(manifest().query("split != 'val'"), "place", "authors")
    assert ids(fitted) == ["t1", "t3"]


@pytest.mark.parametrize(
    ("protocol", "left_out", "sentence"),
    [
        ("honest", "train", "place: split 'train' of the manifest has no usable clip; it needs train and val"),
        ("honest", "val", "place: split 'val' of the manifest has no usable clip; it needs train and val"),
        ("authors", "train", "place: split 'train' of the manifest has no usable clip; it needs train and test"),
        ("authors", "test", "place: split 'test' of the manifest has no usable clip; it needs train and test"),
    ],
)
def test_an_empty_side_is_named(protocol, left_out, sentence):
    with pytest.raises(ValueError) as error:
        training_clips(manifest().query("split != @left_out"), "place", protocol)
    assert str(error.value) == sentence


def test_one_class_is_refused_and_unusable_clips_do_not_count():
    table = manifest()
    table["label"] = table["label"].where(table["clip_id"] != "t3", "box")
    with pytest.raises(ValueError, match="place: every usable train clip is 'box'; give train clips of at least two"):
        training_clips(table, "place")
    # the clips of val add the other class
    assert len(training_clips(table, "place", "authors")[0]) == 4


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ValueError, match=r"^place: protocol 'theirs' is unknown; use one of honest, authors$"):
        training_clips(manifest(), "place", "theirs")
    with pytest.raises(ValueError, match=r"protocol 'theirs' is unknown; use one of honest, authors$"):
        fitted_splits("theirs")


def test_usable_clips_are_sorted_and_may_be_without_video():
    assert ids(usable_clips(manifest(), "val")) == ["a1", "v1"]
    assert ids(usable_clips(manifest(), "train")) == ["t1", "t3"]
    assert usable_clips(manifest(), "shift_dev").empty


def test_a_clip_without_a_group_is_one_of_its_own():
    rows = pd.DataFrame({"clip_id": ["a", "b", "c", "d", "e"], "group": ["p1", None, "", "p1", "b"]})
    found = clip_groups(rows)
    assert found[0] == found[3] == "p1"
    # b has no group: it is not in the group that bears its name
    assert len(set(found)) == 4
    unknown = clip_groups(rows.assign(group=pd.Series([np.nan] * 5)))
    assert len(set(unknown)) == 5


def test_classes_are_those_of_the_usable_train_clips():
    assert class_names(manifest()) == ("box", "jog")
    assert class_indices(["jog", "box", "jog"], ("box", "jog"), "place").tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="place: label 'wave' has no train clip; use the classes box, jog"):
        class_indices(["jog", "wave"], ("box", "jog"), "place")


def test_strangers_are_counted():
    refuse_strangers(["t1", "s1"], manifest(), "table")
    with pytest.raises(ValueError, match=r"table has a row for clip 'q1' that the manifest lacks \(2 such\); rebuild"):
        refuse_strangers(["t1", "q2", "q1"], manifest(), "table")


def test_features_are_scaled_by_hand():
    x = np.array([[0.0, 7.0, 1e6], [4.0, 7.0, 1e6 + 1e-5]])
    mean, std = feature_scale(Rows.of(x))
    np.testing.assert_allclose(mean, [2, 7, 1e6])
    # of 0 and 4: 8 / (n - 1); the others are constant, the last one but for rounding
    np.testing.assert_allclose(std, [np.sqrt(8), 1, 1])
    np.testing.assert_allclose(feature_scale(Rows.of(x), ddof=0, constant=np.inf)[1], [2, np.inf, np.inf])
