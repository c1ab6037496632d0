"""The drawings."""

from xml.etree import ElementTree

import pytest

from dance_core.concept_targets import FAMILIES
from dance_core.report.charts import ARROWS, STAGES, flow_svg, run_stages


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("families", [FAMILIES, ("motion",), ("object", "scene"), ("scene",)])
def test_the_flow_shows_every_stage_of_the_run_inside_its_frame(families: tuple[str, ...], upright: bool) -> None:
    drawing = ElementTree.fromstring(flow_svg(families, upright))
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    boxes = list(drawing.iter("g"))
    assert len(boxes) == len(run_stages(families))
    links = [link.attrib["href"] for link in drawing.findall("a")]
    assert links == [stage.href for stage in run_stages(families) if stage.href]
    corners = [tuple(float(box[0].attrib[key]) for key in ("x", "y", "width", "height")) for box in boxes]
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in corners)
    assert min(x for x, *_ in corners) <= 10 and min(y for _, y, *_ in corners) <= 10
    for place, (x, y, w, h) in enumerate(corners):
        apart = [abs(x - a) >= w or abs(y - b) >= h for a, b, _, _ in corners[place + 1 :]]
        assert all(apart)


def test_a_run_of_all_families_has_every_stage_and_arrow() -> None:
    assert tuple(run_stages(FAMILIES)) == STAGES
    assert len(ElementTree.fromstring(flow_svg(FAMILIES, False)).findall("path")) == len(ARROWS)


@pytest.mark.parametrize(
    ("families", "absent"),
    [
        (("motion",), {"clip_features", "concept_set", "concept_features", "pseudo_labels"}),
        (("object", "scene"), {"poses", "keyframes", "pose_segments", "motion_concepts"}),
    ],
)
def test_stages_of_families_that_were_not_chosen_are_left_out(families: tuple[str, ...], absent: set[str]) -> None:
    assert {stage.stage for stage in STAGES} - {stage.stage for stage in run_stages(families)} == absent
    drawing = ElementTree.fromstring(flow_svg(families, False))
    left = [pair for pair in ARROWS if not absent & set(pair)]
    assert len(drawing.findall("path")) == len(left)
    marks = {rect.attrib["class"] for rect in drawing.iter("rect") if "class" in rect.attrib}
    assert marks == {f"mark {family}" for family in families}


def test_the_concepts_of_one_text_family_are_called_so() -> None:
    texts = {stage.stage: stage.text for stage in run_stages(("scene",))}
    assert texts["concept_set"] == "scene concepts"
