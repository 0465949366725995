"""A hostile event, every string of it an attack, is harmless in every form of a report."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import UTC
from typing import Any

import cmarkgfm
import openpyxl
import pyarrow.parquet as pq
import pytest
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from trailscan.render import page_data
from trailscan.render.csv import as_text
from trailscan.render.document import (
    Document,
    Section,
    render_document_html,
    render_document_markdown,
)
from trailscan.render.escape import cell, is_formula
from trailscan.render.formats import FORMATS
from trailscan.render.html import render_html
from trailscan.render.markdown import inline
from trailscan.render.notebook import table_html
from trailscan.render.terminal import render_terminal
from trailscan.reports.catalogue import REPORTS
from trailscan.table import Column, Table
from trailscan.visible import visible
from trailscan.window import Window

ALLOWED = frozenset(
    ["html", "head", "body", "h2", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code"]
)
"""What a report in Markdown becomes, and no more."""

OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\U000e0001"
    "\u3164\u2800\u115f\u1160\uffa0\u034f\u180e\u2060\ufe0f\U000e0041\U000e0101]"
)
"""What a terminal, an editor or a browser obeys or hides; of line ends only ours are left."""


def shown(table: Table) -> list[list[str]]:
    """The texts of the columns that are no details."""
    places = [place for place, column in enumerate(table.columns) if not column.detail]
    return [[as_text(row[place]) for place in places] for row in table.rows]


def elements(document: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every element of a document with the names of its attributes, as a browser would see them."""
    root = LexborHTMLParser(document).root
    return [
        (node.tag, tuple(sorted(node.attributes))) for node in root.traverse(include_text=False)
    ]


def check_table(hostile: Any) -> None:
    """Nothing that a terminal obeys."""
    out = render_terminal(hostile.table, width=200, color=False).text
    assert not OBEYED.search(out)
    assert out.count("\n") < 100 * len(hostile.table.rows)


def check_tsv(hostile: Any) -> None:
    """No formula, no control, one line a row, and in each line every cell."""
    lines = FORMATS["tsv"](hostile.table).split("\n")
    rows = [line.split("\t") for line in lines[:-1]]
    assert (len(rows), lines[-1]) == (len(hostile.table.rows) + 1, "")
    assert {len(row) for row in rows} == {len(hostile.table.columns)}
    assert not [text for row in rows for text in row if OBEYED.search(text) or is_formula(text)]


def check_csv(hostile: Any) -> None:
    """No formula, no control, and every cell is one cell."""
    out = FORMATS["csv"](hostile.table)
    assert not OBEYED.search(out)
    rows = list(csv.reader(io.StringIO(out)))
    assert [len(row) for row in rows] == [len(hostile.table.columns)] * (
        len(hostile.table.rows) + 1
    )
    assert not any(is_formula(text) for row in rows for text in row)
    for separator in ";\t":
        split = csv.reader(io.StringIO(out), delimiter=separator)
        assert not any(is_formula(text) for row in split for text in row)


def check_json(hostile: Any) -> None:
    """The exact values, and nothing that a terminal obeys."""
    out = FORMATS["json"](hostile.table)
    assert not OBEYED.search(out)
    check_exact(hostile.table, json.loads(out)["rows"])


def check_jsonl(hostile: Any) -> None:
    """The same, a line a row."""
    out = FORMATS["jsonl"](hostile.table)
    assert not OBEYED.search(out)
    check_exact(hostile.table, [json.loads(line) for line in out.splitlines()])


def check_slack(hostile: Any) -> None:
    """Plain text only, in which Slack obeys nothing, within the limits of its blocks."""
    out = FORMATS["slack"](hostile.table)
    assert not OBEYED.search(out)
    blocks = json.loads(out)["blocks"]
    assert len(blocks) <= 50
    texts = [text for block in blocks for text in block.get("elements", [block.get("text")])]
    assert {(text["type"], text["emoji"]) for text in texts} == {("plain_text", False)}
    assert all(0 < len(text["text"]) <= 3000 for text in texts)


