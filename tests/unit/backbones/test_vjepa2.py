"""V-JEPA 2 on tiny models, compared with transformers' own classes."""

import numpy as np
import pytest
import torch
from transformers import VJEPA2ForVideoClassification, VJEPA2Model

from dance_core.backbones import BackboneSettings, load_backbone
from tests.unit.networks import tiny_models
from tests.unit.networks.memory_clip import MemoryClip, features_of, random_pictures
from tests.unit.networks.tiny_encoders import save_vjepa2

CLIP = MemoryClip(random_pictures(4, 32, 20, 30))


def settings(folder, frames=16):
    return BackboneSettings("vjepa2", model=str(folder), frames=frames, device="cpu")


def pixels(backbone):
    """The backbone's own input; that it is right is tested with the preprocessing."""
    inputs = torch.from_numpy(backbone.prepare(CLIP, None)[None])
    mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.4])
    return ((inputs / 255 - mean) / std).permute(0, 1, 4, 2, 3)


def test_a_fine_tuned_model_gives_what_its_classifier_reads(tmp_path):
    save_vjepa2(tmp_path, finetuned=True)
    backbone = load_backbone(settings(tmp_path))
    model = VJEPA2ForVideoClassification.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        logits = model(pixels(backbone)).logits[0]
        ours = model.classifier(torch.from_numpy(features_of(backbone, CLIP)))
    np.testing.assert_allclose(ours, logits, atol=1e-4)


def test_a_pretrained_model_gives_the_mean_of_its_tokens_for_any_even_number_of_frames(tmp_path):
    save_vjepa2(tmp_path, finetuned=False)
    backbone = load_backbone(settings(tmp_path, frames=6))
    model = VJEPA2Model.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        tokens = model(pixels(backbone)).last_hidden_state
    assert tokens.shape == (1, 3 * 2 * 2, 24)
    np.testing.assert_allclose(features_of(backbone, CLIP), tokens[0].mean(0), atol=1e-5)


def test_frames_that_cannot_be_joined_are_refused(tmp_path):
    save_vjepa2(tmp_path, finetuned=True)
    with pytest.raises(
        ValueError, match=r"backbone\.frames is 5 but '.*' joins every 2 frames; set backbone\.frames: 16"
    ):
        load_backbone(settings(tmp_path, frames=5))


def test_another_kind_of_model_is_refused(tmp_path):
    folder = tiny_models.timesformer(tmp_path)
    with pytest.raises(
        ValueError, match=r"is of type 'timesformer', not vjepa2; set backbone\.name: transformers_video"
    ):
        load_backbone(settings(folder))
