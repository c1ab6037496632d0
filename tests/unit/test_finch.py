"""FINCH against hand-computed answers, the paper's adjacency rule, and the authors' package."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from dance_core.finch import (
    METHODS,
    Partitions,
    cluster,
    cluster_means,
    descent,
    exact,
    finch,
    first_neighbours,
    neighbours,
    requested_clusters,
    space,
)
from dance_core.finch.partitions import numbered

RNG = np.random.default_rng


def line(*values: float) -> np.ndarray:
    return np.array(values, np.float64)[:, None]


def pose_like(n: int, seed: int, actions: int = 12, length: int = 8) -> np.ndarray:
    """Periodic joint movements of a few actions, with a style of their own for every clip, in the unit square."""
    rng = np.random.default_rng(seed)
    clip = np.arange(n) % max(1, n // 10)
    action = rng.integers(0, actions, clip.max() + 1)[clip]
    amplitude, phase = rng.normal(0, 0.5, (actions, 34)), rng.uniform(0, 2 * np.pi, (actions, 34))
    time = rng.uniform(0, 2 * np.pi, n)[:, None, None] + 0.35 * np.arange(length)[:, None]
    joints = amplitude[action][:, None] * np.sin(time + phase[action][:, None]) + rng.normal(0, 1, 34)
    joints += rng.normal(0, 0.12, (clip.max() + 1, 34))[clip][:, None] + rng.normal(0, 0.05, joints.shape)
    low, high = joints.min(axis=(1, 2), keepdims=True), joints.max(axis=(1, 2), keepdims=True)
    return ((joints - low) / (high - low)).reshape(n, -1).astype(np.float32)


def slow_neighbours(points: np.ndarray, metric: str) -> np.ndarray:
    """The nearest other point from the whole table of float64 similarities to 12 decimals; ties to the lowest index."""
    points = points.astype(np.float64)
    if metric == "cosine":
        lengths = np.linalg.norm(points, axis=1)
        lengths[lengths == 0] = 1
        table = points @ points.T / np.outer(lengths, lengths)
    else:
        extent = np.ptp(points, axis=0).max() or 1
        table = np.stack([((points - point) ** 2).sum(axis=1) for point in points]) / -2 / extent**2
    table = np.round(table, 12)
    np.fill_diagonal(table, -np.inf)
    return table.argmax(axis=1)


def slow_labels(points: np.ndarray, metric: str) -> np.ndarray:
    """The finest partition straight from the paper: three adjacency rules, then connected components by hand."""
    n = len(points)
    first = []
    for i in range(n):
        best, nearest = -np.inf, -1
        for j in range(n):
            if metric == "cosine":
                near = points[i] @ points[j] / np.sqrt((points[i] @ points[i]) * (points[j] @ points[j]))
            else:
                near = -((points[i] - points[j]) ** 2).sum()
            if i != j and near > best + 1e-13:
                best, nearest = near, j
        first.append(nearest)
    labels = list(range(n))
    for i in range(n):
        for j in range(n):
            linked = first[i] == j or first[j] == i or first[i] == first[j]
            if linked and labels[i] != labels[j]:
                labels = [labels[i] if label == labels[j] else label for label in labels]
    return numbered(np.array(labels))


def test_partitions_of_points_on_a_line() -> None:
    # First neighbours: 0-1, 10-11, 50-51, 60-61; means .5, 10.5, 50.5, 60.5 pair up once more; then all is one.
    partitions = finch(line(0, 1, 10, 11, 50, 51, 60, 61), "euclidean")
    assert partitions.labels.tolist() == [[0, 0], [0, 0], [1, 0], [1, 0], [2, 1], [2, 1], [3, 1], [3, 1]]
    assert partitions.n_clusters == [4, 2]
    assert partitions.labels.dtype == np.int32


def test_a_chain_of_first_neighbours_is_one_cluster() -> None:
    # 0 -> 1 -> 1.9 -> 2.7 <- : each point's neighbour is the next, the last two point at each other.
    partitions = finch(line(0, 1, 1.9, 2.7, 100, 101), "euclidean")
    assert partitions.labels[:, 0].tolist() == [0, 0, 0, 0, 1, 1]


def test_directions_under_cosine() -> None:
    degrees = np.radians([0, 1, 90, 91, 180, 181])
    lengths = np.array([1, 7, 2, 3, 0.1, 5])
    points = np.stack([np.cos(degrees), np.sin(degrees)], axis=1) * lengths[:, None]
    assert finch(points).labels[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_a_level_that_merges_one_cluster_ends_the_recursion() -> None:
    # Three pairs; the next level would join two of them with the third's neighbour: 3 -> 1 cluster is not a level.
    assert finch(line(0, 1, 10, 11, 30, 31), "euclidean").n_clusters == [3]


def test_two_points_are_one_cluster() -> None:
    assert finch(line(3, 4), "euclidean").labels.tolist() == [[0], [0]]


def test_ties_go_to_the_lowest_index() -> None:
    assert first_neighbours(line(0, 1, 2, 3), "euclidean").tolist() == [1, 0, 1, 2]
    same = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [1.0, 2.0]])
    assert first_neighbours(same).tolist() == [1, 0, 0, 0]


def test_float32_rounding_decides_no_neighbour() -> None:
    # The cosines of the first point with the others differ by 1e-9, far below what a float32 product can tell.
    angles = np.array([0.0, 1e-3 + 1e-6, 1e-3, -1e-3 - 2e-6])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert first_neighbours(points)[0] == 2


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("seed", range(15))
def test_the_papers_adjacency_rule(seed: int, metric: str) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(rng.integers(2, 40), rng.integers(1, 6)))
    if seed % 3 == 0:
        points = np.round(points, 0) + 0.5  # many exact ties
    assert (finch(points, metric).labels[:, 0] == slow_labels(points, metric)).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_points_does_not_matter(seed: int) -> None:
    points = pose_like(300, seed)
    order = np.random.default_rng(seed).permutation(300)
    direct, permuted = finch(points), finch(points[order])
    for level, column in enumerate(direct.labels.T):
        assert (numbered(column[order]) == permuted.labels[:, level]).all()


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every part of the exact search small, so that a few points pass through all of it."""
    for name, value in {"NARROW": 3, "WIDE": 6, "LEAST_POINTS": 0, "LEAF": 32, "BLOCK_ROWS": 37}.items():
        monkeypatch.setattr(exact, name, value)
    monkeypatch.setattr(exact, "PENDING_PAIRS", 100)
    monkeypatch.setattr(space, "CHUNK_ELEMENTS", 1000)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("kind", ["scattered", "ties", "equal", "main directions", "float32", "nearly one point"])
