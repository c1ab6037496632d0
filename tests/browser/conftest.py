"""A headless Chromium, and the report that it looks at."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.report.conftest import inputs, site

__all__ = ["browser", "inputs", "site"]

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A driven Chromium with a fresh profile; tests are skipped where it or selenium is not installed."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("Chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    started.set_script_timeout(20)
    yield started
    started.quit()


@pytest.fixture(scope="module", autouse=True)
def nothing_plays_on(browser: object) -> Iterator[None]:
    """Leave no page open whose videos would take a core from the tests that follow."""
    yield
    browser.get("about:blank")


@pytest.fixture
def show(browser: object, site: Path) -> object:
    """Open a page of the report at a width, and give the browser."""

    def open_page(page: str, width: int = 1280) -> object:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        file, _, anchor = page.partition("#")
        browser.get("about:blank")
        browser.get((site / file).as_uri() + (f"#{anchor}" if anchor else ""))
        return browser

    return open_page
