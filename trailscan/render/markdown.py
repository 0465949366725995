"""A report as a Markdown table (GitHub's flavor) to paste into an issue or a wiki.

What could be markup is put into code spans, in which no renderer makes links or mentions; a pipe,
which would end a cell even there, is written as a character reference.
"""

from __future__ import annotations

import re
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from trailscan.table import as_text, clock_text
from trailscan.visible import visible

if TYPE_CHECKING:
    from trailscan.table import Column, Table

_PIPE = "&#124;"
_PLAIN = re.compile(r"(?:[^\W_]|[,;()'\"=+%/?>-]|[.:](?=[,;()'\"]*$))*")
_OPENS = re.compile(r"[-+>]|\d+[.)]")  # what begins a list, a line or a quotation
_TICKS = re.compile("`+")


def render_markdown(table: Table) -> str:
    """A heading, the notes, and the columns that are not details."""
    heading = inline(table.title or table.name)
    lines = [f"## {heading}", "", *(f"- {inline(note)}" for note in table.remarks)]
    if table.rows:
        lines += ["", *table_lines(table)]
    return "".join(f"{line}\n" for line in lines)


def table_lines(table: Table) -> list[str]:
    """The columns that are not details, as the lines of a table."""
    shown = [(place, column) for place, column in enumerate(table.columns) if not column.detail]
    titles = [inline(column.title) for _, column in shown]
    rules = ["---:" if column.kind in {"count", "number"} else "---" for _, column in shown]
    rows = [_row([_cell(row[place], column) for place, column in shown]) for row in table.rows]
    return [_row(titles), _row(rules), *rows]


def inline(text: str) -> str:
    """Any text as one line of Markdown that only shows it."""
    words = visible(text).split(" ")
    first = next((place for place, word in enumerate(words) if word), 0)
    plain = [
        bool(_PLAIN.fullmatch(word)) and not (place == first and _OPENS.match(word))
        for place, word in enumerate(words)
    ]
    runs = groupby(zip(plain, words, strict=True), key=lambda pair: pair[0])
    parts = ((kind, " ".join(word for _, word in run)) for kind, run in runs)
    return " ".join(text if kind else _code(text) for kind, text in parts)


def code_lines(text: str) -> list[str]:
    """A text of several lines in a code block, which nothing in it can end."""
    shown = [visible(line) for line in text.split("\n")]
    longest = max((len(run) for line in shown for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return [fence, *shown, fence]


def _code(text: str) -> str:
    """A text in code spans, pipes between them."""
    return _PIPE.join(_span(part) if part else "" for part in text.split("|"))


def _span(text: str) -> str:
    """One code span, fenced by more backticks than it holds."""
    longest = max(map(len, _TICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _cell(value: object, column: Column) -> str:
    if isinstance(value, datetime):
        return clock_text(value)
    text = as_text(value)
    return inline(text[: column.short] if column.short else text)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
