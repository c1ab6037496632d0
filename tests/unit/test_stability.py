import numpy as np
import pytest

from dance_core.stability import agreement, cluster_stability, matched_cosine


def test_centroids_are_paired_for_the_largest_sum():
    a = np.array([[1.0, 0.0], [0.0, 2.0]])
    assert matched_cosine(a, a[::-1] * 3) == pytest.approx(1)
    # Greedy pairing would take 1 and then 0; the best pairing has twice sqrt(1/2), and the surplus stays alone.
    b = np.array([[1.0, 0.0], [1.0, 1.0]])
    assert matched_cosine(np.array([[1.0, 1.0], [0.0, 1.0]]), b) == pytest.approx(np.sqrt(0.5))
    assert matched_cosine(np.vstack([a, [[-1.0, 0.0]]]), a) == pytest.approx(1)
    assert matched_cosine(np.zeros((1, 2)), a) == 0
    assert matched_cosine(a[:0], a) is None


def test_the_adjusted_rand_index_by_hand():
    # Of 6 pairs, a joins 2 and b joins 3, and they agree on 1: (1 - 2 * 3 / 6) / ((2 + 3) / 2 - 1) = 0.
    assert agreement(np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert agreement(np.array([0, 0, 1, 1]), np.array([7, 7, 3, 3])) == 1
    # Of 10 pairs, a joins 4, b joins 4, both 2: (2 - 1.6) / (4 - 1.6).
    found = agreement(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 1]))
    assert found == pytest.approx(0.4 / 2.4)


def test_points_outside_a_cluster_take_no_part():
    assert agreement(np.array([0, 0, 1, 1, -1]), np.array([1, 1, 0, 0, 0])) == 1
    assert agreement(np.array([-1, -1, 0]), np.array([0, 0, 0])) is None


def test_seeds_are_compared_each_with_each():
    same, other = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
    centroids = [np.eye(2), np.eye(2)[::-1], np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])]
    record = cluster_stability([same, 1 - same, other], centroids)
    assert record["ari"] == {"mean": pytest.approx(1 / 3), "sd": pytest.approx(np.sqrt(1 / 3)), "min": 0}
    assert record["matched_cosine"]["mean"] == pytest.approx(1)
    assert (record["n_clusters"], record["n_pairs"]) == ([2, 2, 3], 3)
    alone = cluster_stability([same], centroids[:1])
    assert alone["ari"] == {"mean": None, "sd": None, "min": None}
    assert cluster_stability([same, same], centroids[:2])["ari"] == {"mean": 1, "sd": None, "min": 1}


def test_errors_name_what_differs():
    with pytest.raises(ValueError, match="centroids have 2 and 3 values; compare like with like"):
        matched_cosine(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match="clusterings of 2 and 3 points; compare them on the same points"):
        agreement(np.zeros(2, int), np.zeros(3, int))
