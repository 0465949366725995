"""Measure how large the page of a report is, and how fast a browser opens it.

    python benchmarks/page.py --store /tmp/changes/store

Creates the store if it does not exist, from log files that hold only changes. Needs Chromium, its
driver (Debian: chromium, chromium-driver) and Selenium. Each run starts a new browser that opens
the page from disk; times count from the start of the navigation:

    shown   the rows can be read, sorted, and searched by their visible text
    ready   the details are unpacked too, so search and filters cover all columns
"""

from __future__ import annotations

import argparse
import gzip
import random
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from report import MANAGEMENT, ONE_IN, PER_LOG_FILE, START, STEP, record

MARKS = """
const at = (name) => performance.getEntriesByName(name)[0].startTime;
const page = performance.getEntriesByType("navigation")[0];
return { load: page.loadEventEnd, paint: at("first-contentful-paint"),
         shown: at("trailscan-shown"), ready: at("trailscan-ready"),
         rows: document.getElementById("count").textContent };
"""


def make_store(store: Path, changes: int) -> None:
    """Write log files of changes and load them."""
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.render.summary_text import summary_text

    rng = random.Random(20261124)
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, changes, PER_LOG_FILE):
            numbers = range(first, min(first + PER_LOG_FILE, changes))
            records = [record(rng, number * ONE_IN) for number in numbers]
            when = START + (numbers[-1] * ONE_IN + 1) * STEP
            name = f"{MANAGEMENT}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{first:016d}.json.gz"
            body = msgspec.json.encode({"Records": records})
            (Path(folder) / name).write_bytes(gzip.compress(body, 6, mtime=0))
        print(summary_text(run_load([folder], str(store), LoadOptions(), datetime.now(UTC))))


def open_page(page: Path) -> dict[str, Any]:
    """What a new browser says of the page, in milliseconds."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.wait import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(word)
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    try:
        driver.get(page.as_uri())
        ready = "return 'ready' in document.documentElement.dataset"
        WebDriverWait(driver, 60, 0.05).until(lambda found: found.execute_script(ready))
        found: dict[str, Any] = driver.execute_script(MARKS)
    finally:
        driver.quit()
    return found


def main() -> None:
    """Command line."""
    from trailscan.api import open as open_store
    from trailscan.render.html import render_html

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    if not given.store.exists():
        make_store(given.store, given.changes)
    began = time.perf_counter()
    table = open_store(str(given.store)).report("changes")
    reported = time.perf_counter()
    text = render_html(table)
    rendered = time.perf_counter()
    print(f"report {reported - began:.2f} s, page {rendered - reported:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "changes.html"
        page.write_text(text, encoding="utf-8")
        print(f"size {page.stat().st_size / 1e6:.2f} MB for {len(table.rows):,} changes")
        runs = [open_page(page) for _ in range(given.runs)]
    print(f"the page says: {runs[0]['rows']}; median and worst of {given.runs} new browsers, ms:")
    for name in ("paint", "shown", "load", "ready"):
        times = [run[name] for run in runs]
        print(f"{name:>6} {statistics.median(times):6.0f} {max(times):6.0f}")


if __name__ == "__main__":
    main()
