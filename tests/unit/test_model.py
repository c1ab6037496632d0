from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dance_core.concept_layer import ConceptLayer, FamilyLayer
from dance_core.model import Concept, Model, assemble_model, fit_model
from dance_core.sparse_classifier import SagaSettings, fit_sparse_classifier


def small_model(seed=0, width=6, n_concepts=4, n_classes=3):
    generator = np.random.default_rng(seed)
    families = ["motion", "motion", "object", "scene"]
    return Model(
        feature_mean=generator.normal(size=width),
        feature_std=generator.uniform(0.5, 2, size=width),
        concept_weight=generator.normal(size=(n_concepts, width)),
        z_mean=generator.normal(size=n_concepts),
        z_std=generator.uniform(0.5, 2, size=n_concepts),
        weight=generator.normal(size=(n_classes, n_concepts)) * (generator.uniform(size=(n_classes, n_concepts)) > 0.3),
        bias=generator.normal(size=n_classes),
        classes=("box", "jog", "wave"),
        concepts=tuple(Concept(family, index, f"concept {index}") for index, family in enumerate(families)),
        encoders={"backbone": {"name": "efficientnet", "sha256": "ab" * 32}},
        settings={"sparse_classifier": {"lam": 7e-4}},
        versions={"numpy": np.__version__},
    )


def test_a_prediction_by_hand():
    model = Model(
        feature_mean=np.array([1.0, 0]),
        feature_std=np.array([2.0, 1]),
        concept_weight=np.array([[1.0, 1]]),
        z_mean=np.array([1.0]),
        z_std=np.array([0.5]),
        weight=np.array([[1.0], [-1.0]]),
        bias=np.array([0.5, 0.0]),
        classes=("a", "b"),
        concepts=(Concept("motion", 0, "m"),),
    )
    z = model.concept_activations(np.array([[5.0, 1.0]]))  # ((5 - 1) / 2 + 1 - 1) / 0.5
    assert z.tolist() == [[4.0]]
    probabilities, logits = model.predict(np.array([[5.0, 1.0]]))
    assert logits.tolist() == [[4.5, -4.0]]
    assert probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-8.5)))
    assert model.logits(np.array([[5.0, 1.0], [1, 1]])).tolist() == [[4.5, -4.0], [0.5, 0.0]]
    assert model.class_scores(np.array([[4.0], [-2], [0]])).tolist() == [[4.5, -4.0], [-1.5, 2.0], [0.5, 0.0]]


