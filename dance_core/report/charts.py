"""Drawings that are part of a page: the flow of the method and the workflow that was run."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from markupsafe import Markup, escape

# stage, what it is called, step along the flow, lane across it, families it serves
STAGES = (
    ("manifest", "clips and labels", 0, 1.5, ""),
    ("poses", "poses", 1, 0, "motion"),
    ("keyframes", "key frames", 2, 0, "motion"),
    ("pose_segments", "pose segments", 3, 0, "motion"),
    ("motion_concepts", "motion concepts", 4, 0, "motion"),
    ("backbone_features", "backbone features", 3, 1, ""),
    ("clip_features", "video–text features", 3, 2, "object scene"),
    ("concept_set", "object, scene concepts", 2, 3, "object scene"),
    ("concept_features", "concept features", 3, 3, "object scene"),
    ("pseudo_labels", "pseudo-labels", 4, 2.5, "object scene"),
    ("concept_layer", "concept layer", 5, 1, "motion object scene"),
    ("sparse_classifier", "sparse classifier", 6, 1, "motion object scene"),
    ("explain", "exact sums", 7, 1, "motion object scene"),
)
ARROWS = (
    ("manifest", "poses"),
    ("manifest", "backbone_features"),
    ("manifest", "clip_features"),
    ("manifest", "concept_set"),
    ("poses", "keyframes"),
    ("keyframes", "pose_segments"),
    ("pose_segments", "motion_concepts"),
    ("concept_set", "concept_features"),
    ("clip_features", "pseudo_labels"),
    ("concept_features", "pseudo_labels"),
    ("motion_concepts", "concept_layer"),
    ("backbone_features", "concept_layer"),
    ("pseudo_labels", "concept_layer"),
    ("concept_layer", "sparse_classifier"),
    ("sparse_classifier", "explain"),
)
_Pair = tuple[float, float]
_WIDE: dict[str, _Pair] = {"box": (118, 44), "step": (146, 0), "lane": (0, 70), "corner": (10, 10)}
_TALL: dict[str, _Pair] = {"box": (84, 44), "step": (0, 74), "lane": (92, 0), "corner": (4, 4)}
_KEPT_TAGS = frozenset(
    {"svg", "g", "path", "polygon", "polyline", "ellipse", "circle", "rect", "line", "text", "title"}
)
_KEPT_ATTRIBUTES = frozenset(
    (
        *("class", "cx", "cy", "d", "fill", "font-size", "points", "r", "rx", "ry", "stroke", "stroke-dasharray"),
        *("stroke-width", "text-anchor", "transform", "viewBox", "x", "x1", "x2", "y", "y1", "y2"),
    )
)
_INK = {"black": "currentColor", "#000000": "currentColor", "white": "none", "#ffffff": "none"}


def flow_svg(upright: bool) -> Markup:
    """Draw the flow of the method.

    Args:
        upright: From top to bottom, for narrow screens; else from left to right.

    Returns:
        An SVG element that is coloured by the style sheet.
    """
    layout = _TALL if upright else _WIDE
    places = {stage: _place(step, lane, layout) for stage, _, step, lane, _ in STAGES}
    width = max(x for x, _ in places.values()) + layout["box"][0] + layout["corner"][0]
    height = max(y for _, y in places.values()) + layout["box"][1] + layout["corner"][1]
    shapes = [_arrow(places[start], places[end], layout["box"], upright) for start, end in ARROWS]
    shapes += [_stage(places[stage], layout["box"], text, families) for stage, text, _, _, families in STAGES]
    kind = "upright" if upright else "level"
    return Markup(
        '<svg class="flow {}" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">'
        '<defs><marker id="tip-{}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z"></path></marker></defs>{}</svg>'
    ).format(kind, width, height, _flow_words(), kind, Markup("").join(shapes))


def _flow_words() -> str:
    """The drawing in words, for those who do not see it."""
    names = {stage: text for stage, text, *_ in STAGES}
    return "Flow of the method: " + "; ".join(f"{names[start]} to {names[end]}" for start, end in ARROWS)


def _place(step: float, lane: float, layout: dict[str, _Pair]) -> _Pair:
    """Upper left corner of a stage's box."""
    (step_x, step_y), (lane_x, lane_y), (left, top) = layout["step"], layout["lane"], layout["corner"]
    return step * step_x + lane * lane_x + left, step * step_y + lane * lane_y + top


