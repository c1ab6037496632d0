"""VideoMAE and its kin on tiny models, compared with a slow second computation."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import TimesformerForVideoClassification, VideoMAEForVideoClassification, VideoMAEImageProcessorPil

from dance_core.backbones import BackboneSettings, load_backbone
from tests.unit.networks import tiny_models
from tests.unit.networks.memory_clip import MemoryClip, features_of, random_pictures

CLIP = MemoryClip(random_pictures(4, 16, 20, 30))
FRAMES = [2, 6, 10, 14]  # middles of four segments of sixteen frames


def settings(folder, name="videomae", frames=4):
    return BackboneSettings(name=name, model=str(folder), frames=frames, device="cpu")


def pixels(folder):
    processor = VideoMAEImageProcessorPil(**json.loads((folder / "preprocessor_config.json").read_text()))
    return processor(list(CLIP.pictures[FRAMES]), return_tensors="pt")["pixel_values"].reshape(1, 4, 3, 16, 16)


def test_a_fine_tuned_model_gives_what_its_classifier_reads(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    features = features_of(load_backbone(settings(folder)), CLIP)
    model = VideoMAEForVideoClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        logits = model(pixels(folder)).logits[0]
        np.testing.assert_allclose(model.classifier(torch.from_numpy(features)), logits, atol=1e-5)
        # By hand: mean of the tokens, then layer norm.
        tokens = model.videomae(pixels(folder)).last_hidden_state[0].double()
        mean = tokens.mean(0)
        normal = (mean - mean.mean()) / torch.sqrt(mean.var(correction=0) + model.fc_norm.eps)
        np.testing.assert_allclose(features, normal * model.fc_norm.weight + model.fc_norm.bias, atol=1e-5)


def test_a_classifier_of_the_first_token_gives_that(tmp_path):
    """So are models fine-tuned from the pretrained one by transformers' own recipe."""
    folder = tiny_models.videomae(tmp_path, use_mean_pooling=False)
    model = VideoMAEForVideoClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        first = model.videomae(pixels(folder)).last_hidden_state[0, 0]
    np.testing.assert_allclose(features_of(load_backbone(settings(folder)), CLIP), first, atol=1e-5)


def test_a_pretrained_model_gives_the_mean_of_its_tokens(tmp_path):
    folder = tiny_models.videomae(tmp_path, finetuned=False)
    features = features_of(load_backbone(settings(folder)), CLIP)
    weights = load_file(folder / "model.safetensors")
    classifier = VideoMAEForVideoClassification.from_pretrained(folder).eval()
    assert any(name.startswith("decoder.") for name in weights)
    with torch.inference_mode():
        tokens = classifier.videomae(pixels(folder)).last_hidden_state[0]
    np.testing.assert_allclose(features, tokens.mean(0), atol=1e-5)


def test_a_dense_window_is_what_the_network_sees(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    dense = replace(settings(folder), sampling="dense", stride=2)
    middle = MemoryClip(CLIP.pictures[[4, 6, 8, 10]])  # room for 9 starts, the middle one taken
    np.testing.assert_array_equal(
        features_of(load_backbone(dense), CLIP), features_of(load_backbone(settings(folder)), middle)
    )
    with pytest.raises(ValueError, match="backbone: sampling 'random' is unknown; use one of: segment, dense"):
        load_backbone(replace(dense, sampling="random"))


def test_the_same_bits_every_time(tmp_path):
    backbone = load_backbone(settings(tiny_models.videomae(tmp_path)))
    np.testing.assert_array_equal(features_of(backbone, CLIP), features_of(backbone, CLIP))


def test_another_video_classifier_gives_what_its_classifier_reads(tmp_path):
    folder = tiny_models.timesformer(tmp_path)
    features = features_of(load_backbone(settings(folder, "transformers_video")), CLIP)
    model = TimesformerForVideoClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        np.testing.assert_allclose(
            model.classifier(torch.from_numpy(features)), model(pixels(folder)).logits[0], atol=1e-5
        )


def test_both_ways_to_load_a_fine_tuned_videomae_agree(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    own, general = (
        features_of(load_backbone(settings(folder, name)), CLIP) for name in ("videomae", "transformers_video")
    )
    np.testing.assert_allclose(own, general, atol=1e-6)


def test_a_missing_weight_is_refused_instead_of_staying_random(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["fc_norm.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        ValueError, match=r"has no weight 'fc_norm.weight' of the right shape \(1 such\), and it would st"
    ):
        load_backbone(settings(folder))


def test_another_number_of_frames_is_refused(tmp_path):
    folder = tiny_models.videomae(tmp_path)
    with pytest.raises(ValueError, match=r"backbone.frames is 16 but '.*' expects 4; set backbone.frames: 4"):
        load_backbone(settings(folder, frames=16))


def test_another_kind_of_model_is_refused(tmp_path):
    folder = tiny_models.timesformer(tmp_path)
    with pytest.raises(ValueError, match=r"is of type 'timesformer', not videomae; set backbone.name: transformers_v"):
        load_backbone(settings(folder))


def test_a_model_that_classifies_no_videos_is_refused(tmp_path):
    folder = tiny_models.clip(tmp_path)
    with pytest.raises(
        ValueError, match=r"backbone.model: '.*' is of type 'clip', which is no video classifier; use one of: .*timesf"
    ):
        load_backbone(settings(folder, "transformers_video"))
