"""Both towers of ViCLIP, against a slow computation by hand and against transformers' own CLIP."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from dance_core.networks.viclip import ViClip, load_viclip
from tests.unit.networks import tiny_viclip
from tests.unit.networks.tiny_viclip import CONTEXT, DIM, FRAMES, GRID, LAYERS, PATCH, SHAPES, VOCABULARY, WIDTH

END = VOCABULARY - 1
TEXTS = [[END - 1, 5, 17, 300, END], [END - 1, 9, 2, 2, END]]
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return load_viclip(tiny_viclip.save(tmp_path_factory.mktemp("viclip")) / WEIGHTS)


@pytest.fixture
def pixels():
    size = GRID * PATCH
    return np.random.default_rng(0).normal(size=(3, FRAMES, 3, size, size)).astype(np.float32)


def embedded(network, pixels):
    with torch.inference_mode():
        return network.vision_encoder(torch.from_numpy(pixels)).numpy()


def read(network, ids):
    with torch.inference_mode():
        return network.text_encoder(torch.tensor(ids)).numpy()


def test_clips_agree_with_the_slow_computation(network, pixels):
    weights = tiny_viclip.arrays(tiny_viclip.tensors())
    expected = np.stack([tiny_viclip.slow_vision(clip.astype(np.float64), weights) for clip in pixels])
    assert expected.std(axis=0).min() > 1e-3  # the clips differ
    np.testing.assert_allclose(embedded(network, pixels), expected, atol=2e-5)


def test_an_embedding_does_not_depend_on_the_batch(network, pixels):
    together = embedded(network, pixels)
    for number, clip in enumerate(pixels):
        np.testing.assert_allclose(embedded(network, clip[None])[0], together[number], atol=1e-5)


def test_the_order_of_frames_counts(network, pixels):
    assert np.abs(embedded(network, pixels[:, ::-1].copy()) - embedded(network, pixels)).max() > 1e-2


def test_texts_agree_with_the_slow_computation(network):
    weights = tiny_viclip.arrays(tiny_viclip.tensors())
    expected = np.stack([tiny_viclip.slow_text(ids, weights) for ids in TEXTS])
    np.testing.assert_allclose(read(network, TEXTS), expected, atol=2e-5)


def test_texts_agree_with_the_tower_of_transformers(network):
    config = CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        projection_dim=DIM,
        num_hidden_layers=LAYERS,
        num_attention_heads=WIDTH // 64,
        max_position_embeddings=CONTEXT,
        hidden_act="quick_gelu",
        bos_token_id=END - 1,
        eos_token_id=END,
    )
    model = CLIPTextModelWithProjection(config).eval()
    model.load_state_dict(transformers_names(tiny_viclip.tensors()), strict=True)
    with torch.inference_mode():
        expected = model(torch.tensor(TEXTS)).text_embeds
    np.testing.assert_allclose(read(network, TEXTS), expected, atol=1e-5)


def transformers_names(weights):
    """The tensors of the text tower as CLIPTextModelWithProjection calls them."""
    own = {k.removeprefix("text_encoder."): v for k, v in weights.items() if k.startswith("text_encoder.")}
    named = {
        "text_model.embeddings.token_embedding.weight": own["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": own["positional_embedding"],
        "text_model.final_layer_norm.weight": own["ln_final.weight"],
        "text_model.final_layer_norm.bias": own["ln_final.bias"],
        "text_projection.weight": own["text_projection"].T.contiguous(),
    }
    parts = {
        "layer_norm1": "ln_1",
        "layer_norm2": "ln_2",
        "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj",
        "self_attn.out_proj": "attn.out_proj",
    }
    for layer in range(LAYERS):
        theirs, ours = f"text_model.encoder.layers.{layer}", f"transformer.resblocks.{layer}"
        for kind in ("weight", "bias"):
            for to, of in parts.items():
                named[f"{theirs}.{to}.{kind}"] = own[f"{ours}.{of}.{kind}"]
            fused = own[f"{ours}.attn.in_proj_{kind}"].chunk(3)
            for to, of in zip(("q_proj", "k_proj", "v_proj"), fused, strict=True):
                named[f"{theirs}.self_attn.{to}.{kind}"] = of
    return named


def test_what_follows_the_end_of_a_text_is_not_seen(network):
    padded = [[*TEXTS[0], 0, 0, 0], [*TEXTS[0], 7, 300, 1]]
    for row in read(network, padded):
        np.testing.assert_allclose(row, read(network, TEXTS[:1])[0], atol=1e-5)
    assert np.abs(read(network, TEXTS[:1]) - read(network, [[END - 1, 5, 17, 301, END]])).max() > 1e-2


def test_sizes_are_read_from_the_tensors(network):
    assert (network.frames, network.size, network.context, network.vocabulary) == (FRAMES, 16, 32, VOCABULARY)
    assert len(network.text_encoder.positional_embedding) == 32


@pytest.mark.parametrize(
    ("width", "patch", "layers", "dim", "text_width", "heads"),
    [(768, 16, 12, 512, 512, (12, 8)), (1024, 14, 24, 768, 768, (16, 12))],
    ids=["B/16", "L/14"],
)
def test_the_published_sizes(width, patch, layers, dim, text_width, heads):
    shapes = {
        "vision_encoder.conv1.weight": (width, 3, 1, patch, patch),
        "vision_encoder.positional_embedding": ((224 // patch) ** 2 + 1, width),
        "vision_encoder.temporal_positional_embedding": (1, 8, width),
        "vision_encoder.proj": (width, dim),
        "text_encoder.token_embedding.weight": (49408, text_width),
        "text_encoder.positional_embedding": (32, text_width),
        f"vision_encoder.transformer.resblocks.{layers - 1}.ln_1.bias": (width,),
        "text_encoder.transformer.resblocks.11.ln_1.bias": (text_width,),
    }
    with torch.device("meta"):
        network = ViClip({name: torch.empty(shape) for name, shape in shapes.items()}, "x")
        clips = network.vision_encoder(torch.empty(2, 8, 3, 224, 224))
        texts = network.text_encoder(torch.zeros(2, 32, dtype=torch.long))
    assert clips.shape == texts.shape == (2, dim)
    assert (network.size, network.frames) == (224, 8)
    assert (len(network.vision_encoder.transformer.resblocks), len(network.text_encoder.transformer.resblocks)) == (
        layers,
        12,
    )
    assert (width // 64, text_width // 64) == heads


@pytest.mark.parametrize("name", ["plain.pth", "nested.pth", "half.safetensors"])
def test_every_layout_of_a_checkpoint(tmp_path, network, pixels, name):
    weights = tiny_viclip.tensors()
    content = {"plain.pth": weights, "nested.pth": {"model": weights, "epoch": 3}}.get(name)
    half = {key: value.half() for key, value in weights.items()}
    loaded = load_viclip(tiny_viclip.save(tmp_path, name, content or half) / name)
    assert loaded.vision_encoder.proj.dtype == torch.float32
    expected = embedded(network, pixels)
    np.testing.assert_allclose(embedded(loaded, pixels), expected, atol=0.05 if name.startswith("half") else 0)


def renamed(weights):
    weights["vision_encoder.transformer.resblocks.1.mlp.c_fcc.bias"] = weights.pop(
        "vision_encoder.transformer.resblocks.1.mlp.c_fc.bias"
    )


def cut(weights):
    weights["text_encoder.text_projection"] = weights["text_encoder.text_projection"][:, :-1].contiguous()


def without_time(weights):
    del weights["vision_encoder.temporal_positional_embedding"]


def flat(weights):
    weights["vision_encoder.conv1.weight"] = weights["vision_encoder.conv1.weight"][:, :, 0].contiguous()


def odd_width(weights):
    weights["text_encoder.token_embedding.weight"] = torch.zeros(VOCABULARY, 100)


def without_a_block(weights):
    for name in [name for name in weights if "text_encoder.transformer.resblocks.0" in name]:
        del weights[name]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            renamed,
            r"tensor 'vision_encoder\.transformer\.resblocks\.1\.mlp\.c_fc\.bias' is missing \(1 such\), "
            r"tensor 'vision_encoder\.transformer\.resblocks\.1\.mlp\.c_fcc\.bias' is not expected \(1 such\); "
            r"a complete checkpoint of ViCLIP is expected$",
        ),
        (
            cut,
            r"tensor 'text_encoder\.text_projection' has shape \(128, 23\) in place of \(128, 24\) \(1 such\); a com",
        ),
        (without_time, r"tensor 'vision_encoder\.temporal_positional_embedding' is missing; a checkpoint of ViCLIP is"),
        (
            flat,
            r"'vision_encoder\.conv1\.weight' has shape \(128, 3, 8, 8\); 5 dimensions are expected in a checkpoint",
        ),
        (odd_width, r"'text_encoder\.token_embedding\.weight' has width 100; a multiple of 64 is expected$"),
        (without_a_block, r"'text_encoder\.transformer\.resblocks\.0\.attn\.in_proj_bias' is missing \(12 such\); a"),
    ],
)
def test_other_checkpoints_are_refused_by_the_tensor(tmp_path, change, sentence):
    weights = tiny_viclip.tensors()
    change(weights)
    save_file(weights, tmp_path / WEIGHTS)
    with pytest.raises(ValueError, match=sentence):
        load_viclip(tmp_path / WEIGHTS)


def test_the_temperature_may_be_there_or_not(tmp_path, network, pixels):
    weights = {name: value for name, value in tiny_viclip.tensors().items() if name != "temp"}
    assert len(weights) == len(SHAPES) - 1
    save_file(weights, tmp_path / WEIGHTS)
    np.testing.assert_array_equal(embedded(load_viclip(tmp_path / WEIGHTS), pixels), embedded(network, pixels))


def test_files_that_hold_no_tensors_are_refused(tmp_path):
    (tmp_path / WEIGHTS).write_bytes(b"not tensors")
    with pytest.raises(ValueError, match=r"model\.safetensors: cannot be read \(.+\); put a whole \.safetensors file"):
        load_viclip(tmp_path / WEIGHTS)
    torch.save({"model": {"temp": 3}}, tmp_path / "a.pth")
    with pytest.raises(ValueError, match=r"a\.pth: holds no dictionary of tensors; a checkpoint of ViCLIP is expected"):
        load_viclip(tmp_path / "a.pth")
    torch.save(np.random.default_rng(0), tmp_path / "b.pth")
    with pytest.raises(ValueError, match=r"b\.pth: refused"):
        load_viclip(tmp_path / "b.pth")
