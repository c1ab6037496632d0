"""A trained model as others want it: a folder for the Hugging Face hub, or one ONNX graph."""

from pathlib import Path

from dance_core.export.hub import export_hub

__all__ = ["FORMATS", "export_model"]

FORMATS = ("hub", "onnx")


def export_model(folder: str | Path, target: str | Path, kind: str = "hub") -> list[Path]:
    """Write a model in another form; nothing is uploaded.

    Args:
        folder: Folder of the model.
        target: Folder to write to; it is made.
        kind: "hub" or "onnx".

    Returns:
        The files that were written.

    Raises:
        ValueError: The form is unknown or needs a package that is absent, the model cannot be read, or the target is no
            place for it.
    """
    if kind not in FORMATS:
        raise ValueError(f"export: format '{kind}' is unknown; use one of: {', '.join(FORMATS)}")
    if kind == "hub":
        return export_hub(folder, target)
    try:
        from dance_core.export.onnx import export_onnx
    except ModuleNotFoundError as error:
        raise ValueError("export: package 'onnx' is absent; pip install onnx, or choose --format hub") from error
    return export_onnx(folder, target)
