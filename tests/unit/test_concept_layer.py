import numpy as np
import pandas as pd
import pytest

from dance_core.concept_layer import (
    ConceptLayerSettings,
    fit_concept_layer,
    read_concept_layer,
    write_concept_layer,
)
from dance_core.concept_solvers import AdamSolver
from dance_core.concept_targets import ConceptTargets, concept_table, motion_targets, text_targets
from dance_core.feature_store import FeatureStore
from dance_core.group_folds import group_folds


def study(n_train=60, n_val=30, width=200, seed=0):
    """Clips of three classes whose features carry four latent causes; concepts are read from those."""
    generator = np.random.default_rng(seed)
    n = n_train + n_val
    y = np.arange(n) % 3
    latent = np.eye(3)[y] @ generator.normal(size=(3, 4)) * 2 + generator.normal(size=(n, 4))
    x = latent @ generator.normal(size=(4, width)) + 0.3 * generator.normal(size=(n, width)) + 5
    clip_ids = [f"clip{index:03d}" for index in range(n)]
    manifest = pd.DataFrame(
        {
            "clip_id": clip_ids,
            "label": np.array(["box", "jog", "wave"])[y],
            "split": ["train"] * n_train + ["val"] * n_val,
            "group": [f"person{index // 6}" for index in range(n)],
            "status": "ok",
        }
    )
    features = pd.DataFrame({"clip_id": clip_ids, "features": list(x.astype(np.float32))})
    motion = ConceptTargets("motion", (0, 1), ("arm", "leg"), tuple(clip_ids), (latent[:, :2] > 0).astype(float))
    objects = ConceptTargets(
        "object", (3, 5), ("ball", "noise"), tuple(clip_ids), np.column_stack([latent[:, 2], x[:, 0] * 0])
    )
    objects.values[:, 1] = generator.normal(size=n)
    scene = ConceptTargets("scene", (0,), ("gym",), tuple(clip_ids), latent[:, 3:])
    return features, [scene, objects, motion], manifest


def fitted(features, *others, **settings):
    return fit_concept_layer(FeatureStore([features]), *others, **settings)


