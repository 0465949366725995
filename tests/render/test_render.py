"""One report in every form, and hostile text harmless in each."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.render.columns import texts
from trailscan.render.csv import neutralised_cells, render_csv, safe_columns
from trailscan.render.escape import cell, is_formula, visible
from trailscan.render.formats import format_of
from trailscan.render.json import render_json
from trailscan.render.terminal import render_terminal
from trailscan.table import Column, Table, as_text
from trailscan.window import Window

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text", most_width=20),
    Column("description", "What", "text", wide=True),
    Column("related", "Related", "list", detail=True),
    Column("count", "Count", "count", detail=True),
)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ATTACKS = (
    "\x1b[31mred\x1b]0;title\x07",
    "=cmd|' /C calc'!A0",
    "  +1",
    "\uff1d1",
    "<script>alert(1)</script>",
    "a\u202eb",
    "two\nlines",
    "[bold]markup[/bold]",
    "nul\0",
    "zero\u200bwidth",
    "x" * 5000,
)


def table(*texts: str) -> Table:
    """A table with a text in every cell that takes one."""
    rows = tuple((NOON, text, text, (text,), 1) for text in texts)
    return Table("changes", COLUMNS, rows, Window.day(NOON.date()), ("1 change",))


def test_csv_has_all_columns_by_name_and_every_cell_quoted():
    """The whole CSV of a small table."""
    assert render_csv(table("moved")) == (
        '"event_time","principal","description","related","count"\n'
        '"2026-11-22T12:00:00Z","moved","moved","moved","1"\n'
    )


def test_json_is_one_object_with_its_window_and_exact_rows():
    """The whole JSON of a small table."""
    assert json.loads(render_json(table("=1"))) == {
        "report": "changes",
        "window": {"since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z"},
        "columns": ["event_time", "principal", "description", "related", "count"],
        "rows": [
            {
                "event_time": "2026-11-22T12:00:00Z",
                "principal": "=1",
                "description": "=1",
                "related": ["=1"],
                "count": 1,
            }
        ],
        "notes": ["1 change"],
        "incomplete": [],
    }


def test_a_terminal_table_fits_its_width_and_loses_nothing():
    """Text is folded, never cut."""
    long = "moved account 222233334444 from OU Sandbox to OU Workloads and further words"
    shown = render_terminal(table(long), width=80, color=False).text
    assert max(map(len, shown.splitlines())) <= 80
    assert all(word in re.sub(r"\s+", " ", shown) for word in ("222233334444", "Workloads"))


def test_colour_is_the_only_escape_sequence():
    """With colours on, data still brings no sequence of its own."""
    out = render_terminal(table(*ATTACKS), width=100, color=True).text
    assert not re.search("\x1b(?!\\[[0-9;]*m)", out)
    assert "\x1b[31mred" not in out


def test_the_cells_that_csv_alters_are_counted():
    """A reader can know that a CSV differs from the record."""
    assert neutralised_cells(table("=1", "1")) == 3


def test_the_suffix_of_a_file_chooses_the_form(tmp_path):
    """Known suffixes mean a form; an unknown one is an error that lists them."""
    suffixes = [
        "csv",
        "tsv",
        "JSON",
        "jsonl",
        "ndjson",
        "txt",
        "md",
        "markdown",
        "html",
        "htm",
        "xlsx",
        "parquet",
    ]
    assert [format_of(tmp_path / f"a.{suffix}") for suffix in suffixes] == [
        *("csv", "tsv", "json", "jsonl", "jsonl", "table", "markdown", "markdown"),
        *("html", "html", "xlsx", "parquet"),
    ]
    with pytest.raises(ValueError, match=r"\.csv, \.tsv, \.json"):
        format_of(tmp_path / "a.docx")


def test_a_frame_has_its_types_even_when_empty():
    """Times are UTC timestamps, counts integers, in a table of no rows too."""
    for rows in (table("a"), table()):
        types = {name: str(kind) for name, kind in rows.to_frame().dtypes.items()}
        assert (types["event_time"], types["count"]) == ("datetime64[us, UTC]", "Int64")


def test_a_duration_of_no_time_is_a_text_in_arrow():
    """What is undone within the second was open for no time, which is not the same as unknown."""
    columns = (Column("open_for", "Open for", "duration"), Column("witness", "Request", "json"))
    rows = Table("changes", columns, ((timedelta(0), {}), (None, None)), Window()).to_arrow()
    assert rows.to_pydict() == {"open_for": ["PT0S", None], "witness": ["{}", None]}


@given(st.text())
def test_visible_text_is_printable(text):
    """Nothing that a terminal obeys or hides is left, and plain text stays as it is."""
    assert all(char.isprintable() or char == "\u3000" or char.isspace() for char in visible(text))
    assert not is_formula(cell(text))


@given(st.lists(st.text(), max_size=4))
def test_csv_keeps_its_rows_and_columns_for_any_text(texts):
    """However hostile, a cell stays one cell."""
    rows = list(csv.reader(io.StringIO(render_csv(table(*texts)))))
    assert [len(row) for row in rows] == [5] * (len(texts) + 1)


@given(st.text())
def test_json_gives_back_any_text(text):
    """JSON is exact, also where it writes escapes."""
    assert json.loads(render_json(table(text)))["rows"][0]["principal"] == text


@given(st.lists(st.text("ab\"',;\n=é"), min_size=1, max_size=4))
def test_csv_is_what_the_standard_writer_quotes(found):
    """Every cell stands in quotes, and the quotes within are doubled, as the csv module does."""
    shown = table(*found)
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([column.name for column in shown.columns])
    writer.writerows(zip(*safe_columns(shown), strict=True))
    assert render_csv(shown) == out.getvalue()


@given(st.lists(st.none() | st.lists(st.text() | st.integers() | st.booleans()).map(tuple)))
def test_the_texts_of_a_column_are_those_of_its_values(values):
    """Equal values that differ as text (1 and True) keep their own text."""
    assert texts(values) == [as_text(value) for value in values]
