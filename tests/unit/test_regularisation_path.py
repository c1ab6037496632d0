from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

from dance_core.ablations import AblationSettings, compare
from dance_core.concept_layer import ConceptLayer, FamilyLayer
from dance_core.model import Concept, Model
from dance_core.regularisation_path import Study, ablation_table, path_table, study

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


def test_a_study_joins_everything_by_clip_id():
    model, layer = model_and_layer()
    features, manifest = tables()
    found = study(model, layer, features, manifest)
    # the clips of shift_test cannot be read, s2 cannot either, s3 has no features
    assert list(found.x) == list(found.y) == list(found.z) == list(found.groups) == ["train", "test", "val"]
    assert found.x["train"].tolist() == [[3, 3.5], [0, 0.5], [1, 1.5], [2, 2.5]]
    assert found.y["train"].tolist() == [1, 0, 1, 0]
    assert found.groups["train"].tolist() == ["p1", "p0", "p0", "p1"]
    assert found.x["test"].tolist() == [[7, 7.5], [6, 6.5]]
    assert found.y["test"].tolist() == [0, 1]
    assert found.z["test"].tolist() == [[13, 14], [11, 12]]
    assert found.z["val"].tolist() == [[7, 8], [9, 10]]
    assert found.groups["val"].tolist() == ["clip v0", "p8"]
    assert found.families.tolist() == ["motion", "scene"]


def test_train_has_the_activations_that_the_classifier_was_fitted_on():
    model, layer = model_and_layer()
    found = study(model, layer, *tables())
    assert found.z["train"].tolist() == [[0, 0], [1, -1], [2, -2], [3, -3]]


def test_what_was_fitted_on_judges_nothing():
    model, layer = model_and_layer((*TRAIN, "v0", "v1"))
    found = study(model, layer, *tables())
    assert list(found.x) == ["train", "test"]
    assert found.y["train"].tolist() == [1, 0, 1, 0, 0, 1]
    assert found.x["train"][4:].tolist() == [[4, 4.5], [5, 5.5]]


def test_the_order_of_rows_changes_nothing():
    model, layer = model_and_layer()
    one = study(model, layer, *tables())
    two = study(model, layer, *(table.sample(frac=1, random_state=3) for table in tables()))
    for name in ("x", "y", "z", "groups"):
        assert list(getattr(one, name)) == list(getattr(two, name))
        for split, values in getattr(one, name).items():
            np.testing.assert_array_equal(values, getattr(two, name)[split])


def test_a_clip_that_was_fitted_on_must_be_there():
    model, layer = model_and_layer()
    features, manifest = tables()
    with pytest.raises(ValueError, match="backbone_features has no row for clip 'c1'"):
        study(model, layer, features[features["clip_id"] != "c1"], manifest)
    with pytest.raises(ValueError, match="manifest has no row for clip 'c1'"):
        study(model, layer, features, manifest[manifest["clip_id"] != "c1"])
    swims = manifest.assign(label=manifest["label"].mask(manifest["clip_id"] == "s1", "swim"))
    with pytest.raises(ValueError, match="split 'test': label 'swim' has no train clip; use the classes box, jog"):
        study(model, layer, features, swims)


def one_concept():
    """Two classes, one motion concept that tells them in train, a scene that is the same everywhere."""
    z = np.array([[1.0, 0], [-1, 0]] * 10)
    y = np.array([0, 1] * 10)
    test = np.array([[1.0, 0], [1, 0], [-1, 0], [-1, 0], [-1, 0]])
    zs, ys = {"train": z, "test": test}, {"train": y, "test": np.array([0, 1, 1, 0, 1])}
    return Study(zs, ys, zs, {}, np.array(["motion", "scene"], object))


