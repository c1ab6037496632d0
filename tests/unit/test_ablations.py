from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dance_core import ablations
from dance_core.ablations import (
    ALL,
    PROBE,
    RANDOM,
    AblationSettings,
    average_accuracy,
    compare,
    random_concepts,
    standardised,
    subset_names,
)
from dance_core.metrics import accuracy_record
from dance_core.rows import Rows
from dance_core.sparse_classifier import fit_sparse_classifier

QUICK = AblationSettings(lam=1e-3, levels=(1, 2), n_values=8, draws=2, resamples=200)
FAMILIES = np.array(["motion", "object", "scene", "motion"], object)


def study(n=120, seed=0):
    """Four classes: a motion concept tells the halves apart, an object concept tells within; the rest is noise."""
    generator = np.random.default_rng(seed)
    z, y, x = {}, {}, {}
    for split in ("train", "test", "shift_test"):
        y[split] = np.arange(n) % 4
        signs = np.column_stack([y[split] // 2, y[split] % 2]) * 2.0 - 1
        noise = generator.normal(size=(n, 2))
        z[split] = np.column_stack([signs + 0.1 * generator.normal(size=(n, 2)), noise])
        x[split] = Rows.of(z[split] @ np.linalg.qr(np.random.default_rng(9).normal(size=(6, 4)))[0].T)
    return z, y, x


@pytest.fixture(scope="module")
def table():
    z, y, x = study()
    return compare(z, y, FAMILIES, x, settings=QUICK)


def row(table, method, split="test", level=None):
    rows = table[(table["method"] == method) & (table["split"] == split)]
    rows = rows[rows["level"].isna()] if level is None else rows[rows["level"] == level]
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_method_has_a_row_for_every_split_and_level(table):
    methods = ["motion", "object", "scene", "motion+object", "motion+scene", "object+scene", ALL, RANDOM, PROBE]
    assert list(dict.fromkeys(table["method"])) == methods
    assert tuple(table.columns) == ablations.COLUMNS
    assert len(table) == 9 * 3 * 3
    widths = {method: row(table, method)["n_concepts"] for method in methods}
    assert widths == dict(zip(methods, [2, 1, 1, 3, 3, 2, 4, 4, 6], strict=True))
    assert set(table["n"]) == {120}


def test_subsets_get_what_their_concepts_tell(table):
    assert row(table, ALL)["top1"] == row(table, "motion+object")["top1"] == 1
    for alone in ("motion", "object", "motion+scene", "object+scene"):
        assert row(table, alone)["top1"] == pytest.approx(0.5, abs=0.06)
    assert row(table, "scene")["top1"] < 0.4
    assert row(table, PROBE)["top1"] == pytest.approx(1, abs=0.02)
    assert row(table, "motion")["difference"] == row(table, "motion")["top1"] - 1
    assert row(table, ALL)["difference"] == row(table, ALL)["difference_high"] == 0


def test_levels_are_reached_or_say_what_was(table):
    for level in (1, 2):
        assert row(table, ALL, level=level)["nec"] <= level
        assert row(table, RANDOM, level=level)["nec"] <= level
    # Two concepts for each of four classes are enough; one is not, for any mixture of the two signs.
    assert row(table, ALL, level=2)["top1"] == 1
    assert row(table, RANDOM, level=1)["top1"] < row(table, ALL, level=2)["top1"]
    assert row(table, "scene", level=2)["nec"] <= 1


def test_the_full_fit_is_the_classifier_at_the_penalty_of_the_model(table):
    z, y, _ = study()
    fitted = fit_sparse_classifier(z["train"], y["train"], 1e-3, 0.99)
    correct = (z["shift_test"] @ fitted.weight.T + fitted.bias).argmax(axis=1) == y["shift_test"]
    found = row(table, ALL, "shift_test")
    assert found["top1"] == correct.mean()
    assert found["nec"] == (fitted.weight != 0).sum() / 4


def test_intervals_resample_groups_and_pairs():
    z, y, _ = study()
    takes = np.arange(120) // 12
    grouped = compare(z, y, FAMILIES, groups={"test": takes}, settings=QUICK)
    fitted = fit_sparse_classifier(z["train"][:, :1], y["train"], 1e-3, 0.99)
    scores = z["test"][:, :1] @ fitted.weight.T + fitted.bias
    only = compare(z, y, FAMILIES, groups={"test": takes}, settings=QUICK)
    pd.testing.assert_frame_equal(grouped, only)
    one = compare({s: v[:, :1] for s, v in z.items()}, y, FAMILIES[:1], groups={"test": takes}, settings=QUICK)
    expected = accuracy_record(y["test"], scores, takes, 200, 0)
    found = row(one, "motion")
    assert (found["top1"], [found["top1_low"], found["top1_high"]]) == (expected["top1"], expected["top1_interval"])
    assert row(grouped, "motion")["difference_high"] < 0
    assert RANDOM not in set(grouped["method"])


def test_a_split_of_one_group_has_no_interval():
    z, y, _ = study()
    table = compare(z, y, FAMILIES, groups={"test": np.zeros(120)}, settings=QUICK)
    ends = ["top1_low", "top1_high", "difference_low", "difference_high"]
    test = table["split"] == "test"
    assert table.loc[test, ends].isna().all(axis=None) and table.loc[~test, ends].notna().all(axis=None)
    assert table.loc[test, ["top1", "difference"]].notna().all(axis=None)


def test_random_draws_are_averaged_and_follow_the_seed(table):
    z, y, x = study()
    parts = {"z": z, "y": y, "families": FAMILIES, "x": x}
    assert row(table, RANDOM)["draws"] == 2
    assert np.isnan(row(table, ALL)["top1_sd"])
    pd.testing.assert_frame_equal(compare(**parts, settings=QUICK), table)
    singles = []
    generator = np.random.default_rng(0)
    for _ in range(2):
        draw = random_concepts(x, 4, generator)
        fitted = fit_sparse_classifier(draw["train"], y["train"], 1e-3, 0.99)
        hits = (draw["test"] @ fitted.weight.T + fitted.bias).argmax(axis=1) == y["test"]
        singles.append(hits.mean())
    assert row(table, RANDOM)["top1"] == pytest.approx(np.mean(singles))
    assert row(table, RANDOM)["top1_sd"] == pytest.approx(np.std(singles, ddof=1))


def test_random_concepts_are_standardised_gaussian_directions():
    x = {"train": np.array([[0.0, 1, 5], [2, 1, 6], [4, 1, 9]]), "test": np.array([[2.0, 3, 6]])}
    x = {split: Rows.of(values) for split, values in x.items()}
    scaled = {split: values.dense() for split, values in standardised(x).items()}
    np.testing.assert_allclose(scaled["train"][:, 0], [-1, 0, 1])
    np.testing.assert_array_equal(scaled["train"][:, 1], 0)
    assert (scaled["test"][0, 0], scaled["test"][0, 1]) == (0, 0)
    directions = np.random.default_rng(3).normal(size=(3, 500))
    raw = scaled["train"] @ directions
    found = random_concepts(x, 500, np.random.default_rng(3))
    np.testing.assert_allclose(found["train"], (raw - raw.mean(axis=0)) / raw.std(axis=0, ddof=1))


def test_anec_is_accuracy_at_5_and_the_mean_over_levels():
    rows = [("a", "test", None, 9.0, 0.9), ("a", "test", 5, 5.0, 0.5), ("a", "test", 10, 7.5, 0.8)]
    rows += [("a", "val", 5, 4.0, 0.25), ("b", "test", 10, 10.0, 0.75)]
    found = average_accuracy(pd.DataFrame(rows, columns=["method", "split", "level", "nec", "top1"]))
    expected = [("a", "test", 0.5, 0.65, 7.5), ("a", "val", 0.25, 0.25, 4), ("b", "test", np.nan, 0.75, 10)]
    columns = ["method", "split", "anec_5", "anec_avg", "nec_reached"]
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected, columns=columns), check_dtype=False)


