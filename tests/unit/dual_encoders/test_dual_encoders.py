"""The registry, prompts, and the tables of clip and concept embeddings."""

import numpy as np
import pandas as pd
import pytest

import dance_core.dual_encoders as dual_encoders
from dance_core.dual_encoders import (
    DUAL_ENCODERS,
    DualEncoderSettings,
    activation_cutoff,
    clip_features,
    concept_features,
    default_cutoff,
    load_dual_encoder,
    text_features,
)
from dance_core.tables import write_table
from tests.unit.networks.memory_clip import MemoryClip, embedding_of, random_pictures

SETTINGS = DualEncoderSettings()


class CountingEncoder:
    """Embeds a sentence by its length and its number of words, a clip by its frames."""

    def text_embedding(self, text):
        return np.array([len(text), len(text.split())], float)

    def prepare(self, clip):
        return np.array([3.0 * clip.n_frames, 4.0 * clip.n_frames])

    def clip_embeddings(self, inputs):
        return inputs


@pytest.fixture
def counting_encoder(monkeypatch):
    monkeypatch.setattr(dual_encoders, "load_dual_encoder", lambda settings: CountingEncoder())
    monkeypatch.setattr(dual_encoders, "TEMPLATES", {"object": ("a {}", "one {} here"), "scene": ("{}",)})


def test_several_sentences_are_averaged_as_directions(counting_encoder):
    first, second = np.array([6, 2]) / np.hypot(6, 2), np.array([13, 3]) / np.hypot(13, 3)
    expected = (first + second) / np.linalg.norm(first + second)
    features = text_features(["ball"], SETTINGS, "object")
    assert features[0] == pytest.approx(expected)
    assert features.dtype == np.float32


def test_clip_embeddings_have_length_one(counting_encoder):
    manifest = pd.DataFrame(
        {"clip_id": ["b", "a"], "path": "x.mp4", "n_frames": [5, 7], "fps": 25.0, "status": ["ok", "unreadable"]}
    )
    (table,) = clip_features(manifest, "data", SETTINGS)
    assert table["clip_id"].tolist() == ["b"]
    assert table["features"][0] == pytest.approx([0.6, 0.8])


def test_an_absent_device_is_told_before_any_weights_are_read(monkeypatch, tmp_path):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    absent = DualEncoderSettings("viclip", tmp_path, model="viclip-base-patch16", device="cuda")
    with pytest.raises(ValueError, match="device 'cuda' is asked for"):
        load_dual_encoder(absent)
    monkeypatch.setattr(dual_encoders, "load_dual_encoder", lambda settings: pytest.fail("the weights were read"))
    with pytest.raises(ValueError, match="device 'cuda' is asked for"):
        next(clip_features(pd.DataFrame(), "data", absent))


def test_viclip_reads_the_sentence_of_the_paper(monkeypatch):
    monkeypatch.setattr(dual_encoders, "load_dual_encoder", lambda settings: CountingEncoder())
    settings = DualEncoderSettings(name="viclip")
    expected = np.array([len("A video of ball"), 4]) / np.hypot(len("A video of ball"), 4)
    assert text_features(["ball"], settings, "object")[0] == pytest.approx(expected)
    assert text_features(["ball"], settings)[0] == pytest.approx(np.array([4, 1]) / np.hypot(4, 1))


def test_only_kept_concepts_are_embedded_each_by_its_family(counting_encoder):
    concepts = pd.DataFrame(
        {
            "family": ["scene", "object", "object"],
            "concept": ["street", "ball", "thing"],
            "kept": [True, True, False],
        }
    )
    table = concept_features(concepts, SETTINGS)
    assert table[["family", "concept"]].values.tolist() == [["scene", "street"], ["object", "ball"]]
    assert table["features"][0] == pytest.approx(np.array([6, 1]) / np.hypot(6, 1))
    np.testing.assert_array_equal(table["features"][1], text_features(["ball"], SETTINGS, "object")[0])


def test_an_unknown_encoder_is_refused():
    for call in (lambda: load_dual_encoder(DualEncoderSettings(name="viclap")), lambda: default_cutoff("viclap")):
        with pytest.raises(
            ValueError, match="dual encoder 'viclap' is unknown; use one of: clip, conse, file, siglip, viclip, xclip"
        ):
            call()


def test_every_encoder_has_a_cutoff():
    assert all(0 < default_cutoff(name) < 1 for name in DUAL_ENCODERS)


def test_a_cutoff_that_was_set_wins():
    assert activation_cutoff(None, "conse") == default_cutoff("conse")
    assert activation_cutoff(0.0, "conse") == 0.0


@pytest.fixture
def embeddings(tmp_path):
    write_table(tmp_path / "clip_features.parquet", pd.DataFrame({"clip_id": ["a"], "features": [[0.0, 2.0]]}))
    concepts = pd.DataFrame({"concept": ["ball"], "features": [[3.0, 4.0]]})
    write_table(tmp_path / "concept_features.parquet", concepts)
    return DualEncoderSettings(name="file", model=str(tmp_path))


def test_embeddings_from_files_are_looked_up_by_bare_names(embeddings):
    assert text_features(["ball"], embeddings, "object")[0] == pytest.approx([0.6, 0.8])
    clip = MemoryClip(random_pictures(0, 2), clip_id="a")
    assert embedding_of(load_dual_encoder(embeddings), clip).tolist() == [0, 2]


def test_what_a_file_lacks_is_named(embeddings):
    with pytest.raises(ValueError, match="clip 'b' has no features; add it to clip_features"):
        embedding_of(load_dual_encoder(embeddings), MemoryClip(random_pictures(0, 2), clip_id="b"))


def test_all_texts_that_a_file_lacks_are_named_at_once(embeddings):
    with pytest.raises(ValueError) as error:
        text_features(["ball", "tennis serve", "sofa"], embeddings)
    assert str(error.value) == (
        f"{embeddings.model}: concept_features lacks 2 of 3 texts: 'sofa', 'tennis serve'; "
        "it must hold every class name as spoken (clean_and_jerk is 'clean and jerk'), every concept of the "
        "answers and every word of a vocabulary: add a row for each"
    )
    concepts = pd.DataFrame({"family": "object", "concept": [f"thing {k:02}" for k in range(12)], "kept": True})
    with pytest.raises(ValueError, match=r"lacks 12 of 12 texts: 'thing 00', .*'thing 09' and 2 more; it must hold"):
        concept_features(concepts, embeddings)
    with pytest.raises(ValueError, match="lacks 1 of 1 texts: 'sofa'; it must hold"):
        load_dual_encoder(embeddings).text_embedding("sofa")


def test_an_absent_file_of_embeddings_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"dual_encoder.model: file '.*clip_features.parquet' is absent"):
        load_dual_encoder(DualEncoderSettings(name="file", model=str(tmp_path)))
