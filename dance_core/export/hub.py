"""A folder that can be put on the Hugging Face hub as it is; nothing is uploaded."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from dance_core.export.place import export_place
from dance_core.model import Model
from dance_core.model_card import CARD, without_place, write_model
from dance_core.model_folder import DOCUMENT, FORMAT_VERSION, TENSORS
from dance_core.tables import read_json, whole_file, write_json

CONFIG = "config.json"
METRICS = "metrics.json"
ATTRIBUTES = ".gitattributes"
FILES = (ATTRIBUTES, CARD, CONFIG, METRICS, DOCUMENT, TENSORS, "model.onnx")


def export_hub(folder: str | Path, target: str | Path) -> list[Path]:
    """Write the model with its card, what was measured of it, and the configuration that the hub counts downloads by.

    Args:
        folder: Folder of the model; metrics.json in it or beside it is taken along where it is that of this model.
        target: Folder to write to; it is made.

    Returns:
        The files that were written: README.md, config.json, model.json, model.safetensors, metrics.json where known,
        and .gitattributes, none of which holds a path of this machine.

    Raises:
        ValueError: The model cannot be read, or the target is no place for it.
    """
    model = Model.load(folder)
    target = export_place(folder, target, FILES)
    model = replace(model, encoders=without_place(model.encoders), settings=without_place(model.settings))
    metrics = metrics_of(model, Path(folder))
    write_model(model, target, metrics)
    write_json(target / CONFIG, hub_config(model))
    with whole_file(target / ATTRIBUTES) as partial:
        partial.write_text(
            "*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.onnx filter=lfs diff=lfs merge=lfs -text\n"
        )
    if metrics:
        write_json(target / METRICS, metrics)
    else:
        # Of an older export into the same folder.
        (target / METRICS).unlink(missing_ok=True)
    return [target / name for name in FILES[:-1] if metrics or name != METRICS]


def metrics_of(model: Model, folder: Path) -> dict[str, Any] | None:
    """Find what the stage evaluate measured of a model.

    Args:
        model: The model.
        folder: Its folder; in a run metrics.json lies beside it, in an export within it.

    Returns:
        The metrics, or None where there are none of this very model: same classes, same certificate.
    """
    for path in (folder / METRICS, folder.resolve().parent / METRICS):
        metrics = read_json(path) if path.is_file() else None
        if (
            isinstance(metrics, dict)
            and metrics.get("classes") == list(model.classes)
            and metrics.get("certificate") == model.certificate
        ):
            return metrics
    return None


def hub_config(model: Model) -> dict[str, Any]:
    """Describe a model in the terms of the hub.

    Args:
        model: The model.

    Returns:
        model_type, format_version, classes by number and number by class, width of the features, concepts by family,
        and the encoders that make the features.
    """
    return {
        "model_type": "dance",
        "format_version": FORMAT_VERSION,
        "id2label": dict(enumerate(model.classes)),
        "label2id": {name: index for index, name in enumerate(model.classes)},
        "feature_size": model.feature_mean.size,
        "concepts": dict(Counter(model.families)),
        "backbone": model.settings.get("backbone"),
        "poses": model.settings.get("poses"),
    }
