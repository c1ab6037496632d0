"""Learning rates by hand: over steps, over depth, and what is not shrunk."""

import numpy as np
import pytest
from transformers import VideoMAEForVideoClassification

from dance_core.finetuning.schedule import learning_rate, make_optimiser, set_learning_rate
from dance_core.finetuning.settings import FinetuneSettings
from tests.unit.networks import tiny_models

SETTINGS = FinetuneSettings(learning_rate=1.0, batch_size=256, minimum_learning_rate=0.1, layer_decay=0.5)


def test_the_rate_rises_linearly_and_falls_as_half_a_cosine():
    rates = [learning_rate(step, 14, 4, SETTINGS) for step in range(15)]
    np.testing.assert_allclose(rates[:5], [0.1, 0.325, 0.55, 0.775, 1.0])
    assert rates[9] == pytest.approx(0.55)
    assert rates[14] == pytest.approx(0.1)
    assert (np.diff(rates[4:]) < 0).all()


def test_no_warm_up_starts_at_the_peak():
    assert learning_rate(0, 10, 0, SETTINGS) == 1.0


def test_lower_layers_learn_slower_and_norms_and_biases_are_not_shrunk(tmp_path):
    model = VideoMAEForVideoClassification.from_pretrained(tiny_models.videomae(tmp_path))
    optimiser = make_optimiser(model, SETTINGS)
    set_learning_rate(optimiser, 1.0)
    names = {weight: name for name, weight in model.named_parameters()}
    found = {names[w]: (g["lr"], g["weight_decay"]) for g in optimiser.param_groups for w in g["params"]}
    assert found.keys() == dict(model.named_parameters()).keys()
    layer = "videomae.encoder.layer"
    # Two layers: classifier 1, layer 1 a half, layer 0 a quarter, embeddings an eighth.
    assert found["classifier.weight"] == (1.0, 0.05)
    assert found["classifier.bias"] == (1.0, 0.0)
    assert found["fc_norm.weight"] == (1.0, 0.0)
    assert found[f"{layer}.1.output.dense.weight"] == (0.5, 0.05)
    assert found[f"{layer}.0.attention.attention.query.weight"] == (0.25, 0.05)
    assert found[f"{layer}.0.layernorm_before.weight"] == (0.25, 0.0)
    assert found["videomae.embeddings.patch_embeddings.projection.weight"] == (0.125, 0.05)
    assert optimiser.defaults["betas"] == (0.9, 0.999)


def test_position_embeddings_are_not_shrunk(tmp_path):
    from transformers import TimesformerForVideoClassification

    model = TimesformerForVideoClassification.from_pretrained(tiny_models.timesformer(tmp_path))
    names = {weight: name for name, weight in model.named_parameters()}
    groups = make_optimiser(model, SETTINGS).param_groups
    decay = {names[weight]: group["weight_decay"] for group in groups for weight in group["params"]}
    kept = [name for name in decay if name.endswith(("position_embeddings", "time_embeddings", "cls_token"))]
    assert len(kept) == 3
    assert not any(decay[name] for name in kept)
