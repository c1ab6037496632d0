import numpy as np
import pandas as pd
import pytest

from dance_core.explain import contributions
from dance_core.feature_store import FeatureStore
from dance_core.model import Concept, Model


def study(seed=0, n=12, width=20, n_concepts=15, n_classes=4, scale=10.0):
    generator = np.random.default_rng(seed)
    weight = scale * generator.normal(size=(n_classes, n_concepts))
    weight[generator.uniform(size=weight.shape) < 0.5] = 0
    model = Model(
        feature_mean=generator.normal(size=width),
        feature_std=generator.uniform(0.5, 2, size=width),
        concept_weight=generator.normal(size=(n_concepts, width)),
        z_mean=generator.normal(size=n_concepts),
        z_std=generator.uniform(0.5, 2, size=n_concepts),
        weight=weight,
        bias=generator.normal(size=n_classes),
        classes=tuple(f"class{index}" for index in range(n_classes)),
        concepts=tuple(
            Concept(("motion", "scene")[index % 2], index // 2, f"concept{index}") for index in range(n_concepts)
        ),
    )
    clip_ids = [f"c{index:02d}" for index in range(n)]
    features = pd.DataFrame(
        {"clip_id": clip_ids, "features": list(generator.normal(size=(n, width)).astype(np.float32))}
    )
    labels = [f"class{index % n_classes}" for index in range(n)]
    manifest = pd.DataFrame(
        {"clip_id": clip_ids, "label": labels, "split": ["train", "test"] * (n // 2), "status": "ok"}
    )
    return model, features, manifest


def table_of(model, features, *manifest_and_splits):
    return pd.concat(contributions(model, FeatureStore([features]), *manifest_and_splits))


@pytest.mark.parametrize("seed", range(10))
def test_contributions_add_up_to_the_logit(seed):
    model, features, manifest = study(seed)
    table = table_of(model, features.iloc[::-1], manifest)
    logits = dict(zip(features["clip_id"], model.predict(np.stack(list(features["features"])))[1], strict=True))
    sums = table.groupby(["clip_id", "class"])["contribution"].sum()
    for (clip, name), total in sums.items():
        index = model.classes.index(name)
        assert total == pytest.approx(logits[clip][index] - model.bias[index], abs=1e-5)
    for row in manifest.itertuples():
        explained = set(table.loc[table["clip_id"] == row.clip_id, "class"])
        assert explained == {row.label, model.classes[int(logits[row.clip_id].argmax())]}


def test_only_concepts_in_use_are_listed_with_their_names():
    model, features, manifest = study()
    table = table_of(model, features, manifest)
    assert (table["weight"] != 0).all()
    np.testing.assert_allclose(table["contribution"], table["weight"] * table["z"])
    row = table.iloc[3]
    concept = model.concepts[row["concept"]]
    assert (row["family"], row["name"]) == (concept.family, concept.name)
    assert model.weight[model.classes.index(row["class"]), row["concept"]] == row["weight"]
    assert list(table.columns[:5]) == ["clip_id", "split", "class", "concept", "family"]
    assert table["clip_id"].is_monotonic_increasing


def test_splits_can_be_chosen_and_may_be_empty():
    model, features, manifest = study()
    assert set(table_of(model, features, manifest, ("test",))["split"]) == {"test"}
    nothing = table_of(model, features, manifest, ("shift_test",))
    assert nothing.empty
    assert "contribution" in nothing


def test_a_label_the_model_does_not_know_leaves_the_prediction_explained():
    model, features, manifest = study()
    table = table_of(model, features.iloc[:1], manifest.assign(label="swimming"))
    assert table["class"].nunique() == 1


def test_a_clip_outside_the_manifest_is_an_error():
    model, features, manifest = study()
    with pytest.raises(ValueError, match="manifest has no row for clip 'c00'"):
        table_of(model, features, manifest.iloc[1:])
