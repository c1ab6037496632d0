import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from dance_core.baselines.linear_probe import linear_probe
from dance_core.feature_store import FeatureStore


def study(n=60, width=8, seed=0, classes=3):
    generator = np.random.default_rng(seed)
    y = np.arange(n) // 2 % 2 if classes == 2 else np.arange(n) % 3
    x = generator.normal(size=(classes, width))[y] + generator.normal(size=(n, width)) + 4
    clip_ids = [f"c{index:03d}" for index in range(n)]
    manifest = pd.DataFrame(
        {
            "clip_id": clip_ids,
            "label": np.array(["box", "jog", "wave"])[y],
            "split": (["train"] * 4 + ["val", "test"]) * (n // 6),
            "status": "ok",
        }
    )
    return pd.DataFrame({"clip_id": clip_ids, "features": list(x)}), manifest


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("width", [8, 300])
def test_it_is_the_penalised_regression_on_standardised_features(width, classes):
    features, manifest = study(width=width, classes=classes)
    table, record = linear_probe(FeatureStore([features]), manifest)
    x = np.stack(list(features["features"]))
    train = (manifest["split"] == "train").to_numpy()
    x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)
    oracle = LogisticRegression(C=record["C"], tol=1e-8, max_iter=10_000).fit(x[train], manifest["label"][train])
    np.testing.assert_allclose(np.stack(list(table["probabilities"])), oracle.predict_proba(x), atol=1e-4)
    assert table["clip_id"].tolist() == features["clip_id"].tolist()


def test_val_chooses_and_test_does_not_matter():
    features, manifest = study()
    table, record = linear_probe(FeatureStore([features]), manifest, strengths=(1.0, 1e-3, 0.1))
    assert [point["C"] for point in record["val_curve"]] == [1e-3, 0.1, 1.0]
    best = min(record["val_curve"], key=lambda point: (-point["val_top1"], point["val_loss"]))
    assert record["C"] == best["C"]
    relabelled = manifest.assign(label=manifest["label"].where(manifest["split"] != "test", "box"))
    again, _ = linear_probe(FeatureStore([features]), relabelled, strengths=(1.0, 1e-3, 0.1))
    pd.testing.assert_frame_equal(table, again)


@pytest.mark.parametrize("width", [8, 300])
def test_the_authors_fit_on_train_and_val_and_choose_on_test(width):
    features, manifest = study(width=width)
    strengths = (1e-4, 1e-2, 1.0)
    table, record = linear_probe(FeatureStore([features]), manifest, strengths, protocol="authors")
    x, y = np.stack(list(features["features"])), manifest["label"].to_numpy()
    fitted, test = manifest["split"].isin(("train", "val")).to_numpy(), (manifest["split"] == "test").to_numpy()
    assert fitted.sum() == 50
    x = (x - x[fitted].mean(axis=0)) / x[fitted].std(axis=0)
    probes = [LogisticRegression(C=C, tol=1e-8, max_iter=10_000).fit(x[fitted], y[fitted]) for C in strengths]
    chances = [probe.predict_proba(x[test]) for probe in probes]
    losses = [-np.log(chance[np.arange(10), np.searchsorted(probes[0].classes_, y[test])]).mean() for chance in chances]
    scores = [probe.score(x[test], y[test]) for probe in probes]
    assert [point["val_top1"] for point in record["val_curve"]] == pytest.approx(scores)
    assert [point["val_loss"] for point in record["val_curve"]] == pytest.approx(losses, abs=1e-4)
    best = min(range(3), key=lambda place: (-scores[place], losses[place]))
    assert record["C"] == strengths[best]
    np.testing.assert_allclose(np.stack(list(table["probabilities"])), probes[best].predict_proba(x), atol=1e-4)


def test_the_protocols_differ_and_default_to_the_honest_one():
    features, manifest = study()
    honest, _ = linear_probe(FeatureStore([features]), manifest, (0.1,))
    named, _ = linear_probe(FeatureStore([features]), manifest, (0.1,), "honest")
    theirs, _ = linear_probe(FeatureStore([features]), manifest, (0.1,), "authors")
    pd.testing.assert_frame_equal(honest, named)
    gap = np.stack(list(honest["probabilities"])) - np.stack(list(theirs["probabilities"]))
    assert np.abs(gap).max() > 1e-3


def test_the_order_of_rows_changes_nothing():
    features, manifest = study(width=300)
    table, _ = linear_probe(FeatureStore([features]), manifest)
    again, _ = linear_probe(FeatureStore([features.iloc[::-1]]), manifest.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(table, again)


def test_a_constant_feature_does_no_harm():
    features, manifest = study()
    wider = features.assign(features=[np.append(row, 1.0) for row in features["features"]])
    table, _ = linear_probe(FeatureStore([wider]), manifest)
    assert np.isfinite(np.stack(list(table["probabilities"]))).all()


def test_errors_name_the_place_and_the_cure():
    features, manifest = study()
    with pytest.raises(ValueError, match="linear probe: split 'val' of the manifest has no usable clip"):
        linear_probe(FeatureStore([features]), manifest[manifest["split"] != "val"])
    with pytest.raises(ValueError, match="linear probe: every usable train clip is 'box'; give train clips"):
        linear_probe(FeatureStore([features]), manifest.assign(label="box"))
    with pytest.raises(ValueError, match="backbone_features has no row for clip 'c000'"):
        linear_probe(FeatureStore([features.iloc[1:]]), manifest)
    with pytest.raises(ValueError, match="linear probe: no value of C was given; give at least one"):
        linear_probe(FeatureStore([features]), manifest, strengths=())
    with pytest.raises(ValueError, match="linear probe: split 'test' of the manifest has no usable clip; it needs tra"):
        linear_probe(FeatureStore([features]), manifest[manifest["split"] != "test"], protocol="authors")
    with pytest.raises(ValueError, match="linear probe: protocol 'both' is unknown; use one of honest, authors"):
        linear_probe(FeatureStore([features]), manifest, protocol="both")
    swim = manifest.assign(label=manifest["label"].where(manifest["split"] != "val", "swim"))
    with pytest.raises(ValueError, match="linear probe val split: label 'swim' has no train clip"):
        linear_probe(FeatureStore([features]), swim)
