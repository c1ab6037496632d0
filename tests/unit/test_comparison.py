import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dance_core.comparison import Run, compare_runs
from dance_core.tables import write_json


def metrics(top1, nec, auroc=0.8):
    family = {"kept": 3, "dropped": 1, "auroc": auroc, "per_concept": [{"concept": 0, "auroc": auroc}]}
    return {
        "accuracy": {"dance": {"test": {"top1": top1, "top1_interval": [top1 - 0.1, top1 + 0.1]}}},
        "classes": ["box", "jog"],
        "confusion": {"test": [[1, 0], [0, 1]]},
        "nec": nec,
        "concepts": {"motion": family, "object": None, "scene": None},
        "certificate": {"lam": 7e-4},
    }


def predictions(only_dance, only_probe, split="test"):
    """Clips of a split, 3 of which both get right and 4 neither; the rows of the probe stand in another order."""
    right = {"dance": [True] * only_dance + [False] * only_probe}
    right["linear_probe"] = [not correct for correct in right["dance"]]
    tables = []
    for method, correct in right.items():
        correct = [*correct, *[True] * 3, *[False] * 4]
        clips = [f"{split}{index}" for index in range(len(correct))]
        table = pd.DataFrame({"clip_id": clips, "split": split, "method": method, "correct": correct})
        tables += [table] if method == "dance" else [table.iloc[-3:], table.iloc[:-3]]
    return pd.concat(tables, ignore_index=True)


def ablations(top1, nec=4.0):
    rows = [("motion", "test", pd.NA, top1, nec), ("motion", "test", 5, top1 - 0.25, 5.0)]
    table = pd.DataFrame(rows, columns=["method", "split", "level", "top1", "nec"]).astype({"level": "Int64"})
    bounds = ("top1_low", "top1_high", "difference", "difference_low", "difference_high")
    return table.assign(n_concepts=7, n=40, **dict.fromkeys(bounds, 0.0))


def run(protocol="honest", seed=0, top1=0.5, nec=4.0, guesses=(5, 0)):
    return Run(protocol, seed, metrics(top1, nec), predictions(*guesses), ablations(top1, nec))


def test_every_number_has_its_mean_and_deviation_over_the_seeds():
    found = compare_runs([run(seed=3, top1=0.5, nec=4.0), run(seed=5, top1=0.75, nec=6.0)])
    assert list(found) == ["honest"]
    record = found["honest"]
    assert record["seeds"] == [3, 5]
    assert record["metrics"]["nec"] == {"mean": 5, "sd": pytest.approx(np.sqrt(2)), "n_seeds": 2}
    top1 = record["metrics"]["accuracy"]["dance"]["test"]
    assert top1["top1"] == {"mean": 0.625, "sd": pytest.approx(0.125 * np.sqrt(2)), "n_seeds": 2}
    assert [bound["mean"] for bound in top1["top1_interval"]] == pytest.approx([0.525, 0.725])


def test_what_says_nothing_once_averaged_is_left_out():
    averaged = compare_runs([run()])["honest"]["metrics"]
    assert list(averaged) == ["accuracy", "nec", "concepts"]
    assert list(averaged["concepts"]["motion"]) == ["kept", "dropped", "auroc"]
    assert averaged["concepts"]["object"] is None
    assert averaged["nec"] == {"mean": 4, "sd": None, "n_seeds": 1}


def test_a_family_that_one_seed_lost_is_averaged_over_the_others():
    lost = run(seed=1)
    lost.metrics["concepts"]["motion"]["auroc"] = None
    found = compare_runs([run(), lost])["honest"]["metrics"]["concepts"]["motion"]
    assert found["auroc"] == {"mean": 0.8, "sd": None, "n_seeds": 1}
    assert found["kept"]["n_seeds"] == 2


def test_ablations_are_averaged_row_by_row():
    one, two = compare_runs([run(top1=0.5), run(seed=1, top1=0.75, nec=6.0)])["honest"]["ablations"]
    assert (one["method"], one["split"], one["level"], two["level"]) == ("motion", "test", None, 5)
    assert (one["top1"], one["top1_sd"]) == (0.625, pytest.approx(0.125 * np.sqrt(2)))
    assert (one["nec"], one["nec_sd"], one["n_seeds"]) == (5, pytest.approx(np.sqrt(2)), 2)
    assert (two["top1"], two["nec"], two["nec_sd"], two["n_concepts"]) == (0.375, 5, 0, 7)
    one, _ = compare_runs([run()])["honest"]["ablations"]
    assert (one["top1"], one["top1_sd"]) == (0.5, None)


