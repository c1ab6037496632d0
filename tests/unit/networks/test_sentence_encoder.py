"""MiniLM: meanings, and the same bits every time."""

import numpy as np
import pytest
import torch

from dance_core.networks.sentence_encoder import SentenceEncoder
from tests.unit.networks.real_weights import WEIGHTS, needs


@pytest.fixture(scope="module")
def encode():
    return SentenceEncoder(WEIGHTS, torch.device("cpu"))


@needs("minilm")
def test_close_meanings_are_close(encode):
    sofa, couch, lorry = encode(["a sofa", "a couch", "a lorry on the road"])
    assert np.linalg.norm(sofa) == pytest.approx(1, abs=1e-5)
    assert sofa.shape == (384,)
    assert sofa @ couch > 0.8 > 0.4 > sofa @ lorry


@needs("minilm")
def test_company_changes_nothing_but_the_last_bits(encode):
    sentences = [f"a photo of {'a very ' * (i % 4)}large ball number {i}" for i in range(20)]
    together = encode(sentences)
    np.testing.assert_array_equal(encode(sentences), together)
    np.testing.assert_allclose(np.concatenate([encode([sentence]) for sentence in sentences]), together, atol=1e-6)


def test_absent_weights_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"weights '.*minilm/config.json' are absent; delete the folder"):
        SentenceEncoder(tmp_path, torch.device("cpu"))