def check_exact(table: Table, found: list[dict[str, Any]]) -> None:
    """Rows of JSON are a table's, but for the form of instants and lists."""
    instants = dict.fromkeys(("event_time", "arrived"))
    expected = [
        {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
        for row in table.records()
    ]
    assert [{**row, **instants} for row in found] == [{**row, **instants} for row in expected]


def check_parquet(hostile: Any) -> None:
    """The exact values."""
    found = pq.read_table(io.BytesIO(FORMATS["parquet"](hostile.table)))
    assert found.equals(hostile.table.to_arrow())


def check_xlsx(hostile: Any) -> None:
    """Every text is a string cell, and one that looks like a formula has an apostrophe."""
    data = FORMATS["xlsx"](hostile.table)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        sheets = [archive.read(name) for name in names if name.startswith("xl/worksheets/")]
    assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)
    assert not any("externalLink" in name or name.endswith("sheet1.xml.rels") for name in names)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    cells = [list(row) for row in sheet.iter_rows(min_row=2)]
    assert {found.data_type for row in cells for found in row} <= {"s", "n", "b", "d"}
    places = [at for at, column in enumerate(hostile.table.columns) if column.kind == "text"]
    for found, row in zip(cells, hostile.table.rows, strict=True):
        texts = [None if row[at] is None else cell(as_text(row[at])) for at in places]
        assert [found[at].value for at in places] == [
            text if text is None or len(text) < 32_768 else found[at].value
            for at, text in zip(places, texts, strict=True)
        ]


def check_markdown(hostile: Any) -> None:
    """The table keeps its shape, says every text whole, and holds no markup of the log's."""
    out = FORMATS["markdown"](hostile.table)
    assert not OBEYED.search(out)
    linking = MarkdownIt("gfm-like", {"linkify": True, "typographer": False})
    for render in (cmarkgfm.github_flavored_markdown_to_html, linking.render):
        document = render(out)
        found = {tag for tag, _ in elements(document)}
        assert found <= ALLOWED
        assert {names for _, names in elements(document)} <= {(), ("align",), ("style",)}
        tree = LexborHTMLParser(document)
        rows = [
            [" ".join(found.text().split()) for found in row.css("td")]
            for row in tree.css("tbody tr")
        ]
        expected = [
            [" ".join(visible(text).split()) for text in row] for row in shown(hostile.table)
        ]
        assert [row[1:-1] for row in rows] == [row[1:-1] for row in expected]


def check_html(hostile: Any) -> None:
    """A browser sees the elements and attributes of a page of harmless words, and no others."""
    page, harmless = render_html(hostile.table), render_html(hostile.harmless)
    assert not OBEYED.search(page)
    assert elements(page) == elements(harmless)
    tree = LexborHTMLParser(page)
    rows = [[found.text().strip() for found in row.css("td")] for row in tree.css("#rows tbody tr")]
    expected = [[visible(text).strip() for text in row[1:]] for row in shown(hostile.table)]
    assert [row[1:] for row in rows] == expected
    (about,) = tree.css("#about")
    assert json.loads(about.text())["columns"][0]["name"] == "event_time"


def check_jupyter(hostile: Any) -> None:
    """The same for what a notebook shows."""
    view, harmless = (table_html(table) for table in hostile[:2])
    assert not OBEYED.search(view)
    assert elements(view) == elements(harmless)


CASES = {
    "table": check_table,
    "csv": check_csv,
    "tsv": check_tsv,
    "json": check_json,
    "jsonl": check_jsonl,
    "slack": check_slack,
    "markdown": check_markdown,
    "html": check_html,
    "xlsx": check_xlsx,
    "parquet": check_parquet,
    "jupyter": check_jupyter,
}


def test_every_form_has_its_case():
    """A form that is added needs a case here, with what harmless means for it."""
    assert set(CASES) == {"table", "jupyter", *FORMATS}


@pytest.mark.parametrize("form", CASES)
def test_a_hostile_event_is_harmless(form, hostile):
    """Every string of the event is an attack, and none does anything in this form."""
    CASES[form](hostile)


