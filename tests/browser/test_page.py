"""The page of a report as a person uses it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from html import escape

import pytest
from selenium.webdriver.common.keys import Keys

from trailscan.render.page_data import cell_text
from trailscan.reports.catalogue import REPORTS
from trailscan.reports.changes import COLUMNS

SHOWN = [column.name for column in COLUMNS if not column.detail]
WHO, OUTCOME, EVENT = (SHOWN.index(name) for name in ("principal", "outcome", "event_id"))


def texts(table) -> list[str]:
    """All that a page knows of each row, in small letters."""
    return ["\n".join(map(cell_text, row)).lower() for row in table.rows]


def test_all_rows_are_there_in_order_a_page_of_them_shown(browser, page, changes):
    """The first hundred are shown; the counts are those of the report."""
    browser.open(page)
    rows = changes.records()
    assert browser.count == f"{len(rows)} rows"
    assert browser.column(EVENT) == [row["event_id"] for row in rows[:100]]
    browser.one("#next").click()
    assert browser.column(EVENT) == [row["event_id"] for row in rows[100:]]
    assert browser.one("#page").text == "page 2 of 2"
    counts = Counter(row[name] for row in rows for name in ("outcome", "severity"))
    tiles = [tile.text.split() for tile in browser.all(".tiles dl div")]
    assert {name: int(count) for name, count in tiles} == {**counts, "rows": len(rows)}


@pytest.mark.parametrize("words", ["sandbox", "Terraform/1.13", "alice denied", "nobody at all"])
def test_search_finds_words_in_shown_and_hidden_columns(browser, page, changes, words):
    """All words must be in the row, in any column and in any case; the count says how many are."""
    browser.open(page)
    browser.one("#search").send_keys(words)
    found = [all(word in text for word in words.lower().split()) for text in texts(changes)]
    expected = [
        row["event_id"] for row, holds in zip(changes.records(), found, strict=True) if holds
    ]
    assert browser.count == f"{len(expected)} of {len(changes.rows)} rows"
    assert browser.column(EVENT) == expected[:100]
    browser.one("#clear").click()
    assert browser.count == f"{len(changes.rows)} rows"


def test_a_head_sorts_and_says_so(browser, page, changes):
    """Once up, twice down; outcomes by their order, the worst first; equal ones as they were."""
    browser.open(page)
    who = browser.all("#rows th")[WHO]
    who.find_element("css selector", "button").click()
    assert who.get_attribute("aria-sort") == "ascending"
    people = sorted((row["principal"] for row in changes.records()), key=str.lower)
    assert browser.column(WHO) == people[:100]
    who.find_element("css selector", "button").click()
    assert who.get_attribute("aria-sort") == "descending"
    assert browser.column(WHO)[0] == people[-1]
    outcome = browser.all("#rows th")[OUTCOME]
    outcome.find_element("css selector", "button").click()
    assert [who.get_attribute("aria-sort"), outcome.get_attribute("aria-sort")] == [
        None,
        "ascending",
    ]
    worst = sorted(
        changes.records(), key=lambda row: ("denied", "failed", "succeeded").index(row["outcome"])
    )
    assert browser.column(EVENT) == [row["event_id"] for row in worst[:100]]


def test_values_can_be_chosen_and_compose(browser, page, changes):
    """A list of each column with few values says how often each is there, and narrows the rows."""
    browser.open(page)
    selects = {label.text.split("\n")[0].strip(): label for label in browser.all("#facets label")}
    assert list(selects) == [
        "Outcome",
        "Severity",
        "Who",
        "Source IP",
        "Client",
        "Action",
        "Category",
    ]
    outcomes = Counter(row["outcome"] for row in changes.records())
    options = [one.text for one in selects["Outcome"].find_elements("css selector", "option")]
    assert options == [
        "any",
        *(f"{name} ({outcomes[name]})" for name in ("denied", "failed", "succeeded")),
    ]
    choose(selects["Outcome"], "denied")
    choose(selects["Category"], "policy")
    rows = [
        row
        for row in changes.records()
        if row["outcome"] == "denied" and row["category"] == "policy"
    ]
    assert browser.count == f"{len(rows)} of {len(changes.rows)} rows"


def choose(label, beginning: str) -> None:
    """Choose the option of a list that begins with a text."""
    options = label.find_elements("css selector", "option")
    next(one for one in options if one.text.startswith(beginning)).click()


def test_a_row_opens_to_its_record_and_evidence(browser, page, changes):
    """A change with its result shows two records, as recorded, and where each was read."""
    place = next(at for at, row in enumerate(changes.evidence()) if len(row) == 2)
    evidence = changes.evidence()[place]
    browser.open(page)
    browser.one("#search").send_keys(evidence[0].event_id)
    browser.one("#rows .opener").click()
    browser.wait("return 'complete' in (document.querySelector('.more')?.dataset ?? {})")
    shown = browser.all(".more .record")
    assert [json.loads(one.find_element("css selector", "pre").text) for one in shown] == [
        json.loads(one.record) for one in evidence
    ]
    for one, section in zip(evidence, shown, strict=True):
        facts = [found.text for found in section.find_elements("css selector", "dd")]
        assert facts == [
            one.event_id,
            one.log_file,
            f"number {one.record_index} in the log file, counted from 0",
            one.sha256,
            "not checked against CloudTrail's digest files",
        ]
    row = changes.records()[place]
    said = browser.one(".more .all").text
    assert all(
        text in said for text in (row["event_name"], row["principal_kind"], row["user_agent"])
    )
    browser.one("#rows .opener").click()
    assert browser.all(".more") == []


def test_the_keyboard_is_enough(browser, page):
    """`/` searches, arrows go from row to row, Enter and Space open, Escape closes."""
    browser.open(page)
    browser.press("/")
    browser.press("p", "o", "l", "i", "c", "y")
    assert browser.one("#search").get_attribute("value") == "policy"
    browser.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    focused = "return document.activeElement.closest('tr').rowIndex"
    assert browser.run(focused) == 2
    browser.press(Keys.ENTER)
    assert browser.run("return document.activeElement.getAttribute('aria-expanded')") == "true"
    panel = browser.run("return document.activeElement.getAttribute('aria-controls')")
    assert browser.one(".more").get_attribute("id") == panel
    browser.press(Keys.ESCAPE)
    assert browser.all(".more") == []
    browser.press(Keys.SPACE)
    assert len(browser.all(".more")) == 1
    browser.press(Keys.ARROW_DOWN)
    assert browser.run(focused) == 4
    browser.press(Keys.ARROW_UP)
    assert browser.run(focused) == 2


def test_tab_reaches_everything_in_the_order_of_the_page(browser, page):
    """Skip link, theme, search, lists, heads, then the first row."""
    browser.open(page)
    seen = []
    for _ in range(20):
        browser.press(Keys.TAB)
        seen.append(
            browser.run(
                "const at = document.activeElement; return at.id || at.className || at.textContent"
            )
        )
    assert seen[:3] == ["skip", "theme", "search"]
    assert seen.index("When (UTC)") < seen.index("Event") < seen.index("opener")


@pytest.mark.parametrize("chart", ["activity", "who", "hours"])
def test_a_mark_of_a_plot_picks_the_rows_it_stands_for(browser, page, chart):
    """A bar or cell, clicked, leaves as many rows as it says; its chip gives all back."""
    browser.open(page)
    marks = browser.all(f".{chart} svg.wide [data-picks]")
    assert len(marks) > 20
    for mark in marks[:: len(marks) // 5]:
        title = mark.find_element("css selector", "title").get_attribute("textContent")
        browser.run("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", mark)
        count = re.search(r": ([\d,]+)", title)[1]
        assert browser.count.startswith(f"{count} of "), title
        assert browser.one(".chip").text == f"{title} \u2715"
    browser.one(".chip").click()
    assert browser.all(".chip") == []
    assert " of " not in browser.count


def test_the_theme_is_the_systems_until_another_is_chosen(browser, page):
    """The button goes through dark and light; what was chosen stays when the page is opened again."""
    background = "return getComputedStyle(document.body).backgroundColor"
    prefer(browser, "dark")
    browser.open(page)
    assert browser.run(background) == "rgb(21, 23, 26)"
    prefer(browser, "light")
    assert browser.run(background) == "rgb(247, 247, 245)"
    browser.one("#theme").click()
    assert (browser.one("#theme").text, browser.run(background)) == (
        "Theme: dark",
        "rgb(21, 23, 26)",
    )
    browser.open(page)
    assert (browser.one("#theme").text, browser.run(background)) == (
        "Theme: dark",
        "rgb(21, 23, 26)",
    )
    browser.one("#theme").click()
    assert browser.one("#theme").text == "Theme: light"
    browser.one("#theme").click()
    assert browser.one("#theme").text == "Theme: system"


def prefer(browser, theme: str) -> None:
    """Make the system's theme dark or light."""
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_nothing_is_wider_than_the_page(browser, page, width):
    """Neither the rows, the plots nor an open record make it scroll sideways."""
    browser.open(page, width=width)
    browser.all("#rows .opener")[0].click()
    browser.wait("return 'complete' in (document.querySelector('.more')?.dataset ?? {})")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    for selector in ("svg.wide", "svg.narrow"):
        shown = [one.is_displayed() for one in browser.all(selector)]
        assert shown == [(selector == "svg.narrow") is (width == 390)] * 3


