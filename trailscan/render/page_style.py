"""The style of a page's columns, by their kind: rules made of positions and numbers only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.render.tones import order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trailscan.table import Column

_NARROW = "44rem"  # as in style.css: below it a row is a card
_FEW, _ROOMY, _TIGHT = 9, 19, 13  # columns; characters of a text in few and in many columns
_CHARACTER = 8.5  # pixels of one, for widths that are said in characters of a terminal


def column_style(columns: Sequence[Column]) -> str:
    """The rules for the columns that a report shows; they contain none of its data."""
    shown = [column for column in columns if not column.detail]
    least = _ROOMY if len(shown) <= _FEW else _TIGHT
    rules = (rule for place, column in enumerate(shown, 1) for rule in _rules(place, column, least))
    return "".join(f"{rule}\n" for rule in rules)


def _rules(place: int, column: Column, least_text: int) -> Iterator[str]:
    """The rules of one column; a text has room for at least some characters."""
    cell = f"tbody tr:not(.more)>:nth-child({place})"
    head = f"th:nth-child({place})"
    if column.kind in {"count", "number"}:
        yield f"{cell},{head}{{text-align:right;white-space:nowrap}}"
    if column.kind == "instant" or order(column) or column.kind == "flag":
        yield f"{cell}{{white-space:nowrap}}"
    elif column.short:
        yield f"{cell} span{{width:{column.short}ch}}"
    elif column.wide:
        yield f"{cell}{{min-width:11rem;width:32%}}"
    elif column.kind == "id" and not column.most_width:
        yield f"{cell}{{min-width:{17 if place == 1 else 15}ch}}"
    elif column.kind in {"text", "id", "list"}:
        yield f"{cell}{{min-width:{min(column.most_width or 10, least_text)}ch}}"
    if column.kind == "id":
        yield f"{cell}{{font-family:var(--mono);font-size:.92em}}"
    if column.least_width and not order(column):
        least = round(column.least_width * _CHARACTER)
        yield f"@media screen and (max-width:{least}px){{{cell},{head}{{display:none}}}}"
    yield from _on_cards(place, cell, column)


def _on_cards(place: int, cell: str, column: Column) -> Iterator[str]:
    """The rules when a row is a card: time first, columns with an order beside it."""
    rules = []
    if place == 1:
        rules.append(f"{cell}{{flex:0 1 auto;order:0;margin-right:auto}}")
    elif order(column):
        rules.append(f"{cell}{{flex:0 0 auto;order:1}}")
    elif not column.wide:
        rules.append(f"{cell}{{flex:0 1 auto;font-size:.92em;color:var(--soft);min-width:0}}")
        rules.append(f"{cell}::before{{content:{_quoted(column.title + ': ')};color:var(--soft)}}")
        rules.append(f"{cell}:empty{{display:none}}")
    else:
        rules.append(f"{cell}{{min-width:0;width:auto}}")
    yield f"@media screen and (max-width:{_NARROW}){{{''.join(rules)}}}"


def _quoted(text: str) -> str:
    """A text as a string of CSS: everything but letters and digits is escaped."""
    plain = (char if char.isascii() and char.isalnum() else f"\\{ord(char):x} " for char in text)
    return f'"{"".join(plain)}"'
