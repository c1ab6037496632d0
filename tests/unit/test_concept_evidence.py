from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from dance_core.concept_evidence import concept_evidence
from dance_core.concept_targets import ConceptTargets
from dance_core.model import Concept, Model

BOTH = ("motion", "scene")
SIGNS = np.array([1, -1, 1, -1, 1, -1, 1, -1.0])


def two_concepts():
    """The model: class "box" where motion + 3 scene is positive, "jog" where it is negative."""
    return Model(
        feature_mean=np.zeros(2),
        feature_std=np.ones(2),
        concept_weight=np.eye(2),
        z_mean=np.zeros(2),
        z_std=np.ones(2),
        weight=np.array([[1.0, 3.0], [-1.0, -3.0]]),
        bias=np.zeros(2),
        classes=("box", "jog"),
        concepts=(Concept("motion", 7, "punch"), Concept("scene", 4, "gym")),
        certificate={"lam": 1e-3, "alpha": 0.99},
    )


def study(shifted=4):
    """Motion tells the class everywhere; so does scene, but in some clips of shift_test it says the opposite."""
    z, y, clip_ids = {}, {}, {}
    for split in ("test", "val", "train", "shift_test"):
        scene = SIGNS * (np.where(np.arange(8) < shifted, -1, 1) if split == "shift_test" else 1)
        z[split], y[split] = np.column_stack([SIGNS, scene]), (SIGNS < 0).astype(int)
        clip_ids[split] = [f"{split}{index}" for index in range(8)]
    rows = [(clip, values) for split in z for clip, values in zip(clip_ids[split], z[split], strict=True)]
    clips, values = tuple(clip for clip, _ in rows), np.array([row for _, row in rows])
    targets = [
        ConceptTargets(
            "motion", (3, 7), ("rare", "punch"), clips, np.column_stack([values[:, 0] * 0, values[:, 0] > 0])
        ),
        ConceptTargets("scene", (4,), ("gym",), clips, values[:, [1]] / 10 + 0.2),
    ]
    accuracy = {
        "dance": {"test": {"top1": 0.75}, "shift_test": {"top1": 0.5}},
        "linear_probe": {"test": {"top1": 0.9}, "shift_test": {"top1": 0.5}},
    }
    return two_concepts(), targets, clip_ids, y, z, accuracy


def test_only_the_splits_that_judge_are_measured():
    *parts, accuracy = study()
    for fitted in (["train"], ["train", "val"]):
        found = concept_evidence(*parts, accuracy, fitted, BOTH)
        assert list(found) == ["completeness", "shapley", "faithfulness", "leakage", "soft_minus_hard"]
        for name in ("completeness", "shapley", "faithfulness", "leakage"):
            assert list(found[name]) == ["test", "shift_test"]
        assert list(found["soft_minus_hard"]) == ["train", "test", "shift_test"]


def test_what_the_concepts_keep_and_who_carries_the_accuracy_by_hand():
    found = concept_evidence(*study(), ["train"], BOTH)
    # (0.75 - 1/2) / (0.9 - 1/2); in shift_test the probe is at chance
    assert found["completeness"] == {"test": pytest.approx(0.625), "shift_test": None}
    test, shifted = (found["shapley"][split]["top1"] for split in ("test", "shift_test"))
    assert test["coalitions"] == {"none": 0.5, "motion": 1, "scene": 1, "motion+scene": 1}
    assert test["values"] == {"motion": 0.25, "object": None, "scene": 0.25}
    # scene alone and scene with motion are right in half of the clips only
    assert shifted["coalitions"] == {"none": 0.5, "motion": 1, "scene": 0.5, "motion+scene": 0.5}
    assert shifted["values"] == {"motion": 0.25, "object": None, "scene": -0.25}


def test_the_curves_by_hand():
    found = concept_evidence(*study(), ["train"], BOTH)["faithfulness"]["test"]
    # Logits are 4 and -4: scene (3) is taken away first, then motion (1); the areas are two trapezoids.
    deletion = (expit(8) / 2 + expit(2) + 0.5 / 2) / 2
    insertion = (0.5 / 2 + expit(6) + expit(8) / 2) / 2
    assert (found["n"], found["n_concepts"]) == (8, 2)
    assert found["deletion"]["area"] == pytest.approx(deletion)
    assert found["insertion"]["area"] == pytest.approx(insertion)
    # The other order takes motion away first; a random one is a mixture of the two.
    other = (expit(8) / 2 + expit(6) + 0.5 / 2) / 2
    assert deletion < found["deletion"]["random"]["area"] < other


def test_the_seed_draws_the_random_orders():
    areas = [
        concept_evidence(*study(), ["train"], BOTH, seed=seed)["faithfulness"]["test"]["deletion"]["random"]["area"]
        for seed in (0, 0, 1)
    ]
    assert areas[0] == areas[1] != areas[2]


