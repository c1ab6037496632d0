"""Motion concepts: what is clustered, chosen, pruned and assigned, and that test clips have no say in it."""

import json
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dance_core.finch import Partitions, finch
from dance_core.motion_concepts import (
    MotionConcepts,
    MotionSettings,
    SegmentStore,
    assign_segments,
    fit_motion_concepts,
    motion_labels,
    refit_stability,
)
from dance_core.motion_concepts.assignment import motion_features
from dance_core.motion_concepts.partitions import (
    choose_partition,
    held_out_agreement,
    kept_clusters,
    partition_table,
    with_merged_partition,
)
from dance_core.pose_segments import segment_schema
from dance_core.tables import write_table

CLASSES = ("boxing", "running", "waving")
LENGTH = 4
SMALL = MotionSettings(minimum_concepts=2, maximum_concepts=12)


def segments_table(seed: int = 0, clips: int = 8, per_clip: int = 6) -> pd.DataFrame:
    """Segments of three actions with two phases each: clusters that one can name beforehand."""
    rng = np.random.default_rng(seed)
    phases = rng.normal(0, 1, (len(CLASSES), 2, LENGTH * 34))
    rows = []
    for split, n_clips in (("train", clips), ("val", 3), ("test", 3)):
        for label_number, label in enumerate(CLASSES):
            for clip in range(n_clips):
                style = rng.normal(0, 0.05, LENGTH * 34)
                for piece in range(per_clip):
                    joints = phases[label_number, piece % 2] + style + rng.normal(0, 0.1, LENGTH * 34)
                    clip_id, start = f"{split}_{label}_{clip}", 10 * piece
                    rows.append(
                        {
                            "segment_id": f"{clip_id}:{start}-{start + 9}",
                            "clip_id": clip_id,
                            "split": split,
                            "label": label,
                            "start": start,
                            "end": start + 9,
                            "joints": (joints + 3).astype(np.float32),
                        }
                    )
    return pd.DataFrame(rows)


def stored(segments: pd.DataFrame) -> SegmentStore:
    return SegmentStore.of([segments])


def fit(segments: pd.DataFrame, settings: MotionSettings) -> MotionConcepts:
    return fit_motion_concepts(stored(segments), settings)


def same(first: MotionConcepts, second: MotionConcepts) -> bool:
    """Compare all that is decided by the fit, bit by bit."""
    pd.testing.assert_frame_equal(first.concepts, second.concepts)
    pd.testing.assert_frame_equal(first.partitions, second.partitions)
    return all(getattr(first, n).tobytes() == getattr(second, n).tobytes() for n in ("centroids", "radius", "mean"))


@pytest.fixture(scope="module")
def fitted() -> MotionConcepts:
    return fit(segments_table(), SMALL)


def test_the_phases_of_the_actions_are_found(fitted: MotionConcepts) -> None:
    assert (fitted.concepts["purity"] == 1).all()
    assert set(fitted.concepts["label"]) == set(CLASSES)
    assert 6 <= len(fitted.concepts) <= 12
    assert fitted.concepts["size"].sum() == (fitted.assignments["split"] == "train").sum()


def test_names_and_order(fitted: MotionConcepts) -> None:
    table = fitted.concepts
    assert table["concept"].tolist() == list(range(len(table)))
    assert table["name"].is_unique
    assert table["label"].is_monotonic_increasing
    for label, group in table.groupby("label"):
        assert group["name"].tolist() == [f"{label} {rank}" for rank in range(1, len(group) + 1)]
        assert group["size"].is_monotonic_decreasing
    for counts, label, size in table[["class_counts", "label", "size"]].itertuples(index=False):
        assert json.loads(counts) == {label: size}


def test_centroid_and_medoid(fitted: MotionConcepts) -> None:
    segments = segments_table().set_index("segment_id")
    joints = dict(segments["joints"].items())
    members = fitted.assignments[fitted.assignments["split"] == "train"].groupby("concept")["segment_id"]
    for concept, ids in members:
        own = np.stack([joints[name] for name in ids]).astype(np.float64)
        assert fitted.centroids[concept] == pytest.approx(own.mean(axis=0), abs=1e-6)
        features = motion_features(own, fitted.mean, SMALL)
        middle = motion_features(own.mean(axis=0, keepdims=True), fitted.mean, SMALL)[0]
        cosine = features @ middle / np.linalg.norm(features, axis=1) / np.linalg.norm(middle)
        row = fitted.concepts.iloc[concept]
        assert row["medoid"] == ids.iloc[int(cosine.argmax())]
        assert row["medoid"] == f"{row['clip_id']}:{row['start']}-{row['end']}"


