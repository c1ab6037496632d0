"""CLIP's byte-pair tokenizer, from the files of transformers or from the vocabulary that OpenAI published."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import CLIPTokenizer

PUBLISHED = "bpe_simple_vocab_16e6.txt.gz"
# Of the published list, the merges that make a vocabulary of 49,408 with two sets of bytes, a start and an end.
MERGES = 49_408 - 2 * 256 - 2
FILES = ("tokenizer.json", "vocab.json", "merges.txt", PUBLISHED)


def clip_tokenizer(folder: str | Path, context: int, vocabulary: int, place: str) -> Any:
    """Load the tokenizer of a folder.

    Args:
        folder: Folder with tokenizer.json, or vocab.json and merges.txt, or the published vocabulary.
        context: Tokens of a text, at most; the start and the end count, and the end is never cut off.
        vocabulary: Number of tokens that the text tower knows.
        place: What the setting is called in errors.

    Returns:
        A tokenizer (of the library tokenizers) whose `encode(text).ids` begin with the start and end with the largest
        token.

    Raises:
        ValueError: There is no such file, it cannot be read, or it is no tokenizer of that text tower.

    Source:
        Radford et al. 2021, section 2.4 (byte-pair encoding of lower-case text).
    """
    tokenizer = _tokenizer_in(Path(folder), place)
    tokenizer.no_padding()
    tokenizer.enable_truncation(context)
    found = tokenizer.get_vocab_size()
    if found != vocabulary:
        raise ValueError(
            f"{place}: the tokenizer in '{folder}' knows {found} tokens but the text tower {vocabulary}; "
            "put the files of CLIP's tokenizer there"
        )
    tokens = tokenizer.encode("a video").ids
    if len(tokens) < 3 or tokens[-1] != vocabulary - 1 or tokens[-1] in tokens[:-1]:
        raise ValueError(
            f"{place}: the tokenizer in '{folder}' does not end a text with its largest token {vocabulary - 1}; "
            "put the files of CLIP's tokenizer there"
        )
    return tokenizer


def _tokenizer_in(folder: Path, place: str) -> Any:
    whole, vocabulary, merges, published = (folder / name for name in FILES)
    try:
        if whole.is_file():
            model = json.loads(whole.read_text("utf-8"))["model"]
            return _byte_pairs(model["vocab"], [tuple(m.split() if isinstance(m, str) else m) for m in model["merges"]])
        if vocabulary.is_file() and merges.is_file():
            tokens = json.loads(vocabulary.read_text("utf-8"))
            return _byte_pairs(tokens, _pairs(merges.read_text("utf-8").split("\n")))
        if published.is_file():
            pairs = _pairs(gzip.decompress(published.read_bytes()).decode("utf-8").split("\n"))[:MERGES]
            return _byte_pairs(_published_vocabulary(pairs), pairs)
    except Exception as error:  # the library of transformers' tokenizers raises bare exceptions
        raise ValueError(
            f"{place}: the tokenizer in '{folder}' cannot be read ({error}); put whole files of CLIP's tokenizer there"
        ) from error
    raise ValueError(
        f"{place}: '{folder}' has no tokenizer; put tokenizer.json, or vocab.json and merges.txt, or {PUBLISHED} there"
    )


def _pairs(lines: Sequence[str]) -> list[tuple[str, ...]]:
    """Read merges after the line that names the version."""
    return [tuple(line.split()) for line in lines[1:] if line.strip()]


def _published_vocabulary(pairs: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Number the tokens as CLIP does: bytes, bytes that end a word, merges, start, end."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    characters = [chr(byte) for byte in printable] + [chr(256 + n) for n in range(256 - len(printable))]
    names = [*characters, *(f"{character}</w>" for character in characters), *("".join(pair) for pair in pairs)]
    return {name: number for number, name in enumerate([*names, "<|startoftext|>", "<|endoftext|>"])}


def _byte_pairs(vocabulary: dict[str, int], pairs: Sequence[tuple[str, ...]]) -> Any:
    return CLIPTokenizer(vocab=vocabulary, merges=pairs).backend_tokenizer  # type: ignore[arg-type]
