"""A report as CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from trailscan.render.columns import safe_cells, texts
from trailscan.render.escape import cell
from trailscan.table import as_text

if TYPE_CHECKING:
    from trailscan.table import Table


def render_csv(table: Table) -> str:
    """All columns by name, every cell quoted; a leading apostrophe neutralizes formulas."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([cell(column.name) for column in table.columns])
    columns = [safe_cells(texts(values)) for values in zip(*table.rows, strict=True)]
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def neutralised_cells(table: Table) -> int:
    """The number of cells that the CSV alters because they look like formulas."""
    return sum(
        cell(text).startswith("'") and not text.startswith("'")
        for row in table.rows
        for text in map(as_text, row)
    )
