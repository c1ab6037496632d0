"""The optional packages of the renderer, asked for by name when they are first needed."""

from importlib import import_module
from types import ModuleType


def require(package: str) -> ModuleType:
    """Import a package of the optional extra `stage`.

    Args:
        package: Name of the module, such as "numba".

    Returns:
        The imported module.

    Raises:
        ImportError: The package is not installed; the sentence says how to install it.
    """
    try:
        return import_module(package)
    except ImportError as missing:
        raise ImportError(
            f"stage: package '{package}' is not installed, so clips cannot be rendered; "
            "run `make stage`, which installs the extra `stage` and renders the demo clips"
        ) from missing
