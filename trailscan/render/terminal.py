"""A report on a terminal: a table that fits its width, or one block a row.

A word is broken only if it is longer than a line. In a table, a value with a word that is longer
than its column takes the rest of the line, and the columns after it go on below.

rich is not used: it takes half a millisecond a row, and a report can have 50,000.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from trailscan.render.columns import texts, visible_texts
from trailscan.render.fold import fold, length, longest, longest_word, padded
from trailscan.render.layout import (
    GAP,
    Layout,
    Shown,
    choose,
    first_to_leave,
    measured,
    widths_of,
)
from trailscan.render.tones import Tone, order, tone
from trailscan.table import clock_text, shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trailscan.table import Column, Table

_BOLD = "1"
_USUAL = 80
"""The width at which a report has as many lines as it may have on wider terminals."""
_TRIED = 300
_STYLES: dict[Tone, str] = {"worst": "1;31", "bad": "31", "warn": "33", "good": "32"}
"""Colours, as in SGR escape sequences."""


class Drawn(NamedTuple):
    """A report as a terminal shows it.

    Attributes:
        text: its lines; empty for a report without rows.
        left_out: the names of the columns that did not fit.
        of: how many columns there are to show.
        is_record: whether it is one block a row.
    """

    text: str
    left_out: tuple[str, ...]
    of: int
    is_record: bool = False

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was left out, and how to see it."""
        if not self.left_out:
            return ()
        shown = self.of - len(self.left_out)
        names = ", ".join(self.left_out)
        return (
            f"{shown} of {self.of} columns; --columns, --layout record show the others: {names}",
        )


def render_terminal(table: Table, *, width: int, color: bool, layout: Layout = "auto") -> Drawn:
    """A report in lines of a width, without its notes.

    Args:
        table: any report.
        width: of the terminal, in characters.
        color: whether to use colors; without them there is no escape sequence at all.
        layout: `auto` shows a table unless even the most important columns do not fit.
    """
    places = [place for place, column in enumerate(table.columns) if not column.detail]
    if not (table.rows and places):
        return Drawn("", (), len(places))
    found = _measure(table, places, width, short=True) if layout != "record" else []
    shown = choose(found, width, drop_any=layout == "table")
    if layout == "auto" and shown and width > _USUAL:
        usual = choose(_measure(table, places, _USUAL, short=True), _USUAL)
        shown = _not_higher(shown, width, usual)
    if shown:
        names = {one.column.name for one in shown}
        left_out = tuple(one.column.name for one in found if one.column.name not in names)
        return Drawn(_text(_grid(shown, width, color=color)), left_out, len(places))
    found = _measure(table, places, width, short=False)
    return Drawn(_text(_blocks(found, width, color=color)), (), len(places), is_record=True)


def _measure(table: Table, places: Iterable[int], width: int, *, short: bool) -> list[Shown]:
    """Some columns with their values as text, ids shortened or whole."""
    values = list(zip(*table.rows, strict=True))
    columns = ((values[place], table.columns[place]) for place in places)
    return [measured(one, _cells(of, one, short=short), width) for of, one in columns]


def _not_higher(shown: list[Shown], width: int, usual: Sequence[Shown]) -> list[Shown]:
    """The columns with which a wide terminal has no more lines than one of the usual width.

    More columns on a line leave less room for each. The rows that are tried stand for all of them.
    """
    if not usual:
        return shown
    most = _height(usual, _USUAL)
    while _height(shown, width) > most:
        last = first_to_leave(shown)
        if shown[last].column.rank == 0:
            break
        shown = [*shown[:last], *shown[last + 1 :]]
    return shown