def test_features_by_hand() -> None:
    # Two poses of a segment differ only in the first coordinate: 1 and 3. Mean pose 2, movement -1 and 1.
    joints = np.zeros((1, 68))
    joints[0, [0, 34]] = [1, 3]
    features = motion_features(joints, np.zeros(68), MotionSettings(movement_weight=2))
    assert features[0, [0, 34]].tolist() == [0, 4]
    mean = np.zeros(68)
    mean[[0, 34]] = 1
    features = motion_features(joints, mean, MotionSettings(movement_weight=1))
    assert features[0, [0, 34]].tolist() == [0, 2]


def test_a_missing_joint_says_nothing() -> None:
    # Known as 5 against a mean of 3 in one segment, missing in the other: 2 and 0.
    joints = np.zeros((2, 34))
    joints[:, 0] = 5, np.nan
    mean = np.zeros(34, np.float32)
    mean[0] = 3
    features = motion_features(joints, mean, MotionSettings())
    assert features[:, 0].tolist() == [2, 0]


def test_means_and_centroids_are_of_the_segments_that_know_a_joint(fitted: MotionConcepts) -> None:
    segments = segments_table()
    joints = np.stack(list(segments["joints"]))
    joints[::3, 4:6] = np.nan  # one joint at one time, in every third segment
    found = fit(segments.assign(joints=list(joints)), SMALL)
    train = (segments["split"] == "train").to_numpy()
    assert found.mean == pytest.approx(np.nanmean(joints[train].astype(np.float64), axis=0), abs=1e-6)
    assert np.isfinite(found.centroids).all() and np.isfinite(found.radius).all()
    assert (found.concepts["purity"] == 1).all()


def test_a_joint_that_no_segment_has_is_as_good_as_none() -> None:
    segments = segments_table()
    joints = np.stack(list(segments["joints"])).reshape(len(segments), LENGTH, 17, 2)
    joints[:, :, 1:5] = np.nan
    still = np.nan_to_num(joints)
    one, other = (fit(segments.assign(joints=list(each.reshape(len(segments), -1))), SMALL) for each in (joints, still))
    assert same(one, other)


def test_val_and_test_segments_are_assigned_to_their_action(fitted: MotionConcepts) -> None:
    label = fitted.assignments["clip_id"].str.split("_").str[1]
    concept = fitted.assignments["concept"]
    found = fitted.concepts["label"].to_numpy()[concept]
    assert (concept >= 0).mean() > 0.9
    assert (found[concept >= 0] == label[concept >= 0]).all()


def test_radius_is_measured_without_the_own_clip_and_is_at_least_the_common_one(fitted: MotionConcepts) -> None:
    segments = segments_table().set_index("segment_id")
    train = fitted.assignments[fitted.assignments["split"] == "train"]
    reach, every = [], []
    for concept in range(len(fitted.concepts)):
        own = train[train["concept"] == concept]
        features = motion_features(np.stack(list(segments.loc[own["segment_id"], "joints"])), fitted.mean, SMALL)
        distance = []
        for row, clip in enumerate(own["clip_id"]):
            middle = features[(own["clip_id"] != clip).to_numpy()].mean(axis=0)
            cosine = features[row] @ middle / np.linalg.norm(features[row]) / np.linalg.norm(middle)
            distance.append(1 - cosine)
        reach.append(np.percentile(distance, 99))
        every += distance
    assert fitted.radius == pytest.approx(np.maximum(reach, np.percentile(every, 99)), rel=1e-5)
    assert len(set(fitted.radius.tolist())) > 1


