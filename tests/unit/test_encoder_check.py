"""The self-test passes what is right and fails what is not; the list says what is here."""

import numpy as np
import pytest

from dance_core.__main__ import main
from dance_core.backbones import Backbone, BackboneSettings, load_backbone
from dance_core.encoder_check import (
    COLOURS,
    PAIRS,
    check_backbone,
    check_dual_encoder,
    drawn_clip,
    encoder_lines,
    known_encoder,
    self_test,
)
from dance_core.networks.encoder_registry import encoder_registry
from tests.unit.networks import tiny_models


class ColourEncoder:
    """Knows colours: the mean colour of what is not white, and the colour that a caption names."""

    def __init__(self, mirrored: bool = False) -> None:
        self.mirrored = mirrored

    def prepare(self, clip):
        return np.stack(clip.spread_frames(4))

    def clip_embeddings(self, inputs):
        frames = 255.0 - inputs.reshape(len(inputs), -1, 3)
        ink = frames[frames.sum(2) > 0].reshape(len(inputs), -1, 3).mean(1) - 128
        return -ink if self.mirrored else ink

    def text_embedding(self, text):
        return 127 - np.array(COLOURS[text.split()[1]], float)


def test_drawn_clips_show_their_colour_and_move():
    frames = drawn_clip("red", "square").spread_frames(3)
    assert all(frame.shape == (224, 224, 3) and frame.dtype == np.uint8 for frame in frames)
    across = [np.nonzero((frame == COLOURS["red"]).all(2))[1].mean() for frame in frames]
    assert across[0] < across[1] < across[2]
    areas = [(drawn_clip("red", shape).spread_frames(1)[0] != 255).any(2).sum() for shape in ("square", "circle")]
    assert areas[1] / areas[0] == pytest.approx(np.pi / 4, abs=0.02)


def test_a_dual_encoder_that_sees_passes():
    found = check_dual_encoder(ColourEncoder())
    assert found.startswith(f"{2 * len(PAIRS)} of {2 * len(PAIRS)} drawn clips get the right one of two captions")


def test_a_dual_encoder_that_errs_fails():
    with pytest.raises(
        ValueError, match=r"of 8 drawn clips the encoder takes the wrong one of two captions for 8, such"
    ):
        check_dual_encoder(ColourEncoder(mirrored=True))


def test_a_dual_encoder_that_gives_no_numbers_fails():
    blind = ColourEncoder()
    blind.clip_embeddings = lambda inputs: np.full((len(inputs), 3), np.nan)
    with pytest.raises(ValueError, match="wrong one of two captions for 8"):
        check_dual_encoder(blind)


def pictures(clip, poses):
    return np.stack(clip.spread_frames(2))


def means(inputs):
    return inputs.reshape(len(inputs), -1, 3).mean(1)


def test_a_backbone_that_looks_at_each_clip_alone_passes(tmp_path):
    assert "change by 0.0e+00 of the largest" in check_backbone(Backbone(pictures, means))
    folder = tiny_models.videomae(tmp_path)
    check_backbone(load_backbone(BackboneSettings("videomae", model=str(folder), frames=4, device="cpu")))


def test_a_backbone_that_mixes_clips_fails():
    mixing = Backbone(pictures, lambda inputs: means(inputs) - means(inputs).mean(0) / 2)
    with pytest.raises(
        ValueError, match=r"features of a clip change by .* with the batch it is in; at most 1e-04 is exp"
    ):
        check_backbone(mixing)


def test_a_backbone_that_sees_nothing_fails():
    with pytest.raises(ValueError, match="every clip has the same features; the weights are not as they should be"):
        check_backbone(Backbone(pictures, lambda inputs: np.ones((len(inputs), 2))))


def test_the_list_says_what_is_here_and_how_to_get_the_rest(tmp_path):
    (tmp_path / "videomae-base-authors").mkdir()
    (tmp_path / "videomae-base-authors" / "checkpoint.pth").touch()
    lines = dict(zip(encoder_registry(), encoder_lines(tmp_path), strict=True))
    assert lines["videomae-base-authors"].startswith("yes  backbone     videomae-base-authors ")
    assert lines["videomae-base-authors"].endswith(f"  {tmp_path / 'videomae-base-authors'}")
    assert lines["videomae-large-authors"].endswith(f"→ put checkpoint.pth into {tmp_path / 'videomae-large-authors'}")
    assert lines["clip-vit-base-patch16"] == (
        "no   dual encoder clip-vit-base-patch16                 4 frames   599 MB  MIT              "
        "→ snakemake --cores 1 weights/clip-vit-base-patch16"
    )
    assert lines["videomae-base-finetuned-ssv2"].endswith("(first set revision to its commit)")


def test_one_encoder_in_detail(tmp_path):
    facts = "\n".join(encoder_lines(tmp_path, "siglip2-base-patch16-224"))
    assert "use       dual_encoder.name: siglip, dual_encoder.model: siglip2-base-patch16-224" in facts
    assert "texts     length 64, padding full, lower_case True" in facts
    assert "here      no; run 'snakemake --cores 1 weights/siglip2-base-patch16-224', or put config.json, " in facts


def test_an_unknown_encoder(tmp_path):
    with pytest.raises(
        ValueError, match="encoder 'viclop' is unknown; use one of: videomae-small-finetuned-kinetics, "
    ):
        known_encoder("viclop")


def test_the_self_test_of_an_encoder_that_is_not_here_says_how_to_get_it(tmp_path):
    with pytest.raises(
        ValueError, match=r"backbone\.model: 'videomae-base' is not complete at .*; run 'snakemake --co"
    ):
        self_test("videomae-base", tmp_path, "cpu")
    with pytest.raises(ValueError, match=r"dual_encoder\.model: 'clip-vit-base-patch16' is not complete at"):
        self_test("clip-vit-base-patch16", tmp_path, "cpu")


def test_the_command(tmp_path, capsys):
    assert main(["encoders", "--weights", str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(encoder_registry())
    assert main(["encoders", "--self-test", "--weights", str(tmp_path)]) == 1
    assert "--self-test needs the name of an encoder" in capsys.readouterr().err
    assert main(["encoders", "vjepa2-large", "--self-test", "--weights", str(tmp_path), "--device", "cpu"]) == 1
    assert "'vjepa2-large' is not complete at" in capsys.readouterr().err