def test_a_path_by_hand():
    alpha, found = 0.9, path_table(one_concept(), 0.9, 4)
    # Of the model without weights every class has 1/2, so each slope is 1/2; the weakest is a thousandth of that.
    np.testing.assert_allclose(found["lam"], 0.5 / alpha * 10.0 ** -np.arange(4))
    np.testing.assert_allclose(found["l1"], found["lam"] * alpha)
    np.testing.assert_allclose(found["l2"], found["lam"] * (1 - alpha))
    assert found.loc[0, ["nec", "nec_motion", "nec_object", "nec_scene"]].tolist() == [0, 0, 0, 0]
    assert found.loc[0, "objective"] == pytest.approx(np.log(2))
    # One weight for each class at every other strength, and none on what never changes.
    assert found.loc[1:, ["nec", "nec_motion", "nec_object", "nec_scene"]].to_numpy().tolist() == [[1, 1, 0, 0]] * 3
    for row in found.iloc[1:].itertuples():
        # Weights are w and -w: minimise log(1 + exp(-2w)) + 2 l1 w + l2 w^2.
        w = brentq(lambda w, row=row: -2 / (1 + np.exp(2 * w)) + 2 * row.l1 + 2 * row.l2 * w, 0, 20)
        assert row.objective == pytest.approx(np.log1p(np.exp(-2 * w)) + 2 * row.l1 * w + row.l2 * w**2, abs=1e-8)
    assert found["converged"].all()
    assert (found["kkt_residual"] <= 1e-6).all()
    assert found["top1_train"].tolist() == [0.5, 1, 1, 1]
    assert found["top1_test"].tolist() == [0.4, 0.6, 0.6, 0.6]


def test_without_weights_the_bias_says_the_commonest_class():
    z = np.tile([[1.0], [-1], [-1], [-1]], (5, 1))
    y = np.tile([0, 1, 1, 1], 5)
    clips = Study({}, {"train": y}, {"train": z}, {}, np.array(["object"], object))
    found = path_table(clips, 1.0, 2)
    assert found["top1_train"].tolist() == [0.75, 1]
    assert found["objective"][0] == pytest.approx(-(np.log(0.25) + 3 * np.log(0.75)) / 4)
    # Each slope of that model is (1/4) (3/4) (1 - (-1)), so that is where the weights begin.
    assert found["lam"][0] == pytest.approx(3 / 8)
    assert found.loc[1, ["nec_motion", "nec_scene"]].tolist() == [0, 0]


def noisy(n=90):
    generator, families = np.random.default_rng(0), np.array(["scene", "motion", "object", "motion", "object"], object)
    z, y = {}, {}
    for split in ("train", "test"):
        y[split] = np.arange(n) % 3
        z[split] = generator.normal(size=(n, 5)) + 1.2 * np.eye(3, 5)[y[split]]
    mean, std = z["train"].mean(axis=0), z["train"].std(axis=0, ddof=1)
    z = {split: (values - mean) / std for split, values in z.items()}
    groups = {split: (np.arange(n) // 6).astype(str) for split in y}
    return Study(z, y, z, groups, families)


def test_every_strength_is_the_solution_of_scikit_learn():
    clips = noisy()
    z, y = clips.z["train"], clips.y["train"]
    found = path_table(clips, 0.95, 5)
    assert found["lam"].is_monotonic_decreasing
    for row in found.iloc[1:4].itertuples():
        oracle = LogisticRegression(
            C=1 / (len(y) * row.lam), l1_ratio=0.95, solver="saga", max_iter=20_000, tol=1e-8, random_state=0
        ).fit(z, y)
        weight = oracle.coef_ * (np.abs(oracle.coef_) > 1e-4)
        assert row.nec == (weight != 0).sum() / 3
        for name in ("motion", "object", "scene"):
            assert getattr(row, f"nec_{name}") == pytest.approx((weight[:, clips.families == name] != 0).sum() / 3)
        for split in ("train", "test"):
            assert getattr(row, f"top1_{split}") == pytest.approx(
                oracle.score(clips.z[split], clips.y[split]), abs=0.02
            )
    assert found["nec"].iloc[0] == 0
    assert found["top1_train"].iloc[-1] > found["top1_train"].iloc[0] == pytest.approx(1 / 3)
    columns = ["lam", "l1", "l2", "nec", "nec_motion", "nec_object", "nec_scene", "objective", "kkt_residual", "gap"]
    assert list(found.columns) == [*columns, "converged", "iterations", "top1_train", "top1_test"]


def test_the_ablations_are_those_of_the_clips_of_the_run():
    settings = AblationSettings(lam=1e-2, levels=(1,), n_values=4, draws=2, resamples=100)
    clips = noisy()
    found = ablation_table(clips, settings)
    expected = compare(clips.z, clips.y, clips.families, clips.x, clips.groups, settings)
    pd.testing.assert_frame_equal(found, expected)
    # whole groups are resampled: clips by themselves give other intervals
    alone = replace(clips, groups={split: np.arange(len(y)).astype(str) for split, y in clips.y.items()})
    assert (ablation_table(alone, settings)["top1_low"] != found["top1_low"]).any()
    assert {"random concepts", "sparse linear probe", "all three"} <= set(found["method"])