def test_only_families_with_concepts_make_subsets():
    assert list(subset_names(np.array(["scene", "motion"], object))) == ["motion", "scene", "motion+scene"]
    assert list(subset_names(FAMILIES))[-1] == ALL


def test_a_split_without_clips_has_no_rows():
    z, y, x = study()
    z["val"], y["val"] = z["test"][:0], y["test"][:0]
    assert set(compare(z, y, FAMILIES, settings=QUICK)["split"]) == {"train", "test", "shift_test"}
    del z["val"]
    x["val"] = Rows.of(np.empty((0, 4)))
    assert set(compare(z, y, FAMILIES, x, settings=QUICK)["split"]) == {"train", "test", "shift_test"}


def test_errors_name_what_does_not_fit():
    z, y, x = study()
    with pytest.raises(ValueError, match="the model has no concept; lower the cutoffs"):
        compare(z, y, FAMILIES[:0])
    with pytest.raises(ValueError, match="features and labels of split 'test' differ in rows; give one per clip"):
        compare(z, y, FAMILIES, x | {"test": x["test"].take(np.arange(1, 120))})
    with pytest.raises(ValueError, match="activations and labels of split 'train' differ in rows"):
        compare(z | {"train": z["train"][1:]}, y, FAMILIES)
    with pytest.raises(ValueError, match="split 'shift_test' has activations but no features; give them for the same"):
        compare(z, y, FAMILIES, {split: x[split] for split in ("train", "test")})
    with pytest.raises(ValueError, match="split 'test' has activations but no labels; give them for the same splits"):
        compare(z, {split: y[split] for split in ("train", "shift_test")}, FAMILIES)
    with pytest.raises(ValueError, match="no concept differs between the classes of the train clips; check the conc"):
        compare({split: np.ones_like(values) for split, values in z.items()}, y, FAMILIES, settings=QUICK)
    with pytest.raises(ValueError, match="at alpha 0 no lam is strong enough to empty the model"):
        compare(z, y, FAMILIES, settings=replace(QUICK, alpha=0.0))
    with pytest.raises(ValueError, match="3 families for other columns of activations; give one per column"):
        compare(z, y, FAMILIES[:3])
