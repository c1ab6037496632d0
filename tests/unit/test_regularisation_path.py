import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

from dance_core.regularisation_path import path_table
from dance_core.run_clips import Study


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
