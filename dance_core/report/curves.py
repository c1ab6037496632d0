"""Line charts as SVG that is written here, coloured by the style sheet, and read without a script."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from dance_core.report.markup import number


class Mark(NamedTuple):
    """One measured point.

    Attributes:
        x: Place along the axis.
        y: Its value.
        low: Lower end of its interval; None where unknown.
        high: Upper end.
        words: What a reader who points at it is told.
    """

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    words: str = ""


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: What it is called beside the line.
        kind: Class of the style sheet, which also chooses the shape of the marks.
        line: Points x, y that are joined.
        marks: Points that are marked.
        interval: How the intervals of the marks are drawn: "whiskers", "band", or "" for not at all.
    """

    name: str
    kind: str
    line: tuple[tuple[float, float], ...]
    marks: tuple[Mark, ...] = ()
    interval: str = ""


@dataclass(frozen=True)
class Axes:
    """What a chart measures.

    Attributes:
        title: Name of the chart, for those who do not see it.
        description: What it shows, in a sentence.
        x: Words of the horizontal axis.
        y: Words of the vertical axis.
        x_range: Ends of the horizontal axis.
        y_range: Ends of the vertical axis.
        x_percent: Whether the horizontal axis counts fractions, as the vertical one does.
    """

    title: str
    description: str
    x: str
    y: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_percent: bool = False


