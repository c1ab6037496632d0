import json

import numpy as np
import pandas as pd
import pytest

from dance_core.concept_metrics import concept_scores
from dance_core.concept_targets import ConceptTargets
from dance_core.feature_store import FeatureStore
from dance_core.metrics import accuracy_record, evaluate, family_shares, split_order
from dance_core.model import Concept, Model
from dance_core.tables import write_json


def study():
    """Two classes; z is the feature: motion 0 tells the class, scene 1 tells it in test but not in shift_test."""
    model = Model(
        feature_mean=np.zeros(2),
        feature_std=np.ones(2),
        concept_weight=np.eye(2),
        z_mean=np.zeros(2),
        z_std=np.ones(2),
        weight=np.array([[1.0, 3.0], [-1.0, -3.0]]),
        bias=np.zeros(2),
        classes=("box", "jog"),
        concepts=(Concept("motion", 0, "punch"), Concept("scene", 4, "gym")),
        certificate={"lam": 1e-3, "alpha": 0.99},
    )
    rows = []
    for split in ("train", "val", "test", "shift_test"):
        for index in range(8):
            sign = 1 if index % 2 else -1
            scene = -sign if split == "shift_test" and index < 4 else sign
            rows.append((f"{split}{index}", "box" if sign > 0 else "jog", split, f"p{index // 2}", "ok", [sign, scene]))
    table = pd.DataFrame(rows, columns=["clip_id", "label", "split", "group", "status", "features"])
    broken = pd.DataFrame([("test9", "box", "test", "p9", "unreadable")], columns=table.columns[:5])
    manifest = pd.concat([table.drop(columns="features"), broken], ignore_index=True)
    features = table[["clip_id", "features"]].assign(features=[np.float32(row) for row in table["features"]])
    probe = pd.DataFrame({"clip_id": table["clip_id"], "probabilities": [np.array([0.7, 0.3])] * len(table)})
    values = np.array([row[0] > 0 for row in table["features"]], float)[:, None]
    scores = np.array([row[1] for row in table["features"]], float)[:, None] * np.linspace(1, 2, len(table))[:, None]
    targets = [
        ConceptTargets("motion", (0,), ("punch",), tuple(table["clip_id"]), values),
        ConceptTargets("scene", (4,), ("gym",), tuple(table["clip_id"]), scores),
    ]
    concepts = pd.DataFrame({"family": ["motion", "motion", "scene"], "kept": [True, False, True]})
    return model, features, manifest, targets, concepts, probe


def evaluated(model, features, *others, **settings):
    return evaluate(model, FeatureStore([features]), *others, **settings)


def test_the_whole_document_by_hand(tmp_path):
    metrics, predictions = evaluated(*study())
    accuracy = metrics["accuracy"]
    assert accuracy["dance"]["test"]["top1"] == 1
    assert accuracy["dance"]["test"]["n"] == 8
    assert accuracy["dance"]["test"]["n_without_features"] == 1
    assert accuracy["dance"]["shift_test"]["top1"] == 0.5
    assert accuracy["linear_probe"]["test"] == accuracy["linear_probe"]["shift_test"] | {"n_without_features": 1}
    assert accuracy["linear_probe"]["test"]["top1"] == 0.5
    assert metrics["confusion"]["shift_test"] == [[2, 2], [2, 2]]
    assert metrics["nec"] == 2
    assert metrics["nec_by_family"] == {"motion": 1, "object": None, "scene": 1}
    assert metrics["reliance"] == {"motion": 0.25, "object": None, "scene": 0.75}
    assert metrics["reliance_by_class"]["box"] == metrics["reliance"]
    assert metrics["shift"]["shift_test"]["drop"] == {"dance": 0.5, "linear_probe": 0}
    assert metrics["by_family"]["motion"]["shift_test"] == {"share": 0.25, "top1_alone": 1, "top1_without": 0.5}
    assert metrics["by_family"]["scene"]["shift_test"] == {"share": 0.75, "top1_alone": 0.5, "top1_without": 1}
    assert metrics["shift"]["shift_test"]["change_by_family"]["scene"] == {
        "share": 0,
        "top1_alone": -0.5,
        "top1_without": 0,
    }
    motion = metrics["concepts"]["motion"]
    assert (motion["kept"], motion["dropped"], motion["auroc"], motion["average_precision"]) == (1, 1, 1, 1)
    assert motion["prevalence"] == 0.5
    assert metrics["concepts"]["scene"]["per_concept"][0]["concept"] == 4
    assert list(accuracy["dance"]) == ["test", "val", "train", "shift_test"]
    row = predictions[(predictions["clip_id"] == "shift_test0") & (predictions["method"] == "dance")].iloc[0]
    assert (row["label"], row["predicted"], row["correct"]) == ("jog", "box", False)
    assert row["probability"] == pytest.approx(1 / (1 + np.exp(-4)))
    assert len(predictions) == 2 * 32
    write_json(tmp_path / "metrics.json", metrics)
    assert json.loads((tmp_path / "metrics.json").read_text())["reliance"]["scene"] == 0.75