def test_attacks_reach_the_columns(hostile):
    """The attacks come through loading unaltered, so that the cases above mean something."""
    agents = {row["user_agent"] for row in hostile.table.records()}
    assert {"<script>alert(1)</script>", "a\u202eb\u202c", "nul\0", "\\|"} <= agents
    assert any("\x1b[31m\u202e" in row["log_file"] for row in hostile.table.records())


def test_hostile_titles_and_notes_are_harmless():
    """What a report says of itself may repeat what a user typed, or a folder's name."""
    attack = "</title><script>alert(1)</script>|`[x](http://e.com)\x1b[31m\u202e"
    rows = (("x",),)
    table, plain = (
        Table(text, (Column("a", text, "text"),), rows, Window(), (text,), UTC, (text,), text)
        for text in (attack, "word")
    )
    assert elements(render_html(table)) == elements(render_html(plain))
    for form in ("html", "markdown"):
        assert not OBEYED.search(FORMATS[form](table))
    document = cmarkgfm.github_flavored_markdown_to_html(FORMATS["markdown"](table))
    assert {tag for tag, _ in elements(document)} <= ALLOWED


def test_a_document_of_hostile_reports_is_harmless(hostile):
    """A page and a Markdown text of several reports, with hostile words around them."""
    attack = "</style><script>alert(1)</script>|`[x](http://e.com)\x1b[31m\u202e"

    def made(word: str, table: Table) -> Document:
        """A document that says a word wherever it can."""
        sections = (Section(word, word, table), Section(word))
        return Document(word, word, word, word, (word,), ((word, word),), sections)

    documents = [made(attack, hostile.table), made("word", hostile.harmless)]
    page, plain = map(render_document_html, documents)
    assert not OBEYED.search(page)
    assert elements(page) == elements(plain)
    text = render_document_markdown(documents[0])
    assert not OBEYED.search(text)
    html = cmarkgfm.github_flavored_markdown_to_html(text)
    assert {tag for tag, _ in elements(html)} <= ALLOWED | {"h1", "p", "strong"}


@pytest.mark.parametrize(
    "text", ["a|b", "`|`", "1. x", " - x", "www.e.com", "a@e.com", "&lt;", "\\"]
)
def test_markdown_says_a_text_and_nothing_else(text):
    """In a list too, where the beginning of a line has a meaning of its own."""
    document = cmarkgfm.github_flavored_markdown_to_html(f"- {inline(text)}")
    assert {tag for tag, _ in elements(document)} <= {"html", "head", "body", "ul", "li", "code"}
    assert LexborHTMLParser(document).body.text().strip() == text.strip()


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_of_hostile_events_is_harmless(name, hostile, monkeypatch):
    """Whatever other reports make of the attacks, no form of them does more than of harmless words."""
    monkeypatch.setattr(page_data, "SMALL", 10**9)
    table, harmless = (store.report(name) for store in hostile.stores)
    assert len(table.rows) > 0
    assert set(elements(render_html(table))) <= set(elements(render_html(harmless)))
    assert set(elements(table_html(table))) <= set(elements(table_html(harmless)))
    texts = {form: FORMATS[form](table) for form in ("csv", "json", "jsonl", "markdown", "html")}
    texts["table"] = render_terminal(table, width=200, color=False).text
    assert not [form for form, text in texts.items() if OBEYED.search(text)]
    rows = list(csv.reader(io.StringIO(texts["csv"])))
    assert not any(is_formula(text) for row in rows for text in row)
    document = LexborHTMLParser(cmarkgfm.github_flavored_markdown_to_html(texts["markdown"]))
    assert len(document.css("tbody tr")) == len(table.rows)
    assert {tag for tag, _ in elements(document.html)} <= ALLOWED
    workbook = openpyxl.load_workbook(io.BytesIO(FORMATS["xlsx"](table)))
    types = {found.data_type for sheet in workbook for row in sheet for found in row}
    assert types <= {"s", "n", "b", "d"}