def _stage(place: _Pair, box: _Pair, text: str, families: str) -> Markup:
    """One box, its name in one or two lines, and a mark for each family it serves."""
    (x, y), (width, height) = place, box
    lines = _two_lines(text, 16 if width > 100 else 11)
    first = y + height / 2 + 4 - 7 * (len(lines) - 1)
    words = Markup("").join(
        Markup('<text x="{:g}" y="{:g}">{}</text>').format(x + width / 2, first + 14 * row, line)
        for row, line in enumerate(lines)
    )
    served = families.split()
    share = (width - 16) / max(len(served), 1)
    marks = Markup("").join(
        Markup('<rect class="mark {}" x="{:g}" y="{:g}" width="{:g}" height="3"></rect>').format(
            family, x + 8 + number * share, y + height - 6, share
        )
        for number, family in enumerate(served)
    )
    return Markup('<g class="stage"><rect x="{:g}" y="{:g}" width="{}" height="{}" rx="7"></rect>{}{}</g>').format(
        x, y, width, height, words, marks
    )


def _two_lines(text: str, width: int) -> list[str]:
    """Break a name near its middle where it is too long for one line."""
    if len(text) <= width or " " not in text:
        return [text]
    spaces = [place for place, letter in enumerate(text) if letter == " "]
    cut = min(spaces, key=lambda place: abs(place - len(text) / 2))
    return [text[:cut], text[cut + 1 :]]


def _arrow(start: _Pair, end: _Pair, box: _Pair, upright: bool) -> Markup:
    """A curve from the end of one box to the beginning of another."""
    width, height = box
    if upright:
        x1, y1, x2, y2 = start[0] + width / 2, start[1] + height, end[0] + width / 2, end[1] - 2
        curve = f"M{x1:g} {y1:g}C{x1:g} {y1 + 24:g} {x2:g} {y2 - 24:g} {x2:g} {y2:g}"
    else:
        x1, y1, x2, y2 = start[0] + width, start[1] + height / 2, end[0] - 2, end[1] + height / 2
        curve = f"M{x1:g} {y1:g}C{x1 + 26:g} {y1:g} {x2 - 26:g} {y2:g} {x2:g} {y2:g}"
    return Markup('<path class="arrow" d="{}" marker-end="url(#tip-{})"></path>').format(
        curve, "upright" if upright else "level"
    )


def workflow_svg(path: Path) -> Markup:
    """Read a Graphviz SVG and keep only its drawing, in colours that follow the page.

    Args:
        path: SVG file.

    Returns:
        An SVG element without scripts, links, styles or fixed black and white.

    Raises:
        ValueError: The file is not SVG.
    """
    try:
        root = ElementTree.fromstring(path.read_text("utf-8"))
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: not an SVG drawing ({error}); make it again with `dot -Tsvg`") from error
    if _tag(root) != "svg":
        raise ValueError(f"{path}: the outermost element is '{_tag(root)}'; expected svg, as `dot -Tsvg` writes it")
    return Markup("").join(_cleaned(root))


def _tag(element: ElementTree.Element) -> str:
    """Name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _cleaned(element: ElementTree.Element) -> Iterator[Markup]:
    """Write an element and what is in it, leaving out everything that is not drawing."""
    tag = _tag(element)
    kept = tag in _KEPT_TAGS
    if kept:
        pairs = [
            (name, _INK.get(value, value)) for name, value in sorted(element.attrib.items()) if name in _KEPT_ATTRIBUTES
        ]
        if tag == "svg":
            pairs += [("role", "img"), ("aria-label", "Workflow that was run")]
        yield Markup("<{}{}>").format(tag, Markup("").join(Markup(' {}="{}"').format(*pair) for pair in pairs))
        yield escape((element.text or "").strip())
    if kept or tag == "a":
        for child in element:
            yield from _cleaned(child)
    if kept:
        yield Markup("</{}>").format(tag)
