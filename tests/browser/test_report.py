"""The report as a person uses it: every page opens from disk, plays, filters, and adds up."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from dance_core.explain import contributions
from dance_core.model import Concept
from dance_core.report import ReportInputs, ReportSettings, build_report
from dance_core.report.markup import safe_name
from tests.unit.report.fixture import CLASSES, UNSAFE, stored, whole

pytestmark = pytest.mark.browser

WRONG = safe_name("übung_2")
PAGES = (
    *("index.html", "evidence.html", "data.html", "motion.html", "language.html", "concepts.html", "clips.html"),
    "clips/boxing_03.html",
)
WIDTHS = (360, 390, 768, 820, 1280, 1440, 1700)
# What is wider than the window although nothing lets it scroll.
OVERFLOW = """
const wide = [...document.querySelectorAll("main *, header *, footer *")].filter((element) =>
  element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".scroll, pre, svg, [hidden]"));
const excess = Math.max(0, document.documentElement.scrollWidth - innerWidth);
return [excess, wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 120))];
"""
DRAWN = """
const canvas = arguments[0];
const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
let drawn = 0;
for (let k = 3; k < data.length; k += 4) drawn += data[k] > 0;
return drawn;
"""
# Texts whose contrast with what lies behind them is below WCAG AA; parts that are switched off are exempt.
FAINT = """
const parse = (text) => {
  const parts = text.match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);
  const scale = text.startsWith("color(") ? 255 : 1;
  return [...parts.slice(0, 3).map((part) => part * scale), parts[3] ?? 1];
};
const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
  .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  .reduce((sum, part, k) => sum + part * [0.2126, 0.7152, 0.0722][k], 0);
const behind = (element) => {
  for (let node = element; node; node = node.parentElement) {
    const colour = parse(getComputedStyle(node).backgroundColor);
    if (colour[3] === 1) return colour;
  }
  return [255, 255, 255, 1];
};
return [...document.querySelectorAll("body *")].filter((element) => {
  const style = getComputedStyle(element);
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.getClientRects().length || element.closest("svg, script, .off, :disabled, option")) return false;
  const [a, b] = [light(parse(style.color)), light(behind(element))].sort((x, y) => y - x);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  return (a + 0.05) / (b + 0.05) < (large ? 3 : 4.5);
}).map((element) => `${element.className} ${element.textContent.trim().slice(0, 40)}`);
"""
ON_FRAME = "return arguments[0].player.shown === arguments[1]"
COVERED = """
const canvas = arguments[0].querySelector("canvas"), scale = canvas.width / 320;
return canvas.getContext("2d").getImageData(arguments[1] * scale, arguments[2] * scale, 1, 1).data[3] > 200;
"""


def wait_for(condition: Callable[[], object], seconds: float = 15) -> object:
    """Wait until something is so, and give it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def shown(driver: object, selector: str) -> list:
    return [element for element in driver.find_elements("css selector", selector) if element.is_displayed()]


def probabilities(driver: object) -> np.ndarray:
    """Probabilities that the page shows, by class."""
    rows = driver.execute_script("return [...document.querySelectorAll('#probabilities li')].map((row) => row.dataset)")
    return np.array([float(row["probability"]) for row in sorted(rows, key=lambda row: int(row["class"]))])


def activations(inputs: ReportInputs, clip_id: str) -> np.ndarray:
    return inputs.model.concept_activations(inputs.features.matrix([clip_id]))[0]