def test_a_split_of_one_group_has_no_interval(tmp_path):
    runs = []
    for seed, top1 in ((0, 0.5), (1, 0.75)):
        single = run(seed=seed, top1=top1)
        single.metrics["accuracy"]["dance"]["test"]["top1_interval"] = None
        bounds = dict.fromkeys(("top1_low", "top1_high", "difference_low", "difference_high"), np.nan)
        runs.append(replace(single, ablations=single.ablations.assign(**bounds)))
    write_json(tmp_path / "comparison.json", compare_runs(runs))
    record = json.loads((tmp_path / "comparison.json").read_text())["honest"]
    scores, row = record["metrics"]["accuracy"]["dance"]["test"], record["ablations"][0]
    assert (scores["top1"]["mean"], scores["top1_interval"]) == (0.625, None)
    assert (row["top1"], row["top1_low"], row["difference_high"], row["difference"]) == (0.625, None, None, 0)


def test_the_accuracies_at_the_levels_are_averaged_again():
    (row,) = compare_runs([run(top1=0.5), run(seed=1, top1=0.75)])["honest"]["anec"]
    assert (row["method"], row["split"]) == ("motion", "test")
    # the one level of these tables is 5: each top1 less a quarter, averaged over the seeds
    assert (row["anec_5"], row["anec_avg"]) == (0.375, 0.375)


def test_the_model_is_tested_against_the_probe_by_hand():
    test = compare_runs([run(guesses=(5, 0))])["honest"]["tests"]["test"]
    # 5 clips tell, all for the model: 2 / 2^5; without the point itself half of that
    assert (test["only_a"], test["only_b"], test["n"]) == (5, 0, 12)
    assert (test["p_exact"], test["p_mid"], test["p_holm"]) == pytest.approx((1 / 16, 1 / 32, 1 / 16))
    test = compare_runs([run(guesses=(1, 4))])["honest"]["tests"]["test"]
    assert (test["only_a"], test["only_b"]) == (1, 4)
    assert test["p_exact"] == pytest.approx(2 * (1 + 5) / 32)


def test_only_the_first_seed_is_tested():
    found = compare_runs([run(seed=0, guesses=(5, 0)), run(seed=1, guesses=(0, 9))])
    assert found["honest"]["tests"]["test"]["only_a"] == 5


def test_all_tests_of_all_protocols_are_corrected_together():
    shifted = pd.concat([predictions(6, 0), predictions(3, 0, "shift_test")], ignore_index=True)
    found = compare_runs([replace(run(), predictions=shifted), run("authors", guesses=(5, 0))])
    assert list(found) == ["honest", "authors"]
    # exact p: 1/32, 1/4 and 1/16; Holm takes the smallest three times, the next twice
    assert found["honest"]["tests"]["test"]["p_holm"] == pytest.approx(3 / 32)
    assert found["authors"]["tests"]["test"]["p_holm"] == pytest.approx(2 / 16)
    assert found["honest"]["tests"]["shift_test"]["p_holm"] == pytest.approx(1 / 4)


def test_splits_that_chose_the_model_are_not_tested():
    known = pd.concat([predictions(5, 0), predictions(5, 0, "val"), predictions(5, 0, "train")], ignore_index=True)
    test = compare_runs([replace(run(), predictions=known)])["honest"]["tests"]
    assert list(test) == ["test"]
    assert test["test"]["p_holm"] == test["test"]["p_exact"]


def test_protocols_stay_apart_and_in_order():
    runs = [run(nec=2.0), run(seed=1, nec=4.0), run("authors", nec=10.0), run("authors", seed=1, nec=20.0)]
    found = compare_runs(runs)
    assert [found[name]["metrics"]["nec"]["mean"] for name in ("honest", "authors")] == [3, 15]
    assert list(compare_runs(runs[::-1])) == ["authors", "honest"]


def test_the_document_can_be_written(tmp_path):
    write_json(tmp_path / "comparison.json", compare_runs([run(), run("authors")]))
    document = json.loads((tmp_path / "comparison.json").read_text())
    assert document["authors"]["ablations"][0]["level"] is None
    assert document["honest"]["ablations"][1]["level"] == 5


def test_errors_name_the_place_and_the_cure():
    with pytest.raises(ValueError, match="comparison: no run to compare; give at least one seed"):
        compare_runs([])
    table = predictions(5, 0)
    lacking = table[(table["method"] == "dance") | (table["clip_id"] != "test4")]
    with pytest.raises(ValueError, match="predictions of the linear probe has no row for clip 'test4'"):
        compare_runs([replace(run(), predictions=lacking)])
    lacking = table[(table["method"] != "dance") | (table["clip_id"] != "test4")]
    with pytest.raises(ValueError, match="predictions of the model has no row for clip 'test4'"):
        compare_runs([replace(run(), predictions=lacking)])