def test_beyond_the_radius_is_unassigned() -> None:
    # Concepts along two axes, compared without mean and with plain weights; cosine distance of 60 degrees is one half.
    settings = MotionSettings(subtract_mean=False, movement_weight=1.0)
    centroids = np.zeros((2, 34), np.float32)
    centroids[[0, 1], [0, 1]] = 1
    joints = np.zeros((4, 34))
    for row, angle in enumerate(np.radians([10, 31, 59, 90])):
        joints[row, :2] = np.cos(angle), np.sin(angle)
    joints[3, 2] = 1.0  # 45 degrees off the second axis
    radius = np.array([1 - np.cos(np.radians(30)), 1 - np.cos(np.radians(32))], np.float32)
    concept, distance = assign_segments(joints, centroids, radius, np.zeros(34), settings)
    assert concept.tolist() == [0, -1, 1, -1]
    assert distance == pytest.approx(1 - np.cos(np.radians([10, 31, 31, 45])), abs=1e-6)
    halfway = np.zeros((1, 34))
    halfway[0, :2] = 1  # as far from both: the lower number
    assert assign_segments(halfway, centroids, np.ones(2), np.zeros(34), settings)[0].tolist() == [0]
    assert assign_segments(np.empty((0, 34)), centroids, radius, np.zeros(34), settings)[0].shape == (0,)


@pytest.mark.parametrize("rows", [1, 7])
def test_the_batch_does_not_change_an_assignment(fitted: MotionConcepts, rows: int) -> None:
    joints = np.stack(list(segments_table()["joints"]))
    whole = assign_segments(joints, fitted.centroids, fitted.radius, fitted.mean, SMALL)
    parts = [
        assign_segments(joints[start : start + rows], fitted.centroids, fitted.radius, fitted.mean, SMALL)
        for start in range(0, len(joints), rows)
    ]
    for index in range(2):
        assert np.concatenate([part[index] for part in parts]).tobytes() == whole[index].tobytes()


@pytest.mark.parametrize("settings", [SMALL, MotionSettings(partition=0), MotionSettings(method="kmeans", requested=6)])
def test_no_leakage_whatever_the_other_splits_hold(settings: MotionSettings) -> None:
    segments = segments_table()
    other = segments.copy()
    rng = np.random.default_rng(1)
    held_out = (other["split"] != "train").to_numpy()
    wild = pd.Series([rng.normal(0, 50, LENGTH * 34).astype(np.float32) for _ in range(len(other))])
    other["joints"] = other["joints"].where(~held_out, wild)
    other.loc[held_out, "label"] = "waving"
    first, second, alone = (fit(table, settings) for table in (segments, other, segments[~held_out]))
    assert same(first, second)
    assert same(first, alone)
    train = first.assignments["split"] == "train"
    pd.testing.assert_frame_equal(first.assignments[train], second.assignments[train])


def test_the_joint_fit_of_the_authors_does_leak() -> None:
    joint = fit(segments_table(), MotionSettings(minimum_concepts=2, joint_fit=True))
    assert joint.concepts["size"].sum() == len(segments_table())
    assert (joint.assignments["concept"] >= 0).all()


def test_row_order_does_not_matter_and_a_rerun_gives_the_same_bits(fitted: MotionConcepts) -> None:
    shuffled = segments_table().sample(frac=1, random_state=3)
    again = fit(shuffled, SMALL)
    assert same(fitted, again)
    pd.testing.assert_frame_equal(fitted.assignments, again.assignments)


@pytest.mark.parametrize("at_once", [1, 37])
def test_how_many_segments_come_at_once_does_not_matter(fitted: MotionConcepts, monkeypatch, at_once: int) -> None:
    monkeypatch.setattr("dance_core.motion_concepts.segments.SEGMENTS_AT_ONCE", at_once)
    again = fit(segments_table(), SMALL)
    assert same(fitted, again)
    pd.testing.assert_frame_equal(fitted.assignments, again.assignments)


def test_segments_are_stored_in_the_order_of_their_ids_however_they_come(tmp_path) -> None:
    segments = segments_table(clips=2).sample(frac=1, random_state=0)
    segments["joints"] = segments["joints"].map(lambda row: np.where(row > 5, np.nan, row).astype(np.float32))
    schema = segment_schema(LENGTH)
    schema = pa.schema([schema.field(name) for name in segments.columns])
    write_table(tmp_path / "segments", segments, schema)
    in_order = segments.sort_values("segment_id", ignore_index=True)
    for store in (
        stored(segments),
        SegmentStore.of(segments.iloc[start : start + 7] for start in range(0, len(segments), 7)),
        SegmentStore.of([segments.iloc[:0], segments]),
        SegmentStore.read(tmp_path / "segments"),
    ):
        pd.testing.assert_frame_equal(store.table, in_order.drop(columns="joints"), check_dtype=False)
        np.testing.assert_array_equal(store.joints.dense(np.float32), np.stack(list(in_order["joints"])))
    train = store.take((store.table["split"] == "train").to_numpy())
    assert set(train.table["split"]) == {"train"} and len(train.table) == len(train.joints) == 36
    expected = in_order.loc[in_order["split"] == "train", "joints"].iloc[[30, 2]]
    np.testing.assert_array_equal(train.joints[np.array([30, 2])], np.stack(list(expected)))


