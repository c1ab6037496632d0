"""Videos that the pipeline never saw: decoded, described and explained by a trained model, in one process.

The model folder says how its features were made; beside it only the weights of the encoders are needed.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dance_core.model import Model
from dance_core.new_video.explainer import Explainer
from dance_core.new_video.explanation import Explanation

__all__ = ["Explainer", "Explanation", "explain_video", "explain_videos"]


def explain_video(
    model: Model, path: str | Path, weights: str | Path = "weights", device: str | None = None
) -> Explanation:
    """Explain one video.

    Args:
        model: A trained model.
        path: Video file.
        weights: Folder of the fetched weights.
        device: Where networks run, in place of what the model was trained with: "auto", "cpu", "cuda" or "mps".

    Returns:
        What the model says, and why.

    Raises:
        ValueError: The model's encoders cannot run here, or the video cannot be read.
    """
    return Explainer(model, weights, device).explain(path)


def explain_videos(
    model: Model,
    paths: Iterable[str | Path],
    weights: str | Path = "weights",
    device: str | None = None,
    batch_size: int | None = None,
) -> Iterator[Explanation | ValueError]:
    """Explain many videos with encoders that are loaded once; see `explain_video`.

    Args:
        model: A trained model.
        paths: Video files.
        weights: Folder of the fetched weights.
        device: As in `explain_video`.
        batch_size: Videos that the backbone takes at once; by default 1 on a CPU and 16 on a GPU.

    Returns:
        In the order of the paths, an explanation, or the error of a video that cannot be explained, each made when it
        is asked for.

    Raises:
        ValueError: The model's encoders cannot run here.
    """
    return Explainer(model, weights, device, batch_size).explain_many(paths)
