"""What is installed here, which models can run, and what to do for each that cannot."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

from dance_core.networks.encoder_registry import encoder_registry, has_encoder
from dance_core.weights import WEIGHTS, sha256_of

PACKAGES = (
    *("numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "torch", "transformers", "av", "decord"),
    *("ai-edge-litert", "opencv-python-headless", "finch-clust", "openai", "snakemake"),
)
# Packages that come under another name for a GPU.
SUBSTITUTES = {"onnxruntime": "onnxruntime-gpu"}
# What is imported of a package whose module has another name than the package.
MODULES = {"ai-edge-litert": "ai_edge_litert.interpreter", "efficientnet-lite-pytorch": "efficientnet_lite_pytorch"}


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
    """What a selectable part needs: packages, sets of weights, what brings the packages, and a setting."""

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
    Need("pose estimator", "blazepose", ("ai-edge-litert",), ("blazepose",), "pip install ai-edge-litert"),
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
        "pip install onnxruntime==1.31.1, which a .tflite file does not need",
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
        "pip install torch efficientnet-lite-pytorch",
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
        "pip install torch transformers efficientnet-lite-pytorch",
    ),
    Need("dual encoder", "clip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "siglip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "xclip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "viclip", *_TRANSFORMERS, _ENCODER_MODEL),
    Need("dual encoder", "file", setting="set dual_encoder.model to a folder of clip_features and concept_features"),
    Need("fine-tuning", "one process", *_TRANSFORMERS, "set finetuning.enabled: true and backbone.name: videomae"),
    Need(
        "fine-tuning",
        "several processes",
        ("torch", "transformers", "accelerate"),
        (),
        "pip install accelerate==1.15.0",
        "set finetuning.processes, one for each GPU",
    ),
)


def installed_version(package: str) -> str | None:
    """Look up an installed package.

    Args:
        package: Name on the package index.

    Returns:
        Its version, or that of its substitute; None where neither is installed.
    """
    for name in filter(None, (package, SUBSTITUTES.get(package))):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


@cache
def import_fault(package: str) -> str | None:
    """Import an installed package, which may fail for want of a system library or by a version that does not fit.

    Args:
        package: Name on the package index.

    Returns:
        What went wrong and what to do, or None where all is well.
    """
    try:
        import_module(MODULES.get(package, package))
    except Exception as error:  # whatever a broken package may raise
        reason = str(error).split("\n", 1)[0]
        return f"{package} cannot be imported ({type(error).__name__}: {reason}); install it again"
    return None


def software_versions() -> dict[str, str]:
    """List the versions that a result depends on.

    Returns:
        Version by package, those that are installed.
    """
    return {name: release for name in PACKAGES if (release := installed_version(name))}


def has_weights(name: str, folder: Path) -> bool:
    """Tell whether every file of a set of weights is there and the right one.

    Args:
        name: Set of weights, a key of `WEIGHTS`.
        folder: Folder of all weights.

    Returns:
        True if no file is absent or another one.
    """
    places = {folder / name / file: entry.sha256 for file, entry in WEIGHTS[name].items()}
    return all(path.is_file() and sha256_of(path) == sha256 for path, sha256 in places.items())


def findings(
    weights: Path,
    installed: Callable[[str], str | None] = installed_version,
    fault: Callable[[str], str | None] = import_fault,
) -> list[Finding]:
    """Look at everything a run may need.

    Args:
        weights: Folder of all weights.
        installed: Gives the version of a package, or None.
        fault: Says why an installed package cannot be imported, or None.

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
        advice = _advice(need, weights, installed, fault)
        found.append(Finding(need.kind, need.name, not advice, advice, need.setting))
    for entry in encoder_registry().values():
        advice = f"{entry.advice(weights / entry.name)} ({entry.size_mb} MB, {entry.licence})"
        found.append(Finding("encoder", entry.name, has_encoder(entry, weights), advice))
    browser = any(map(which, ("chromium", "chromium-browser", "google-chrome"))) and which("chromedriver")
    advice = "apt-get install chromium chromium-driver; only tests of the report need them"
    found.append(Finding("program", "chromium with chromedriver", bool(browser), advice))
    found.append(Finding("program", "conda", which("conda") is not None, "only --use-conda needs it"))
    return found


def _advice(
    need: Need, weights: Path, installed: Callable[[str], str | None], fault: Callable[[str], str | None]
) -> str:
    """Say what to do for a part that cannot run, "" where it can."""
    if any(installed(package) is None for package in need.packages):
        steps = [need.advice]
    else:
        steps = [reason for package in need.packages if (reason := fault(package))]
    unfetched = [name for name in need.weights if not has_weights(name, weights)]
    if unfetched:
        # Snakemake takes a folder that exists for a finished one.
        stale = [str(weights / name) for name in unfetched if (weights / name).exists()]
        first = f"delete {' '.join(stale)} and run " if stale else ""
        steps.append(f"{first}snakemake --cores 1 {' '.join(f'weights/{name}' for name in unfetched)}")
    return ", then ".join(steps)


def describe_machine() -> str:
    """Name the interpreter, the system, the accelerator and what it can compute with.

    Returns:
        One line.
    """
    accelerator = _accelerator() if installed_version("torch") else "no torch"
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {accelerator}"


def _accelerator() -> str:
    """Name the GPU, its memory and the precisions that are worth setting."""
    if import_fault("torch"):
        return "torch cannot be imported"
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
