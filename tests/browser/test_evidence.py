"""The evidence and the table of all concepts in the browser, and reports of runs that lack parts."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dance_core.report import ReportInputs, ReportSettings, build_report
from tests.browser.test_report import OVERFLOW, PAGES, WIDTHS, shown
from tests.unit.report.fixture import CLASSES, stored, whole
from tests.unit.report.test_evidence import released

pytestmark = pytest.mark.browser

LONG = "a class whose name was written by someone_who_never_uses_one_word_where_" + "a_hundred_will_do_" * 6
# Texts of drawings that lie over each other, or outside their drawing.
CROWDED = """
const found = [];
for (const svg of document.querySelectorAll("svg.chart")) {
  const frame = svg.getBoundingClientRect();
  if (!frame.width) continue;
  const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  texts.forEach(([name, a], place) => {
    if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.bottom > frame.bottom + 1) found.push(name);
    for (const [other, b] of texts.slice(place + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 3) found.push(`${name} / ${other}`);
    }
  });
}
return found;
"""
SMALLEST = """
return Math.min(...[...document.querySelectorAll("svg.chart")].filter((svg) => svg.getBoundingClientRect().width)
  .map((svg) => 12 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width));
"""


def errors(driver: object) -> list:
    return [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def rows(driver: object) -> list[str]:
    """Names of the concepts that are shown, in order."""
    return [row.get_attribute("data-name") for row in shown(driver, "#all-concepts > tr")]


def open_file(driver: object, path: Path, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get(path.as_uri())


@pytest.mark.parametrize("width", WIDTHS)
def test_charts_can_be_read_at_every_width(show: Callable, width: int) -> None:
    driver = show("evidence.html", width)
    assert driver.execute_script(CROWDED) == []
    assert driver.execute_script(SMALLEST) >= 9
    # Lines are named in the drawing where there is room, else in a legend.
    named = bool(shown(driver, "#curve svg.level"))
    assert bool(shown(driver, "#curve .legend")) != named
    assert bool(shown(driver, "#curve svg.upright")) != named
    assert named == (width > 700)


def test_every_chart_tells_its_content_to_those_who_do_not_see_it(show: Callable) -> None:
    driver = show("evidence.html")
    charts = driver.find_elements("css selector", "svg.chart")
    # Two splits, each wide and narrow, and each with deletion and insertion.
    assert len(charts) == 8
    for chart in charts:
        assert chart.get_attribute("role") == "img"
        for name in chart.get_attribute("aria-labelledby").split():
            assert driver.execute_script("return document.getElementById(arguments[0]).textContent", name)
    words = driver.execute_script("return document.getElementById('curve-0-wide-words').textContent")
    assert words.startswith("Lines end at: DANCE, all three 92.0\u202f% at 11.0; random 62.0\u202f% at 15.0;")


def test_the_path_is_there_in_numbers(show: Callable) -> None:
    driver = show("evidence.html")
    assert shown(driver, "#curve details table") == []
    driver.find_element("css selector", "#curve details summary").click()
    assert len(shown(driver, "#curve details tbody tr")) == 6


def test_all_concepts_are_found_by_state_family_word_and_class(show: Callable, inputs: ReportInputs) -> None:
    driver = show("concepts.html")
    assert len(rows(driver)) == 12
    driver.find_element("css selector", "select[name=state] option[value=dropped]").click()
    assert rows(driver) == ["person boxing"]
    assert "names the class 'boxing'" in shown(driver, "#all-concepts > tr")[0].text
    driver.find_element("css selector", "select[name=state] option[value='']").click()
    driver.find_element("css selector", "select[name=family] option[value=scene]").click()
    assert len(rows(driver)) == 3
    driver.find_element("css selector", "select[name=family] option[value='']").click()
    for k in range(len(CLASSES)):
        driver.find_element("css selector", f"select[name=used] option[value='{k}']").click()
        assert len(rows(driver)) == np.count_nonzero(inputs.model.weight[k])
    driver.find_element("css selector", "select[name=used] option[value='']").click()
    driver.find_element("css selector", "input[name=search]").send_keys("KERB street")
    assert rows(driver) == ["street & kerb"]
    assert driver.find_element("css selector", ".filters output").text == "1 of 12 shown"


def test_all_concepts_are_sorted_by_the_head_of_a_column(show: Callable, inputs: ReportInputs) -> None:
    driver = show("concepts.html")
    names = sorted(inputs.concepts["name"], key=str.casefold)
    head = driver.find_element("css selector", "button[data-sort=name]")
    head.click()
    assert [name[0] for name in map(str.casefold, rows(driver))] == [name[0] for name in map(str.casefold, names)]
    assert head.find_element("xpath", "..").get_attribute("aria-sort") == "ascending"
    head.send_keys(" ")
    assert rows(driver)[0].casefold()[0] == names[-1].casefold()[0]
    driver.find_element("css selector", "button[data-sort='strength:down']").click()
    assert head.find_element("xpath", "..").get_attribute("aria-sort") is None
    strengths = [float(row.get_attribute("data-strength")) for row in shown(driver, "#all-concepts > tr")]
    assert strengths == sorted(strengths, reverse=True)
    # The dropped concept has no measure, so it is last whichever way the column is sorted.
    for _ in range(2):
        driver.find_element("css selector", "button[data-sort='auroc:down']").click()
        unmeasured = [row.get_attribute("data-auroc") is None for row in shown(driver, "#all-concepts > tr")]
        assert unmeasured == sorted(unmeasured)
        assert any(unmeasured)


def test_a_concept_leads_to_its_card(show: Callable) -> None:
    driver = show("concepts.html")
    shown(driver, "#all-concepts a[href='motion.html#motion-2']")[0].click()
    assert driver.current_url.endswith("motion.html#motion-2")


def test_a_dropped_concept_is_unfolded_where_it_is_linked(show: Callable) -> None:
    driver = show("concepts.html")
    shown(driver, "#all-concepts a[href='language.html#object-4']")[0].click()
    assert [row.text.split("\n")[0][:13] for row in shown(driver, "tr:target")] == ["person boxing"]


def test_runs_without_video_open_without_errors(browser: object, inputs: ReportInputs, tmp_path: Path) -> None:
    settings = ReportSettings(media_limit=0, page_limit=2, thumbnails=0)
    build_report(replace(inputs, **released(inputs), settings=settings), tmp_path)
    browser.get_log("browser")
    for page in PAGES:
        for width in (360, 1280):
            open_file(browser, tmp_path / page, width)
            assert browser.execute_script(OVERFLOW) == [0, []], (page, width)
    assert errors(browser) == []
    open_file(browser, tmp_path / "data.html", 1280)
    browser.find_element("css selector", "select[name=split] option[value=test]").click()
    assert len(shown(browser, "#clip-list > li")) == 4


def test_long_class_names_stay_inside_the_window(browser: object, inputs: ReportInputs, tmp_path: Path) -> None:
    names = {CLASSES[1]: LONG}
    manifest = inputs.manifest.assign(label=inputs.manifest["label"].replace(names))
    predictions = stored(inputs.source, whole(inputs.predictions).replace({"label": names, "predicted": names}))
    model = replace(inputs.model, classes=tuple(names.get(name, name) for name in inputs.model.classes))
    metrics = {**inputs.metrics, "classes": list(model.classes)}
    contributions = stored(inputs.source, whole(inputs.contributions).replace({"class": names}))
    changes = {"manifest": manifest, "predictions": predictions, "model": model, "contributions": contributions}
    counts = [text.replace(json.dumps(CLASSES[1]), json.dumps(LONG)) for text in inputs.motion_concepts["class_counts"]]
    changes |= {"metrics": metrics, "motion_concepts": inputs.motion_concepts.assign(class_counts=counts)}
    settings = ReportSettings(media_limit=0, page_limit=2, thumbnails=0)
    build_report(replace(inputs, **changes, settings=settings), tmp_path)
    for page in PAGES:
        for width in (360, 768, 1440):
            open_file(browser, tmp_path / page, width)
            assert browser.execute_script(OVERFLOW) == [0, []], (page, width)


def test_the_evidence_is_printed_whole(show: Callable, browser: object) -> None:
    driver = show("evidence.html", 820)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert shown(driver, "header.site") == []
        scrolls = [part.value_of_css_property("overflow-x") for part in shown(driver, ".scroll")]
        assert set(scrolls) == {"visible"}
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
