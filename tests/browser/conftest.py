"""Pages of reports in a real browser without a display."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

from trailscan.api import open as open_store
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.html import render_html
from trailscan.table import Table

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"


class Browser:
    """A browser with one page, and what a test asks of it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(
        self, page: Path, *, width: int = 1280, fragment: str = "", ready: bool = True
    ) -> None:
        """Show a page from the disk, and wait until its program is ready."""
        self.driver.get("about:blank")
        self.driver.get_log("browser"), self.driver.get_log("performance")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(f"{page.as_uri()}{fragment}")
        if ready:
            self.wait("return 'ready' in document.documentElement.dataset")

    def run(self, script: str, *arguments: object) -> Any:
        """What a script gives, run beside the page's own."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str) -> None:
        """Wait until a script gives true."""
        WebDriverWait(self.driver, 30, 0.05).until(lambda driver: driver.execute_script(script))

    def all(self, selector: str) -> list[Any]:
        """The elements of a selector."""
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str) -> Any:
        """The one element of a selector."""
        (found,) = self.all(selector)
        return found

    @property
    def count(self) -> str:
        """How many rows the page says there are."""
        return str(self.one("#count").text)

    def column(self, place: int) -> list[str]:
        """The texts of a column of the rows that are shown."""
        script = "return [...document.querySelectorAll('#rows tbody tr:not(.more)')]"
        return list(self.run(f"{script}.map((row) => row.cells[{place}].textContent.trim())"))

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def complaints(self) -> list[str]:
        """What the console says: errors, and violations of the page's policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> set[str]:
        """What the page asked for since it was opened."""
        entries = (
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        )
        return {
            entry["params"]["request"]["url"]
            for entry in entries
            if entry["method"] == "Network.requestWillBeSent"
        }


@pytest.fixture(scope="session")
def session(chromium: Path, chromedriver: Path) -> Iterator[Browser]:
    """The browser of all tests."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en-US"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(str(chromedriver)))
    yield Browser(driver)
    driver.quit()


@pytest.fixture
def browser(session: Browser) -> Iterator[Browser]:
    """A browser that has no page yet; no page may complain, or ask for anything."""
    session.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    yield session
    assert session.complaints() == []
    assert {url.partition(":")[0] for url in session.requests()} <= {"file"}


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Table]:
    """The reports of the sample logs, by name."""
    store = str(tmp_path_factory.mktemp("browser") / "store")
    run_load([str(SAMPLES)], store, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return open_store(store).report


@pytest.fixture(scope="session")
def changes(reports: Callable[[str], Table]) -> Table:
    """The report of their changes."""
    return reports("changes")


@pytest.fixture(scope="session")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Table], Path]:
    """Writes the page of a report."""

    def write(table: Table) -> Path:
        page = tmp_path_factory.mktemp("page") / "report.html"
        page.write_text(render_html(table), encoding="utf-8")
        return page

    return write


@pytest.fixture(scope="session")
def page(changes: Table, page_of: Callable[[Table], Path]) -> Path:
    """The page of that report."""
    return page_of(changes)