def test_logits_are_the_classifier_on_the_activations_and_refuse_what_does_not_fit():
    model, features = small_model(), np.random.default_rng(2).normal(size=(7, 6))
    z = ((features - model.feature_mean) / model.feature_std) @ model.concept_weight.T
    expected = ((z - model.z_mean) / model.z_std) @ model.weight.T + model.bias
    np.testing.assert_allclose(model.logits(features), expected, atol=1e-12)
    np.testing.assert_array_equal(model.logits(features), model.predict(features)[1])
    np.testing.assert_allclose(model.logits(np.float32(features)), expected, atol=1e-5)
    assert model.logits(features[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match=r"features have shape \(6,\) but the model expects \(n, 6\)"):
        model.logits(features[0])


def test_a_model_comes_back_bit_for_bit(tmp_path):
    model = small_model()
    model.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    features = np.random.default_rng(1).normal(size=(5, 6))
    for one, two in zip(model.predict(features), again.predict(features), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (again.classes, again.concepts, again.encoders) == (model.classes, model.concepts, model.encoders)
    assert (again.settings, again.versions) == (model.settings, model.versions)
    again.save(tmp_path / "again")
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()


def layer_of(z):
    family = FamilyLayer(
        ids=(0, 2),
        names=("arm", "leg"),
        weight=np.eye(2),
        mean=np.zeros(2),
        std=np.ones(2),
        train_activations=z,
        dropped={1: "rare"},
        selection={},
    )
    return ConceptLayer(np.zeros(2), np.ones(2), {"motion": family}, tuple(f"c{index}" for index in range(len(z))))


def test_a_layer_and_a_classifier_become_a_model():
    z = np.random.default_rng(0).normal(size=(40, 2))
    label = np.where(z[:, 0] > 0, "wave", "box")
    layer = layer_of(z)
    manifest = pd.DataFrame({"clip_id": layer.train_clips, "label": label, "split": "train", "status": "ok"})
    model = fit_model(layer, manifest.iloc[::-1], lam=0.01, extra={("motion", 2): {"medoid": "c1:0-9"}})
    assert model.classes == ("box", "wave")
    assert model.concepts == (Concept("motion", 0, "arm"), Concept("motion", 2, "leg", {"medoid": "c1:0-9"}))
    assert model.certificate["converged"]
    assert model.certificate["lam"] == 0.01
    assert model.settings == {"training": {"clips": 40, "splits": ["train"], "seed": 0, "solver": "newton"}}
    expected = fit_sparse_classifier(z, (label == "wave").astype(int), 0.01)
    np.testing.assert_array_equal(model.weight, expected.weight)
    assert (np.array(model.classes)[model.predict(z)[0].argmax(axis=1)] == label).mean() > 0.95
    assert assemble_model(layer, expected, ("box", "wave")).concepts[1].extra == {}
    with pytest.raises(ValueError, match="manifest has no row for clip 'c0'"):
        fit_model(layer, manifest.iloc[1:])
    with pytest.raises(ValueError, match="manifest: label 'wave' has no train clip; use the classes box"):
        fit_model(layer, manifest.assign(status=np.where(label == "wave", "unreadable", "ok")))


def test_the_solver_and_its_seed_reach_the_classifier():
    z = np.random.default_rng(0).normal(size=(40, 2))
    y = (z[:, 0] + z[:, 1] > 0).astype(int)
    layer = layer_of(z)
    manifest = pd.DataFrame({"clip_id": layer.train_clips, "label": y.astype(str), "split": "train", "status": "ok"})
    models = {seed: fit_model(layer, manifest, 0.01, 0.9, solver="saga", seed=seed) for seed in (0, 1)}
    for seed, model in models.items():
        expected = fit_sparse_classifier(z, y, 0.01, 0.9, solver="saga", saga=SagaSettings(seed=seed))
        np.testing.assert_array_equal(model.weight, expected.weight)
        np.testing.assert_array_equal(model.bias, expected.bias)
    assert (models[0].weight != models[1].weight).any()
    short = fit_model(layer, manifest, 0.01, 0.9, solver="saga", saga={"epochs": 3, "batch_size": 8})
    expected = fit_sparse_classifier(z, y, 0.01, 0.9, solver="saga", saga=SagaSettings(epochs=3, batch_size=8))
    np.testing.assert_array_equal(short.weight, expected.weight)
    assert short.certificate["iterations"] == 3
    exact = fit_model(layer, manifest, 0.01, 0.9)
    np.testing.assert_array_equal(exact.weight, fit_model(layer, manifest, 0.01, 0.9, seed=1).weight)
    assert exact.certificate["kkt_residual"] <= 1e-6
    assert exact.certificate["objective"] <= models[0].certificate["objective"]
    assert exact.certificate["l1"] == pytest.approx(0.009)
    assert exact.certificate["l2"] == pytest.approx(0.001)
    with pytest.raises(ValueError, match="solver 'sage' is unknown; use one of: newton, saga"):
        fit_model(layer, manifest, solver="sage")


def test_a_layer_that_was_fitted_on_val_too_takes_its_classes_from_train():
    z = np.random.default_rng(0).normal(size=(40, 2))
    label = np.where(z[:, 0] > 0, "wave", "box")
    layer = layer_of(z)
    split = np.where(np.arange(40) % 4, "train", "val")
    manifest = pd.DataFrame({"clip_id": layer.train_clips, "label": label, "split": split, "status": "ok"})
    model = fit_model(layer, manifest, lam=0.01)
    expected = fit_sparse_classifier(z, (label == "wave").astype(int), 0.01)
    np.testing.assert_array_equal(model.weight, expected.weight)
    only_val = manifest.assign(label=manifest["label"].mask(manifest["clip_id"] == "c0", "swim"))
    with pytest.raises(ValueError, match="manifest: label 'swim' has no train clip; use the classes box, wave"):
        fit_model(layer, only_val)


def test_parts_that_do_not_fit_are_refused():
    model = small_model()
    with pytest.raises(
        ValueError, match=r"model: bias has shape \(2,\); 3 classes, 4 concepts and 6 features need \(3,\)"
    ):
        replace(model, bias=np.zeros(2))
    with pytest.raises(ValueError, match="model: concept_weight has shape"):
        replace(model, concepts=model.concepts[1:])
    with pytest.raises(ValueError, match="model: z_std has values that are not finite; train it again"):
        replace(model, z_std=np.full(4, np.nan))
    with pytest.raises(ValueError, match="model: z_std has values of 0 or below, by which nothing can be divided"):
        replace(model, z_std=np.array([1.0, 0.0, 1.0, 1.0]))


def test_features_that_do_not_fit_are_refused():
    model = small_model()
    with pytest.raises(
        ValueError, match=r"shape \(2, 5\) but the model expects \(n, 6\); both must come from the same"
    ):
        model.predict(np.zeros((2, 5)))
    features = np.zeros((2, 6))
    features[1, 2] = np.inf
    with pytest.raises(ValueError, match="row 1 has values that are not finite; rebuild"):
        model.predict(features)