def test_no_segments_are_an_empty_store() -> None:
    assert len(SegmentStore.of([]).table) == len(SegmentStore.of([]).joints) == 0
    assert len(stored(segments_table().iloc[:0]).table) == 0


def test_memory_does_not_grow_with_the_segments_of_other_splits(monkeypatch) -> None:
    monkeypatch.setattr("dance_core.motion_concepts.segments.SEGMENTS_AT_ONCE", 16)
    segments = segments_table()
    other = segments[segments["split"] == "test"]
    more = [other.assign(**{name: f"more{i}" + other[name] for name in ("segment_id", "clip_id")}) for i in range(40)]
    peaks = []
    for parts in ([segments], [segments, *more]):
        store = SegmentStore.of(parts)
        tracemalloc.start()
        fit_motion_concepts(store, SMALL)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    joints_of_the_others = 40 * len(other) * LENGTH * 34 * 4
    assert peaks[1] - peaks[0] < 0.25 * joints_of_the_others


def test_small_clusters_and_single_takes_are_pruned() -> None:
    labels = np.array([0] * 5 + [1] * 4 + [2] * 6 + [3] * 5)
    clips = np.array([0, 0, 0, 0, 1] + [0, 1, 2, 3] + [2] * 6 + [3, 3, 4, 4, 5])
    assert kept_clusters(labels, clips, MotionSettings()).tolist() == [0, 3]
    assert kept_clusters(labels, clips, MotionSettings(minimum_clips=3)).tolist() == [3]
    assert kept_clusters(labels, clips, MotionSettings(minimum_size=4)).tolist() == [0, 1, 3]


def test_segments_of_pruned_clusters_join_a_concept_only_within_its_radius() -> None:
    segments = segments_table()
    odd = segments[segments["clip_id"] == "train_boxing_0"].copy()
    odd["clip_id"] = "train_boxing_odd"
    odd["segment_id"] = "odd" + odd["segment_id"]
    direction = np.random.default_rng(9).normal(0, 3, LENGTH * 34)
    odd["joints"] = [(direction + 0.01 * row).astype(np.float32) for row in odd["joints"]]
    found = fit(pd.concat([segments, odd]), MotionSettings(partition=0))
    assert (found.assignments.set_index("clip_id").loc["train_boxing_odd", "concept"] == -1).all()
    assert "train_boxing_odd" not in set(found.concepts["clip_id"])


def test_held_out_agreement_by_hand() -> None:
    # Cluster 0 along x, cluster 1 along y. Clip 2 (class 1) lies along x, so it votes for class 0: wrong.
    features = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [1, 0.05], [0, 1]])
    labels, classes, clips = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 1, 1]), np.array([0, 1, 3, 4, 2, 2])
    agreement, error = held_out_agreement(features, labels, classes, clips, "cosine")
    assert agreement == pytest.approx((1 + 1 + 0.5 + 1 + 1) / 5)
    assert error == pytest.approx(np.std([1, 1, 0.5, 1, 1], ddof=1) / np.sqrt(5))


def test_agreement_leaves_the_own_clip_out() -> None:
    # Each cluster is one clip: without it there is no cluster, and the other one has the wrong class.
    features = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])
    pairs = np.array([0, 0, 1, 1])
    assert held_out_agreement(features, pairs, pairs, pairs, "euclidean")[0] == 0


