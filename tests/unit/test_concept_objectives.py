import numpy as np
import pytest

from dance_core.concept_objectives import BinaryCrossEntropy, NegativeCosineCubed


def numeric_gradient(objective, activations, step=1e-6):
    gradient = np.zeros_like(activations)
    for index in np.ndindex(*activations.shape):
        shifted = activations.copy()
        shifted[index] += step
        above = objective.loss_and_gradient(shifted)[0].sum()
        shifted[index] -= 2 * step
        gradient[index] = (above - objective.loss_and_gradient(shifted)[0].sum()) / (2 * step)
    return gradient


def slow_similarity(activations, scores):
    similarity = []
    for column in range(scores.shape[1]):
        a = [(value - activations[:, column].mean()) ** 3 for value in activations[:, column]]
        b = [(value - scores[:, column].mean()) ** 3 for value in scores[:, column]]
        similarity.append(np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return np.array(similarity)


@pytest.mark.parametrize("seed", range(5))
def test_the_similarity_is_that_of_the_paper(seed):
    generator = np.random.default_rng(seed)
    activations, scores = generator.normal(2, 3, size=(11, 4)), generator.normal(size=(11, 4))
    objective = NegativeCosineCubed(scores)
    loss, gradient = objective.loss_and_gradient(activations)
    np.testing.assert_allclose(-loss, slow_similarity(activations, scores), atol=1e-12)
    np.testing.assert_allclose(gradient, numeric_gradient(objective, activations), atol=1e-7)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e-30, -7e20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_column_has_similarity_zero_and_no_gradient(value, dtype):
    # The mean of seven times 0.1 is not 0.1: what rounding leaves must not count as a direction.
    constant, varying = np.full((7, 1), value, dtype), np.arange(7, dtype=dtype)[:, None] ** 2
    for activations, scores in ((constant, varying), (varying, constant), (constant, constant)):
        loss, gradient = NegativeCosineCubed(scores).loss_and_gradient(activations)
        assert loss[0] == 0 == NegativeCosineCubed(scores).loss(activations)[0]
        np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("scale", [1e-60, 1e-3, 1e40])
def test_the_similarity_does_not_know_scale_or_offset(scale):
    generator = np.random.default_rng(0)
    activations, scores = generator.normal(size=(9, 2)), generator.normal(size=(9, 2))
    expected = slow_similarity(activations, scores)
    np.testing.assert_allclose(-NegativeCosineCubed(scores * scale).loss(activations * scale), expected, atol=1e-9)
    np.testing.assert_allclose(-NegativeCosineCubed(scores + 5).loss(activations - 8), expected, atol=1e-9)


@pytest.mark.parametrize("objective", [BinaryCrossEntropy, NegativeCosineCubed])
def test_some_columns_are_what_all_of_them_give(objective):
    generator = np.random.default_rng(0)
    activations, targets = generator.normal(size=(9, 4)), (generator.normal(size=(9, 4)) > 0).astype(float)
    whole, index = objective(targets), np.array([3, 1])
    part = whole.columns(index)
    for full, some in zip(
        whole.loss_and_gradient(activations), part.loss_and_gradient(activations[:, index]), strict=True
    ):
        np.testing.assert_allclose(some, full[..., index], atol=1e-15)
    np.testing.assert_allclose(whole.loss(activations), whole.loss_and_gradient(activations)[0], atol=1e-14)
    np.testing.assert_array_equal(part.curvature, whole.curvature[index])
    np.testing.assert_array_equal(part.offset, whole.offset[index])


def test_the_cross_entropy_survives_large_logits_and_knows_the_best_constant():
    loss, _ = BinaryCrossEntropy(np.array([[1.0], [0.0]])).loss_and_gradient(np.array([[-800.0], [800.0]]))
    assert loss[0] == 800
    assert BinaryCrossEntropy(np.array([[1.0], [0], [0], [0]])).offset[0] == pytest.approx(np.log(1.5 / 3.5))


def test_the_cross_entropy_and_its_gradient():
    generator = np.random.default_rng(0)
    activations, labels = generator.normal(0, 3, size=(9, 3)), generator.integers(2, size=(9, 3)).astype(float)
    objective = BinaryCrossEntropy(labels)
    loss, gradient = objective.loss_and_gradient(activations)
    probability = 1 / (1 + np.exp(-activations))
    expected = -(labels * np.log(probability) + (1 - labels) * np.log(1 - probability)).mean(axis=0)
    np.testing.assert_allclose(loss, expected, atol=1e-12)
    np.testing.assert_allclose(gradient, numeric_gradient(objective, activations), atol=1e-7)