@pytest.mark.parametrize("page", PAGES)
def test_pages_open_from_disk_without_errors_network_or_overflow(show: Callable, page: str) -> None:
    show(page).get_log("performance")
    for width in WIDTHS:
        driver = show(page, width)
        excess, wide = driver.execute_script(OVERFLOW)
        assert (excess, wide) == (0, []), width
    assert [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    assert {address.split(":")[0] for address in asked} <= {"file", "data", "about"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(show: Callable, browser: object, scheme: str) -> None:
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    for page in PAGES:
        assert show(page).execute_script(FAINT) == [], page
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_an_unsafe_label_is_text(show: Callable) -> None:
    # The evidence names no class and no concept.
    for page in set(PAGES) - {"evidence.html"}:
        driver = show(page)
        assert driver.find_elements("css selector", "img[onerror], img[src='x']") == []
        text = driver.execute_script("return document.body.textContent")
        assert UNSAFE in text


def test_a_chosen_clip_plays_with_its_skeleton(show: Callable) -> None:
    driver = show("data.html")
    driver.find_element("css selector", "button[data-clip='boxing_03']").click()
    video = driver.find_element("css selector", "#stage video")
    wait_for(lambda: video.get_property("currentTime") > 0.2)
    canvas = driver.find_element("css selector", "#stage canvas")
    wait_for(lambda: driver.execute_script(DRAWN, canvas) > 500)
    assert driver.find_element("id", "stage-title").text == "boxing_03"
    assert driver.find_element("css selector", "#stage-link a").get_attribute("href").endswith("clips/boxing_03.html")
    driver.find_element("css selector", "#stage .overlay").click()
    assert driver.execute_script(DRAWN, canvas) == 0


def test_the_skeleton_lies_on_the_frame_that_is_shown(show: Callable, inputs: ReportInputs) -> None:
    driver = show("clips/boxing_03.html")
    player = driver.find_element("css selector", "[data-player]")
    wait_for(lambda: driver.execute_script("return arguments[0].player.skeleton !== null", player))
    poses = whole(inputs.poses).query("clip_id == 'boxing_03'").set_index("frame")["keypoints"]
    for frame in (0, 20, 38):
        x, y, _ = poses[frame].reshape(17, 3)[9].tolist()
        driver.execute_script("arguments[0].player.pause(); arguments[0].player.seek(arguments[1])", player, frame)
        wait_for(partial(driver.execute_script, ON_FRAME, player, frame))
        wait_for(partial(driver.execute_script, COVERED, player, x, y))


def test_a_truncated_clip_of_another_format_plays_to_its_last_good_frame(show: Callable) -> None:
    driver = show(f"clips/{WRONG}.html")
    video = driver.find_element("css selector", "video")
    wait_for(lambda: video.get_property("readyState") >= 2)
    assert video.get_property("duration") == pytest.approx(30 / 25, abs=0.05)


def test_motion_cards_move_and_stay_inside_their_segment(show: Callable) -> None:
    driver = show("motion.html")
    card = driver.find_element("css selector", ".motion-card")
    figure, player = (card.find_element("css selector", name) for name in ("canvas.figure", "[data-player]"))
    start, end = (int(player.get_attribute(f"data-{name}")) for name in ("start", "end"))
    wait_for(lambda: driver.execute_script(DRAWN, figure) > 500)
    first = driver.execute_script("return arguments[0].toDataURL()", figure)
    wait_for(lambda: driver.execute_script("return arguments[0].toDataURL()", figure) != first)
    times = []
    for _ in range(20):
        times.append(card.find_element("css selector", "video").get_property("currentTime") * 25)
        time.sleep(0.05)
    assert min(times) >= start - 1
    assert max(times) <= end + 6
    driver.find_element("id", "pause").click()
    wait_for(lambda: card.find_element("css selector", "video").get_property("paused"))
    assert driver.find_element("id", "pause").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("clip", ["boxing_03", WRONG])
def test_the_sum_that_is_shown_is_the_logit(show: Callable, clip: str) -> None:
    driver = show(f"clips/{clip}.html")
    check = driver.find_element("id", "check")
    assert "exact" in check.get_attribute("class")
    assert float(check.get_attribute("data-gap")) < 1e-4
    for button in driver.find_elements("css selector", "#class-toggle button"):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert check.text.startswith("✓ shown = computed")


def test_absent_concepts_are_called_absent(show: Callable, inputs: ReportInputs) -> None:
    driver = show("clips/boxing_03.html")
    concepts = [f"{concept.family}: {concept.name}" for concept in inputs.model.concepts]
    activation = dict(zip(concepts, activations(inputs, "boxing_03"), strict=True))
    absent = []
    for box in driver.find_elements("css selector", "input[data-column]"):
        name = box.find_element("xpath", "..").find_element("css selector", ".name").text
        absent.append(name.startswith("not "))
        assert absent[-1] == bool(activation[box.get_attribute("aria-label")] < 0)
    assert any(absent)
    assert not all(absent)


def test_a_sum_that_does_not_hold_is_marked(show: Callable, site: Path, tmp_path: Path) -> None:
    page = (site / "clips" / "boxing_03.html").read_text("utf-8").replace('"logits":[', '"logits":[9,', 1)
    broken = site / "clips" / "broken.html"
    broken.write_text(page, "utf-8")
    driver = show("clips/broken.html")
    broken.unlink()
    assert "broken" in driver.find_element("id", "check").get_attribute("class")
    assert "shown ≠ computed" in driver.find_element("id", "check").text


@pytest.mark.parametrize("family", ["motion", "object", "scene"])
def test_switching_a_family_off_gives_what_python_gives(show: Callable, inputs: ReportInputs, family: str) -> None:
    driver = show("clips/boxing_03.html")
    z = activations(inputs, "boxing_03")
    before = softmax(inputs.model.class_scores(z[None])[0])
    np.testing.assert_allclose(probabilities(driver), before, atol=1e-6)
    driver.find_element("id", f"family-{family}").click()
    after = softmax(inputs.model.class_scores((z * (inputs.model.families != family))[None])[0])
    np.testing.assert_allclose(probabilities(driver), after, atol=1e-6)
    assert not np.allclose(before, after, atol=1e-3)
    best = driver.find_element("css selector", "#probabilities .best .name").text
    assert best.startswith(CLASSES[int(after.argmax())])
    driver.find_element("id", "reset").click()
    np.testing.assert_allclose(probabilities(driver), before, atol=1e-6)


def test_a_single_concept_is_switched_with_the_keyboard(show: Callable, inputs: ReportInputs) -> None:
    driver = show("clips/boxing_03.html")
    box = driver.find_element("css selector", "#contributions input")
    name = box.get_attribute("aria-label").partition(": ")[2]
    box.send_keys(" ")
    assert driver.execute_script("return document.activeElement === arguments[0]", box)
    z = activations(inputs, "boxing_03")
    kept = np.array([concept.name != name or concept.family == "none" for concept in inputs.model.concepts])
    expected = softmax(inputs.model.class_scores((z * kept)[None])[0])
    np.testing.assert_allclose(probabilities(driver), expected, atol=1e-6)
    assert "1 of 10 concepts are off" in driver.find_element("id", "switched").text


def test_small_contributions_of_every_family_are_among_the_first(
    browser: object, inputs: ReportInputs, tmp_path: Path
) -> None:
    model, extra = inputs.model, [Concept("motion", 100 + number, f"more {number}") for number in range(12)]
    loud = replace(
        model,
        concept_weight=np.vstack([model.concept_weight, model.concept_weight[[0] * len(extra)]]),
        z_mean=np.zeros(len(model.concepts) + len(extra)),
        z_std=np.ones(len(model.concepts) + len(extra)),
        weight=np.hstack([np.where(model.weight == 0, 0, 0.01), np.full((len(CLASSES), len(extra)), 9.0)]),
        concepts=(*model.concepts, *extra),
    )
    shown_sums = stored(inputs.source, pd.concat(contributions(loud, inputs.features, inputs.manifest)))
    settings = ReportSettings(media_limit=0, page_limit=1, thumbnails=0)
    build_report(replace(inputs, model=loud, contributions=shown_sums, settings=settings), tmp_path / "site")
    (page,) = (tmp_path / "site" / "clips").iterdir()
    browser.get(page.as_uri())
    rows = [box.get_attribute("aria-label") for box in shown(browser, "#contributions input")]
    assert [row.startswith("motion: more") for row in rows[:10]] == [True] * 10
    assert {row.split(":")[0] for row in rows[10:]} == {"object", "scene"}
    assert "others" in browser.find_element("css selector", "#contributions .rest").text


def test_boxes_of_the_flow_lead_to_their_pages(show: Callable) -> None:
    driver = show("index.html")
    (box,) = shown(driver, ".flow a[href='clips.html']")
    box.click()
    assert driver.current_url.endswith("clips.html")


def test_another_class_can_be_explained(show: Callable) -> None:
    driver = show("clips/boxing_03.html")
    choice = driver.find_element("id", "class-other")
    choice.find_elements("css selector", "option")[1].click()
    assert driver.find_element("id", "check").text.startswith("✓")
    assert shown(driver, "#class-toggle button[aria-pressed=true]") == []


def test_the_keyboard_reaches_every_control(show: Callable) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    driver = show("clips/boxing_03.html")
    reached = []
    for _ in range(60):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        reached.append(driver.switch_to.active_element.id)
    wanted = shown(driver, "main a[href], main button:not([disabled]), main input, main select, header a[href]")
    assert {element.id for element in wanted} <= set(reached)
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    driver.find_element("css selector", "#more, #family-motion").send_keys(Keys.TAB)
    assert driver.execute_script(outline) == "solid"


def test_filters_search_and_sort(show: Callable) -> None:
    driver = show("clips.html")
    assert len(shown(driver, "#explained > li")) == 5
    driver.find_element("css selector", "select[name=result] option[value=right]").click()
    assert {item.get_attribute("data-result") for item in shown(driver, "#explained > li")} <= {"right"}
    driver.find_element("css selector", "select[name=result] option[value='']").click()
    driver.find_element("css selector", "input[name=search]").send_keys("ÜBUNG 2")
    assert [item.get_attribute("data-search") for item in shown(driver, "#explained > li")] == ["übung_2"]
    assert driver.find_element("css selector", ".filters output").text == "1 of 5 shown"
    driver.find_element("css selector", "input[name=search]").clear()
    driver.find_element("css selector", "select[name=sort] option[value='sure:up']").click()
    sure = [float(item.get_attribute("data-sure")) for item in driver.find_elements("css selector", "#explained > li")]
    assert sure == sorted(sure)


def test_motion_cards_are_found_by_the_class_that_uses_them(show: Callable, inputs: ReportInputs) -> None:
    driver = show("motion.html")
    for k in range(len(CLASSES)):
        driver.find_element("css selector", f"select[name=used] option[value='{k}']").click()
        used = [str(place) for place in np.flatnonzero(inputs.model.weight[k, :4])]
        assert [card.get_attribute("data-place") for card in shown(driver, ".motion-card")] == used


def test_an_unreadable_clip_is_listed_with_its_reason(show: Callable) -> None:
    driver = show("data.html")
    driver.find_element("css selector", "select[name=state] option[value=unreadable]").click()
    (row,) = shown(driver, "#clip-list > li")
    assert "the file is empty" in row.text


def test_reduced_motion_stops_what_moves_by_itself(show: Callable, browser: object) -> None:
    media = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    driver = show("motion.html")
    canvas = driver.find_element("css selector", "canvas.figure")
    wait_for(lambda: driver.execute_script(DRAWN, canvas) > 500)
    assert all(video.get_property("paused") for video in driver.find_elements("css selector", "video"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
