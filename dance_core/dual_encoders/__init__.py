"""Dual encoders: clips and words in one space, which is where pseudo-labels of objects and scenes come from."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dance_core.devices import pick_device
from dance_core.dual_encoders.file import Embeddings
from dance_core.dual_encoders.settings import DualEncoder, DualEncoderSettings
from dance_core.networks.clip_batches import batch_size, embedded
from dance_core.networks.clip_frames import feature_tables, readable_clips

__all__ = [
    "DUAL_ENCODERS",
    "DualEncoder",
    "DualEncoderSettings",
    "activation_cutoff",
    "clip_features",
    "concept_features",
    "default_cutoff",
    "load_dual_encoder",
    "text_features",
]

DUAL_ENCODERS = ("clip", "conse", "file", "siglip", "viclip", "xclip")
TEMPLATES = {
    "object": ("a photo of a {}", "a video of a {}", "a {} in the background", "a person with a {}"),
    "scene": ("a photo of a {}", "a video of a {}", "a person in a {}", "a scene in a {}"),
}
# The sentence of the paper, which ViCLIP is used with.
PAPER = ("A video of {}",)
BARE = ("{}",)
CUTOFFS = {"clip": 0.2, "conse": 0.45, "file": 0.2, "siglip": 0.05, "viclip": 0.2, "xclip": 0.2}


def clip_features(
    manifest_rows: pd.DataFrame, source: str | Path, settings: DualEncoderSettings, workers: int = 0
) -> Iterator[pd.DataFrame]:
    """Embed every usable clip in the space it shares with text.

    Batches are always full, so the embedding of a clip does not depend on the clips it shares a shard with.

    Args:
        manifest_rows: Rows of the manifest.
        source: Folder that the paths of the manifest start from.
        settings: Which dual encoder, and how.
        workers: Processes that decode clips ahead; 0 decodes each when its turn comes.

    Yields:
        Tables of some clips each: columns clip_id and features (float32 arrays of length one), usable clips in the
        order of the manifest.

    Raises:
        ValueError: The encoder is unknown, its weights are absent, or a clip cannot be read.

    Source:
        DANCE, section 3.2 (video-text dual encoder).
    """
    # First, since the largest weights take a while to be checked and loaded.
    size = batch_size(settings.batch_size, pick_device(settings.device))
    encoder = load_dual_encoder(settings)
    clips = list(readable_clips(manifest_rows, source, settings.decoder))
    embeddings = embedded(encoder.prepare, ((clip,) for clip in clips), encoder.clip_embeddings, size, workers)
    yield from feature_tables((clip.clip_id, _direction(row)) for clip, row in zip(clips, embeddings, strict=True))


def text_features(texts: Sequence[str], settings: DualEncoderSettings, family: str = "") -> np.ndarray:
    """Embed words, each put into several sentences whose embeddings are averaged.

    Args:
        texts: Names of concepts.
        settings: Which dual encoder, and how.
        family: "object" or "scene" for sentences that suit it; any other for the bare words, as filters compare them.

    Returns:
        Embeddings of length one, float32 of shape (n, d).

    Raises:
        ValueError: The encoder is unknown, its weights are absent, or its file lacks a text.

    Source:
        Radford et al. 2021, section 3.1.4 (prompt ensembles).
    """
    encoder = _encoder_of_texts(settings, texts)
    return _text_features(encoder, texts, _templates(settings, family))


def concept_features(concept_set: pd.DataFrame, settings: DualEncoderSettings) -> pd.DataFrame:
    """Embed the concepts that were kept.

    Args:
        concept_set: Columns family, concept and kept.
        settings: Which dual encoder, and how.

    Returns:
        Columns family, concept and features (float32 arrays of length one), in the order of the concept set.

    Raises:
        ValueError: The encoder is unknown, its weights are absent, or its file lacks a text.
    """
    kept = concept_set[concept_set["kept"]].reset_index(drop=True)
    encoder = _encoder_of_texts(settings, list(kept["concept"]))
    features = [
        _text_features(encoder, [concept], _templates(settings, family))[0]
        for family, concept in zip(kept["family"], kept["concept"], strict=True)
    ]
    return pd.DataFrame({"family": kept["family"], "concept": kept["concept"], "features": features})


def default_cutoff(name: str) -> float:
    """Give the cosine above which a dual encoder sees a concept, for the activation filter of the pseudo-labels.

    Encoders differ in scale. With CLIP and its kin a picture and a fitting caption have a cosine near 0.25, with SigLIP
    near 0.1. ConSE compares sentences with sentences, which are never far apart: of the demo's concepts, most that no
    clip shows stay under 0.45 and most that some show reach 0.48 to 0.76.

    Args:
        name: Key of the registry.

    Returns:
        The cutoff.

    Raises:
        ValueError: The name is unknown.
    """
    _expect_known(name)
    return CUTOFFS[name]


def activation_cutoff(chosen: float | None, name: str) -> float:
    """Give the cutoff of the activation filter: the one that was set, or else the dual encoder's own.

    Args:
        chosen: A cosine, or None.
        name: Key of the registry.

    Returns:
        The cutoff.
    """
    return default_cutoff(name) if chosen is None else chosen


def load_dual_encoder(settings: DualEncoderSettings) -> DualEncoder:
    """Load the dual encoder that the settings name.

    Args:
        settings: Which dual encoder, and how.

    Returns:
        The dual encoder.

    Raises:
        ValueError: The name is unknown, or the weights are absent.
    """
    _expect_known(settings.name)
    if settings.name in ("clip", "siglip"):
        from dance_core.dual_encoders import clip

        return clip.load(settings)
    if settings.name == "file":
        from dance_core.dual_encoders import file

        return file.load(settings)
    if settings.name == "viclip":
        from dance_core.dual_encoders import viclip

        return viclip.load(settings)
    if settings.name == "xclip":
        from dance_core.dual_encoders import xclip

        return xclip.load(settings)
    from dance_core.dual_encoders import conse

    return conse.load(settings)


def _expect_known(name: str) -> None:
    if name not in DUAL_ENCODERS:
        raise ValueError(f"dual encoder '{name}' is unknown; use one of: {', '.join(DUAL_ENCODERS)}")


def _encoder_of_texts(settings: DualEncoderSettings, texts: Sequence[str]) -> DualEncoder:
    """Load the dual encoder; one that looks texts up in a file must have all of these."""
    encoder = load_dual_encoder(settings)
    if isinstance(encoder, Embeddings):
        encoder.expect_texts(texts)
    return encoder


def _templates(settings: DualEncoderSettings, family: str) -> Sequence[str]:
    """Choose sentences; embeddings from a file are looked up by the bare name."""
    if settings.name == "file" or family not in TEMPLATES:
        return BARE
    return PAPER if settings.name == "viclip" else TEMPLATES[family]


def _text_features(encoder: DualEncoder, texts: Sequence[str], templates: Sequence[str]) -> np.ndarray:
    """Average the directions of the sentences of each text."""
    sentences = [
        [_direction(encoder.text_embedding(template.format(text))) for template in templates] for text in texts
    ]
    return np.stack([_direction(np.mean(directions, axis=0)) for directions in sentences])


def _direction(embedding: np.ndarray) -> np.ndarray:
    """Scale an embedding to length one."""
    return (embedding / np.linalg.norm(embedding)).astype(np.float32)