def test_a_narrow_page_can_be_sorted_too(browser, page, changes):
    """Where the heads are not shown there is a list of them."""
    browser.open(page, width=390)
    assert not browser.one("#rows thead").is_displayed()
    choose(browser.one("#sorter"), "When (UTC) \u2193")
    assert browser.column(EVENT)[0] == changes.records()[-1]["event_id"]


def test_a_link_to_an_event_opens_its_row(browser, page, changes):
    """The address with the event's id goes to its page, and opening a row makes such an address."""
    wanted = changes.records()[130]["event_id"]
    browser.open(page, fragment=f"#{wanted}")
    assert browser.column(EVENT)[30] == wanted
    assert browser.run("return document.activeElement.closest('tr').rowIndex") == 31
    assert len(browser.all(".more")) == 1
    browser.run("arguments[0].click()", browser.all("#rows .opener")[0])
    assert browser.driver.current_url.endswith(f"#{changes.records()[100]['event_id']}")


def test_paper_gets_all_rows(browser, page, changes):
    """Printing shows every row that is found, and afterwards the page is as it was."""
    browser.open(page)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.column(EVENT) == [row["event_id"] for row in changes.records()]
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert len(browser.column(EVENT)) == 100


def test_without_a_program_all_rows_can_be_read(browser, page, changes):
    """No row hides behind JavaScript; what needs it is not offered."""
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(page, ready=False)
        assert browser.one("noscript p").is_displayed()
        assert [row.is_displayed() for row in browser.all("#rows tbody tr")] == [True] * len(
            changes.rows
        )
        assert [one.is_displayed() for one in browser.all(".needs-script")].count(True) == 0
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_program_that_fails_leaves_the_rows_readable(browser, page, changes, tmp_path):
    """In a browser that does not understand the program, the page is as without one."""
    broken = tmp_path / "broken.html"
    text = page.read_text()
    program = text[text.rindex("<script>") + len("<script>") : text.rindex("</script>")]
    unknown = f"{program} no known syntax"
    hashes = [hashlib.sha256(one.encode()).digest() for one in (program, unknown)]
    old, new = (escape(base64.b64encode(one).decode()) for one in hashes)
    broken.write_text(text.replace(program, unknown).replace(old, new))
    browser.open(broken, ready=False)
    assert browser.all("#rows tbody tr")[-1].is_displayed()
    assert not browser.one("#controls").is_displayed()
    assert any("SyntaxError" in line for line in browser.complaints())


