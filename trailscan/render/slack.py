"""A report as a message for Slack: Block Kit JSON, for a webhook or `chat.postMessage`.

The blocks and their limits: docs.slack.dev/reference/block-kit/blocks. All texts are `plain_text`,
in which nothing is a link or a mention.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trailscan.table import as_text
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.table import Table

_HEADER = 150
_SECTION = 3000
_LINE = 400
_ROWS = 100
_SECTIONS = 45


def render_slack(table: Table) -> str:
    """A header, a line a row with the columns that are not details, and the notes.

    Of a long report the first rows are shown, and how many there are besides.
    """
    title = _cut(visible(table.title or table.name), _HEADER)
    rows = [_line(table, row) for row in table.rows[:_ROWS]]
    left = len(table.rows) - len(rows)
    lines = [*rows, *([f"… and {left:,} more"] if left else [])] or ["no rows"]
    notes = [_cut(visible(note), _LINE) for note in table.remarks]
    sections = list(_sections(lines))
    if len(sections) > _SECTIONS:
        sections = [*sections[: _SECTIONS - 1], f"… of {len(table.rows):,} rows"]
    blocks: list[dict[str, object]] = [{"type": "header", "text": _plain(title)}]
    blocks += [{"type": "section", "text": _plain(text)} for text in sections]
    if notes:
        first, *others = _sections(notes)
        text = f"{first[: _SECTION - 2]}\n…" if others else first
        blocks.append({"type": "context", "elements": [_plain(text)]})
    return json.dumps({"text": title, "blocks": blocks}, indent=2) + "\n"


def _plain(text: str) -> dict[str, object]:
    """A text that Slack shows as it is."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _line(table: Table, row: tuple[object, ...]) -> str:
    """The values of a row in one line."""
    shown = zip(table.columns, row, strict=True)
    cells = (
        visible(as_text(value))
        for column, value in shown
        if value is not None and not column.detail
    )
    return _cut(" · ".join(filter(None, cells)) or "-", _LINE)


def _sections(lines: Iterable[str]) -> Iterator[str]:
    """Lines joined into texts as long as a section may be."""
    text = ""
    for line in lines:
        joined = f"{text}\n{line}" if text else line
        if len(joined) > _SECTION:
            yield text
            joined = line
        text = joined
    yield text


def _cut(text: str, length: int) -> str:
    """A text, cut where it is too long."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
