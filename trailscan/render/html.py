"""A report as one HTML file that opens offline, under a strict Content-Security-Policy.

The template engine escapes every value; data for the page's program is JSON in which `<` is an
escape. Only the page's own style and programs are inserted unescaped: the policy allows exactly
them, by their SHA-256, and forbids everything else.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from trailscan.numbers import counted
from trailscan.render.activity import activity
from trailscan.render.heatmaps import hours_of_the_week, who_by_what
from trailscan.render.page_data import (
    Block,
    about_block,
    cell_text,
    details_block,
    evidence_blocks,
    is_small,
)
from trailscan.render.templates import read_file, template
from trailscan.render.tones import order, tone
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trailscan.render.drawing import Chart
    from trailscan.table import Column, Table

_FEW, _ROOMY, _TIGHT = 9, 19, 13  # columns; characters of a text in few and in many columns
_GAP, _WIDE = 3, 30  # characters between columns, and of the column that takes what is left


def render_html(table: Table) -> str:
    """The shown columns as a table, plots, and for each row all its columns and its records.

    Returns:
        A whole document; the same report gives the same text.
    """
    from markupsafe import Markup  # noqa: PLC0415  # start-up

    data, remarks = _data(table)
    files = "".join(map(read_file, ("theme.css", "plot.css", "style.css")))
    style = f"{files}{column_style(table.columns)}"
    opening, program = read_file("opening.js"), read_file("program.js")
    return template("page.html").render(
        policy=_policy(style, opening, program),
        style=Markup(style),  # noqa: S704  # the package's own, and numbers
        opening=Markup(opening),  # noqa: S704  # the package's own
        program=Markup(program),  # noqa: S704  # the package's own
        report=visible(table.name),
        title=visible(table.title or table.name.capitalize()),
        window=table.window.told_in(table.tz),
        tiles=[list(_tiles(table, place)) for place in range(len(table.columns))],
        incomplete=[visible(why) for why in table.incomplete],
        notes=[visible(note) for note in (*table.notes, *remarks)],
        charts=draw_charts(table),
        titles=[visible(column.title) for column in table.columns if not column.detail],
        rows=[list(_cells(table, row)) for row in table.rows],
        data=data,
    )


def draw_charts(table: Table) -> tuple[Chart, ...]:
    """The plots that a report has columns for, each of all its rows, in the report's zone.

    There are none unless the rows are events: the report has rows and a column `event_time`.
    """
    who = who_by_what(table)
    charts = (activity(table, beside=who is None), who, hours_of_the_week(table))
    return tuple(chart for chart in charts if chart)


def _data(table: Table) -> tuple[list[Block], tuple[str, ...]]:
    """The data of a page's program, and remarks on what it leaves out."""
    if not table.rows:
        return [], ()
    evidence = table.evidence() if table.evidence else ()
    packed = not is_small(table, evidence)
    records, left_out = evidence_blocks(evidence, packed=packed)
    remark = (
        f"the records of {counted(left_out, 'row')} are left out of this page because of its size; "
        "`trailscan show EVENT` shows one"
    )
    blocks = [about_block(table), details_block(table, packed=packed), *records]
    return blocks, (remark,) if left_out else ()


def _tiles(table: Table, place: int) -> Iterator[tuple[str, int, str]]:
    """Each value of a column whose values have an order, its number of rows, and its look."""
    column = table.columns[place]
    values = order(column)
    counts = Counter(row[place] for row in table.rows) if values else Counter()
    for value in values:
        if counts[value]:
            yield visible(value), counts[value], tone(column, value) or ""


def _cells(table: Table, row: tuple[object, ...]) -> Iterator[tuple[str, str, int]]:
    """The shown texts of a row, each with its look and the number of characters shown."""
    for column, value in zip(table.columns, row, strict=True):
        if not column.detail:
            yield cell_text(value), tone(column, value) or "", column.short


def column_style(columns: Sequence[Column]) -> str:
    """The style of the columns that a report shows; it contains none of the report's data."""
    visible_ones = [column for column in columns if not column.detail]
    most = _ROOMY if len(visible_ones) <= _FEW else _TIGHT
    shown = [
        (
            column,
            bool(order(column)),
            _quoted(f"{column.title}: "),
            _needed(visible_ones, column.rank, most) if column.rank else 0,
        )
        for column in visible_ones
    ]
    return template("columns.css").render(columns=shown, most=most)


def _needed(columns: Sequence[Column], rank: int, most: int) -> int:
    """The characters of a page that has room for the columns up to a rank."""
    kept = (one for one in columns if one.rank <= rank or order(one))
    return sum(_GAP + max(len(one.title), _useful(one, most)) for one in kept)


def _useful(column: Column, most: int) -> int:
    """The characters in which a column can be read on a page."""
    widths = {"instant": 19, "flag": 5, "count": 6, "number": 6}
    if column.kind in widths or order(column):
        return widths.get(column.kind, 9)
    return column.short or (_WIDE if column.wide else min(column.most_width or most, most))


def _quoted(text: str) -> str:
    """A text inside a string of CSS: everything but letters and digits is escaped."""
    return "".join(
        char if char.isascii() and char.isalnum() else f"\\{ord(char):x} " for char in text
    )


def _policy(style: str, *programs: str) -> str:
    """The Content-Security-Policy that allows the page's style and programs, and nothing else."""
    scripts = " ".join(map(_hash, programs))
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