def test_the_policy_stops_what_is_not_the_pages_own(browser, page, tmp_path):
    """Were markup ever to slip in, it could not run, load, style or send anything."""
    attacks = (
        "<script>document.title = 'run'</script>"
        "<img src=x onerror=\"document.title = 'run'\"><img src=http://127.0.0.1:9/x>"
        "<p id=styled style='color: rgb(1, 2, 3)'>x<style>#styled { color: rgb(1, 2, 3) }</style>"
        "<iframe src=about:blank></iframe><base href=http://127.0.0.1:9/>"
    )
    attacked = tmp_path / "attacked.html"
    attacked.write_text(page.read_text().replace("<main>", f"<main>{attacks}"))
    browser.open(attacked)
    assert "run" not in browser.driver.title
    assert (
        browser.run("return getComputedStyle(document.getElementById('styled')).color")
        != "rgb(1, 2, 3)"
    )
    kinds = ("script", "event handler", "image", "style")
    complaints = " ".join(browser.complaints()).lower()
    assert all(kind in complaints for kind in kinds)
    assert complaints.count("content security policy") >= 7
    browser.requests()


def test_hostile_rows_do_nothing_when_they_are_opened(browser, hostile, page_of):
    """Searching, choosing and opening rows of attacks runs nothing, and shows them as text."""
    browser.open(page_of(hostile.table))
    elements = "return [...document.body.querySelectorAll('main *')].map((one) => one.tagName)"
    for element in browser.all("#rows .opener")[:40]:
        browser.run("arguments[0].click()", element)
    browser.wait("return document.querySelectorAll('.more[data-complete]').length === 40")
    tags = Counter(browser.run(elements))
    assert not tags.keys() & {"SCRIPT", "IMG", "IFRAME", "A", "B", "OBJECT", "STYLE", "TEMPLATE"}
    assert browser.run("return document.documentElement.scrollWidth") <= 1280
    records = browser.run(
        "return [...document.querySelectorAll('.more pre')].map((one) => one.textContent)"
    )
    assert [json.loads(record)["userAgent"] for record in records] == [
        row["user_agent"] for row in hostile.table.records()[:40]
    ]