class Frame(NamedTuple):
    """Where the axes lie in the drawing.

    Attributes:
        left: Drawing units.
        top: Drawing units.
        right: Drawing units.
        bottom: Drawing units.
        axes: What is measured.
    """

    left: float
    top: float
    right: float
    bottom: float
    axes: Axes

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Give the place of a value in the drawing."""
        (x_low, x_high), (y_low, y_high) = self.axes.x_range, self.axes.y_range
        across = self.left + (x - x_low) / (x_high - x_low) * (self.right - self.left)
        return across, self.bottom - (y - y_low) / (y_high - y_low) * (self.bottom - self.top)


SHAPES = {
    "all": "M{x:.1f} {y:.1f}m0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
    "motion": "M{x:.1f} {y:.1f}m-4.2 0a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0 -8.4 0z",
    "object": "M{x:.1f} {y:.1f}m-3.8 -3.8h7.6v7.6h-7.6z",
    "scene": "M{x:.1f} {y:.1f}m0 -5l4.9 8.6h-9.8z",
    "random": "M{x:.1f} {y:.1f}m-3.6 -3.6l7.2 7.2m0 -7.2l-7.2 7.2",
    "probe": "M{x:.1f} {y:.1f}m-4.6 0h9.2m-4.6 -4.6v9.2",
}
"""Marks by kind, so that no reader depends on colour; the families have the shapes of the whole site."""

LABEL_GAP = 15.0


def line_chart(series: Sequence[Series], axes: Axes, ident: str, size: tuple[int, int], labelled: bool) -> Markup:
    """Draw lines over common axes.

    Args:
        series: What is drawn, the most important last, since it lies on top.
        axes: What is measured.
        ident: Unique on the page; the parts of the drawing that need a name begin with it.
        size: Width and height of the drawing; text is 12 units high.
        labelled: Whether the lines are named at their right ends; else the page needs a legend.

    Returns:
        An SVG element with title and description. Lines that leave the axes are cut off.
    """
    width, height = size
    frame = Frame(38, 30, width - (134 if labelled else 12), height - 44, axes)
    drawn = [*_grid(frame), *(_band(entry, frame, ident) for entry in series if entry.interval == "band")]
    drawn += [_line(entry, frame, ident) for entry in series]
    drawn += [part for entry in series for part in _marks(entry, frame)]
    if labelled:
        drawn += _labels(series, frame)
    box = (frame.left, frame.top - 6, frame.right - frame.left + 6, frame.bottom - frame.top + 6)
    clip = Markup('<clipPath id="{}-clip"><rect x="{:g}" y="{:g}" width="{:g}" height="{:g}"></rect></clipPath>')
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-words">'
        '<title id="{}-title">{}</title><desc id="{}-words">{}</desc><defs>{}</defs>{}</svg>'
    ).format(
        "level" if labelled else "upright",
        *(width, height, ident, ident, ident, axes.title, ident, axes.description),
        clip.format(ident, *box),
        Markup("").join(drawn),
    )


def key_svg(kind: str, marked: bool = True) -> Markup:
    """Draw the line of a kind for a legend, with its mark if the chart has marks."""
    mark = SHAPES[kind].format(x=15, y=7) if marked else ""
    return Markup(
        '<svg class="chart-key" viewBox="0 0 30 14" width="30" height="14" aria-hidden="true">'
        '<path class="line {}" d="M1 7H29"></path><path class="point {}" d="{}"></path></svg>'
    ).format(kind, kind, mark)


def nice_ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Choose round numbers between two ends.

    Args:
        low: Lower end.
        high: Upper end, above it.
        count: About how many.

    Returns:
        Multiples of 1, 2 or 5 times a power of ten that lie between the ends.
    """
    step = nice_step((high - low) / max(count, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step for place in range(first, last + 1)]


def nice_step(least: float) -> float:
    """Give the smallest of 1, 2, 5, 10 times a power of ten that is not below a number."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def spread_out(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places apart until each two have a gap, as little as need be.

    Args:
        places: Where things would stand.
        gap: Least distance between neighbours.
        low: Lower end of the room.
        high: Upper end of the room; where it is too small the places go beyond it.

    Returns:
        New places in the order given.
    """
    groups: list[tuple[float, int]] = []
    for place in sorted(places):
        groups.append((place, 1))
        # Two groups that touch become one around their common middle.
        while len(groups) > 1 and _apart(groups[-2], groups[-1], gap) < gap:
            (a, n), (b, m) = groups.pop(-2), groups.pop()
            groups.append(((a * n + b * m) / (n + m), n + m))
    moved = [middle + gap * (k - (n - 1) / 2) for middle, n in groups for k in range(n)]
    for k in range(len(moved)):
        moved[k] = max(moved[k], low + gap * k)
    for k in range(len(moved)):
        moved[-1 - k] = min(moved[-1 - k], max(high, low + gap * (len(moved) - 1)) - gap * k)
    order = sorted(range(len(places)), key=lambda k: places[k])
    return [moved[order.index(k)] for k in range(len(places))]


def _apart(first: tuple[float, int], second: tuple[float, int], gap: float) -> float:
    """Distance between the last of one group and the first of the next, where all in a group stand a gap apart."""
    (a, n), (b, m) = first, second
    return (b - a) - gap * (n + m - 2) / 2


def _grid(frame: Frame) -> Iterable[Markup]:
    """Axes, ticks and their words."""
    axes = frame.axes
    across = nice_ticks(*axes.x_range, 4 if frame.right - frame.left < 320 else 7)
    up = nice_ticks(*axes.y_range, 5)
    words = '<text class="tick {}" x="{:.1f}" y="{:.1f}">{}</text>'
    for value in up:
        _, y = frame.place(axes.x_range[0], value)
        rule = '<path class="rule" d="M{:.1f} {:.1f}H{:.1f}"></path>'
        yield Markup(rule).format(frame.left, y, frame.right)
        yield Markup(words).format("up", frame.left - 7, y + 4, _tick(value, True))
    for value in across:
        x, _ = frame.place(value, axes.y_range[0])
        yield Markup('<path class="rule" d="M{:.1f} {:.1f}v5"></path>').format(x, frame.bottom)
        yield Markup(words).format("across", x, frame.bottom + 18, _tick(value, axes.x_percent))
    yield Markup('<path class="axis" d="M{:.1f} {:.1f}H{:.1f}"></path>').format(frame.left, frame.bottom, frame.right)
    middle = (frame.left + frame.right) / 2
    yield Markup(words).format("name", middle, frame.bottom + 37, axes.x)
    yield Markup(words).format("first", 2, 12, axes.y)


def _tick(value: float, percent: bool) -> str:
    value = 100 * value if percent else value
    return number(value, 0 if abs(value - round(value)) < 1e-6 else 1)


def _path(points: Iterable[tuple[float, float]], frame: Frame) -> str:
    places = [frame.place(x, y) for x, y in points]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places) if places else ""


