"""The stage: a renderer of people doing actions, whose every picture comes with its truth.

The plan of the demo data set needs numpy alone. Rendering needs the optional extra `stage`, which `make stage`
installs; asking for `render_clip` or `BodyModel` without it is an ImportError that says so.
"""

from importlib import import_module
from typing import Any

from dance_core.stage.casting import ACTIONS, PROPS, SCENES, Clip, planned_clips

__all__ = ["ACTIONS", "PROPS", "SCENES", "BodyModel", "Clip", "planned_clips", "render_clip"]

_NEEDS_EXTRA = {"BodyModel": ".bodies", "render_clip": ".render"}


def __getattr__(name: str) -> Any:
    """Import the parts that need the extra `stage` when they are first asked for."""
    if name not in _NEEDS_EXTRA:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(_NEEDS_EXTRA[name], __name__), name)
