"""What is installed here, which models can run, and what to do for each that cannot."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

from dance_core.networks.encoder_registry import encoder_registry
from dance_core.weights import WEIGHTS

PACKAGES = (
    *("numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "torch", "transformers", "av", "decord"),
    *("ai-edge-litert", "opencv-python-headless", "finch-clust", "openai", "snakemake"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its kind, its name, whether it can be used here, and what to do for that.

    Attributes:
        kind: Such as "backbone".
        name: Such as "videomae".
        usable: Whether all that has to be installed or fetched is here.
        advice: What to do where it is not usable.
        setting: What has to be set even where it is usable, "" for nothing.
    """

    kind: str
    name: str
    usable: bool
    advice: str
    setting: str = ""


@dataclass(frozen=True)
class Need:
    """What a selectable part needs: packages, sets of weights, the advice that brings them, and a setting."""

    kind: str
    name: str
    packages: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    advice: str = ""
    setting: str = ""


_TRANSFORMERS = (("torch", "transformers"), (), "pip install torch transformers")
_BACKBONE_MODEL = "set backbone.model to a registry encoder below, a local folder or a hub id"
_ENCODER_MODEL = "set dual_encoder.model to a registry encoder below, a local folder or a hub id"

NEEDS = (
    Need("decoder", "pyav", ("av",), (), "pip install av"),
    Need("decoder", "decord", ("decord",), (), "pip install decord (Linux x86_64 only), or keep data.decoder: pyav"),
    Need("pose estimator", "blazepose", ("ai-edge-litert",), ("blazepose",), "snakemake --cores 1 weights/blazepose"),
    Need(
        "pose estimator",
        "movenet",
        ("ai-edge-litert",),
        (),
        "pip install ai-edge-litert",
        "set poses.model to a MoveNet tflite file",
    ),
    Need(
        "pose estimator",
        "yolo",
        ("onnxruntime",),
        (),
        "pip install onnxruntime==1.31.1",
        "set poses.model to a YOLO pose network exported to .onnx or .tflite",
    ),
    Need(
        "pose estimator",
        "rtmlib",
        ("rtmlib", "tqdm", "onnxruntime"),
        (),
        "pip install --no-deps rtmlib==0.0.16 tqdm",
        "set poses.model to an RTMO file, or it and poses.detector to RTMPose and YOLOX files, or poses.download: true",
    ),
    Need(
        "pose estimator",
        "ultralytics",
        ("ultralytics", "lap"),
        (),
        "pip install ultralytics==8.4.190 lap (AGPL-3.0)",
        "set poses.model to a YOLO pose weights file, or poses.download: true",
    ),
    Need("pose estimator", "file", setting="set poses.folder to a folder of pose files"),
    Need(
        "backbone",
        "efficientnet",
        ("torch", "efficientnet-lite-pytorch"),
        ("efficientnet_lite0",),
        "snakemake --cores 1 weights/efficientnet_lite0",
    ),
    Need("backbone", "videomae", *_TRANSFORMERS, _BACKBONE_MODEL),
    Need("backbone", "vjepa2", *_TRANSFORMERS, _BACKBONE_MODEL),
    Need("backbone", "transformers_video", *_TRANSFORMERS, _BACKBONE_MODEL),
    Need("backbone", "file", setting="set backbone.model to a .parquet, .npz, .safetensors or .pt file of features"),
    Need(
        "dual encoder",
        "conse",
        ("torch", "transformers", "efficientnet-lite-pytorch"),
        ("efficientnet_lite0", "imagenet_names", "minilm"),
        "snakemake --cores 1 weights/efficientnet_lite0 weights/imagenet_names weights/minilm",
    ),
    Need("dual encoder", "clip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "siglip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "xclip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "viclip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "file", setting="set dual_encoder.model to a folder of clip_features and concept_features"),
)


def installed_version(package: str) -> str | None:
    """Look up an installed package.

    Args:
        package: Name on the package index.

    Returns:
        Its version, or None where it is not installed.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def software_versions() -> dict[str, str]:
    """List the versions that a result depends on.

    Returns:
        Version by package, those that are installed.
    """
    return {name: release for name in PACKAGES if (release := installed_version(name))}


def has_weights(name: str, folder: Path) -> bool:
    """Tell whether every file of a set of weights is there; their digests are checked when they are loaded.

    Args:
        name: Set of weights, a key of `WEIGHTS`.
        folder: Folder of all weights.

    Returns:
        True if no file is absent.
    """
    return all((folder / name / file).is_file() for file in WEIGHTS[name])


def findings(weights: Path, installed: Callable[[str], str | None] = installed_version) -> list[Finding]:
    """Look at everything a run may need.

    Args:
        weights: Folder of all weights.
        installed: Gives the version of a package, or None.

    Returns:
        One finding per package, model and program.
    """
    found = [
        Finding(
            "package", f"{name} {installed(name) or ''}".strip(), installed(name) is not None, f"pip install {name}"
        )
        for name in PACKAGES
    ]
    for need in NEEDS:
        absent = [package for package in need.packages if installed(package) is None]
        unfetched = [name for name in need.weights if not has_weights(name, weights)]
        found.append(Finding(need.kind, need.name, not absent and not unfetched, need.advice, need.setting))
    for entry in encoder_registry().values():
        folder = weights / entry.name
        advice = f"{entry.advice(folder)} ({entry.size_mb} MB, {entry.licence})"
        found.append(Finding("encoder", entry.name, entry.is_complete(folder), advice))
    browser = which("chromium") or which("google-chrome")
    found.append(Finding("program", "chromium", browser is not None, "apt-get install chromium chromium-driver"))
    found.append(Finding("program", "conda", which("conda") is not None, "only --use-conda needs it"))
    return found


def describe_machine() -> str:
    """Name the interpreter, the system, the accelerator and what it can compute with.

    Returns:
        One line.
    """
    accelerator = _accelerator() if installed_version("torch") else "no torch"
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {accelerator}"


def _accelerator() -> str:
    """Name the GPU, its memory and the precisions that are worth setting."""
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        half = "float16 and bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
        return f"{torch.cuda.get_device_name()} with {memory:.0f} GiB, precision float32, {half}"
    if torch.backends.mps.is_available():
        return "Apple GPU, precision float32 and float16"
    return "no GPU, precision float32"


def render(found: list[Finding]) -> str:
    """Write findings as lines of text.

    Args:
        found: What was looked at.

    Returns:
        A line per finding, those that cannot be used with their advice, and what has to be set for each.
    """
    lines = []
    for finding in found:
        setting = f"  ({finding.setting})" if finding.setting else ""
        mark, advice = ("yes", setting) if finding.usable else ("no ", f"  → {finding.advice}{setting}")
        lines.append(f"{mark}  {finding.kind:<15} {finding.name}{advice}")
    return "\n".join(lines)
