"""The page of one new video: one file with its video, its skeleton and the sum, which opens from disk."""

import base64
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from markupsafe import Markup, escape

from dance_core.concept_targets import FAMILIES
from dance_core.model import Model
from dance_core.new_video.explanation import Explanation
from dance_core.poses.skeleton import BONES, bone_colour
from dance_core.report.explanations import browser_model, silent_concepts, used_columns
from dance_core.report.inputs import ReportSettings
from dance_core.report.media import ClipMedia, fitted_size, skeleton_document, write_poster, write_video
from dance_core.report.pages import environment
from dance_core.tables import whole_file

# Browsers become slow with longer addresses than this; a larger video lies beside its page.
LARGEST_EMBEDDED_VIDEO = 16_000_000
SCRIPTS = ("common", "player", "explain")


def write_page(explanation: Explanation, model: Model, target: Path) -> None:
    """Write the page of one video.

    Args:
        explanation: What the model says of it.
        model: The model that said it.
        target: HTML file to write; a video of more than 16 MB gets a file of the same stem beside it.

    Raises:
        ValueError: The video cannot be read any more.
    """
    static = resources.files("dance_core.report").joinpath("static")
    seen = silent_concepts(model, _columns(model), explanation.predicted, explanation.z)
    with TemporaryDirectory() as scratch:
        video, poster = _pictures(explanation, Path(scratch), target)
    page = environment().get_template("video.html.jinja")
    text = page.render(
        title=explanation.path.name,
        dataset=model.settings.get("dataset", ""),
        style=Markup(static.joinpath("style.css").read_text("utf-8")),
        scripts={name: Markup(static.joinpath(f"{name}.js").read_text("utf-8")) for name in SCRIPTS},
        root="",
        families=_families(model),
        model=browser_model(model, _columns(model), _families(model)),
        document=_document(explanation, model),
        probability=explanation.probability,
        probe=explanation.probe,
        quality=explanation.quality,
        warnings=explanation.warnings,
        skeleton=skeleton_document(explanation.poses) if len(explanation.poses) else {},
        media=_media(explanation, target),
        video=video,
        poster=poster,
        seen=seen,
        seen_scale=max((concept["z"] for concept in seen), default=1.0),
    )
    with whole_file(target) as partial:
        partial.write_text(text, "utf-8")


def _media(explanation: Explanation, target: Path) -> ClipMedia:
    """Describe the video as the player of the report wants it."""
    probe = explanation.probe
    return ClipMedia(target.stem, probe.width, probe.height, probe.fps, probe.n_frames, len(explanation.poses) > 0)


def _columns(model: Model) -> list[dict[str, Any]]:
    """Family and name of every column of the weights; a page that stands alone has no page of concepts to link to."""
    return [{"family": concept.family, "name": concept.name, "href": None} for concept in model.concepts]


def _families(model: Model) -> list[str]:
    """Families of the model, in their order."""
    return [family for family in FAMILIES if family in set(model.families)]


def _document(explanation: Explanation, model: Model) -> dict[str, Any]:
    """Give the prediction as the script wants it; nobody knows the true class of a new video."""
    table = explanation.contributions
    pairs = [[int(j), float(value)] for j, value in zip(table["concept"], table["contribution"], strict=True)]
    return {
        "label": None,
        "predicted": explanation.predicted,
        "probabilities": explanation.probabilities,
        "logits": explanation.logits,
        "z": explanation.z[used_columns(model)],
        "contributions": {explanation.predicted: pairs},
    }


def _pictures(explanation: Explanation, scratch: Path, target: Path) -> tuple[str, str]:
    """Encode video and poster; give their addresses, most of them with the content in them."""
    settings = ReportSettings()
    film, still = scratch / "video.mp4", scratch / "poster.webp"
    middle = write_video(explanation.path, film, vars(explanation.probe), settings)
    write_poster(middle, still, settings.poster_side)
    poster = skeleton_poster(explanation, _address(still.read_bytes(), "image/webp"), settings.poster_side)
    content = film.read_bytes()
    if len(content) <= LARGEST_EMBEDDED_VIDEO:
        return _address(content, "video/mp4"), poster
    beside = target.with_suffix(".mp4")
    with whole_file(beside) as partial:
        partial.write_bytes(content)
    return beside.name, poster


def skeleton_poster(explanation: Explanation, still: str, long_side: int) -> str:
    """Draw the skeleton over a still picture, for the time before the video plays.

    Args:
        explanation: Its poses are in pixels of the video.
        still: Address of the middle frame.
        long_side: Longest side of the picture, pixels.

    Returns:
        Address of an SVG picture with the content in it.
    """
    probe = explanation.probe
    width, height = fitted_size(probe.width, probe.height, long_side)
    lines = [
        f'<image href="{escape(still)}" width="{probe.width}" height="{probe.height}" preserveAspectRatio="none"/>'
    ]
    if len(explanation.poses):
        frames = explanation.poses["frame"].to_numpy(int)
        points = np.reshape(
            explanation.poses["keypoints"].iloc[int(np.abs(frames - probe.n_frames // 2).argmin())], (17, 3)
        )
        for start, end in BONES:
            if np.isfinite(points[[start, end], :2]).all():
                (x1, y1), (x2, y2) = points[start, :2], points[end, :2]
                ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
                lines.append(f'<line {ends} stroke="{bone_colour((start, end))}"/>')
    thickness = max(2.0, 0.0075 * max(probe.width, probe.height))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {probe.width} {probe.height}" stroke-width="{thickness:.1f}" stroke-linecap="round">'
        f"{''.join(lines)}</svg>"
    )
    return _address(svg.encode(), "image/svg+xml")


def _address(content: bytes, kind: str) -> str:
    """Put a file into an address."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