def _line(entry: Series, frame: Frame, ident: str) -> Markup:
    drawn = '<path class="line {}" clip-path="url(#{}-clip)" d="{}"></path>'
    return Markup(drawn).format(entry.kind, ident, _path(entry.line, frame))


def _band(entry: Series, frame: Frame, ident: str) -> Markup:
    """Surface between the lower and the upper ends of the intervals; of one mark alone a narrow one around it."""
    ends = [(mark.x, mark.low, mark.high) for mark in entry.marks if mark.low is not None and mark.high is not None]
    if len(ends) == 1:
        (x, low, high), half = ends[0], (frame.axes.x_range[1] - frame.axes.x_range[0]) / 80
        ends = [(x - half, low, high), (x + half, low, high)]
    edge = [(x, low) for x, low, _ in ends] + [(x, high) for x, _, high in reversed(ends)]
    drawn = '<path class="band {}" clip-path="url(#{}-clip)" d="{}z"></path>'
    return Markup(drawn).format(entry.kind, ident, _path(edge, frame)) if ends else Markup("")


def _marks(entry: Series, frame: Frame) -> Iterable[Markup]:
    """Marks with their whiskers; each tells its numbers when pointed at."""
    for mark in entry.marks:
        x, y = frame.place(mark.x, mark.y)
        parts = []
        if entry.interval == "whiskers" and mark.low is not None and mark.high is not None:
            (_, low), (_, high) = frame.place(mark.x, mark.low), frame.place(mark.x, mark.high)
            bounds = max(frame.top - 6, high), min(frame.bottom, low)
            ends = f"M{x:.1f} {bounds[0]:.1f}V{bounds[1]:.1f}M{x - 3:.1f} {bounds[0]:.1f}h6"
            parts.append(Markup('<path class="whisker" d="{}M{:.1f} {:.1f}h6"></path>').format(ends, x - 3, bounds[1]))
        shape = SHAPES.get(entry.kind, SHAPES["motion"]).format(x=x, y=y)
        parts.append(Markup('<path class="point {}" d="{}"></path>').format(entry.kind, shape))
        if mark.words:
            parts.append(Markup("<title>{}</title>").format(mark.words))
        yield Markup('<g class="mark-of {}">{}</g>').format(entry.kind, Markup("").join(parts))


def _labels(series: Sequence[Series], frame: Frame) -> Iterable[Markup]:
    """Names at the right, each led to the end of its line; of ends that lie together the last drawn is the highest."""
    series = series[::-1]
    ends = [frame.place(*max([*entry.line, *((m.x, m.y) for m in entry.marks)])) for entry in series]
    heights = [min(max(y, frame.top), frame.bottom) for _, y in ends]
    moved = spread_out([5 * round(height / 5) for height in heights], LABEL_GAP, frame.top, frame.bottom)
    edge = frame.right + 12
    for entry, (x, _), height, place in zip(series, ends, heights, moved, strict=True):
        lead = f"M{x + 7:.1f} {height:.1f}L{edge - 4:.1f} {place:.1f}" if x + 7 < edge - 4 else ""
        yield Markup('<path class="lead {}" d="{}"></path>').format(entry.kind, lead)
        words = '<text class="label {}" x="{:.1f}" y="{:.1f}">{}</text>'
        yield Markup(words).format(entry.kind, edge, place + 4, entry.name)
