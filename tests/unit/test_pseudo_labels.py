"""Pseudo-labels: cosines, the activation filter, joins by clip id, and what it says when something is wrong."""

import numpy as np
import pandas as pd
import pytest

from dance_core.feature_store import FeatureStore
from dance_core.pruning import Pruning
from dance_core.pseudo_labels import cosine_scores, pseudo_label_table


def clips_of(features: dict[str, list[float]]) -> FeatureStore:
    table = pd.DataFrame({"clip_id": list(features), "features": [np.float32(row) for row in features.values()]})
    return FeatureStore([table], "clip_features")


CONCEPTS = pd.DataFrame(
    {
        "family": ["object", "object", "scene"],
        "concept": ["ball", "sofa", "street"],
        "features": [np.float32([1, 0]), np.float32([0, 1]), np.float32([0.6, 0.8])],
    }
)
MANIFEST = pd.DataFrame(
    {
        "clip_id": ["b", "a", "c", "d"],
        "split": ["train", "train", "test", "train"],
        "status": ["ok", "truncated", "ok", "unreadable"],
    }
)
CLIPS = clips_of({"c": [0, 5], "a": [3, 4], "b": [1, 0]})


def above(cutoff: float) -> Pruning:
    return Pruning("cutoff", cutoff=cutoff)


def test_cosines_by_hand():
    scores = cosine_scores(np.float32([[3, 4], [0, 2]]), np.float32([[1, 0], [0, 5], [-1, -1]]))
    assert scores == pytest.approx(np.array([[0.6, 0.8, -1.4 / np.sqrt(2)], [0, 1, -1 / np.sqrt(2)]]), abs=1e-6)
    assert scores.dtype == np.float32


def test_a_clip_is_scored_the_same_alone_and_in_company():
    rng = np.random.default_rng(3)
    clips, concepts = rng.normal(size=(40, 384)), rng.normal(size=(17, 384))
    together = cosine_scores(clips, concepts)
    for row in (0, 23, 39):
        assert (cosine_scores(clips[row : row + 1], concepts)[0] == together[row]).all()


def test_widths_that_differ_are_refused():
    with pytest.raises(ValueError, match="clips have 2 features but concepts have 3; both must come from the same dua"):
        cosine_scores(np.ones((1, 2)), np.ones((1, 3)))


@pytest.mark.parametrize(("clips", "concepts", "name"), [([[0, 0]], [[1, 0]], "clip"), ([[1, 0]], [[0, 0]], "concept")])
def test_a_row_without_direction_is_refused(clips, concepts, name):
    with pytest.raises(ValueError, match=f"{name} embedding 0 is all zeros or not a number"):
        cosine_scores(np.array(clips), np.array(concepts))


def test_labels_are_joined_by_clip_id_and_cover_usable_clips_only():
    labels, concepts = pseudo_label_table(CLIPS, CONCEPTS, MANIFEST, "object", above(0.1))
    assert labels[["clip_id", "split"]].to_dict("list") == {
        "clip_id": ["a", "b", "c"],
        "split": ["train"] * 2 + ["test"],
    }
    assert np.stack(labels["scores"]) == pytest.approx(np.array([[0.6, 0.8], [1, 0], [0, 1]]), abs=1e-6)
    assert concepts["concept"].tolist() == ["ball", "sofa"]
    assert concepts["top5"].tolist() == pytest.approx([0.8, 0.4])


def test_a_concept_that_no_train_clip_shows_is_dropped_with_a_reason():
    labels, concepts = pseudo_label_table(CLIPS, CONCEPTS, MANIFEST, "object", above(0.5))
    assert np.stack(labels["scores"]) == pytest.approx(np.array([[0.6], [1], [0]]), abs=1e-6)
    assert concepts["kept"].tolist() == [True, False]
    assert concepts["reason"].tolist() == [
        "",
        "no clip shows it: its five strongest train scores average 0.400, cutoff 0.5",
    ]


def test_the_filter_takes_the_mean_of_the_five_largest_train_scores():
    angles = {f"clip{i}": [c, np.sqrt(1 - c * c)] for i, c in enumerate([0.9, 0.8, 0.7, 0.6, 0.5, 0.1, 0.0])}
    manifest = pd.DataFrame({"clip_id": list(angles), "split": "train", "status": "ok"})
    _, concepts = pseudo_label_table(clips_of(angles), CONCEPTS, manifest, "object", above(0.0))
    assert concepts["top5"][0] == pytest.approx(0.7, abs=1e-6)


