"""Every report says the same in every form: as many rows, and the same sums."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from selectolax.lexbor import LexborHTMLParser

from trailscan.api import open as open_store
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.formats import FORMATS
from trailscan.reports.catalogue import REPORTS

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the sample logs."""
    place = str(tmp_path_factory.mktemp("totals") / "store")
    run_load([str(SAMPLES)], place, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return open_store(place)


def by_title(head: list[str], rows: list[list[object]]) -> list[dict[str, object]]:
    """Rows as dictionaries by the titles of their columns."""
    return [dict(zip(head, row, strict=True)) for row in rows]


def xlsx_rows(data):
    """The rows of a workbook's first sheet."""
    head, *rows = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].values
    return by_title(head, rows)


def html_rows(page):
    """The rows of a page that stand in its table."""
    tree = LexborHTMLParser(page)
    head = [found.text() for found in tree.css("#rows th")]
    return by_title(
        head, [[cell.text() for cell in row.css("td")] for row in tree.css("#rows tbody tr")]
    )


def markdown_rows(text):
    """The rows of a table in Markdown."""
    head, _, *rows = (
        line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")
    )
    return by_title(head, rows)


READERS = {
    "csv": lambda text: list(csv.DictReader(io.StringIO(text))),
    "tsv": lambda text: list(
        csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    ),
    "json": lambda text: json.loads(text)["rows"],
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
    "parquet": lambda data: pq.read_table(io.BytesIO(data)).to_pylist(),
    "xlsx": xlsx_rows,
    "html": html_rows,
    "markdown": markdown_rows,
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_the_same_totals_in_every_form(store, name):
    """Python's frame says how many rows there are and what each column of numbers adds up to."""
    table = store.report(name)
    frame = table.to_frame()
    assert set(READERS) == set(FORMATS) - {"slack"}  # a message, with the first rows only
    for form, read in READERS.items():
        rows = read(FORMATS[form](table))
        assert len(rows) == len(frame) > 0, form
        for column in table.columns:
            key = column.name if column.name in rows[0] else column.title
            if column.kind == "count" and key in rows[0]:
                found = sum(int(row[key] or 0) for row in rows)
                assert found == frame[column.name].sum(), (form, column.name)


def test_sql_counts_what_the_report_counts(store):
    """Outcomes of changes, counted by a query, are those of the frame."""
    rows = store.sql("SELECT outcome, count(*) AS rows FROM changes GROUP BY outcome").records()
    counts = store.changes()["outcome"].value_counts().to_dict()
    assert {row["outcome"]: row["rows"] for row in rows} == counts
