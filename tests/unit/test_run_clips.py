import numpy as np
import pandas as pd
import pytest

from dance_core.concept_layer import ConceptLayer, FamilyLayer
from dance_core.feature_store import FeatureStore
from dance_core.model import Concept, Model
from dance_core.rows import Rows
from dance_core.run_clips import activations_of, study

TRAIN = ("c3", "c0", "c1", "c2")


def model_and_layer(train_clips=TRAIN):
    """Activations are twice the features, less one; the layer keeps others, as those of held-out folds are."""
    model = Model(
        feature_mean=np.zeros(2),
        feature_std=np.ones(2),
        concept_weight=np.eye(2),
        z_mean=np.full(2, 0.5),
        z_std=np.full(2, 0.5),
        weight=np.eye(2),
        bias=np.zeros(2),
        classes=("box", "jog"),
        concepts=(Concept("motion", 0, "punch"), Concept("scene", 4, "gym")),
    )
    n = len(train_clips)
    held_out = [np.arange(n, dtype=float)[:, None], -np.arange(n, dtype=float)[:, None]]
    families = {
        name: FamilyLayer((0,), ("x",), np.zeros((1, 2)), np.zeros(1), np.ones(1), activations, {}, {})
        for name, activations in zip(("motion", "scene"), held_out, strict=True)
    }
    return model, ConceptLayer(np.zeros(2), np.ones(2), families, train_clips)


def tables():
    rows = [(f"c{index}", "jog" if index % 2 else "box", "train", f"p{index // 2}", "ok") for index in range(4)]
    rows += [
        ("v0", "box", "val", "", "ok"),
        ("v1", "jog", "val", "p8", "truncated"),
        ("s1", "jog", "test", "p9", "without video"),
        ("s0", "box", "test", "p9", "ok"),
        ("s2", "jog", "test", "p9", "unreadable"),
        ("s3", "jog", "test", "p9", "ok"),
        ("x0", "jog", "shift_test", "p7", "unreadable"),
    ]
    manifest = pd.DataFrame(rows, columns=["clip_id", "label", "split", "group", "status"])
    with_features = manifest[manifest["clip_id"] != "s3"]
    values = [np.float32([index, index + 0.5]) for index in range(len(with_features))]
    return with_features[["clip_id"]].assign(features=values), manifest


def stored(features, manifest):
    return FeatureStore([features]), manifest


def test_a_study_joins_everything_by_clip_id():
    model, layer = model_and_layer()
    features, manifest = tables()
    found = study(model, layer, FeatureStore([features]), manifest)
    # the clips of shift_test cannot be read, s2 cannot either, s3 has no features
    assert list(found.x) == list(found.y) == list(found.z) == list(found.groups) == ["train", "test", "val"]
    assert found.x["train"].dense().tolist() == [[3, 3.5], [0, 0.5], [1, 1.5], [2, 2.5]]
    assert found.y["train"].tolist() == [1, 0, 1, 0]
    assert found.groups["train"].tolist() == ["p1", "p0", "p0", "p1"]
    assert found.x["test"].dense().tolist() == [[7, 7.5], [6, 6.5]]
    assert found.y["test"].tolist() == [0, 1]
    assert found.z["test"].tolist() == [[13, 14], [11, 12]]
    assert found.z["val"].tolist() == [[7, 8], [9, 10]]
    assert found.groups["val"].tolist() == ["clip v0", "p8"]
    assert found.families.tolist() == ["motion", "scene"]


def test_train_has_the_activations_that_the_classifier_was_fitted_on():
    model, layer = model_and_layer()
    found = study(model, layer, *stored(*tables()))
    assert found.z["train"].tolist() == [[0, 0], [1, -1], [2, -2], [3, -3]]


def test_what_was_fitted_on_judges_nothing():
    model, layer = model_and_layer((*TRAIN, "v0", "v1"))
    found = study(model, layer, *stored(*tables()))
    assert list(found.x) == ["train", "test"]
    assert found.y["train"].tolist() == [1, 0, 1, 0, 0, 1]
    assert found.x["train"].dense()[4:].tolist() == [[4, 4.5], [5, 5.5]]


def test_the_order_of_rows_changes_nothing():
    model, layer = model_and_layer()
    one = study(model, layer, *stored(*tables()))
    two = study(model, layer, *stored(*(table.sample(frac=1, random_state=3) for table in tables())))
    for name in ("x", "y", "z", "groups"):
        assert list(getattr(one, name)) == list(getattr(two, name))
        for split, values in getattr(one, name).items():
            other = getattr(two, name)[split]
            pair = (values.dense(), other.dense()) if name == "x" else (values, other)
            np.testing.assert_array_equal(*pair)


def test_a_clip_that_was_fitted_on_must_be_there():
    model, layer = model_and_layer()
    features, manifest = tables()
    with pytest.raises(ValueError, match="backbone_features has no row for clip 'c1'"):
        study(model, layer, FeatureStore([features[features["clip_id"] != "c1"]]), manifest)
    with pytest.raises(ValueError, match="manifest has no row for clip 'c1'"):
        study(model, layer, FeatureStore([features]), manifest[manifest["clip_id"] != "c1"])
    swims = manifest.assign(label=manifest["label"].mask(manifest["clip_id"] == "s1", "swim"))
    with pytest.raises(ValueError, match="split 'test': label 'swim' has no train clip; use the classes box, jog"):
        study(model, layer, FeatureStore([features]), swims)


def test_activations_are_those_of_the_model_however_many_rows_are_read_at_once():
    model, _ = model_and_layer()
    x = np.random.default_rng(0).normal(size=(7, 2))
    for at_once in (1, 3, 7):
        rows = Rows(x.shape, lambda index: x[index], at_once)
        np.testing.assert_array_equal(activations_of(model, rows), model.concept_activations(x))
    assert activations_of(model, Rows.of(x[:0])).shape == (0, 2)
