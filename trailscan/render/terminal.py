"""A report as a table on a terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trailscan.render.csv import as_text
from trailscan.visible import visible

if TYPE_CHECKING:
    from rich.text import Text

    from trailscan.reports.table import Column, Table

_PADDING = 3  # what stands between two columns
_LEAST_WIDE = 36
_LEAST_FOLDED = 12
_STYLES = {"denied": "bold red", "failed": "yellow", "succeeded": "green"}


def render_terminal(table: Table, *, width: int, color: bool) -> str:
    """The columns that fit a width, the wide one folded; notes stand below.

    Args:
        table: any report.
        width: of the terminal, in characters.
        color: whether to use colours; without, there is no escape sequence at all.
    """
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  # start-up
    from rich.console import Console  # noqa: PLC0415  # start-up
    from rich.table import Table as RichTable  # noqa: PLC0415  # start-up
    from rich.text import Text  # noqa: PLC0415  # start-up

    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    shown = [
        (place, column)
        for place, column in enumerate(table.columns)
        if not column.detail and column.least_width <= width
    ]
    if table.rows:
        grid = RichTable(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
        cells = [[_cell(row[place], column) for place, column in shown] for row in table.rows]
        widths = _widths([column for _, column in shown], cells, width)
        for (_, column), wide in zip(shown, widths, strict=True):
            grid.add_column(Text(visible(column.title)), overflow="fold", width=wide)
        for row in cells:
            grid.add_row(*row)
        console.print(grid)
    for note in table.notes:
        console.print(visible(note), soft_wrap=True)
    lines = (line.rstrip() for line in out.getvalue().splitlines())
    return "".join(f"{line}\n" for line in lines)


def _widths(columns: list[Column], cells: list[list[Text]], width: int) -> list[int]:
    """How wide each column is: as its text needs up to its bound, the wide one gets the rest."""
    needed = [
        max([len(column.title), *(row[place].cell_len for row in cells)])
        for place, column in enumerate(columns)
    ]
    widths = [
        min(need, column.most_width) if column.most_width else need
        for need, column in zip(needed, columns, strict=True)
    ]
    room = width - _PADDING * len(columns)
    wide = next((place for place, column in enumerate(columns) if column.wide), None)
    if wide is None:
        return widths
    most, widths[wide] = widths[wide], 0
    while room - sum(widths) < min(most, _LEAST_WIDE) and (place := _widest(columns, widths)):
        widths[place] -= 1
    widths[wide] = max(min(most, room - sum(widths)), 1)
    return widths


def _widest(columns: list[Column], widths: list[int]) -> int | None:
    """The widest column that may still be folded narrower, or None."""
    may = [
        place
        for place, column in enumerate(columns)
        if column.most_width and widths[place] > _LEAST_FOLDED
    ]
    return max(may, key=lambda place: widths[place], default=None)


def _cell(value: object, column: Column) -> Text:
    """A value as text that rich takes for text only."""
    from rich.text import Text  # noqa: PLC0415  # start-up

    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M:%S}{_offset(value)}")
    text = visible(as_text(value))
    if column.short and len(text) > column.short:
        return Text(text[: column.short])
    return Text(text, style=_STYLES.get(text, "") if column.name == "outcome" else "")


def _offset(when: datetime) -> str:
    """What tells the hours of a zone apart that its clocks show twice; UTC needs nothing."""
    return "" if when.tzinfo is UTC else f"{when:%z}"
