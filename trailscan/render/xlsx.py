"""A report as a workbook: typed cells under a frozen header with filters, and a sheet about it.

Texts are string cells, never formulas or links, and altered as in CSV, because a workbook may be
saved as CSV. A date has no time zone: the title of its column names the zone of the report.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError
from trailscan.numbers import counted
from trailscan.render.csv import neutralised_cells
from trailscan.render.escape import cell
from trailscan.render.tones import tone
from trailscan.table import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from trailscan.render.tones import Tone
    from trailscan.table import Table

MOST_ROWS = 1_048_575
"""The most rows of a sheet, without its header."""

_MOST_CHARACTERS = 32_767  # of a cell, in UTF-16 units
_CUT = " […cut here: too long for a cell]"
_EXACT_INTEGERS = 2**53  # numbers in cells are doubles
_FIRST_YEAR = 1900  # what is older is no date to Excel
_CREATED = datetime(1980, 1, 1)  # noqa: DTZ001  # the same bytes at any time; a cell has no zone
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_COLOURS: dict[Tone, str] = {
    "worst": "#7A1210",
    "bad": "#B3261E",
    "warn": "#8A5A00",
    "good": "#1E6B3A",
    "mild": "#5F6368",
}
_WIDEST = 60
_LOOKED_AT = 1000  # rows that decide how wide a column is


def render_xlsx(table: Table) -> bytes:
    """All columns by title: dates, numbers, booleans and texts.

    Raises:
        TrailscanError: there are more rows than a sheet holds.
    """
    _check_size(table)
    from xlsxwriter import Workbook  # noqa: PLC0415  # start-up

    out = io.BytesIO()
    with Workbook(out, _OPTIONS) as book:
        book.set_properties({"title": cell(table.title or table.name), "created": _CREATED})
        _write_rows(book, table)
        _write_lines(book, "About", _about(table))
    return out.getvalue()


def render_workbook(title: str, lines: Iterable[tuple[str, str]], tables: Iterable[Table]) -> bytes:
    """A workbook of several reports: a first sheet of named texts, then a sheet a report.

    Args:
        title: of the workbook.
        lines: of the first sheet, `Summary`: a name and a text each.
        tables: their names are those of the sheets; what is no detail stands before what is.

    Raises:
        TrailscanError: a report has more rows than a sheet holds.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415  # start-up

    out = io.BytesIO()
    with Workbook(out, _OPTIONS) as book:
        book.set_properties({"title": cell(title), "created": _CREATED})
        reports = list(tables)
        altered = [line for table in reports for line in _alterations(table)]
        _write_lines(book, "Summary", [*lines, *altered])
        for table in reports:
            _check_size(table)
            _write_rows(book, _details_last(table))
    return out.getvalue()


def _details_last(table: Table) -> Table:
    """The report with its details behind all other columns."""
    places = sorted(range(len(table.columns)), key=lambda at: table.columns[at].detail)
    return replace(
        table,
        columns=tuple(table.columns[at] for at in places),
        rows=tuple(tuple(row[at] for at in places) for row in table.rows),
    )


def _check_size(table: Table) -> None:
    """Make sure that a report fits a sheet."""
    if len(table.rows) > MOST_ROWS:
        raise TrailscanError(
            f"{len(table.rows):,} rows do not fit a sheet of {MOST_ROWS:,}",
            "narrow the report, or use csv or parquet",
        )


def _write_rows(book: Workbook, table: Table) -> None:
    """Write the sheet of the rows."""
    sheet = book.add_worksheet(table.name[:31])
    bold = book.add_format({"bold": True, "bottom": 1})
    when = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    tones = {name: book.add_format({"font_color": colour}) for name, colour in _COLOURS.items()}
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, _width(table, place))
        sheet.write_string(0, place, cell(column.title), bold)
    for number, row in enumerate(table.rows, 1):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            found = tone(column, value)
            _write(sheet, number, place, value, when, tones[found] if found else None)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _write(
    sheet: Worksheet, row: int, place: int, value: object, when: Format, look: Format | None
) -> None:
    """Write one value to a cell of its type; None leaves the cell empty."""
    if value in (None, ()):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float) and abs(value) <= _EXACT_INTEGERS:
        sheet.write_number(row, place, value)
    elif isinstance(value, datetime) and value.year >= _FIRST_YEAR:
        sheet.write_datetime(row, place, value.replace(tzinfo=None), when)
    else:
        sheet.write_string(row, place, _fitting(cell(as_text(value))), look)


def _fitting(text: str) -> str:
    """A text that fits a cell; a longer one is cut, and says so."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _MOST_CHARACTERS:
        return text
    return units[: 2 * (_MOST_CHARACTERS - len(_CUT))].decode("utf-16-le", "ignore") + _CUT


def _write_lines(book: Workbook, name: str, lines: Iterable[tuple[str, str]]) -> None:
    """Write a sheet of named texts."""
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "valign": "top"})
    folded = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 100)
    for number, (title, text) in enumerate(lines):
        sheet.write_string(number, 0, title, bold)
        sheet.write_string(number, 1, _fitting(cell(text)), folded)


def _about(table: Table) -> Iterator[tuple[str, str]]:
    """The lines of the sheet about the report."""
    yield "Report", table.title or table.name
    yield "Event time", table.window.told_in(table.tz)
    for why in table.incomplete:
        yield "Incomplete", why
    for note in table.notes:
        yield "Note", note
    yield from _alterations(table)


def _alterations(table: Table) -> Iterator[tuple[str, str]]:
    """What of a report its cells do not show as it is."""
    altered = neutralised_cells(table, cell)
    if altered:
        yield (
            "Altered",
            f"a leading apostrophe was added to {counted(altered, 'cell')} (possible formulas)",
        )
    texts = (cell(as_text(value)) for row in table.rows for value in row)
    cut = sum(_fitting(text) != text for text in texts)
    if cut:
        yield (
            "Cut",
            f"{counted(cut, 'text')} cut at the limit of a cell; use parquet for all of it",
        )


def _width(table: Table, place: int) -> int:
    """How wide a column should be, by its title and first rows."""
    column = table.columns[place]
    texts = [as_text(row[place]) for row in table.rows[:_LOOKED_AT]]
    return min(max(map(len, [column.title, *texts])) + 2, _WIDEST)
