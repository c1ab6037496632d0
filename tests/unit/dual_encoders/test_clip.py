"""CLIP, SigLIP and X-CLIP on tiny models, compared with a slow second computation."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import normalize
from transformers import AutoTokenizer, CLIPModel, SiglipModel, XCLIPModel

from dance_core.dual_encoders import DualEncoderSettings, load_dual_encoder
from tests.unit.networks import tiny_models
from tests.unit.networks.memory_clip import MemoryClip, embedding_of, random_pictures

CLIP = MemoryClip(random_pictures(8, 16, 16, 16))
FRAMES = [2, 6, 10, 14]  # middles of four segments of sixteen frames


def load(name, folder, frames=4):
    return load_dual_encoder(DualEncoderSettings(name=name, model=str(folder), frames=frames, device="cpu"))


def pixels():
    """Frames as the preprocessor of the tiny models wants them; they have the right size already."""
    colours = np.stack([np.asarray(Image.fromarray(CLIP.pictures[index])) for index in FRAMES]) / 255
    return torch.tensor(((colours - [0.4, 0.5, 0.6]) / [0.2, 0.3, 0.4]).transpose(0, 3, 1, 2), dtype=torch.float32)


def test_clip_averages_the_directions_of_its_frames(tmp_path):
    folder = tiny_models.clip(tmp_path)
    embedding = embedding_of(load("clip", folder), CLIP)
    model = CLIPModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        frames = [model.visual_projection(model.vision_model(p[None]).pooler_output)[0] for p in pixels()]
    expected = torch.stack([normalize(frame, dim=0) for frame in frames]).mean(0)
    np.testing.assert_allclose(embedding, expected, atol=1e-5)


def test_clip_text_is_the_same_as_in_the_model_itself(tmp_path):
    folder = tiny_models.clip(tmp_path)
    encoder, model = load("clip", folder), CLIPModel.from_pretrained(folder).eval()
    sentences = ["a photo of a dog", "a ball"]
    tokens = AutoTokenizer.from_pretrained(folder)(sentences, padding=True, return_tensors="pt")
    with torch.inference_mode():
        inputs = {key: tokens[key] for key in ("input_ids", "attention_mask")}
        outputs = model(pixel_values=pixels(), **inputs)
    ours = np.stack([encoder.text_embedding(sentence) for sentence in sentences])
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    np.testing.assert_allclose(ours, outputs.text_embeds, atol=1e-5)


def test_a_sentence_that_is_too_long_is_cut(tmp_path):
    encoder = load("clip", tiny_models.clip(tmp_path))
    assert np.isfinite(encoder.text_embedding("a photo " * 40)).all()


def test_siglip_reads_lower_case_padded_to_its_length(tmp_path):
    folder = tiny_models.siglip(tmp_path)
    encoder, model = load("siglip", folder), SiglipModel.from_pretrained(folder).eval()
    padded = torch.tensor([[2, 3, 8, 11, 0, 0, 0, 0, 0]])  # <start> a dog <end> and five times <pad>
    with torch.inference_mode():
        expected = model.text_model(input_ids=padded).pooler_output[0]
        frames = normalize(model.vision_model(pixels()).pooler_output, dim=1).mean(0)
    np.testing.assert_allclose(encoder.text_embedding("A Dog"), expected, atol=1e-5)
    np.testing.assert_allclose(embedding_of(encoder, CLIP), frames, atol=1e-5)


def test_xclip_embeds_the_frames_together(tmp_path):
    folder = tiny_models.xclip(tmp_path)
    encoder, model = load("xclip", folder), XCLIPModel.from_pretrained(folder).eval()
    tokens = AutoTokenizer.from_pretrained(folder)(["a dog", "a ball"], return_tensors="pt")
    with torch.inference_mode():
        video = model(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], pixel_values=pixels()[None]
        ).video_embeds[0]
        text = model.text_projection(model.text_model(tokens["input_ids"][:1]).pooler_output)[0]
    embedding = embedding_of(encoder, CLIP)
    np.testing.assert_allclose(embedding / np.linalg.norm(embedding), video, atol=1e-5)
    np.testing.assert_allclose(encoder.text_embedding("a dog"), text, atol=1e-5)


def test_xclip_refuses_another_number_of_frames(tmp_path):
    folder = tiny_models.xclip(tmp_path)
    with pytest.raises(ValueError, match=r"dual_encoder.frames is 8 but '.*' expects 4; set dual_encoder.frames: 4"):
        load("xclip", folder, frames=8)


@pytest.mark.parametrize("name", ["clip", "siglip", "xclip"])
def test_another_kind_of_model_is_refused(tmp_path, name):
    folder = tiny_models.videomae(tmp_path)
    with pytest.raises(
        ValueError, match=f"is of type 'videomae'; the dual encoder '{name}' needs a model of type '{name}'"
    ):
        load(name, folder)
