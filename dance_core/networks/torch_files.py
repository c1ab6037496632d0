"""Files written by torch.save, read without ever running what is in them."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np


def read_torch(path: str | Path) -> Any:
    """Read a file of torch.save.

    Args:
        path: A .pt, .pth or .bin file.

    Returns:
        Its content: tensors, and lists, dicts and numbers around them.

    Raises:
        ValueError: The file is absent or broken, or would have to run code.
    """
    import torch

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: the file is absent")
    try:
        # Training scripts save their arguments beside the weights; that class only holds values.
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:  # broken bytes make the unpickler raise almost anything
        raise ValueError(
            f"{path}: refused, it is not a plain tensor file; save one dense tensor with torch.save, or a dict of them"
        ) from error


def read_torch_tensor(path: str | Path) -> np.ndarray:
    """Read a file that holds one tensor.

    Args:
        path: A .pt file.

    Returns:
        float32 or float64 array.

    Raises:
        ValueError: The file is absent, or holds anything but one dense tensor of floating-point numbers.
    """
    import torch

    value = read_torch(path)
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or value.layout != torch.strided:
        raise ValueError(f"{path}: holds {type(value).__name__}; it must be one dense tensor of floating-point numbers")
    wide = value.dtype == torch.float64
    return value.detach().to(torch.float64 if wide else torch.float32).numpy()
