"""The one place where a device is chosen, and where a network is told to give the same bits every time."""

import os
from typing import TYPE_CHECKING

# Importing torch takes longer than most stages that ask for a device and then need none.
if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("float32", "float16", "bfloat16")


def pick_device(name: str = "auto") -> "torch.device":
    """Choose where networks run, and make them deterministic there.

    One thread is used on a CPU: the order of sums, and so the last bits, would otherwise follow the number of cores.

    Args:
        name: "auto" (CUDA, then MPS, then CPU), "cpu", "cuda" or "mps".

    Returns:
        The device.

    Raises:
        ValueError: The name is unknown, or the device is absent.
    """
    import torch

    if name not in DEVICES:
        raise ValueError(f"device '{name}' is unknown; use one of: {', '.join(DEVICES)}")
    present = _present()
    if name == "auto":
        name = next(device for device, is_present in present.items() if is_present)
    if not present[name]:
        raise ValueError(
            f"device '{name}' is asked for but torch {torch.__version__} finds none here; set device: auto or cpu in "
            "each section that asks for it (--device on the command line), or install a torch that was built for it"
        )
    _make_deterministic()
    return torch.device(name)


def device_or_auto(name: str) -> str:
    """Keep the choice of another machine where it can be kept.

    Args:
        name: "auto", "cpu", "cuda" or "mps".

    Returns:
        The name; "auto" where that device is absent here.
    """
    return name if name not in DEVICES or name == "auto" or _present()[name] else "auto"


def _present() -> dict[str, bool]:
    """Tell which devices are here, the fastest first."""
    import torch

    return {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}


def number_type(precision: str) -> "torch.dtype":
    """Choose the type of the numbers that a network computes with.

    Args:
        precision: "float32", "float16" or "bfloat16".

    Returns:
        The type.

    Raises:
        ValueError: The name is unknown.
    """
    import torch

    if precision not in PRECISIONS:
        raise ValueError(f"precision '{precision}' is unknown; use one of: {', '.join(PRECISIONS)}")
    return getattr(torch, precision)


def _make_deterministic() -> None:
    """Forbid algorithms whose result depends on timing, and roundings that depend on the card."""
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    # As use_deterministic_algorithms(True), which takes a second to load the compiler that nothing here uses.
    torch.set_deterministic_debug_mode("error")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
