"""ViCLIP from its files to embeddings, through the interface that the stages use."""

import numpy as np
import pytest

from dance_core.dual_encoders import DualEncoderSettings, load_dual_encoder
from tests.unit.networks import tiny_viclip
from tests.unit.networks.local_hub import LocalHub, usual_hub
from tests.unit.networks.memory_clip import MemoryClip, embedding_of, random_pictures

CLIP = MemoryClip(random_pictures(8, 12, 16, 16))
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def load(model, **changes):
    options = {"name": "viclip", "model": str(model), "frames": tiny_viclip.FRAMES, "device": "cpu", **changes}
    return load_dual_encoder(DualEncoderSettings(**options))


def test_frames_are_spread_and_normalised_as_imagenet(tmp_path):
    """Three frames stand for thirds of the clip; they have the right size already."""
    frames = CLIP.pictures[[2, 6, 10]] / 255
    pixels = ((frames - MEAN) / STD).transpose(0, 3, 1, 2)
    expected = tiny_viclip.slow_vision(pixels, tiny_viclip.arrays(tiny_viclip.tensors()))
    embedding = embedding_of(load(tiny_viclip.save(tmp_path)), CLIP)
    assert embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, expected, atol=2e-5)


def test_larger_frames_are_shrunk_and_their_middle_is_seen(tmp_path):
    """48 x 32 pixels become 24 x 16, of which the middle 16 x 16 is seen: the dark borders are cut off."""
    pictures = np.zeros((5, 32, 48, 3), np.uint8)
    pictures[:, :, 8:40] = (200, 100, 50)
    seen = load(tiny_viclip.save(tmp_path)).prepare(MemoryClip(pictures))
    assert seen.shape == (3, 16, 16, 3)
    assert (seen[:, :, 1:-1] == (200, 100, 50)).all()


def test_a_short_clip_repeats_frames(tmp_path):
    encoder = load(tiny_viclip.save(tmp_path))
    assert np.isfinite(embedding_of(encoder, MemoryClip(CLIP.pictures[:1]))).all()


def test_sentences_are_tokenised_and_read(tmp_path):
    encoder = load(tiny_viclip.save(tmp_path))
    merges = {merge.replace(" ", ""): 512 + number for number, merge in enumerate(tiny_viclip.MERGES)}
    a = 256 + ord("a") - 33  # printable bytes come first, and once more as those that end a word
    tokens = [tiny_viclip.VOCABULARY - 2, a, merges["video</w>"], tiny_viclip.VOCABULARY - 1]
    expected = tiny_viclip.slow_text(tokens, tiny_viclip.arrays(tiny_viclip.tensors()))
    np.testing.assert_allclose(encoder.text_embedding("A video"), expected, atol=2e-5)
    long = encoder.text_embedding("a video " * 15)
    np.testing.assert_array_equal(long, encoder.text_embedding("a video " * 30))  # 30 tokens and two marks are read
    assert long.shape == embedding_of(encoder, CLIP).shape


def test_a_weight_file_beside_its_tokenizer_will_do(tmp_path):
    folder = tiny_viclip.save(tmp_path, "ViClip-InternVid-10M-FLT.pth", {"model": tiny_viclip.tensors()})
    by_folder, by_file = load(folder), load(folder / "ViClip-InternVid-10M-FLT.pth")
    np.testing.assert_array_equal(by_folder.text_embedding("a ball"), by_file.text_embedding("a ball"))


def test_a_name_of_the_registry_is_found_among_the_weights(tmp_path):
    folder = tiny_viclip.save(tmp_path / "viclip-base-patch16")
    by_name = load("viclip-base-patch16", weights=tmp_path)
    np.testing.assert_array_equal(by_name.text_embedding("a ball"), load(folder).text_embedding("a ball"))
    with pytest.raises(ValueError, match=r"'viclip-base-patch16' is no model for clip; set dual_encoder\.name: viclip"):
        load("viclip-base-patch16", weights=tmp_path, name="clip")


def test_short_numbers_give_nearly_the_same(tmp_path):
    folder = tiny_viclip.save(tmp_path)
    exact, short = (embedding_of(load(folder, precision=name), CLIP) for name in ("float32", "bfloat16"))
    assert short.dtype == np.float32
    assert exact @ short / np.linalg.norm(exact) / np.linalg.norm(short) > 0.999


def test_another_number_of_frames_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"^dual_encoder\.frames is 4 but '.*' expects 3; set dual_encoder\.frames: 3$"
    ):
        load(tiny_viclip.save(tmp_path), frames=4)


def test_a_folder_without_weights_or_with_several_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"^dual_encoder\.model: folder '.*' has no weights \(\.safetensors, \.pth, \.pt, "
    ):
        load(tmp_path)
    for name in ("a.pth", "b.pth"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"has a\.pth, b\.pth; put model\.safetensors there, or name one file$"):
        load(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    (tiny_viclip.save(tmp_path) / "bpe_simple_vocab_16e6.txt.gz").unlink()
    with pytest.raises(ValueError, match=r"^dual_encoder\.model: '.*' has no tokenizer; put tokenizer\.json"):
        load(tmp_path)


def test_a_hub_that_cannot_be_reached_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        ValueError,
        match=r"^dual_encoder\.model: model\.safetensors of 'nobody/viclip' cannot be loaded here \(HF_HUB_OFFLINE is "
        r"set\); put a complete copy of the model into a local folder and name that folder$",
    ):
        load("nobody/viclip", revision="0" * 40)


def test_weights_and_tokenizer_come_from_the_hub_and_no_code(tmp_path, monkeypatch):
    tiny_viclip.save(tmp_path / "own")
    files = {file.name: file.read_bytes() for file in (tmp_path / "own").iterdir()}
    served = LocalHub("0" * 40, {**files, "viclip.py": b"code"}, large=("model.safetensors",))
    with usual_hub(served, monkeypatch, tmp_path / "cache") as hub:
        fetched = load("someone/viclip", revision="0" * 40)
        assert {name for method, name, _ in hub.requests if method == "GET" and name} == set(files)
        del hub.files["model.safetensors"]
        with pytest.raises(
            ValueError, match=r"'other/viclip' has no model\.safetensors; name another model, or a local"
        ):
            load("other/viclip", revision="0" * 40)
    np.testing.assert_array_equal(fetched.text_embedding("a ball"), load(tmp_path / "own").text_embedding("a ball"))
