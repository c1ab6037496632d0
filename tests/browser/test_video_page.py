"""The page of a new video in a real browser: it plays, draws its skeleton, and its sum is exact and can be switched."""

import pytest

from dance_core.new_video import Explainer
from dance_core.new_video.page import write_page
from tests.unit.new_video.small_model import encoders, model
from tests.unit.poses.people import write_video

__all__ = ["encoders"]

pytestmark = pytest.mark.browser

LOADED = """
const done = arguments[0], video = document.querySelector("video"), { player } = document.querySelector(".player");
const answer = () => done([video.videoWidth, video.duration, player.skeleton.frames.length]);
if (video.readyState >= 2) setTimeout(answer, 100);
else video.addEventListener("loadeddata", () => setTimeout(answer, 100));
"""


def test_the_page_of_a_video_plays_and_adds_up(browser, encoders, tmp_path):
    write_video(tmp_path / "five.mp4", 5)
    write_page(Explainer(model()).explain(tmp_path / "five.mp4"), model(), tmp_path / "out" / "five.html")
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get((tmp_path / "out" / "five.html").as_uri())
    assert browser.execute_async_script(LOADED) == [64, pytest.approx(0.2, abs=0.02), 5]
    text = browser.find_element("css selector", "main").text
    assert "shown = computed" in text
    assert "arm </script>" in text
    assert "predicted: box" in browser.find_element("id", "class-toggle").text
    assert len(browser.find_elements("css selector", "#class-toggle button")) == 1
    browser.find_element("css selector", "#contributions input[data-column='1']").click()
    logits = {
        row.get_attribute("data-class"): float(row.get_attribute("data-logit"))
        for row in browser.find_elements("css selector", "#probabilities li")
    }
    # Without the scene, which added -2.5 to the first class and 0.625 to the second.
    assert logits == {"0": pytest.approx(1.75), "1": pytest.approx(-1.75)}
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