@pytest.mark.parametrize("seed", range(8))
def test_no_nearer_point_is_ruled_out(seed: int, kind: str, metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch)
    rng = RNG(seed)
    n, d = rng.integers(2, 200), rng.integers(1, 20)
    points = rng.normal(size=(n, d))
    points = {
        "scattered": points,
        "ties": np.round(points),
        "equal": points[rng.integers(0, max(1, n // 4), n)],
        "main directions": points * np.geomspace(1, 1e-6, d),
        "float32": (100 + points).astype(np.float32),
        "nearly one point": 1 + points * 1e-7,
    }[kind]
    assert (first_neighbours(points, metric) == slow_neighbours(points, metric)).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_points_without_main_directions(metric: str) -> None:
    points = RNG(0).normal(size=(1500, 200)).astype(np.float32)
    assert (first_neighbours(points, metric) == slow_neighbours(points, metric)).all()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_short_vectors_are_never_farther_apart_than_the_points(metric: str) -> None:
    rng = RNG(1)
    points = rng.normal(size=(300, 12)) @ rng.normal(size=(12, 40)) + rng.normal(0, 0.1, (300, 40))
    among_others = np.concatenate([points[:1] * 3, points, points[::-1]])
    around = space.Space(among_others, metric, np.arange(1, 301))
    one, two = rng.integers(0, 300, (2, 2000))
    apart = -2 * around.similarities(one, two)
    scaled = (
        points / np.linalg.norm(points, axis=1)[:, None] if metric == "cosine" else points / np.ptp(points, 0).max()
    )
    assert np.allclose(apart, ((scaled[one] - scaled[two]) ** 2).sum(axis=1), atol=1e-11)
    bounds = [((short[one] - short[two]) ** 2).sum(axis=1) for short in around.shortened([2, 8, 32])]
    assert all((bound <= apart + 1e-5).all() for bound in bounds)
    assert [bound.shape for bound in bounds] == [(2000,)] * 3
    assert (bounds[0] <= bounds[1] + 1e-5).all()
    assert np.corrcoef(bounds[2], apart)[0, 1] > 0.999


@pytest.mark.parametrize("exact_below", [0, 100])
def test_equal_points_are_each_others_nearest(exact_below: int) -> None:
    same = np.ones((60, 3))
    assert first_neighbours(same, exact_below=exact_below).tolist() == [1, *[0] * 59]
    assert finch(same, "euclidean", exact_below).labels.tolist() == [[0]] * 60
    # 1 and 4 are equal, as are 0, 2 and 5; 3 lies nearest to the first pair, on the same ray as 1 but longer.
    points = np.array([[0, 1.0], [1, 0], [0, 1], [3, 0], [1, 0], [0, 1]])
    assert first_neighbours(points, "euclidean", exact_below).tolist() == [2, 4, 0, 1, 1, 0]
    # Under cosine 3 is as near to 1 as 4 is, and the lower index.
    assert first_neighbours(points, "cosine", exact_below).tolist() == [2, 3, 0, 1, 1, 0]


def test_a_zero_vector_has_no_cosine_even_with_its_equal() -> None:
    points = np.array([[1.0, 0], [0, 0], [0, 1], [0, 0]])
    assert first_neighbours(points).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("n", [2, 3, 5, 10, 11, 12, 40])
def test_no_more_points_than_the_lists_hold(n: int, metric: str) -> None:
    for points in (RNG(n).normal(size=(n, 3)), RNG(n).normal(size=(n, 300))):
        assert (first_neighbours(points, metric, exact_below=0) == slow_neighbours(points, metric)).all()


@pytest.mark.parametrize(
    "points", [pose_like(2000, 3), RNG(3).normal(size=(3000, 4)), np.round(RNG(4).normal(size=(3000, 6)))]
)
def test_approximate_neighbours_are_nearly_always_the_nearest(points: np.ndarray) -> None:
    own = finch(points, "euclidean", exact_below=0)
    truth = finch(points, "euclidean")
    assert (first_neighbours(points, "euclidean", 0) == first_neighbours(points, "euclidean")).mean() > 0.99
    assert adjusted_rand_score(own.labels[:, 0], truth.labels[:, 0]) > 0.99


def test_approximate_neighbours_follow_the_seed_and_not_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent, "TREES", 2)
    points = RNG(5).normal(size=(500, 150)).astype(np.float32)  # hard, so that seeds differ
    found = []
    for threads, seed in ((1, 7), (2, 7), (1, 8)):
        with threadpool_limits(threads):
            found.append(first_neighbours(points, exact_below=0, seed=seed))
    assert (found[0] == found[1]).all()
    assert (found[0] != found[2]).any()
    assert (found[0] != np.arange(500)).all()


@pytest.mark.parametrize("exact_below", [300, 301])
def test_only_the_points_themselves_are_searched_approximately(
    exact_below: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def counted(around: space.Space, seed: int) -> exact.Best:
        sizes.append((len(around.points), seed))
        return exact.exact_neighbours(around)

    monkeypatch.setattr(neighbours, "approximate_neighbours", counted)
    partitions = cluster(pose_like(300, 1), seed=4, exact_below=exact_below)
    assert len(partitions.n_clusters) > 1
    assert sizes == ([(300, 4)] if exact_below == 300 else [])


def test_one_cluster_only() -> None:
    star = np.array([[0, 0], [1, 0], [0, 1.1], [-1.2, 0], [0, -1.3]])
    for exact_below in (0, 100):
        assert finch(star, "euclidean", exact_below).labels.tolist() == [[0]] * 5


@pytest.mark.parametrize("n", [20, 100, 400])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("seed", range(6))
def test_partitions_are_those_of_finch_clust(n: int, metric: str, seed: int) -> None:
    scattered = np.random.default_rng(seed).normal(size=(n, 12)).astype(np.float32)
    for points in (scattered, pose_like(n, seed)):
        own, peer = cluster(points, "finch", metric), cluster(points, "finch_clust", metric)
        assert own.n_clusters == peer.n_clusters
        assert (own.labels == peer.labels).all()


def test_same_input_same_bits_on_any_number_of_threads() -> None:
    points = pose_like(1500, 2)
    with threadpool_limits(1):
        one = finch(points)
    with threadpool_limits(2):
        two = finch(points.copy())
    assert one.labels.tobytes() == two.labels.tobytes()


def test_cluster_means() -> None:
    assert cluster_means(line(1, 3, 10), np.array([0, 0, 1])).tolist() == [[2.0], [10.0]]
    weighted = cluster_means(line(1, 3, 10), np.array([1, 1, 0]), np.array([3, 1, 2.0]))
    assert weighted.tolist() == [[10.0], [1.5]]


def test_requested_clusters_merge_the_nearest_pair() -> None:
    points = line(0, 1, 10, 11, 50, 51, 60, 61, 100, 101)
    partitions = finch(points, "euclidean")
    assert partitions.n_clusters == [5, 2]
    # Means .5, 10.5, 50.5, 60.5, 100.5: the first pair is nearest (tie with the next, lowest index first).
    assert requested_clusters(points, partitions, 4, "euclidean").tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert requested_clusters(points, partitions, 3, "euclidean").tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    assert (requested_clusters(points, partitions, 5, "euclidean") == partitions.labels[:, 0]).all()
    assert requested_clusters(points, partitions, 1, "euclidean").tolist() == [0] * 10


@pytest.mark.parametrize("seed", range(4))
def test_requested_clusters_are_those_of_finch_clust(seed: int) -> None:
    points = pose_like(200, seed)
    most = finch(points).n_clusters[0]
    for n_clusters in (most - 1, most // 2, 6):
        own = cluster(points, "finch", requested=n_clusters)
        assert own.n_clusters == [n_clusters]
        assert (own.labels == cluster(points, "finch_clust", requested=n_clusters).labels).all()


def test_kmeans_is_selectable_and_seeded() -> None:
    points = np.array([[1, 0.01], [5, 0], [0, 1], [0.01, 3], [2, 0]])
    assert cluster(points, "kmeans", requested=2, seed=3).labels[:, 0].tolist() == [0, 0, 1, 1, 0]
    many = pose_like(100, 0)
    first, again = (cluster(many, "kmeans", requested=9, seed=1).labels for _ in range(2))
    assert (first == again).all()


def test_partitions_count_their_clusters() -> None:
    assert Partitions(np.array([[0, 0], [1, 0], [2, 1]], np.int32)).n_clusters == [3, 2]
    assert METHODS == ("finch", "finch_clust", "kmeans")


@pytest.mark.parametrize(
    ("points", "options", "sentence"),
    [
        (np.ones((1, 3)), {}, "points have shape (1, 3); at least two rows of features are needed"),
        (np.ones(4), {}, "points have shape (4,); at least two rows"),
        (np.array([[1.0, 2.0], [0.0, 0.0]]), {}, "point 1 is a zero vector, which has no cosine; leave it out"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), {}, "point 0 has a value that is not finite; leave it out or fill it"),
        (np.eye(3), {"metric": "l1"}, "metric 'l1' is unknown; use one of cosine, euclidean"),
        (np.eye(3), {"method": "som"}, "method 'som' is unknown; use one of finch, finch_clust, kmeans"),
        (np.eye(3), {"method": "kmeans"}, "kmeans has no number of clusters; set requested, or use method finch"),
        (
            np.eye(3),
            {"method": "kmeans", "requested": 4},
            "clustering: 4 clusters were requested of kmeans, but there are 3 points; request 1 to 3",
        ),
        (np.eye(3), {"requested": 2}, "2 clusters were requested, but the finest partition has 1; request 1 to 1"),
    ],
)
def test_error_sentences(points: np.ndarray, options: dict, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        cluster(points, **options)
    assert sentence in str(caught.value)


def test_zero_vectors_are_fine_under_euclidean() -> None:
    assert finch(line(0, 1, 10, 12), "euclidean").n_clusters == [2]