def test_a_large_report_is_packed_and_works(browser, changes, page_of):
    """Thousands of rows: the details and records are deflated, and all else is as in a small one."""
    times = 20
    step = timedelta(days=90)
    rows = tuple(
        (row[0] + step * number, *row[1:]) for number in range(times) for row in changes.rows
    )
    evidence = changes.evidence() * times
    large = replace(changes, rows=rows, evidence=lambda: evidence)
    browser.open(page_of(large))
    assert browser.run("return document.getElementById('details').dataset.packed") == "deflate"
    assert browser.count == f"{len(rows):,} rows"
    browser.one("#search").send_keys("Terraform/1.13")
    found = sum("terraform/1.13" in text for text in texts(changes)) * times
    assert browser.count == f"{found:,} of {len(rows):,} rows"
    browser.all("#rows .opener")[0].click()
    browser.wait("return 'complete' in (document.querySelector('.more')?.dataset ?? {})")
    assert "Terraform/1.13" in json.loads(browser.all(".more pre")[0].text)["userAgent"]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_a_page(browser, reports, page_of, name):
    """Each fits both widths, counts its rows, and opens one to what stands behind it."""
    table = reports(name)
    page = page_of(table)
    for width in (390, 1280):
        browser.open(page, width=width)
        assert browser.count == f"{len(table.rows)} rows"
        assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.run("arguments[0].click()", browser.all("#rows .opener")[0])
    browser.wait("return 'complete' in (document.querySelector('.more')?.dataset ?? {})")
    behind = table.evidence()[0] if table.evidence else ()
    assert len(browser.all(".more .record")) == len(behind)
    titles = {found.text for found in browser.all(".more .all dt")}
    assert titles <= {column.title for column in table.columns}