@pytest.mark.parametrize("optimiser", ["ridge", "adam"])
@pytest.mark.parametrize("folds", [0, 3])
def test_concepts_are_learnt_and_noise_is_dropped(optimiser, folds):
    features, targets, manifest = study()
    adam = AdamSolver(steps=400, check_every=50)
    layer = fitted(features, targets, manifest, ConceptLayerSettings(optimiser, folds=folds, adam=adam))
    assert list(layer.families) == ["motion", "object", "scene"]
    assert layer.families["object"].names == ("ball",)
    assert layer.families["object"].ids == (3,)
    assert "is not above 0.3" in layer.families["object"].dropped[5]
    np.testing.assert_allclose(layer.train_activations.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(layer.train_activations.std(axis=0, ddof=1), 1, atol=1e-9)
    x = np.stack(list(features["features"])).astype(float)
    scaled = (x - layer.feature_mean) / layer.feature_std
    motion = layer.families["motion"]
    z = (scaled @ motion.weight.T - motion.mean) / motion.std
    for column in range(2):
        on = targets[2].values[60:, column] == 1
        assert z[60:][on, column].min() > np.quantile(z[60:][~on, column], 0.6)
    assert np.allclose(z[:60], motion.train_activations) == (folds == 0)


def test_the_order_of_clips_and_of_families_changes_nothing():
    features, targets, manifest = study()
    order = np.random.default_rng(3).permutation(len(manifest))
    shuffled = [
        ConceptTargets(t.family, t.ids, t.names, tuple(np.array(t.clip_ids)[order]), t.values[order]) for t in targets
    ]
    settings = ConceptLayerSettings(folds=3)
    one = fitted(features, targets, manifest, settings)
    two = fitted(features.iloc[order], shuffled[::-1], manifest.iloc[order], settings)
    for family in one.families:
        np.testing.assert_array_equal(one.families[family].weight, two.families[family].weight)
    np.testing.assert_array_equal(one.train_activations, two.train_activations)


def test_motion_is_learnt_from_movement_where_the_backbone_knows_it():
    features, targets, manifest = study()
    x = np.stack(list(features["features"]))
    x[:, 50:150] *= np.linspace(1, 2, 100)
    features["features"] = list(x)
    layer = fitted(features, targets, manifest, backbone="efficientnet")
    alone = features.assign(features=list(x[:, 50:150]))
    expected = fitted(alone, targets, manifest)
    motion = layer.families["motion"]
    np.testing.assert_array_equal(motion.weight[:, 50:150], expected.families["motion"].weight)
    assert not motion.weight[:, :50].any() and not motion.weight[:, 150:].any()
    np.testing.assert_array_equal(motion.train_activations, expected.families["motion"].train_activations)
    unaware = fitted(features, targets, manifest)
    for family in ("object", "scene"):
        np.testing.assert_array_equal(layer.families[family].weight, unaware.families[family].weight)
    settings = ConceptLayerSettings(motion_features="all")
    everything = fitted(features, targets, manifest, settings, "efficientnet")
    np.testing.assert_array_equal(everything.families["motion"].weight, unaware.families["motion"].weight)


def test_a_place_that_goes_with_a_motion_in_train_does_not_become_the_motion():
    generator = np.random.default_rng(0)
    features, targets, manifest = study(width=40)
    shown = targets[2].values
    x = generator.normal(size=(90, 40))
    x[:, 10:30] += (2 * shown[:, :1] - 1) * generator.uniform(0.2, 0.6, 20)
    x[:, 30:] += (2 * shown[:, :1] - 1) * 3
    elsewhere = x.copy()
    elsewhere[:, 30:] -= (2 * shown[:, :1] - 1) * 6
    features["features"] = list(x)
    motion = ConceptTargets("motion", (0,), ("arm",), targets[2].clip_ids, shown[:, :1])
    correct = {}
    for choice in ("movement", "all"):
        settings = ConceptLayerSettings(motion_features=choice)
        layer = fitted(features, [motion], manifest, settings, "efficientnet")
        weight = layer.families["motion"].weight
        z = ((elsewhere - layer.feature_mean) / layer.feature_std) @ weight.T
        correct[choice] = float(((z[60:] > 0) == (shown[60:, :1] == 1)).mean())
    assert correct["movement"] > 0.8
    assert correct["all"] < 0.3


def test_test_clips_change_nothing():
    features, targets, manifest = study()
    extra = manifest.iloc[[0]].assign(clip_id="clip999", split="test")
    wider = pd.concat([features, features.iloc[[0]].assign(clip_id="clip999")])
    one = fitted(features, targets, manifest)
    two = fitted(wider, targets, pd.concat([manifest, extra]))
    np.testing.assert_array_equal(one.train_activations, two.train_activations)


def test_unlabelled_clips_are_left_out_of_the_fit_but_are_standardised():
    features, targets, manifest = study()
    motion = targets[2]
    values = motion.values.copy()
    values[[0, 7, 70]] = np.nan
    masked = ConceptTargets("motion", motion.ids, motion.names, motion.clip_ids, values)
    layer = fitted(features, [masked], manifest)
    assert len(layer.families["motion"].train_activations) == 60
    wrong = motion.values.copy()
    wrong[[0, 7, 70]] = 1 - wrong[[0, 7, 70]]
    other = ConceptTargets("motion", motion.ids, motion.names, motion.clip_ids, wrong)
    assert np.abs(fitted(features, [other], manifest).train_activations - layer.train_activations).max() > 0.01


def test_concepts_without_information_are_dropped_with_the_reason():
    features, targets, manifest = study()
    motion = ConceptTargets("motion", (0, 1), ("arm", "leg"), targets[2].clip_ids, targets[2].values.copy())
    motion.values[:60, 1] = 0
    scene = ConceptTargets(
        "scene", (0, 1), ("gym", "sea"), targets[0].clip_ids, np.repeat(targets[0].values, 2, axis=1)
    )
    scene.values[60:, 1] = 0.25
    layer = fitted(features, [motion, scene], manifest)
    assert layer.families["motion"].dropped == {1: "its target is 0 for every train clip"}
    assert layer.families["scene"].dropped == {1: "its target is 0.25 for every val clip"}
    values = np.full_like(motion.values, np.nan)
    nothing = ConceptTargets("motion", (0, 1), ("arm", "leg"), motion.clip_ids, values)
    assert fitted(features, [nothing, scene], manifest).families["motion"].dropped[0] == "no train clip is labelled"


def test_a_row_of_minus_one_is_a_clip_without_label_never_a_negative():
    features, targets, manifest = study()
    motion = targets[2]
    variants = {}
    for name, value in (("nan", np.nan), ("minus one", -1), ("zero", 0)):
        values = motion.values.copy()
        values[[0, 7, 70]] = value
        changed = ConceptTargets("motion", motion.ids, motion.names, motion.clip_ids, values)
        variants[name] = fitted(features, [changed], manifest).families["motion"]
    np.testing.assert_array_equal(variants["minus one"].weight, variants["nan"].weight)
    assert np.abs(variants["zero"].weight - variants["nan"].weight).max() > 1e-6
    assert variants["minus one"].selection["clips"] == {
        "train": {"labelled": 58, "unlabelled": 2},
        "val": {"labelled": 29, "unlabelled": 1},
    }
    assert variants["zero"].selection["clips"]["train"] == {"labelled": 60, "unlabelled": 0}


@pytest.mark.parametrize(("place", "value"), [((4, 1), -1), ((4, 1), 2), ((75, 0), 0.5)])
def test_motion_labels_are_flags_or_absent_as_a_whole(place, value):
    features, targets, manifest = study()
    values = targets[2].values.copy()
    values[place] = value
    motion = ConceptTargets("motion", (0, 1), ("arm", "leg"), targets[2].clip_ids, values)
    message = rf"motion targets: a label is {value:g} \(row {place[0] % 60}, concept {place[1]}\); use 0, 1, or a whole"
    with pytest.raises(ValueError, match=message):
        fitted(features, [motion], manifest)


def test_one_concept_alone_is_learnt():
    features, targets, manifest = study()
    layer = fitted(features, [targets[0]], manifest)
    assert layer.families["scene"].names == ("gym",)
    assert layer.train_activations.shape == (60, 1)
    assert np.corrcoef(layer.train_activations[:, 0], targets[0].values[:60, 0])[0, 1] > 0.9


def test_the_val_loss_of_each_concept_is_told_whatever_the_family():
    features, targets, manifest = study()
    layer = fitted(features, targets, manifest)
    for family in layer.families.values():
        best = min(point["val_loss"] for point in family.selection["val_curve"])
        assert np.mean(list(family.selection["val_loss"].values())) == pytest.approx(best, abs=1e-9)
    assert layer.families["motion"].selection["val_loss"][0] < np.log(2)


def test_the_authors_protocol_trains_on_val_and_selects_by_test():
    features, targets, manifest = study()
    authors = manifest.assign(split=["train"] * 30 + ["val"] * 30 + ["test"] * 30)
    one = fitted(features, targets, manifest)
    two = fitted(features, targets, authors, protocol="authors")
    np.testing.assert_array_equal(one.train_activations, two.train_activations)
    assert one.train_clips == two.train_clips
    with pytest.raises(ValueError, match="protocol 'dishonest' is unknown; use one of honest, authors"):
        fitted(features, targets, manifest, protocol="dishonest")


def test_when_nothing_is_left_the_commonest_reason_of_each_family_is_said():
    features, targets, manifest = study()
    values = targets[2].values.copy()
    values[60:] = np.nan
    motion = ConceptTargets("motion", (0, 1), ("arm", "leg"), targets[2].clip_ids, values)
    constant = np.repeat(targets[0].values, 3, axis=1) * [0, 1, 0] + [1, 0, 2]
    scene = ConceptTargets("scene", (0, 1, 2), ("gym", "sea", "hall"), targets[0].clip_ids, constant)
    with pytest.raises(ValueError) as error:
        fitted(features, [motion, scene], manifest, ConceptLayerSettings(interpretability_cutoff=1.0))
    assert str(error.value) == (
        "concept layer: no concept of any family is left (motion: no val clip is labelled, 2 of 2; "
        "scene: its target is 1 for every train clip, 2 of 3); "
        "lower the cutoffs, label more clips or give other concepts"
    )


def test_constant_features_do_no_harm():
    features, targets, manifest = study()
    wider = features.assign(features=[np.append(row, 7.0) for row in features["features"]])
    layer = fitted(wider, targets, manifest)
    assert np.isfinite(layer.train_activations).all()
    assert layer.feature_std[-1] == 1


def test_folds_keep_groups_together():
    _, _, manifest = study()
    train = manifest[manifest["split"] == "train"].reset_index(drop=True)
    folds = group_folds(train, 4)
    assert sorted(np.concatenate(folds)) == list(range(60))
    for fold in folds:
        outside = set(train.drop(fold)["group"])
        assert not outside & set(train["group"][fold])
    assert group_folds(train, 0) == []
    assert group_folds(train.assign(group="one"), 4) == []
    assert len(group_folds(train.assign(group=""), 4)) == 4


def test_a_layer_comes_back_bit_for_bit(tmp_path):
    features, targets, manifest = study()
    layer = fitted(features, targets, manifest, ConceptLayerSettings(folds=3))
    paths = tmp_path / "concept_layer.safetensors", tmp_path / "concept_layer.json"
    write_concept_layer(layer, *paths)
    again = read_concept_layer(*paths)
    np.testing.assert_array_equal(again.train_activations, layer.train_activations)
    assert again.families["object"].dropped == layer.families["object"].dropped
    assert again.train_clips == layer.train_clips
    write_concept_layer(again, tmp_path / "b.safetensors", tmp_path / "b.json")
    assert (tmp_path / "b.safetensors").read_bytes() == paths[0].read_bytes()
    assert (tmp_path / "b.json").read_bytes() == paths[1].read_bytes()


def test_errors_name_the_place_and_the_cure():
    features, targets, manifest = study()
    broken = features.copy()
    broken.at[4, "features"] = np.full(200, np.nan)
    with pytest.raises(
        ValueError, match="backbone_features: clip 'clip004' has values that are not finite; rebuild it"
    ):
        fitted(broken, targets, manifest)
    with pytest.raises(ValueError, match="backbone_features has no row for clip 'clip000'"):
        fitted(features.iloc[1:], targets, manifest)
    with pytest.raises(ValueError, match="split 'val' of the manifest has no usable clip; it needs train and val"):
        fitted(features, targets, manifest[manifest["split"] != "val"])
    with pytest.raises(ValueError, match="every usable train clip is 'box'; give train clips of at least two classes"):
        fitted(features, targets, manifest.assign(label="box"))
    with pytest.raises(ValueError, match="optimiser 'sgd' is unknown; use one of ridge, adam"):
        fitted(features, targets, manifest, ConceptLayerSettings("sgd"))
    with pytest.raises(ValueError, match="motion_features 'person' is unknown; use one of movement, all"):
        fitted(features, targets, manifest, ConceptLayerSettings(motion_features="person"))
    message = "scene targets has a row for clip 'clip031' that the manifest lacks"
    with pytest.raises(ValueError, match=message):
        fitted(features.drop(31), targets, manifest.drop(31))
    with pytest.raises(ValueError, match="backbone_features has a row for clip 'clip031' that the manifest lacks"):
        fitted(features, targets, manifest.drop(31))
    short = ConceptTargets("scene", (0,), ("gym",), targets[0].clip_ids[1:], targets[0].values[1:])
    with pytest.raises(ValueError, match="scene targets has no row for clip 'clip000'"):
        fitted(features, [short], manifest)
    with pytest.raises(ValueError, match="family 'temporal' is unknown; use one of motion, object, scene"):
        ConceptTargets("temporal", (0,), ("gym",), ("a",), np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"scene targets: values have shape \(1, 2\) for 1 clips and 1 concepts"):
        ConceptTargets("scene", (0,), ("gym",), ("a",), np.zeros((1, 2)))


def test_tables_become_targets_and_a_history():
    labels = pd.DataFrame({"clip_id": ["a", "b"], "labelled": [True, False], "concepts": [np.uint8([1, 0])] * 2})
    motion = motion_targets(labels, pd.DataFrame({"concept": [1, 0], "name": ["leg", "arm"]}))
    assert motion.names == ("arm", "leg")
    np.testing.assert_array_equal(motion.values, [[1, 0], [np.nan, np.nan]])
    concept_set = pd.DataFrame(
        {
            "family": ["scene", "object", "object", "object"],
            "concept": ["gym", "jogging", "ball", "rope"],
            "kept": [True, False, True, True],
            "reason": ["", "names a class", "", ""],
        }
    )
    scored = pd.DataFrame({"concept": ["ball", "rope"], "kept": [True, False], "reason": ["", "never seen"]})
    scores = pd.DataFrame({"clip_id": ["a", "b"], "scores": [np.float32([0.5]), np.float32([0.25])]})
    objects = text_targets("object", scores, scored, concept_set)
    assert (objects.ids, objects.names) == ((1,), ("ball",))
    np.testing.assert_array_equal(objects.rows(["b", "a"]), [[0.25], [0.5]])
    table = concept_table([objects, motion], {"motion": {1: "rare"}}, concept_set, {"object": scored})
    assert table.to_dict("split")["data"] == [
        ["motion", 0, "arm", True, "", ""],
        ["motion", 1, "leg", False, "rare", "concept_layer"],
        ["object", 0, "jogging", False, "names a class", "text"],
        ["object", 1, "ball", True, "", ""],
        ["object", 2, "rope", False, "never seen", "pseudo_labels"],
    ]
    with pytest.raises(ValueError, match="concept 'rope' is not kept in the concept set; rebuild them"):
        text_targets(
            "object", scores, scored.assign(kept=[False, True]), concept_set.assign(kept=[True, True, True, False])
        )


def test_features_of_zeros_and_absent_classes_are_refused():
    features, targets, manifest = study()
    empty = features.copy()
    empty.at[4, "features"] = np.zeros(200, np.float32)
    message = r"backbone_features: clip 'clip004' has features that are all zero \(1 such\); rebuild it or take it out"
    with pytest.raises(ValueError, match=message):
        fitted(empty, targets, manifest)
    new = manifest.assign(label=manifest["label"].where(manifest["clip_id"] != "clip080", "sprint"))
    message = (
        r"class 'sprint' has clips to select by but none to train on \(1 such\); give it train clips or take it out"
    )
    with pytest.raises(ValueError, match=message):
        fitted(features, targets, new)
    with pytest.raises(ValueError, match="family 'scene' has targets twice; give each family once"):
        fitted(features, [targets[0], targets[0]], manifest)
