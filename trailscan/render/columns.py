"""The texts of a report, one column at a time.

A report can have 50,000 rows of 27 cells, nearly all of them plain ASCII. One check of a whole
column is much faster than one of each cell; only a column that is not plain is checked by cell.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from trailscan.render.escape import FORMULA_STARTS, csv_cell
from trailscan.rows import ArrowRows
from trailscan.table import as_text
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from trailscan.table import Column, Table

_SUSPECT = frozenset({*FORMULA_STARTS, " "})


def columns_as(
    table: Table, make: Callable[[Column, Sequence[Any]], list[str]]
) -> Iterator[list[str]]:
    """What a function makes of the values of each column; of each different one once if it can."""
    if isinstance(table.rows, ArrowRows):
        for column, coded in zip(table.columns, table.rows.columns(), strict=True):
            yield coded.each(partial(make, column))
    elif table.rows:
        yield from map(make, table.columns, zip(*table.rows, strict=True))


def texts(values: Sequence[object]) -> list[str]:
    """The values of a column as text: `as_text` of each, once for equal lists of texts."""
    types = set(map(type, values))
    if types <= {str, type(None)}:
        return ["" if value is None else value for value in values]  # type: ignore[misc]  # all are
    if types <= {tuple, type(None)} and _are_texts(chain.from_iterable(filter(None, values))):  # type: ignore[arg-type]  # all are tuples
        known = {value: as_text(value) for value in set(values)}
        return [known[value] for value in values]
    return ["" if value is None else as_text(value) for value in values]


def _are_texts(items: Iterable[object]) -> bool:
    """Whether all items are texts, so that equal lists of them have the same text."""
    return set(map(type, items)) <= {str}


def visible_texts(found: list[str]) -> list[str]:
    """The texts of a column with unseen characters written out: `visible` of each."""
    if is_plain(found):
        return found
    shown = {text: visible(text) for text in set(found)}
    return [shown[text] for text in found]


def safe_cells(found: list[str]) -> list[str]:
    """The texts of a column for a CSV file: `csv_cell` of each."""
    plain = is_plain(found)
    looked_at = found if plain else set(found)
    suspects = {text for text in looked_at if not plain or text[:1] in _SUSPECT or ";" in text}
    if not suspects:
        return found
    safe = {text: csv_cell(text) for text in suspects}
    return [safe.get(text, text) for text in found]


def is_plain(found: Iterable[str]) -> bool:
    """Whether texts consist of printable ASCII characters only."""
    whole = "".join(found)
    return whole.isascii() and whole.isprintable()
