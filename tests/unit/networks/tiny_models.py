"""Tiny randomly initialised models, saved the way a user would have them."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    CLIPConfig,
    CLIPModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipModel,
    TimesformerConfig,
    TimesformerForVideoClassification,
    VideoMAEConfig,
    VideoMAEForPreTraining,
    VideoMAEForVideoClassification,
    XCLIPConfig,
    XCLIPModel,
)

WORDS = ["<pad>", "<unk>", "<start>", "a", "photo", "video", "of", "ball", "dog", "street", "in", "<end>"]
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
PREPROCESSOR = {
    "size": {"shortest_edge": 16},
    "crop_size": {"height": 16, "width": 16},
    "do_center_crop": True,
    "resample": 2,
    "image_mean": [0.4, 0.5, 0.6],
    "image_std": [0.2, 0.3, 0.4],
}


def save(model: PreTrainedModel, folder: Path) -> Path:
    """Save a model with its preprocessor, weights spread so that no activation is negligible."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    return folder


def save_tokenizer(folder: Path) -> None:
    """Save a tokenizer that knows a dozen words."""
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 2), ("<end>", 11)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<start>", eos_token="<end>"
    ).save_pretrained(folder)


def videomae(folder: Path, finetuned: bool = True, **changes) -> Path:
    config = VideoMAEConfig(
        **{
            **SMALL,
            "image_size": 16,
            "patch_size": 8,
            "num_frames": 4,
            "tubelet_size": 2,
            "num_labels": 3,
            "decoder_hidden_size": 8,
            "decoder_num_hidden_layers": 1,
            "decoder_num_attention_heads": 2,
            "decoder_intermediate_size": 8,
            **changes,
        }
    )
    return save((VideoMAEForVideoClassification if finetuned else VideoMAEForPreTraining)(config), folder)


def timesformer(folder: Path) -> Path:
    config = TimesformerConfig(**SMALL, image_size=16, patch_size=8, num_frames=4, num_labels=3)
    return save(TimesformerForVideoClassification(config), folder)


TEXT = {**SMALL, "vocab_size": len(WORDS), "max_position_embeddings": 9, "eos_token_id": 11, "pad_token_id": 0}
VISION = {**SMALL, "image_size": 16, "patch_size": 8}


def clip(folder: Path) -> Path:
    save_tokenizer(folder)
    return save(CLIPModel(CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=10)), folder)


def siglip(folder: Path) -> Path:
    save_tokenizer(folder)
    return save(SiglipModel(SiglipConfig(text_config=TEXT, vision_config=VISION)), folder)


def xclip(folder: Path, frames: int = 4) -> Path:
    save_tokenizer(folder)
    vision = {
        **VISION,
        "num_frames": frames,
        "mit_hidden_size": 10,
        "mit_intermediate_size": 12,
        "mit_num_hidden_layers": 1,
        "mit_num_attention_heads": 2,
    }
    config = XCLIPConfig(text_config=TEXT, vision_config=vision, projection_dim=10, prompt_num_attention_heads=2)
    return save(XCLIPModel(config), folder)
