"""A tiny ViCLIP with random weights, and the slow computation that it has to agree with."""

import gzip
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

WIDTH, HEAD, FRAMES, PATCH, GRID, LAYERS, DIM, CONTEXT = 128, 64, 3, 8, 2, 2, 24, 40
MERGES = ["v i", "vi d", "e o</w>", "vid eo</w>", "b a", "l l</w>", "ba ll</w>"]
VOCABULARY = 2 * 256 + len(MERGES) + 2
BLOCK = {
    "attn.in_proj_weight": (3 * WIDTH, WIDTH),
    "attn.in_proj_bias": (3 * WIDTH,),
    "attn.out_proj.weight": (WIDTH, WIDTH),
    "attn.out_proj.bias": (WIDTH,),
    "ln_1.weight": (WIDTH,),
    "ln_1.bias": (WIDTH,),
    "mlp.c_fc.weight": (4 * WIDTH, WIDTH),
    "mlp.c_fc.bias": (4 * WIDTH,),
    "mlp.c_proj.weight": (WIDTH, 4 * WIDTH),
    "mlp.c_proj.bias": (WIDTH,),
    "ln_2.weight": (WIDTH,),
    "ln_2.bias": (WIDTH,),
}
SHAPES = {
    "vision_encoder.class_embedding": (WIDTH,),
    "vision_encoder.positional_embedding": (GRID**2 + 1, WIDTH),
    "vision_encoder.temporal_positional_embedding": (1, FRAMES, WIDTH),
    "vision_encoder.conv1.weight": (WIDTH, 3, 1, PATCH, PATCH),
    "vision_encoder.ln_pre.weight": (WIDTH,),
    "vision_encoder.ln_pre.bias": (WIDTH,),
    "vision_encoder.ln_post.weight": (WIDTH,),
    "vision_encoder.ln_post.bias": (WIDTH,),
    "vision_encoder.proj": (WIDTH, DIM),
    "text_encoder.token_embedding.weight": (VOCABULARY, WIDTH),
    "text_encoder.positional_embedding": (CONTEXT, WIDTH),
    "text_encoder.ln_final.weight": (WIDTH,),
    "text_encoder.ln_final.bias": (WIDTH,),
    "text_encoder.text_projection": (WIDTH, DIM),
    "temp": (),
    **{
        f"{tower}.transformer.resblocks.{layer}.{name}": shape
        for tower in ("vision_encoder", "text_encoder")
        for layer in range(LAYERS)
        for name, shape in BLOCK.items()
    },
}


def tensors():
    """Random weights, spread so that no part of the network is negligible."""
    generator = torch.Generator().manual_seed(3)
    scale = {1: 0.5, 2: 0.15}
    return {
        name: torch.randn(shape, generator=generator) * scale.get(len(shape), 0.3) + float(name.endswith("ln_1.weight"))
        for name, shape in SHAPES.items()
    }


def save(folder: Path, name="model.safetensors", content=None) -> Path:
    """Save the weights and CLIP's vocabulary, with only a few merges, as the hub has them."""
    content = tensors() if content is None else content
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".safetensors"):
        save_file(content, folder / name)
    else:
        torch.save(content, folder / name)
    (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(
        gzip.compress("\n".join(['"version"', *MERGES, ""]).encode(), mtime=0)
    )
    return folder


def arrays(weights):
    return {name: value.numpy().astype(np.float64) for name, value in weights.items()}


def normalised(x, weights, name):
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attention(x, weights, name, causal):
    """Head by head and token by token, x of shape [tokens, width]."""
    query, key, value = np.split(x @ weights[f"{name}.in_proj_weight"].T + weights[f"{name}.in_proj_bias"], 3, axis=1)
    seen = np.zeros_like(x)
    for start in range(0, x.shape[1], HEAD):
        head = slice(start, start + HEAD)
        for token in range(len(x)):
            others = slice(0, token + 1 if causal else len(x))
            fits = np.exp(key[others, head] @ query[token, head] / np.sqrt(HEAD))
            seen[token, head] = (fits / fits.sum()) @ value[others, head]
    return seen @ weights[f"{name}.out_proj.weight"].T + weights[f"{name}.out_proj.bias"]


def transformed(x, weights, tower, causal):
    for layer in range(LAYERS):
        name = f"{tower}.transformer.resblocks.{layer}"
        x = x + attention(normalised(x, weights, f"{name}.ln_1"), weights, f"{name}.attn", causal)
        hidden = normalised(x, weights, f"{name}.ln_2") @ weights[f"{name}.mlp.c_fc.weight"].T
        hidden = hidden + weights[f"{name}.mlp.c_fc.bias"]
        hidden = hidden / (1 + np.exp(-1.702 * hidden))
        x = x + hidden @ weights[f"{name}.mlp.c_proj.weight"].T + weights[f"{name}.mlp.c_proj.bias"]
    return x


def slow_vision(pixels, weights):
    """Embed one clip, pixels of shape [frames, 3, size, size]."""
    own = {name.removeprefix("vision_encoder."): value for name, value in weights.items()}
    tokens = [own["class_embedding"] + own["positional_embedding"][0]]
    for frame, picture in enumerate(pixels):
        for place in range(GRID**2):
            top, left = PATCH * (place // GRID), PATCH * (place % GRID)
            patch = picture[:, top : top + PATCH, left : left + PATCH]
            token = (own["conv1.weight"][:, :, 0] * patch).sum(axis=(1, 2, 3))
            tokens.append(
                token + own["positional_embedding"][1 + place] + own["temporal_positional_embedding"][0, frame]
            )
    x = transformed(normalised(np.stack(tokens), own, "ln_pre"), weights, "vision_encoder", causal=False)
    return normalised(x[0], own, "ln_post") @ own["proj"]


def slow_text(ids, weights):
    """Embed one text, a list of tokens."""
    own = {name.removeprefix("text_encoder."): value for name, value in weights.items()}
    x = np.stack([own["token_embedding.weight"][token] + own["positional_embedding"][i] for i, token in enumerate(ids)])
    x = transformed(x, weights, "text_encoder", causal=True)
    return normalised(x[int(np.argmax(ids))], own, "ln_final") @ own["text_projection"]
