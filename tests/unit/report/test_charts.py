"""The drawings."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from dance_core.report.charts import ARROWS, STAGES, flow_svg, workflow_svg


@pytest.mark.parametrize("upright", [False, True])
def test_the_flow_shows_every_stage_and_arrow_inside_its_frame(upright: bool) -> None:
    drawing = ElementTree.fromstring(flow_svg(upright))
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    stages = [group.find("rect") for group in drawing.findall("g")]
    assert len(stages) == len(STAGES)
    assert len(drawing.findall("path")) == len(ARROWS)
    corners = [tuple(float(box.attrib[key]) for key in ("x", "y", "width", "height")) for box in stages]
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in corners)
    for place, (x, y, w, h) in enumerate(corners):
        apart = [abs(x - a) >= w or abs(y - b) >= h for a, b, _, _ in corners[place + 1 :]]
        assert all(apart)


def test_a_graphviz_drawing_keeps_shapes_and_loses_ink_links_and_scripts(tmp_path: Path) -> None:
    source = (
        '<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9pt">'
        '<g id="g"><polygon fill="white" stroke="black" points="0,0 1,1"/>'
        '<a href="javascript:x()"><text>a &lt; b</text></a>'
        "<style>*{}</style><foreignObject><b>x</b></foreignObject></g></svg>"
    )
    (tmp_path / "dag.svg").write_text(source, "utf-8")
    assert workflow_svg(tmp_path / "dag.svg") == (
        '<svg viewBox="0 0 9 9" role="img" aria-label="Workflow that was run"><g>'
        '<polygon fill="none" points="0,0 1,1" stroke="currentColor"></polygon><text>a &lt; b</text></g></svg>'
    )


def test_what_is_no_drawing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dag.svg").write_text("digraph {}", "utf-8")
    with pytest.raises(ValueError, match=r"dag\.svg: not an SVG drawing .*; make it again with `dot -Tsvg`"):
        workflow_svg(tmp_path / "dag.svg")
    (tmp_path / "dag.svg").write_text("<html></html>", "utf-8")
    with pytest.raises(ValueError, match="the outermost element is 'html'; expected svg, as `dot -Tsvg` writes it"):
        workflow_svg(tmp_path / "dag.svg")
