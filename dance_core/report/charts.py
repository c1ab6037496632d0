"""The drawing of the method, as far as a run went through it."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup


class Stage(NamedTuple):
    """One box of the drawing.

    Attributes:
        stage: Name of the stage.
        text: What it is called.
        step: Place along the flow.
        lane: Place across it.
        families: Families it serves; without one it is part of every run.
        href: Page that shows what it made; empty where none does.
    """

    stage: str
    text: str
    step: float
    lane: float
    families: tuple[str, ...]
    href: str


_TEXT = ("object", "scene")
_ALL = ("motion", *_TEXT)
STAGES = (
    Stage("manifest", "clips and labels", 0, 1.5, (), "data.html"),
    Stage("poses", "poses", 1, 0, ("motion",), "data.html"),
    Stage("keyframes", "key frames", 2, 0, ("motion",), "motion.html"),
    Stage("pose_segments", "pose segments", 3, 0, ("motion",), "motion.html"),
    Stage("motion_concepts", "motion concepts", 4, 0, ("motion",), "motion.html"),
    Stage("backbone_features", "backbone features", 3, 1, (), ""),
    Stage("clip_features", "video–text features", 3, 2, _TEXT, "language.html"),
    Stage("concept_set", "object, scene concepts", 2, 3, _TEXT, "language.html"),
    Stage("concept_features", "concept features", 3, 3, _TEXT, "language.html"),
    Stage("pseudo_labels", "pseudo-labels", 4, 2.5, _TEXT, "language.html"),
    Stage("concept_layer", "concept layer", 5, 1, _ALL, "#concepts"),
    Stage("sparse_classifier", "sparse classifier", 6, 1, _ALL, "#weights"),
    Stage("explain", "exact sums", 7, 1, _ALL, "clips.html"),
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


def flow_svg(families: Sequence[str], upright: bool) -> Markup:
    """Draw the flow of the method through the stages that a run has.

    Args:
        families: Families that were chosen; stages that serve none of them are left out.
        upright: From top to bottom, for narrow screens; else from left to right.

    Returns:
        An SVG element that is coloured by the style sheet; boxes link to the page that shows their stage.
    """
    layout, stages = _TALL if upright else _WIDE, run_stages(families)
    places = {stage.stage: _place(stage.step, stage.lane, layout) for stage in stages}
    width = max(x for x, _ in places.values()) + layout["box"][0] + layout["corner"][0]
    height = max(y for _, y in places.values()) + layout["box"][1] + layout["corner"][1]
    arrows = [pair for pair in ARROWS if places.keys() >= set(pair)]
    shapes = [_arrow(places[start], places[end], layout["box"], upright) for start, end in arrows]
    shapes += [_stage(places[stage.stage], layout["box"], stage) for stage in stages]
    kind = "upright" if upright else "level"
    return Markup(
        '<svg class="flow {}" viewBox="0 0 {:g} {:g}" role="group" aria-label="{}">'
        '<defs><marker id="tip-{}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z"></path></marker></defs>{}</svg>'
    ).format(kind, width, height, _flow_words(stages, arrows), kind, Markup("").join(shapes))


def run_stages(families: Sequence[str]) -> list[Stage]:
    """Choose the stages of a run, moved together where others are left out.

    Args:
        families: Families that were chosen.

    Returns:
        Stages that serve a chosen family or every run, each marked with the chosen families only.
    """
    kept = [stage for stage in STAGES if not stage.families or set(stage.families) & set(families)]
    steps = sorted({stage.step for stage in kept})
    first = min(stage.lane for stage in kept)
    return [
        stage._replace(
            text=_text(stage, families),
            step=steps.index(stage.step),
            lane=stage.lane - first,
            families=tuple(family for family in stage.families if family in families),
        )
        for stage in kept
    ]


def _text(stage: Stage, families: Sequence[str]) -> str:
    """What a stage is called in a run with these families."""
    if stage.stage != "concept_set":
        return stage.text
    return f"{', '.join(family for family in stage.families if family in families)} concepts"


def _flow_words(stages: Sequence[Stage], arrows: Sequence[tuple[str, str]]) -> str:
    """The drawing in words, for those who do not see it."""
    names = {stage.stage: stage.text for stage in stages}
    return "Flow of the method: " + "; ".join(f"{names[start]} to {names[end]}" for start, end in arrows)


def _place(step: float, lane: float, layout: dict[str, _Pair]) -> _Pair:
    """Upper left corner of a stage's box."""
    (step_x, step_y), (lane_x, lane_y), (left, top) = layout["step"], layout["lane"], layout["corner"]
    return step * step_x + lane * lane_x + left, step * step_y + lane * lane_y + top


def _stage(place: _Pair, box: _Pair, stage: Stage) -> Markup:
    """One box, its name in one or two lines, and a mark for each family it serves."""
    (x, y), (width, height) = place, box
    lines = _two_lines(stage.text, 16 if width > 100 else 11)
    first = y + height / 2 + 4 - 7 * (len(lines) - 1)
    words = Markup("").join(
        Markup('<text x="{:g}" y="{:g}">{}</text>').format(x + width / 2, first + 14 * row, line)
        for row, line in enumerate(lines)
    )
    share = (width - 16) / max(len(stage.families), 1)
    marks = Markup("").join(
        Markup('<rect class="mark {}" x="{:g}" y="{:g}" width="{:g}" height="3"></rect>').format(
            family, x + 8 + number * share, y + height - 6, share
        )
        for number, family in enumerate(stage.families)
    )
    drawn = Markup('<g class="stage"><rect x="{:g}" y="{:g}" width="{}" height="{}" rx="7"></rect>{}{}</g>').format(
        x, y, width, height, words, marks
    )
    return Markup('<a href="{}">{}</a>').format(stage.href, drawn) if stage.href else drawn


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
