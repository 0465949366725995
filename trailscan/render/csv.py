"""A report as CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.render.columns import columns_as, safe_cells, texts
from trailscan.render.escape import cell, csv_cell
from trailscan.table import as_text
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trailscan.table import Column, Table

NUMBERS = frozenset({"count", "number", "instant", "flag"})
"""The kinds of columns whose values are no text, and so no formula."""


def render_csv(table: Table) -> str:
    """All columns by name, every cell quoted; apostrophes neutralize formulas.

    Numbers and times stay as they are.
    """
    names = [cell(column.name).replace('"', '""') for column in table.columns]
    columns = columns_as(table, lambda column, values: _doubled(_safe(column, values)))
    rows = map('","'.join, (names, *zip(*columns, strict=True)))
    return '"' + '"\n"'.join(rows) + '"\n'


def _doubled(column: list[str]) -> list[str]:
    """The texts of a column with their quotes doubled, as RFC 4180 asks of a quoted cell."""
    if '"' not in "".join(column):
        return column
    return [text.replace('"', '""') for text in column]


def safe_columns(table: Table) -> list[list[str]]:
    """The texts of each column, none of them a formula to a spreadsheet."""
    return list(columns_as(table, _safe))


def _safe(column: Column, values: Sequence[object]) -> list[str]:
    """The values of a column as texts, none of them a formula to a spreadsheet."""
    return texts(values) if column.kind in NUMBERS else safe_cells(texts(values))


def neutralised_cells(table: Table, safe: Callable[[str], str] = csv_cell) -> int:
    """The number of cells that a form alters because a spreadsheet may take them for formulas.

    Args:
        table: a report.
        safe: makes the text of a cell harmless in that form.
    """
    places = [at for at, column in enumerate(table.columns) if column.kind not in NUMBERS]
    found = (as_text(row[at]) for row in table.rows for at in places)
    return sum(safe(text) != visible(text) for text in found)