def table_of(rows: list[tuple[int, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["n_kept", "agreement", "agreement_error"])


@pytest.mark.parametrize(
    ("rows", "chosen", "sentence"),
    [
        ([(90, np.nan, np.nan), (60, 0.9, 0.02), (20, 0.89, 0.03), (12, 0.5, 0.03)], 2, "no such partition is coarser"),
        ([(60, 0.9, 0.005), (20, 0.89, 0.03)], 0, "0.900 is within one standard error (0.005) of the best, 0.900"),
        ([(0, np.nan, np.nan), (100, np.nan, np.nan)], 1, "80 concepts; 100 is the nearest"),
        ([(200, np.nan, np.nan), (8, np.nan, np.nan), (3, np.nan, np.nan)], 1, "no partition has 10 to 80 concepts; 8"),
        ([(200, np.nan, np.nan), (100, np.nan, np.nan), (0, np.nan, np.nan)], 1, "80 concepts; 100 is the nearest"),
    ],
)
def test_the_rule_of_choice(rows: list, chosen: int, sentence: str) -> None:
    table = choose_partition(table_of(rows), MotionSettings())
    assert table.index[table["chosen"]].tolist() == [chosen]
    assert sentence in table["reason"][chosen]
    assert all(table["reason"])


def test_reasons_of_partitions_that_are_not_chosen() -> None:
    table = choose_partition(table_of([(90, np.nan, np.nan), (60, 0.9, 0.02), (20, 0.8, 0.03)]), MotionSettings())
    assert table["reason"][0] == "90 concepts are not in 10 to 80"
    assert table["reason"][2] == (
        "held-out agreement 0.800 is more than one standard error (0.020) below the best, 0.900"
    )


def test_a_partition_can_be_set(fitted: MotionConcepts) -> None:
    found = fit(segments_table(), MotionSettings(partition=1))
    assert found.partitions.index[found.partitions["chosen"]].tolist() == [1]
    assert found.partitions["reason"].tolist()[:2] == ["", "set by motion_concepts.partition"]


def test_partitions_are_described(fitted: MotionConcepts) -> None:
    table = fitted.partitions
    assert table["partition"].tolist() == list(range(len(table)))
    assert table["purity"].iloc[0] == 1.0
    assert table["n_kept"].le(table["n_clusters"]).all()
    assert table["chosen"].sum() == 1
    assert table.loc[table["chosen"], "n_kept"].item() == len(fitted.concepts)


def test_purity_and_nmi_by_hand() -> None:
    labels = np.array([[0, 0, 0, 1, 1, 1, 1, 1]], np.int32).T
    classes = np.array([0, 0, 1, 1, 1, 1, 1, 0])
    features = np.random.default_rng(0).normal(size=(8, 34))
    table = partition_table(features, Partitions(labels), classes, np.arange(8), MotionSettings())
    assert table["purity"].item() == 6 / 8
    perfect = partition_table(features, Partitions(labels), labels[:, 0], np.arange(8), MotionSettings())
    assert perfect["nmi"].item() == pytest.approx(1.0)


def test_the_partition_at_the_maximum_is_merged_from_a_finer_one() -> None:
    features = np.random.default_rng(0).normal(size=(200, 34))
    partitions = finch(features)
    settings = MotionSettings(minimum_concepts=10, maximum_concepts=partitions.n_clusters[0] - 3)
    more = with_merged_partition(features, partitions, settings)
    assert more.n_clusters == [*partitions.n_clusters, settings.maximum_concepts]
    enough = MotionSettings(minimum_concepts=2, maximum_concepts=partitions.n_clusters[0])
    assert with_merged_partition(features, partitions, enough) is partitions


def test_labels_of_clips() -> None:
    assignments = pd.DataFrame({"clip_id": ["a", "a", "a", "b", "d"], "concept": [2, 0, 2, -1, 1]})
    manifest = pd.DataFrame({"clip_id": ["d", "c", "b", "a"], "split": ["test", "train", "val", "train"]})
    labels = motion_labels(assignments, manifest, 3)
    assert labels["clip_id"].tolist() == ["d", "c", "b", "a"]
    assert labels["split"].tolist() == ["test", "train", "val", "train"]
    assert labels["labelled"].tolist() == [True, False, False, True]
    assert [row.tolist() for row in labels["concepts"]] == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [1, 0, 1]]
    assert labels["concepts"][0].dtype == np.uint8
    assert not motion_labels(assignments.iloc[:0], manifest, 3)["labelled"].any()


def test_segments_that_cannot_be_fitted_are_refused() -> None:
    segments = segments_table()
    with pytest.raises(ValueError, match="pose_segments has segment 'test_boxing_0:0-9' twice; rebuild it"):
        fit(pd.concat([segments, segments]), SMALL)
    with pytest.raises(ValueError, match="the train split has 0 pose segments and needs two or more"):
        fit(segments[segments["split"] == "test"], SMALL)
    sentence = (
        r"^motion_concepts: no cluster has 500 segments of 2 clips; "
        r"lower motion_concepts\.minimum_size or motion_concepts\.minimum_clips, or add training clips$"
    )
    with pytest.raises(ValueError, match=sentence):
        fit(segments, MotionSettings(minimum_size=500))
    with pytest.raises(ValueError, match=r"partition 9 has no concepts; use auto or one of 0, 1"):
        fit(segments, MotionSettings(partition=9))


def test_train_segments_that_are_all_the_same_are_one_concept_or_are_refused() -> None:
    segments = segments_table()
    alike = segments.assign(joints=[segments["joints"][0]] * len(segments))
    found = fit(alike, MotionSettings(metric="euclidean"))
    assert found.concepts["size"].tolist() == [(segments["split"] == "train").sum()]
    assert found.concepts["purity"].tolist() == [pytest.approx(1 / 3)]
    assert found.partitions["reason"].tolist() == ["no partition has 10 to 80 concepts; 1 is the nearest"]
    assert (found.assignments["concept"] == 0).all()
    assert (found.assignments["distance"] == 0).all()
    # The radius is 0, so any other movement belongs to no concept.
    moved = alike["joints"].where(alike["split"] == "train", segments["joints"])
    held_out = fit(alike.assign(joints=moved), MotionSettings(metric="euclidean")).assignments
    assert (held_out.loc[held_out["split"] != "train", "concept"] == -1).all()
    sentence = (
        r"^motion_concepts: all train segments are the same, so less their mean nothing is left to compare; "
        r"check the poses or set motion_concepts\.metric: euclidean$"
    )
    with pytest.raises(ValueError, match=sentence):
        fit(alike, SMALL)


def test_one_cluster_is_one_concept_of_all_classes() -> None:
    segments, settings = segments_table(), MotionSettings(method="kmeans", requested=1)
    found = fit(segments, settings)
    assert found.concepts["purity"].tolist() == [pytest.approx(1 / 3)]
    assert json.loads(found.concepts["class_counts"][0]) == dict.fromkeys(CLASSES, 48)
    assert (found.assignments.loc[found.assignments["split"] == "train", "concept"] == 0).all()
    stability = refit_stability(stored(segments), settings)
    assert (stability["n_clusters"], stability["ari"]["min"]) == ([1, 1, 1], 1)


def test_labels_that_do_not_fit_are_refused() -> None:
    manifest = pd.DataFrame({"clip_id": ["a"], "split": ["train"]})
    with pytest.raises(ValueError, match="assignments has clip 'z', which the manifest lacks; rebuild motion_concepts"):
        motion_labels(pd.DataFrame({"clip_id": ["z"], "concept": [0]}), manifest, 1)
    with pytest.raises(ValueError, match="assignments names concept 4, but there are 3; rebuild motion_concepts"):
        motion_labels(pd.DataFrame({"clip_id": ["a"], "concept": [4]}), manifest, 3)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "som"}, "motion_concepts: method 'som' is unknown; use one of finch, finch_clust, kmeans"),
        ({"metric": "l1"}, "motion_concepts: metric 'l1' is unknown; use one of cosine, euclidean"),
        ({"minimum_concepts": 90}, "minimum_concepts is 90 and maximum_concepts 80; they must be at least 1 and in"),
        ({"partition": "finest"}, "partition is 'finest'; use auto or a number from 0, the finest"),
        ({"partition": -1}, "partition is '-1'; use auto or a number from 0, the finest"),
    ],
)
def test_error_sentences(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        MotionSettings(**settings)
    assert sentence in str(caught.value)


def test_refits_on_parts_of_the_clips_agree_where_the_clusters_are_clear():
    stability = refit_stability(stored(segments_table()), SMALL)
    assert stability["failed"] == 0
    assert (stability["n_pairs"], stability["share"]) == (3, 0.8)
    assert stability["ari"]["min"] > 0.95
    assert stability["matched_cosine"]["min"] > 0.95


def test_refits_disagree_where_there_is_nothing_to_find():
    table = segments_table()
    noise = np.random.default_rng(1).normal(size=(len(table), LENGTH * 34)).astype(np.float32)
    clear, blurred = (refit_stability(stored(part), SMALL) for part in (table, table.assign(joints=list(noise))))
    assert blurred["ari"]["mean"] < 0.3 < clear["ari"]["mean"]


def test_refits_that_are_too_small_are_counted():
    table = segments_table(clips=1, per_clip=2)
    stability = refit_stability(stored(table), SMALL)
    assert stability["failed"] == SMALL.refits
    assert stability["ari"]["mean"] is None
