"""A report as tab-separated lines, for `cut`, `awk`, `sort` and `grep`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.render.csv import safe_columns
from trailscan.render.escape import cell

if TYPE_CHECKING:
    from trailscan.table import Table


def render_tsv(table: Table) -> str:
    r"""A line of column names, then a line a row, whose values are separated by tabs.

    All columns, as in CSV. A value is on one line: a tab in it is written as `\t`, a line end as
    `\n`, and every other invisible character as an escape too. Apostrophes neutralize formulas.
    """
    lines = ["\t".join([cell(column.name) for column in table.columns])]
    lines += map("\t".join, zip(*safe_columns(table), strict=True))
    return "".join(f"{line}\n" for line in lines)
