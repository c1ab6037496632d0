"""Where the model file of a pose estimator lies."""

from pathlib import Path


def model_path(weights: str | Path, model: str | Path | None, default: str) -> Path:
    """Choose the place of a model file.

    Args:
        weights: Folder of the fetched weights.
        model: The file; a bare name lies in `weights` where the working folder has none of that name.
        default: Name of the usual one in `weights`, for no model.

    Returns:
        The place, whether or not there is a file.
    """
    path = Path(model) if model is not None else Path(weights) / default
    return Path(weights) / path if path.name == str(path) and not path.exists() else path


def expect_file(path: Path, fetcher: str | None = None) -> None:
    """Refuse a model file that is absent.

    Args:
        path: Its place.
        fetcher: The package that would fetch it if it were allowed to; None where there is none.

    Raises:
        ValueError: Nothing is there.
    """
    if path.exists():
        return
    reason, cure = "cannot be downloaded here", "put the file there"
    if fetcher is not None:
        reason, cure = "poses.download is false", f"{cure}, set poses.download: true to have {fetcher} fetch it,"
    raise ValueError(
        f"poses: weights '{path.name}' are not at {path.parent}/ and {reason}; {cure} or set poses.estimator: blazepose"
    )