def _height(shown: Sequence[Shown], width: int) -> int:
    """How many lines some of the rows take."""
    step = max(len(shown[0].cells) // _TRIED, 1)
    some = [replace(one, cells=one.cells[::step]) for one in shown]
    return sum(1 for _ in _grid(some, width, color=False))


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _grid(shown: Sequence[Shown], width: int, *, color: bool) -> Iterator[str]:
    """The lines of the header, the rule and the rows."""
    widths = widths_of(shown, width)
    starts = [sum(widths[:place]) + len(GAP) * place for place in range(len(widths))]
    blanks = [" " * wide for wide in widths]
    titles = [
        [padded(line, wide, right=one.is_number) for line in fold(one.title, wide)]
        for one, wide in zip(shown, widths, strict=True)
    ]
    height = max(map(len, titles))
    titles = [[blank] * (height - len(of)) + of for of, blank in zip(titles, blanks, strict=True)]
    for line in _joined(titles, blanks):
        yield _styled(line, _BOLD) if color else line
    yield "─" * (starts[-1] + widths[-1])
    columns = [_folded(one, wide, color=color) for one, wide in zip(shown, widths, strict=True)]
    for place, cells in enumerate(zip(*columns, strict=True)):
        if None in cells:
            row = zip(starts, shown, cells, strict=True)
            yield from _bands(
                [(start, one.cells[place], one.flows, lines) for start, one, lines in row], width
            )
        else:
            yield from _joined(cells, blanks)


def _folded(shown: Shown, width: int, *, color: bool) -> list[list[str] | None]:
    """The padded lines of each cell of a column; None for a word that is longer than the column."""
    fits = length if not shown.flows else lambda text: longest_word([text])
    style = color and bool(order(shown.column))
    made: dict[str, list[str] | None] = {}
    for text in set(shown.cells):
        made[text] = None
        if length(text) <= width or fits(text) <= width:
            lines = [padded(line, width, right=shown.is_number) for line in fold(text, width)]
            made[text] = [_toned(shown.column, text, line) for line in lines] if style else lines
    return [made[text] for text in shown.cells]


def _joined(cells: Iterable[list[str]], blanks: Sequence[str]) -> list[str]:
    """The lines of one row, whose cells are padded already."""
    found = list(cells)
    if max(map(len, found)) == 1:
        return [GAP.join([lines[0] for lines in found]).rstrip()]
    return [
        GAP.join([part or blank for part, blank in zip(parts, blanks, strict=True)]).rstrip()
        for parts in zip_longest(*found)
    ]


def _bands(cells: Iterable[tuple[int, str, bool, list[str] | None]], width: int) -> Iterator[str]:
    """The lines of a row of which some value has a word that is longer than its column.

    Each cell is where its column starts, its text, whether that may be folded at its spaces, and
    its lines if it fits. One that does not takes the rest of its line; the next ones go on below.
    """
    band: list[tuple[int, list[str]]] = []
    for start, text, flows, lines in cells:
        if lines is not None:
            band.append((start, lines))
            continue
        word = longest_word([text]) if flows else length(text)
        at = max(min(start, width - word), 0)
        if at < start:
            yield from _band(band)
            band = []
        yield from _band([*band, (at, fold(text, width - at))])
        band = []
    yield from _band(band)


def _band(cells: Sequence[tuple[int, list[str]]]) -> Iterator[str]:
    """The lines of cells beside each other; none if they are empty."""
    if not any(line.strip() for _, lines in cells for line in lines):
        return
    for parts in zip_longest(*(lines for _, lines in cells), fillvalue=""):
        line, filled = "", 0
        for (start, _), part in zip(cells, parts, strict=True):
            if part.strip():
                line += " " * (start - filled) + part
                filled = start + length(_bare(part))
        yield line.rstrip()


def _bare(text: str) -> str:
    """A text without the escape sequences of its style."""
    return text.partition("m")[2].replace("\x1b[0m", "") if text.startswith("\x1b[") else text


def _blocks(shown: Sequence[Shown], width: int, *, color: bool) -> Iterator[str]:
    """A block a row: a title and a value a line; what has no value is left out."""
    wide = min(longest(one.title for one in shown), width // 3)
    titles = [fold(one.title, wide) for one in shown]
    for place in range(len(shown[0].cells)):
        if place:
            yield ""
        for one, title in zip(shown, titles, strict=True):
            text = one.cells[place]
            if text:
                yield from _field(one, title, text, wide, width, color=color)


def _field(
    one: Shown, title: list[str], text: str, wide: int, width: int, *, color: bool
) -> Iterator[str]:
    """The lines of one value of a block."""
    start = wide + len(GAP)
    word = longest_word([text]) if one.flows else length(text)
    lines = fold(text, width - start) if min(word, length(text)) <= width - start else None
    if lines is not None and color and order(one.column):
        lines = [_toned(one.column, text, line) for line in lines]
    heads = [_styled(line, _BOLD) for line in title] if color else title
    yield from _bands([(0, "", True, heads), (start, text, one.flows, lines)], width)


def _toned(column: Column, text: str, line: str) -> str:
    """A line of a value in the color of the value."""
    found = tone(column, text)
    return _styled(line, _STYLES[found]) if found in _STYLES else line


def _styled(text: str, style: str) -> str:
    """A text in a style; the spaces after it have none."""
    shown = text.rstrip()
    return f"\x1b[{style}m{shown}\x1b[0m{text[len(shown) :]}"


def _cells(values: Sequence[object], column: Column, *, short: bool) -> list[str]:
    """The values of a column as text that a terminal only shows."""
    if column.kind == "instant":
        return [clock_text(value) if isinstance(value, datetime) else "" for value in values]
    if column.kind == "duration":
        return [shown_text(value) for value in values]
    found = visible_texts(texts(values))
    return [text[: column.short] for text in found] if short and column.short else found
