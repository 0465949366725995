"""Some columns and rows of a report, in another order: `--columns`, `--sort` and `--limit`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trailscan.numbers import counted
from trailscan.render.tones import order
from trailscan.suggest import did_you_mean
from trailscan.table import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trailscan.table import Column, Evidence, Table

_DESCENDING = ":desc"
_UNORDERED = frozenset({"list", "chain", "json"})


def select_columns(table: Table, names: Sequence[str]) -> Table:
    """The report with these columns in this order, each of which a terminal shows if it can.

    Raises:
        ValueError: the report has no such column.
    """
    places = [_place(table, name) for name in names]
    columns = tuple(replace(table.columns[place], detail=False, rank=0) for place in places)
    rows = tuple(tuple([row[place] for place in places]) for row in table.rows)
    return replace(table, columns=columns, rows=rows)


def sort_rows(table: Table, by: str) -> Table:
    """The report with its rows in the order of a column; rows without a value come last.

    Args:
        table: any report.
        by: the name of the column, with `:desc` behind it for the reverse order. Severities and
            outcomes are ordered by how bad they are.

    Raises:
        ValueError: the report has no such column.
    """
    name = by.removesuffix(_DESCENDING)
    place = _place(table, name)
    key = _key(table.columns[place])
    known = [at for at, row in enumerate(table.rows) if row[place] is not None]
    missing = [at for at, row in enumerate(table.rows) if row[place] is None]
    known.sort(key=lambda at: key(table.rows[at][place]), reverse=by != name)
    return _picked(table, [*known, *missing])


def limit_rows(table: Table, most: int) -> Table:
    """The first rows of the report, and a note if that leaves some out."""
    count = len(table.rows)
    if count <= most:
        return table
    note = f"{most:,} of {counted(count, 'row')}: --limit left out the others"
    return replace(_picked(table, range(most)), notes=(*table.notes, note))


def _key(column: Column) -> Callable[[Any], Any]:
    """What the values of a column are sorted by."""
    if grades := order(column):
        worst_last = {value: place for place, value in enumerate(reversed(grades))}
        return lambda value: worst_last.get(str(value), -1)
    if column.kind == "text":
        return lambda value: str(value).casefold()
    return as_text if column.kind in _UNORDERED else lambda value: value


def _picked(table: Table, places: Sequence[int]) -> Table:
    """The report with some of its rows, and the evidence of these."""
    evidence = table.evidence

    def read() -> tuple[tuple[Evidence, ...], ...]:
        found = evidence() if evidence else ()
        return tuple(found[place] for place in places)

    rows = tuple(table.rows[place] for place in places)
    return replace(table, rows=rows, evidence=read if evidence else None)


def _place(table: Table, name: str) -> int:
    """Where a column is."""
    names = [column.name for column in table.columns]
    if name in names:
        return names.index(name)
    hint = did_you_mean(name, names) or f"; it has: {', '.join(names)}"
    raise ValueError(f"the report {table.name} has no column {name!r}{hint}")