def test_a_family_that_was_not_chosen_is_null_never_absent():
    metrics, _ = evaluated(*study())
    for key in ("reliance", "nec_by_family", "by_family", "concepts"):
        assert list(metrics[key]) == ["motion", "object", "scene"]
        assert metrics[key]["object"] is None
    assert metrics["reliance_by_class"]["jog"] == {"motion": 0.25, "object": None, "scene": 0.75}
    assert metrics["shift"]["shift_test"]["change_by_family"]["object"] is None


def test_a_chosen_family_whose_concepts_were_all_dropped_carries_nothing():
    model, features, manifest, targets, concepts, probe = study()
    concepts = pd.concat([concepts, pd.DataFrame({"family": ["object"], "kept": [False]})], ignore_index=True)
    metrics, _ = evaluated(model, features, manifest, targets, concepts, probe)
    assert (metrics["reliance"]["object"], metrics["nec_by_family"]["object"]) == (0, 0)
    assert metrics["by_family"]["object"]["test"] == {"share": 0, "top1_alone": 0.5, "top1_without": 1}
    assert (metrics["concepts"]["object"]["dropped"], metrics["concepts"]["object"]["auroc"]) == (1, None)


def test_the_order_of_rows_changes_nothing():
    model, features, manifest, targets, concepts, probe = study()
    one = evaluated(model, features, manifest, targets, concepts, probe)
    shuffled = [table.sample(frac=1, random_state=1) for table in (features, manifest, probe)]
    two = evaluated(model, shuffled[0], shuffled[1], targets, concepts, shuffled[2])
    assert one[0] == two[0]
    pd.testing.assert_frame_equal(one[1], two[1])


def test_the_protocol_says_which_clips_the_evidence_of_the_model_comes_from():
    model, features, manifest, targets, concepts, probe = study()
    # Half of val lies: the model is right in all 8 clips of train, and in 12 of the 16 of both.
    val = manifest["split"] == "val"
    lies = val & (manifest["clip_id"].str[-1].astype(int) < 4)
    manifest = manifest.assign(
        label=manifest["label"].where(~lies, manifest["label"].map({"box": "jog", "jog": "box"}))
    )
    found = {}
    for protocol in ("honest", "authors"):
        found[protocol], _ = evaluated(
            model, features, manifest, targets, concepts, probe, resamples=100, protocol=protocol
        )
    assert found["honest"]["soft_minus_hard"]["train"]["soft"] == 1
    assert found["authors"]["soft_minus_hard"]["train"]["soft"] == 0.75
    for metrics in found.values():
        for part in ("completeness", "shapley", "faithfulness", "leakage"):
            assert list(metrics[part]) == ["test", "shift_test"]
        assert list(metrics["soft_minus_hard"]) == ["train", "test", "shift_test"]
        assert metrics["accuracy"]["dance"]["val"]["top1"] == 0.5
    assert found["honest"]["accuracy"] == found["authors"]["accuracy"]


def test_the_protocol_of_the_authors_needs_no_val():
    model, features, manifest, targets, concepts, probe = study()
    features, manifest = (table[~table["clip_id"].str.startswith("val")] for table in (features, manifest))
    metrics, _ = evaluated(model, features, manifest, targets, concepts, probe, resamples=100, protocol="authors")
    assert metrics["soft_minus_hard"]["train"]["soft"] == 1


