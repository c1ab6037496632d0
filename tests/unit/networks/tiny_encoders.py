"""For every encoder of the registry a tiny one of the same class, in files and under names as the real one has them."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    TimesformerConfig,
    TimesformerForVideoClassification,
    VivitConfig,
    VivitForVideoClassification,
    VJEPA2Config,
    VJEPA2ForVideoClassification,
    VJEPA2Model,
)

from tests.unit.networks import tiny_models, tiny_viclip
from tests.unit.networks.tiny_models import SMALL


def random_tensors(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return {name: torch.randn(shape, generator=generator) * 0.1 for name, shape in shapes.items()}


def authors_tensors(width: int, depth: int, finetuned: bool, patch: int = 16) -> dict[str, torch.Tensor]:
    """VideoMAE under the names of its authors' code."""
    shapes = {"patch_embed.proj.weight": (width, 3, 2, patch, patch), "patch_embed.proj.bias": (width,)}
    for block in (f"blocks.{i}." for i in range(depth)):
        for norm in ("norm1", "norm2"):
            shapes |= {f"{block}{norm}.weight": (width,), f"{block}{norm}.bias": (width,)}
        shapes |= {f"{block}attn.q_bias": (width,), f"{block}attn.v_bias": (width,)}
        shapes |= {f"{block}attn.qkv.weight": (3 * width, width)}
        for layer, (rows, columns) in {
            "attn.proj": (width, width),
            "mlp.fc1": (4 * width, width),
            "mlp.fc2": (width, 4 * width),
        }.items():
            shapes |= {f"{block}{layer}.weight": (rows, columns), f"{block}{layer}.bias": (rows,)}
    last = "fc_norm" if finetuned else "norm"
    shapes |= {f"{last}.weight": (width,), f"{last}.bias": (width,)}
    if finetuned:
        return random_tensors({**shapes, "head.weight": (3, width), "head.bias": (3,)})
    shapes = {f"encoder.{name}": shape for name, shape in shapes.items()}
    shapes |= {"encoder_to_decoder.weight": (8, width), "mask_token": (1, 1, 8), "decoder.norm.weight": (8,)}
    return random_tensors(shapes)


def save_authors(folder: Path, finetuned: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    key = "module" if finetuned else "model"
    torch.save({key: authors_tensors(64, 1, finetuned), "epoch": 7}, folder / "checkpoint.pth")


def save_viclip(folder: Path) -> None:
    frames = torch.randn((1, 8, tiny_viclip.WIDTH), generator=torch.Generator().manual_seed(5))
    tensors = {**tiny_viclip.tensors(), "vision_encoder.temporal_positional_embedding": frames}
    tiny_viclip.save(folder, content=tensors)


def save_vjepa2(folder: Path, finetuned: bool) -> None:
    config = VJEPA2Config(
        patch_size=8,
        crop_size=16,
        frames_per_clip=16 if finetuned else 64,
        hidden_size=24,
        num_attention_heads=2,
        num_hidden_layers=1,
        mlp_ratio=2,
        pred_hidden_size=24,
        pred_num_attention_heads=2,
        pred_num_hidden_layers=1,
        num_pooler_layers=1,
        num_labels=3,
    )
    tiny_models.save((VJEPA2ForVideoClassification if finetuned else VJEPA2Model)(config), folder)
    (folder / "preprocessor_config.json").rename(folder / "video_preprocessor_config.json")


def save_vivit(folder: Path) -> None:
    config = VivitConfig(**SMALL, image_size=16, num_frames=32, tubelet_size=[2, 8, 8], num_labels=3)
    tiny_models.save(VivitForVideoClassification(config), folder)


def save_timesformer(folder: Path) -> None:
    config = TimesformerConfig(**SMALL, image_size=16, patch_size=8, num_frames=8, num_labels=3)
    tiny_models.save(TimesformerForVideoClassification(config), folder)


def save_old_clip(folder: Path, model: Callable[[Path], Path] = tiny_models.clip) -> None:
    """As the hub has it: a pickled file, and buffers of an older version of the library in it."""
    weights = load_file(model(folder) / "model.safetensors")
    for tower, length in (("text_model", 9), ("vision_model", 5)):
        weights[f"{tower}.embeddings.position_ids"] = torch.arange(length)[None]
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


SAVERS: dict[str, Callable[[Path], object]] = {
    "clip-vit-base-patch16": save_old_clip,
    "clip-vit-base-patch32": save_old_clip,
    "clip-vit-large-patch14": tiny_models.clip,
    "siglip2-base-patch16-224": tiny_models.siglip,
    "timesformer-base-finetuned-kinetics": save_timesformer,
    "viclip-base-patch16": save_viclip,
    "viclip-large-patch14": save_viclip,
    "videomae-base": lambda folder: tiny_models.videomae(folder, False, num_frames=16, use_mean_pooling=False),
    "videomae-base-authors": lambda folder: save_authors(folder, finetuned=True),
    "videomae-base-finetuned-kinetics": lambda folder: tiny_models.videomae(folder, num_frames=16),
    "videomae-base-finetuned-ssv2": lambda folder: tiny_models.videomae(folder, num_frames=16),
    "videomae-large": lambda folder: tiny_models.videomae(folder, False, num_frames=16, use_mean_pooling=False),
    "videomae-large-authors": lambda folder: save_authors(folder, finetuned=False),
    "videomae-large-finetuned-kinetics": lambda folder: tiny_models.videomae(folder, num_frames=16),
    "videomae-small-authors": lambda folder: save_authors(folder, finetuned=True),
    "videomae-small-finetuned-kinetics": lambda folder: tiny_models.videomae(folder, num_frames=16),
    "vivit-base-finetuned-kinetics": save_vivit,
    "vjepa2-large": lambda folder: save_vjepa2(folder, finetuned=False),
    "vjepa2-large-finetuned-ssv2": lambda folder: save_vjepa2(folder, finetuned=True),
    "xclip-base-patch16": lambda folder: tiny_models.xclip(folder, frames=8),
    "xclip-base-patch32": lambda folder: tiny_models.xclip(folder, frames=8),
}


def rename_a_weight(folder: Path, ending: str) -> str:
    """Give one weight of the model another name, and return that name."""
    path = next(path for path in folder.iterdir() if path.suffix in (".bin", ".pth", ".safetensors"))
    content = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    tensors = next((content[key] for key in ("model", "module") if key in content), content)
    name = next(name for name in sorted(tensors) if name.endswith(ending) and not name.startswith("decoder."))
    tensors[f"{name}_renamed"] = tensors.pop(name)
    if path.suffix == ".safetensors":
        save_file(content, path, metadata={"format": "pt"})
    else:
        torch.save(content, path)
    return f"{name}_renamed"
