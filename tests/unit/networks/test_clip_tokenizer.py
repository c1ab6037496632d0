"""CLIP's tokenizer from each kind of file, against byte pairs merged by hand."""

import gzip
import json

import pytest
from transformers import CLIPTokenizer

from dance_core.networks.clip_tokenizer import PUBLISHED, clip_tokenizer

MERGES = ["v i", "vi d", "e o</w>", "vid eo</w>"]
MERGED = 512  # number of the first merge
START, END = MERGED + len(MERGES), MERGED + len(MERGES) + 1
A, VIDEO = 256 + ord("a") - 33, MERGED + 3  # "a" that ends a word, and the last merge
TEXT = "A  video!"
# An exclamation mark is the first printable byte, and the 257th token is the one with which it ends a word.
TOKENS = [START, A, VIDEO, 256, END]


def published(folder, lines=MERGES):
    (folder / PUBLISHED).write_bytes(gzip.compress("\n".join(['"bpe_simple_vocab"', *lines, ""]).encode(), mtime=0))


def vocabulary():
    """Numbers of the tokens that the text has, and of others up to the right count."""
    known = {"a</w>": A, "vi": 512, "vid": 513, "eo</w>": 514, "video</w>": VIDEO, "!": 0, "!</w>": 256}
    known |= {"<|startoftext|>": START, "<|endoftext|>": END}
    known |= dict(zip("videoa", (85, 72, 67, 68, 78, 64), strict=True)) | {"o</w>": 334}
    free = sorted(set(range(END + 1)) - set(known.values()))
    return known | {f"unused{number}": number for number in free}


def pair_files(folder):
    (folder / "vocab.json").write_text(json.dumps(vocabulary()))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]))


def whole_file(folder):
    pairs = [tuple(merge.split()) for merge in MERGES]
    tokenizer = CLIPTokenizer(vocab=vocabulary(), merges=pairs).backend_tokenizer
    tokenizer.enable_padding(length=12, pad_id=END)
    tokenizer.save(str(folder / "tokenizer.json"))


def older_file(folder):
    """Older files write a merge as one text."""
    whole_file(folder)
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content["model"]["merges"] = MERGES
    (folder / "tokenizer.json").write_text(json.dumps(content))


@pytest.mark.parametrize("write", [published, pair_files, whole_file, older_file])
def test_every_kind_of_file_gives_the_same_tokens(tmp_path, write):
    write(tmp_path)
    tokenizer = clip_tokenizer(tmp_path, 32, END + 1, "x")
    assert tokenizer.encode(TEXT).ids == TOKENS
    assert tokenizer.encode("").ids == [START, END]


def test_bytes_are_numbered_as_clip_does(tmp_path):
    """Printable bytes first, the others after them: a space would be 188 + 32, é is two bytes of UTF-8."""
    published(tmp_path, lines=["x y"])
    tokenizer = clip_tokenizer(tmp_path, 32, 515, "x")
    # C3 is the 33rd of the printable bytes from AE on, which follow 94 and 12 others; A9 the 9th from A1 on.
    assert tokenizer.encode("Zé").ids == [513, ord("z") - 33, 94 + 12 + 0xC3 - 0xAE, 256 + 94 + 0xA9 - 0xA1, 514]


def test_a_long_text_is_cut_before_its_end(tmp_path):
    published(tmp_path)
    tokens = clip_tokenizer(tmp_path, 6, END + 1, "x").encode("video " * 20).ids
    assert tokens == [START, VIDEO, VIDEO, VIDEO, VIDEO, END]


def test_an_absent_tokenizer_is_named(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"^dual_encoder\.model: '.*' has no tokenizer; put tokenizer\.json, or vocab\.json and merges\.txt, or "
        r"bpe_simple_vocab_16e6\.txt\.gz there$",
    ):
        clip_tokenizer(tmp_path, 32, 49408, "dual_encoder.model")


@pytest.mark.parametrize("name", ["tokenizer.json", PUBLISHED])
def test_a_broken_tokenizer_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"broken")
    with pytest.raises(
        ValueError, match=r"^x: the tokenizer in '.*' cannot be read \(.+\); put whole files of CLIP's to"
    ):
        clip_tokenizer(tmp_path, 32, END + 1, "x")


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    published(tmp_path)
    with pytest.raises(
        ValueError, match=r"^x: the tokenizer in '.*' knows 518 tokens but the text tower 49408; put the"
    ):
        clip_tokenizer(tmp_path, 32, 49408, "x")
    backwards = {name: END - number for name, number in vocabulary().items()}
    (tmp_path / "vocab.json").write_text(json.dumps(backwards))
    (tmp_path / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]))
    with pytest.raises(
        ValueError, match=r"^x: the tokenizer in '.*' does not end a text with its largest token 517; put"
    ):
        clip_tokenizer(tmp_path, 32, END + 1, "x")
