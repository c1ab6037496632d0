"""The encoders that a stored model needs, made from the settings in it and refused where they are not the same."""

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from dance_core.backbones.settings import BackboneSettings
from dance_core.doctor import NEEDS
from dance_core.feature_parts import BLOCKS
from dance_core.model import Model
from dance_core.poses import PoseSettings
from dance_core.weights import WEIGHTS

Settings = TypeVar("Settings", BackboneSettings, PoseSettings)


def backbone_settings(model: Model, weights: str | Path, device: str | None = None) -> BackboneSettings:
    """Read how the model's features are made.

    Args:
        model: A trained model.
        weights: Folder of the fetched weights.
        device: Where the network runs; as in training by default.

    Returns:
        Settings of the backbone.

    Raises:
        ValueError: The model does not say it, its features come from a file, or the weights are absent or others.
    """
    chosen = _settings(BackboneSettings, "backbone", model, weights, device)
    if chosen.name == "file":
        raise ValueError(
            "the features of this model were read from a file (backbone 'file'), which knows nothing of a new video; "
            "train a model with a backbone that looks at videos, such as backbone.name: efficientnet"
        )
    _expect_weights(model, "backbone", chosen.name, weights)
    return chosen


def pose_settings(model: Model, weights: str | Path, device: str | None = None) -> PoseSettings | None:
    """Read how the model's poses are estimated.

    Args:
        model: A trained model.
        weights: Folder of the fetched weights.
        device: Where the network runs; as in training by default.

    Returns:
        Settings of the estimator; None where the features do not need poses and none can or need be had.

    Raises:
        ValueError: The features need poses, and those of the model were read from files; or the weights are absent.
    """
    required = backbone_settings(model, weights).name in BLOCKS
    if not required and "motion" not in model.settings.get("families", ()):
        return None
    # Estimators have no "auto".
    chosen = _settings(PoseSettings, "poses", model, weights, None if device == "auto" else device)
    if chosen.estimator != "file":
        _expect_weights(model, "pose estimator", chosen.estimator, weights)
        return chosen
    if required:
        raise ValueError(
            "the poses of this model were read from files (poses.estimator 'file'), and its features need to know "
            "where the person is; train a model with one that looks at videos, such as poses.estimator: blazepose"
        )
    return None


def _settings(kind: type[Settings], section: str, model: Model, weights: str | Path, device: str | None) -> Settings:
    """Make settings from a section of those that are stored in the model."""
    stored: dict[str, Any] | None = model.settings.get(section)
    if not stored or "decoder" not in model.settings.get("data", {}):
        raise ValueError(
            f"the model's settings do not say how videos become features ('{section}' or 'data' is absent); "
            "an imported release has features only: train a model from videos with this software"
        )
    strange = sorted(set(stored) - {entry.name for entry in fields(kind)})
    if strange:
        raise ValueError(
            f"the model's settings have {section}.{strange[0]}, which this version does not know; "
            "use the version that trained the model, or train it again"
        )
    change = {} if device is None else {"device": device}
    return kind(**{**stored, **change}, weights=Path(weights), decoder=model.settings["data"]["decoder"])


def _expect_weights(model: Model, kind: str, name: str, weights: str | Path) -> None:
    """Refuse weights that are absent, or that are not those that the model was trained with."""
    for entry in next((need.weights for need in NEEDS if (need.kind, need.name) == (kind, name)), ()):
        for file, weight in WEIGHTS[entry].items():
            trained = model.encoders.get(entry, {}).get(file, weight.sha256)
            if trained != weight.sha256:
                raise ValueError(
                    f"{kind} '{name}': the model was trained with a '{file}' of sha256 {trained[:12]}… but this "
                    f"version uses {weight.sha256[:12]}…; use the version that trained the model, or train it again"
                )
            if not (Path(weights) / entry / file).is_file():
                raise ValueError(
                    f"{kind} '{name}': weights '{Path(weights) / entry / file}' are absent; run 'make weights' in the "
                    "folder of the project, or name the folder that has them with --weights"
                )
