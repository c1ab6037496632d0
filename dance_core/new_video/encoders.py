"""The encoders that a stored model needs, made from the settings in it and refused where they are not the same."""

import logging
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from dance_core.backbones.settings import BackboneSettings
from dance_core.devices import device_or_auto
from dance_core.doctor import NEEDS
from dance_core.feature_parts import BLOCKS
from dance_core.model import Model
from dance_core.networks.encoder_registry import encoder_digests, encoder_registry
from dance_core.poses import PoseSettings
from dance_core.weights import WEIGHTS

_log = logging.getLogger(__name__)

Settings = TypeVar("Settings", BackboneSettings, PoseSettings)


def backbone_settings(model: Model, weights: str | Path, device: str | None = None) -> BackboneSettings:
    """Read how the model's features are made.

    Args:
        model: A trained model.
        weights: Folder of the fetched weights.
        device: Where the network runs; as in training by default, or wherever it can where that device is absent.

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
    place = device_or_auto(chosen.device) if device is None else chosen.device
    if place != chosen.device:
        _log.warning("the model was trained on the device '%s', which is absent here; taking another", chosen.device)
    return replace(chosen, model=_own_model(model, "backbone", weights), device=place)


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
    required = _settings(BackboneSettings, "backbone", model, weights, device).name in BLOCKS
    if not required and "motion" not in model.settings.get("families", ()):
        return None
    # Estimators have no "auto".
    chosen = _settings(PoseSettings, "poses", model, weights, None if device == "auto" else device)
    if chosen.estimator != "file":
        _expect_weights(model, "pose estimator", chosen.estimator, weights)
        network, detector = (_own_model(model, "poses", weights, key) or None for key in ("model", "detector"))
        return replace(chosen, model=network, detector=detector)
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
    for entry in fields(kind):
        value, kinds = stored.get(entry.name), (int, float) if isinstance(entry.default, float) else type(entry.default)
        if value is not None and entry.default is not None and not isinstance(value, kinds):
            raise ValueError(
                f"the model's settings have {section}.{entry.name}: {value!r}, where one like {entry.default!r} is "
                "expected; model.json was changed: take the original file"
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


def _own_model(model: Model, section: str, weights: str | Path, key: str = "model") -> str:
    """Find the model that a section names, and refuse another one than the model was trained with.

    A local path need not be that of the machine that trained: the same folder or file is looked for in the weights too.
    """
    named = str(model.settings[section].get(key) or "")
    name, beside = Path(named).name, Path(weights) / Path(named).name
    if name in model.encoders and name not in encoder_registry() and not Path(named).exists():
        if not beside.exists():
            raise ValueError(
                f"{section}.{key}: '{named}' of the training is not on this machine, nor is '{beside}'; "
                "put it there, or name the folder that has it with --weights"
            )
        named = str(beside)
    for encoder, files in encoder_digests({**model.settings[section], "model": named}, weights).items():
        _expect_same(f"{section}.{key} '{encoder}'", model.encoders.get(encoder), files)
    return named


def _expect_same(place: str, trained: dict[str, str] | None, found: dict[str, str]) -> None:
    """Compare the digests of an encoder with those of the training; a model of earlier software knows none."""
    for file in sorted({**found, **trained} if trained else {}):
        meant, here = (files.get(file, "") for files in (trained or {}, found))
        if meant != here:
            kind = "commit" if file == "revision" else "sha256"
            raise ValueError(
                f"{place}: the model was trained with a '{file}' of {kind} {_short(meant)} but the one here has "
                f"{_short(here)}; put the encoder of the training there, or train the model again"
            )


def _short(digest: str) -> str:
    """Write the beginning of a digest."""
    return f"{digest[:12]}…" if digest else "(absent)"
