from itertools import pairwise

import numpy as np
import pytest

from dance_core.concept_objectives import BinaryCrossEntropy, NegativeCosineCubed
from dance_core.concept_solvers import AdamSolver, RidgeSolver
from dance_core.row_space import RowSpace
from dance_core.rows import Rows


def study(n=90, width=200, seed=0):
    """Features that carry four latent causes with noise; targets read from those."""
    generator = np.random.default_rng(seed)
    latent = generator.normal(size=(n, 4)) + 2 * np.eye(4)[np.arange(n) % 3]
    x = latent @ generator.normal(size=(4, width)) + 0.3 * generator.normal(size=(n, width)) + 5
    return x, np.tanh(latent) + 0.3 * generator.normal(size=(n, 4)), (latent > 0.5).astype(float)


@pytest.mark.parametrize("shape", [(8, 20), (20, 8)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("at_once", [3, 100])
def test_the_row_space_holds_the_centred_features(shape, dtype, at_once):
    x = np.random.default_rng(0).normal(3, 1, size=shape)
    rows = Rows(shape, lambda index: x[index], at_once)
    space = RowSpace(rows, dtype)
    size, exact = min(shape[0] - 1, shape[1]), 1e-5 if dtype == np.float32 else 1e-10
    assert space.coordinates.dtype == dtype
    assert space.coordinates.shape == (shape[0], size)
    directions = space.weights(np.eye(size))
    np.testing.assert_allclose(directions.T @ directions, np.eye(size), atol=1e-7)
    np.testing.assert_allclose(space.coordinates @ directions.T, x - x.mean(axis=0), atol=exact)
    np.testing.assert_allclose(space.place(rows), space.coordinates, atol=exact)
    other = np.random.default_rng(2).normal(size=(5, shape[1]))
    np.testing.assert_allclose(space.place(Rows.of(other)), (other - x.mean(axis=0)) @ directions, atol=exact)
    targets = np.random.default_rng(1).normal(size=(shape[0], 2))
    covariance = np.cov(space.coordinates.T, targets.T, bias=True)[:size, -2:]
    np.testing.assert_allclose(space.covariance(targets), covariance, atol=1e-6)
    np.testing.assert_allclose(space.variance, np.square(space.coordinates).mean(axis=0), rtol=1e-5)


def test_features_without_any_difference_are_refused():
    with pytest.raises(ValueError, match="every train clip has the same features; check backbone_features"):
        RowSpace(Rows.of(np.ones((4, 3))))


def test_the_ridge_start_is_the_closed_form_and_the_cross_entropy_is_at_its_optimum():
    generator = np.random.default_rng(1)
    x, scores = generator.normal(size=(30, 50)), generator.normal(size=(30, 2))
    solver = RidgeSolver(strengths=(0.1,), refinements=0, tolerance=1e-9)
    settings = {"strength": 0.1, "iterations": 0}
    centred = x - x.mean(axis=0)
    penalty = 0.1 * np.linalg.eigvalsh(centred @ centred.T)[-1]
    ridge = np.linalg.solve(centred.T @ centred + penalty * np.eye(50), centred.T @ (scores - scores.mean(axis=0)))
    weight = solver.refit(Rows.of(x), scores, NegativeCosineCubed, settings)
    np.testing.assert_allclose(weight.T, ridge / (centred @ ridge).std(axis=0), atol=1e-8)
    labels = (scores > 0).astype(float)
    weight = solver.refit(Rows.of(x), labels, BinaryCrossEntropy, settings)
    offsets = np.linspace(-3, 3, 20001)[:, None]
    for concept in range(2):
        logits = centred @ weight[concept]
        loss = np.logaddexp(0, logits + offsets) - (logits + offsets) * labels[:, concept]
        logits = logits + offsets[loss.mean(axis=1).argmin()]
        slope = centred.T @ (1 / (1 + np.exp(-logits)) - labels[:, concept]) / 30 + penalty / 30 * weight[concept]
        assert np.abs(slope).max() < 1e-3


def test_more_refinement_never_costs_val_similarity():
    x, _, _ = study()
    scores = np.maximum(x[:, :3] - x[:, :3].mean(axis=0), 0) ** 3  # a few clips decide, as they do for the similarity
    plain, refined = (
        RidgeSolver(refinements=count).fit(
            Rows.of(x[:60]), scores[:60], Rows.of(x[60:]), scores[60:], NegativeCosineCubed
        )
        for count in (0, 30)
    )
    losses = [min(point["val_loss"] for point in chosen.val_curve) for chosen in (plain, refined)]
    assert losses[1] < losses[0] < -0.7
    assert refined.settings["iterations"] > 0


@pytest.mark.parametrize("objective", [BinaryCrossEntropy, NegativeCosineCubed])
def test_the_weights_of_ridge_give_the_val_loss_that_is_told(objective):
    x, scores, labels = study()
    targets = labels if objective is BinaryCrossEntropy else scores
    chosen = RidgeSolver().fit(Rows.of(x[:60]), targets[:60], Rows.of(x[60:]), targets[60:], objective)
    assert chosen.val_loss.mean() == pytest.approx(min(point["val_loss"] for point in chosen.val_curve))
    if objective is NegativeCosineCubed:
        np.testing.assert_allclose(objective(targets[60:]).loss(x[60:] @ chosen.weight.T), chosen.val_loss, atol=1e-5)
    else:
        activations = x[60:] @ chosen.weight.T
        shifts = np.linspace(-60, 60, 24001)
        best = [
            min(np.mean(np.logaddexp(0, a + shifts[:, None]) - (a + shifts[:, None]) * t, axis=1))
            for a, t in zip(activations.T, targets[60:].T, strict=True)
        ]
        assert (chosen.val_loss >= np.array(best) - 1e-6).all()
        assert chosen.val_loss.mean() < np.mean(best) + 0.05


@pytest.mark.parametrize("objective", [BinaryCrossEntropy, NegativeCosineCubed])
def test_a_refit_on_the_same_clips_is_the_fit(objective):
    x, scores, labels = study()
    targets = labels if objective is BinaryCrossEntropy else scores
    solver = RidgeSolver(tolerance=1e-6)
    chosen = solver.fit(Rows.of(x[:60]), targets[:60], Rows.of(x[60:]), targets[60:], objective)
    again = solver.refit(Rows.of(x[:60]), targets[:60], objective, chosen.settings)
    for one, two in zip(chosen.weight, again, strict=True):
        assert np.corrcoef((x - x.mean(axis=0)) @ np.column_stack([one, two]), rowvar=False)[0, 1] > 0.99999


@pytest.mark.parametrize("objective", [BinaryCrossEntropy, NegativeCosineCubed])
def test_a_concept_is_learnt_alike_alone_and_in_company(objective):
    x, scores, labels = study()
    targets = labels if objective is BinaryCrossEntropy else scores
    solver, settings = RidgeSolver(tolerance=1e-7), {"strength": 1e-2, "iterations": 4}
    if objective is BinaryCrossEntropy:
        settings["iterations"] = 0
    together = solver.refit(Rows.of(x), targets, objective, settings)
    for concept in range(4):
        alone = solver.refit(Rows.of(x), targets[:, [concept]], objective, settings)
        np.testing.assert_allclose(alone[0], together[concept], rtol=1e-2, atol=1e-3 * np.abs(alone).max())


def test_adam_follows_the_looks_of_the_authors():
    x, _, labels = study()
    x = x / 10
    solver = AdamSolver(steps=60, learning_rate=1e-2, check_every=25)
    chosen = solver.fit(Rows.of(x[:60]), labels[:60], Rows.of(x[60:]), labels[60:], BinaryCrossEntropy)
    assert [point["step"] for point in chosen.val_curve] == [0, 25, 50, 59]
    best = min(chosen.val_curve, key=lambda point: point["val_loss"])
    assert chosen.settings == {"step": best["step"]}
    again = solver.refit(Rows.of(x[:60]), labels[:60], BinaryCrossEntropy, chosen.settings)
    np.testing.assert_array_equal(again, chosen.weight)


def test_adam_stops_the_similarity_at_the_first_look_that_is_not_better_and_never_the_cross_entropy():
    x, scores, labels = study(width=40)
    scores[60:] *= -1  # what is learnt from train only ever gets worse here
    solver = AdamSolver(steps=50, learning_rate=1e-2, check_every=10)
    chosen = solver.fit(Rows.of(x[:60]), scores[:60], Rows.of(x[60:]), scores[60:], NegativeCosineCubed)
    looks = [point["step"] for point in chosen.val_curve]
    losses = [point["val_loss"] for point in chosen.val_curve]
    assert looks[-1] < 49 and losses[-1] >= losses[-2]
    assert all(later < earlier for earlier, later in pairwise(losses[:-1]))
    chosen = solver.fit(Rows.of(x[:60]), labels[:60], Rows.of(x[60:]), 1 - labels[60:], BinaryCrossEntropy)
    assert [point["step"] for point in chosen.val_curve] == [0, 10, 20, 30, 40, 49]


@pytest.mark.parametrize("objective", [BinaryCrossEntropy, NegativeCosineCubed])
def test_adam_takes_the_steps_of_torch(objective):
    torch = pytest.importorskip("torch")
    x, scores, labels = study(width=30)
    targets = labels if objective is BinaryCrossEntropy else scores
    found = AdamSolver(seed=3).refit(Rows.of(x), targets, objective, {"step": 24})
    bound = 1 / np.sqrt(30) if objective is NegativeCosineCubed else np.sqrt(6 / 34)
    start = np.random.default_rng(3).uniform(-bound, bound, (30, 4)).astype(np.float32)
    layer = torch.nn.Linear(30, 4, bias=False)
    layer.weight.data = torch.tensor(start.T)
    optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
    features, wanted = torch.tensor(x, dtype=torch.float32), torch.tensor(targets, dtype=torch.float32)
    for _ in range(25):
        out = layer(features)
        if objective is BinaryCrossEntropy:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(out, wanted)
        else:
            cubes = [(columns - columns.mean(dim=0)) ** 3 for columns in (out, wanted)]
            loss = -torch.nn.functional.cosine_similarity(*cubes, dim=0).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    moved = np.abs(found.T - start).mean()
    assert np.abs(found - layer.weight.detach().numpy()).max() < 0.01 * moved


def test_adam_draws_batches_only_where_there_are_more_clips():
    x, scores, _ = study(width=20)
    settings = {"step": 5}
    whole, larger, smaller, again = (
        AdamSolver(batch_size=size).refit(Rows.of(x), scores, NegativeCosineCubed, settings)
        for size in (90, 50_000, 40, 40)
    )
    np.testing.assert_array_equal(whole, larger)
    np.testing.assert_array_equal(smaller, again)
    assert np.abs(smaller - whole).max() > 1e-5