def test_leakage_compares_each_concept_with_its_own_target():
    model, targets, clip_ids, y, z, accuracy = study()
    found = concept_evidence(model, targets, clip_ids, y, z, accuracy, ["train"], BOTH)["leakage"]["test"]
    # The label of motion tells the class as well as the activation does; so does the score of scene.
    assert (found["motion"]["ctl"], found["motion"]["n_concepts"], found["motion"]["n"]) == (0, 1, 8)
    assert (found["scene"]["ctl"], found["object"]) == (0, None)
    # Labels of other clips tell nothing, the activation still tells the class: all of its information leaks.
    labels = np.tile([1.0, 1, 0, 0], 8)[:, None]
    wrong = [replace(targets[0], values=np.hstack([0 * labels, labels])), targets[1]]
    found = concept_evidence(model, wrong, clip_ids, y, z, accuracy, ["train"], BOTH)["leakage"]["test"]
    information, chance = np.log(2) + 1 / 16, 1 / 16 + 1 / 16 - 3 / 16  # with the correction for cells in use
    assert found["motion"]["ctl"] == pytest.approx((information - max(chance, 0)) / information)
    assert found["scene"]["ctl"] == 0
    # A clip without motion label is left out of motion and of the whole, not of scene.
    unlabelled = targets[0].values.copy()
    unlabelled[0] = np.nan
    some = [replace(targets[0], values=unlabelled), targets[1]]
    found = concept_evidence(model, some, clip_ids, y, z, accuracy, ["train"], BOTH)["leakage"]["test"]
    assert [found[name]["n"] for name in ("motion", "scene", "all")] == [7, 8, 7]


def test_soft_minus_hard_by_hand():
    model, targets, clip_ids, y, z, accuracy = study()
    found = concept_evidence(model, targets, clip_ids, y, z, accuracy, ["train"], BOTH)["soft_minus_hard"]
    assert found["train"] == found["test"] == {"soft": 1, "hard": 1, "difference": 0}
    assert found["shift_test"]["soft"] == 0.5
    # A model that listens to motion only is right in all clips; soft and hard activations say the same.
    deaf = replace(model, weight=np.array([[1.0, 0.0], [-1.0, 0.0]]))
    found = concept_evidence(deaf, targets, clip_ids, y, z, accuracy, ["train"], BOTH)["soft_minus_hard"]
    assert found["shift_test"]["soft"] == 1


def test_train_is_all_that_the_model_was_fitted_on():
    model, targets, clip_ids, y, z, accuracy = study()
    y["val"] = 1 - y["val"]
    one = concept_evidence(model, targets, clip_ids, y, z, accuracy, ["train"], BOTH)["soft_minus_hard"]["train"]
    two = concept_evidence(model, targets, clip_ids, y, z, accuracy, ["train", "val"], BOTH)["soft_minus_hard"]["train"]
    assert (one["soft"], two["soft"]) == (1, 0.5)
    # Motion is at +1 and -1 in train, at +9 and +7 in val: half of the labels say that it is there, so both together
    # are cut at 4, where no clip of test shows it any more. Scene has no hard twin: no score is above mean plus sd.
    y["val"] = 1 - y["val"]
    z["val"] = np.column_stack([SIGNS + 8, np.zeros(8)])
    one = concept_evidence(model, targets, clip_ids, y, z, accuracy, ["train"], BOTH)["soft_minus_hard"]
    two = concept_evidence(model, targets, clip_ids, y, z, accuracy, ["train", "val"], BOTH)["soft_minus_hard"]
    assert one["test"] == {"soft": 1, "hard": 1, "difference": 0}
    assert two["test"] == {"soft": 1, "hard": 0.5, "difference": 0.5}
    assert two["train"]["soft"] == 0.75


def test_a_family_that_was_not_chosen_is_null_and_an_imported_model_has_no_hard_twin():
    model, targets, clip_ids, y, z, accuracy = study()
    found = concept_evidence(model, targets[:1], clip_ids, y, z, accuracy, ["train"], ["motion", "object"])
    assert found["leakage"]["test"]["scene"] is None
    assert found["leakage"]["test"]["object"]["n_concepts"] == 0
    assert found["shapley"]["test"]["top1"]["values"]["scene"] is None
    imported = replace(model, certificate={})
    found = concept_evidence(imported, targets, clip_ids, y, z, accuracy, ["train"], BOTH)
    assert found["soft_minus_hard"] == {}
    assert found["shapley"]["test"]["top1"]["values"]["motion"] == 0.25


def test_a_model_without_concepts_is_measured_as_far_as_it_goes():
    model, _, clip_ids, y, z, accuracy = study()
    empty = replace(
        model,
        concept_weight=np.empty((0, 2)),
        z_mean=np.empty(0),
        z_std=np.empty(0),
        weight=np.empty((2, 0)),
        concepts=(),
    )
    nothing = {split: values[:, :0] for split, values in z.items()}
    found = concept_evidence(empty, [], clip_ids, y, nothing, accuracy, ["train"], BOTH)
    assert found["faithfulness"]["test"]["deletion"] is None
    assert found["soft_minus_hard"]["test"] == {"soft": 0.5, "hard": None, "difference": None}
    assert found["leakage"]["test"]["all"]["ctl"] is None
    assert found["shapley"]["test"]["top1"]["values"] == {"motion": 0, "object": None, "scene": 0}


def test_a_clip_without_targets_is_named():
    model, targets, clip_ids, y, z, accuracy = study()
    clip_ids["test"][3] = "test99"
    with pytest.raises(ValueError, match="motion targets has no row for clip 'test99'"):
        concept_evidence(model, targets, clip_ids, y, z, accuracy, ["train"], BOTH)