def test_test_clips_do_not_keep_a_concept():
    clips = clips_of({"a": [1, 0], "b": [0.8, 0.6], "c": [0, 1]})
    _, concepts = pseudo_label_table(clips, CONCEPTS, MANIFEST, "object", above(0.5))
    assert concepts["kept"].tolist() == [True, False]


def test_a_family_without_concepts_is_refused():
    with pytest.raises(ValueError, match="family 'motion' has no concept; add some to the concept set"):
        pseudo_label_table(CLIPS, CONCEPTS, MANIFEST, "motion", above(0.1))


def test_a_cutoff_that_keeps_nothing_is_refused():
    with pytest.raises(
        ValueError,
        match=r"no scene concept is kept \(the strongest, 'street', is dropped because no clip shows it: its five "
        r"strongest train scores average 0.800, cutoff 0.99\); loosen pseudo_labels.pruning",
    ):
        pseudo_label_table(CLIPS, CONCEPTS, MANIFEST, "scene", above(0.99))


def test_a_usable_clip_without_embedding_is_named():
    with pytest.raises(ValueError, match="clip_features has no row for clip 'b'"):
        pseudo_label_table(clips_of({"c": [0, 5], "a": [3, 4]}), CONCEPTS, MANIFEST, "object", above(0.1))


def test_a_usable_clip_without_direction_is_named(monkeypatch):
    monkeypatch.setattr("dance_core.pseudo_labels.CLIPS_AT_ONCE", 2)
    clips = clips_of({"c": [0, 0], "a": [3, 4], "b": [1, 0]})
    with pytest.raises(ValueError, match="clip_features: clip 'c' is all zeros, so it has no direction; rebuild it"):
        pseudo_label_table(clips, CONCEPTS, MANIFEST, "object", above(0.1))


@pytest.mark.parametrize("at_once", [1, 2])
def test_how_many_clips_are_scored_at_once_does_not_matter(monkeypatch, at_once):
    rng = np.random.default_rng(3)
    clips = clips_of({clip_id: rng.normal(size=384) for clip_id in "abc"})
    concepts = CONCEPTS.assign(features=list(rng.normal(size=(3, 384)).astype(np.float32)))
    keep_all = Pruning("rank", rank=2, minimum_spread=0)
    together, _ = pseudo_label_table(clips, concepts, MANIFEST, "object", keep_all)
    monkeypatch.setattr("dance_core.pseudo_labels.CLIPS_AT_ONCE", at_once)
    labels, _ = pseudo_label_table(clips, concepts, MANIFEST, "object", keep_all)
    pd.testing.assert_frame_equal(labels, together, check_exact=True)


def test_train_clips_are_needed():
    with pytest.raises(ValueError, match="no usable clip of the manifest is in the train split"):
        pseudo_label_table(CLIPS, CONCEPTS, MANIFEST.assign(split="test"), "object", above(0.1))


def test_the_authors_protocol_lets_val_clips_keep_a_concept():
    clips = clips_of({"a": [1, 0], "b": [0.8, 0.6], "c": [0, 1]})
    manifest = MANIFEST.assign(split=["train", "train", "val", "train"])
    for protocol, kept in (("honest", [True, False]), ("authors", [True, True])):
        _, concepts = pseudo_label_table(clips, CONCEPTS, manifest, "object", above(0.5), protocol)
        assert concepts["kept"].tolist() == kept
    with pytest.raises(ValueError, match="protocol 'dishonest' is unknown; use one of honest, authors"):
        pseudo_label_table(clips, CONCEPTS, manifest, "object", above(0.5), "dishonest")


def test_the_rule_of_the_settings_is_followed_and_its_figures_are_told():
    labels, concepts = pseudo_label_table(CLIPS, CONCEPTS, MANIFEST, "object", Pruning("rank", rank=1))
    assert concepts["kept"].tolist() == [True, False]
    assert concepts["zscore"].tolist() == pytest.approx([np.sqrt(0.5), -np.sqrt(0.5)], abs=1e-6)
    assert concepts["spread"].tolist() == pytest.approx([0.2, 0.4], abs=1e-6)
    assert [row.shape for row in labels["scores"]] == [(1,)] * 3
