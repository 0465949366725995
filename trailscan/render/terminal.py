"""A report as a table on a terminal.

rich is not used: it takes half a millisecond a row, and a report can have 50,000.
"""

from __future__ import annotations

from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

from trailscan.render.columns import is_plain, texts, visible_texts
from trailscan.render.tones import Tone, order, tone
from trailscan.table import clock_text
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trailscan.table import Column, Table

_GAP = "   "
_LEAST_WIDE = 36
_LEAST_FOLDED = 12
_BOLD = "1"
_STYLES: dict[Tone, str] = {"worst": "1;31", "bad": "31", "warn": "33", "good": "32"}
"""Colours, as in SGR escape sequences."""


def render_terminal(table: Table, *, width: int, color: bool) -> str:
    """The columns that fit a width, the wide one wrapped, and the notes below.

    Args:
        table: any report.
        width: of the terminal, in characters.
        color: whether to use colors; without them there is no escape sequence at all.
    """
    shown = [
        (place, column)
        for place, column in enumerate(table.columns)
        if not column.detail and column.least_width <= width
    ]
    lines: list[str] = []
    if table.rows:
        values = list(zip(*table.rows, strict=True))
        cells = [_cells(values[place], column) for place, column in shown]
        columns = [column for _, column in shown]
        lines = [*_grid(columns, cells, _widths(columns, cells, width), color=color), ""]
    return "".join(f"{line}\n" for line in (*lines, *map(visible, table.remarks)))


def _grid(
    columns: list[Column], cells: list[list[str]], widths: list[int], *, color: bool
) -> Iterator[str]:
    """The lines of the header, the rule and the rows."""
    titles = [
        _folded([visible(column.title)], wide) for column, wide in zip(columns, widths, strict=True)
    ]
    blanks = [" " * wide for wide in widths]
    for line in _row([found[0] for found in titles], blanks):
        yield _styled(line, _BOLD) if color else line
    yield f" {'─' * (sum(widths) + len(_GAP) * (len(widths) - 1))}"
    folded = [_folded(column, wide) for column, wide in zip(cells, widths, strict=True)]
    for place, column in enumerate(columns):
        if color and order(column):
            folded[place] = [[_coloured(column, line) for line in lines] for lines in folded[place]]
    for row in zip(*folded, strict=True):
        yield from _row(row, blanks)


def _row(cells: Sequence[list[str]], blanks: list[str]) -> list[str]:
    """The lines of one row, whose cells are padded already."""
    height = max(map(len, cells))
    if height == 1:
        return [f" {_GAP.join([cell[0] for cell in cells])}".rstrip()]
    filled = zip_longest(*cells)
    return [
        f" {_GAP.join([part or blank for part, blank in zip(parts, blanks, strict=True)])}".rstrip()
        for parts in filled
    ]


def _coloured(column: Column, text: str) -> str:
    found = tone(column, text.rstrip())
    return _styled(text, _STYLES[found]) if found in _STYLES else text


def _styled(text: str, style: str) -> str:
    """A text in a style; the spaces after it have none."""
    shown = text.rstrip()
    return f"\x1b[{style}m{shown}\x1b[0m{text[len(shown) :]}"


def _folded(column: list[str], width: int) -> list[list[str]]:
    """The lines of each cell of a column, padded to its width."""
    if not is_plain(column):
        return [[_padded(line, width) for line in _fold_any(text, width)] for text in column]
    return [
        [text.ljust(width)]
        if len(text) <= width
        else [line.ljust(width) for line in _fold(text, width)]
        for text in column
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _length(text))


def _fold(text: str, width: int) -> list[str]:
    """A text in lines, broken at spaces, or where one word is longer than a line."""
    lines = []
    while len(text) > width:
        at = text.rfind(" ", 1, width + 1)
        lines.append(text[: at if at > 0 else width])
        text = text[at + 1 if at > 0 else width :]
    return [*lines, text]


def _fold_any(text: str, width: int) -> list[str]:
    """A text in lines, where characters may take two cells of the terminal, or none."""
    if text.isascii() or len(text) == _length(text):
        return _fold(text, width)
    lines, line = [], ""
    for word in text.split(" "):
        if line and _length(line) + 1 + _length(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while _length(line) > width:
            start = _start(line, width)
            lines.append(start)
            line = line[len(start) :]
    return [*lines, line]


def _start(text: str, width: int) -> str:
    """The longest start of a text that fits a width; at least one character."""
    for count in range(2, len(text) + 1):
        if _length(text[:count]) > width:
            return text[: count - 1]
    return text


def _length(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  # start-up

    return cell_len(text)


def _widths(columns: list[Column], cells: list[list[str]], width: int) -> list[int]:
    """The width of each column: what its text needs, up to a bound; the wide one gets the rest."""
    needed = [
        max(_length(visible(column.title)), _longest(found))
        for column, found in zip(columns, cells, strict=True)
    ]
    widths = [
        min(need, column.most_width) if column.most_width else need
        for need, column in zip(needed, columns, strict=True)
    ]
    room = width - len(_GAP) * len(columns)
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


def _longest(column: list[str]) -> int:
    return max(map(len if is_plain(column) else _length, column), default=0)


def _cells(values: Sequence[object], column: Column) -> list[str]:
    """The values of a column as text that a terminal only shows."""
    if column.kind == "instant":
        return [clock_text(value) if isinstance(value, datetime) else "" for value in values]
    found = visible_texts(texts(values))
    return [text[: column.short] for text in found] if column.short else found