def test_the_interval_covers_the_accuracy_and_widens_with_groups():
    generator = np.random.default_rng(0)
    correct = generator.uniform(size=200) < 0.8
    probabilities = np.column_stack([correct, ~correct]).astype(float)
    y = np.zeros(200, int)
    alone = accuracy_record(y, probabilities, np.arange(200).astype(str), 2000, 0)
    assert alone["top1_interval"][0] < alone["top1"] < alone["top1_interval"][1]
    width = 2 * 1.96 * np.sqrt(alone["top1"] * (1 - alone["top1"]) / 200)
    assert np.diff(alone["top1_interval"])[0] == pytest.approx(width, rel=0.1)
    ordered = np.argsort(correct, kind="stable")
    takes = np.empty(200, int)
    takes[ordered] = np.arange(200) // 20
    grouped = accuracy_record(y, probabilities, takes.astype(str), 2000, 0)
    assert np.diff(grouped["top1_interval"])[0] > 2 * np.diff(alone["top1_interval"])[0]
    assert grouped == accuracy_record(y, probabilities, takes.astype(str), 2000, 0)


def test_a_split_of_one_group_has_no_interval():
    model, features, manifest, *others = study()
    manifest = manifest.assign(group=manifest["group"].where(manifest["split"] != "test", "one"))
    accuracy = evaluated(model, features, manifest, *others, resamples=100)[0]["accuracy"]["dance"]
    assert (accuracy["test"]["top1"], accuracy["test"]["top1_interval"]) == (1, None)
    assert accuracy["shift_test"]["top1_interval"][0] < 0.5


def test_mean_class_accuracy_counts_classes_not_clips():
    probabilities = np.array([[1.0, 0], [1, 0], [1, 0], [1, 0]])
    record = accuracy_record(np.array([0, 0, 0, 1]), probabilities, np.arange(4).astype(str), 10, 0)
    assert (record["top1"], record["mean_class_accuracy"], record["n"]) == (0.75, 0.5, 4)


@pytest.mark.parametrize("seed", range(5))
def test_auroc_is_the_share_of_pairs_in_order(seed):
    generator = np.random.default_rng(seed)
    scores, activation = generator.normal(size=40), generator.normal(size=40)
    present = scores > scores.mean() + scores.std()
    pairs = activation[present][:, None] - activation[~present]
    found = concept_scores(scores, activation, binary=False)
    assert found["auroc"] == pytest.approx((pairs > 0).mean())
    order = present[np.argsort(-activation)]
    precision = np.cumsum(order) / np.arange(1, 41)
    assert found["average_precision"] == pytest.approx(precision[order].mean())


def test_what_cannot_be_known_is_none():
    assert concept_scores(np.zeros(4), np.arange(4.0), True) == {
        "auroc": None,
        "average_precision": None,
        "prevalence": 0,
    }
    assert concept_scores(np.full(4, np.nan), np.arange(4.0), True)["prevalence"] is None
    half = concept_scores(np.array([0, 1, np.nan, np.nan]), np.arange(4.0), True)
    assert half == {"auroc": 1, "average_precision": 1, "prevalence": 0.5}
    model, *_ = study()
    assert np.isnan(family_shares(model, np.zeros((1, 2)))).all()


def test_splits_have_a_fixed_order():
    assert split_order(pd.DataFrame({"split": ["shift_b", "train", "shift_a", "test"]})) == [
        "test",
        "train",
        "shift_a",
        "shift_b",
    ]


def test_errors_name_the_place_and_the_cure():
    model, features, manifest, targets, concepts, probe = study()
    with pytest.raises(ValueError, match="evaluate: split 'test' of the manifest has no clip with features; give test"):
        evaluated(model, features, manifest.replace({"split": {"test": "shift_dev"}}), targets, concepts, probe)
    with pytest.raises(ValueError, match="protocol 'theirs' is unknown; use one of honest, authors"):
        evaluated(model, features, manifest, targets, concepts, probe, protocol="theirs")
    with pytest.raises(ValueError, match="linear_probe has no row for clip 'test3'"):
        evaluated(model, features, manifest, targets, concepts, probe[probe["clip_id"] != "test3"])
    with pytest.raises(ValueError, match="split 'test': label 'swim' has no train clip; use the classes box, jog"):
        evaluated(model, features, manifest.replace({"label": {"box": "swim"}}), targets, concepts, probe)
    with pytest.raises(ValueError, match="backbone_features has a row for clip 'test3' that the manifest lacks"):
        evaluated(model, features, manifest[manifest["clip_id"] != "test3"], targets, concepts, probe)
