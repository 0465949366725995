"""A report as JSON or JSON lines: the exact values."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from trailscan.table import as_text
from trailscan.visible import is_hidden
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from trailscan.table import Table
    from trailscan.window import Window

_NOT_PLAIN = re.compile("[^\x00-\x7e]")  # JSON escapes the control characters below


def render_json(table: Table) -> str:
    """One object: report, window, columns, rows (an object each), notes, why it is incomplete."""
    whole: dict[str, object] = {
        "report": table.name,
        "window": window_json(table.window, table.tz),
        "columns": [column.name for column in table.columns],
        "rows": [plain(row) for row in table.records()],
        "notes": list(table.notes),
        "incomplete": list(table.incomplete),
    }
    if table.fail_on is not None:
        whole["fail_on"] = table.fail_on._asdict()
    return render_object(whole)


def render_object(whole: Mapping[str, object]) -> str:
    """Any JSON object, indented."""
    return safe_json(json.dumps(whole, indent=2, ensure_ascii=False)) + "\n"


def render_jsonl(table: Table) -> str:
    """One compact object a row and line."""
    lines = (msgspec.json.encode(plain(row)) for row in table.records())
    return safe_json("".join(f"{line.decode()}\n" for line in lines))


def window_json(window: Window, tz: tzinfo = UTC) -> dict[str, object]:
    """The bounds of a window."""
    return {
        "since": window.start and format_instant(window.start, tz),
        "until": window.end and format_instant(window.end, tz),
    }


def plain(row: Mapping[str, object]) -> dict[str, object]:
    """A row with its instants and durations as text."""
    return {
        name: as_text(value) if isinstance(value, datetime | timedelta) else value
        for name, value in row.items()
    }


def safe_json(text: str) -> str:
    """JSON text in which characters that a terminal would obey or hide are escapes."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _NOT_PLAIN.sub(lambda found: _escaped(found[0]), text)


def _escaped(char: str) -> str:
    """A character, or its escape if it is invisible."""
    return json.dumps(char)[1:-1] if char == "\x7f" or is_hidden(char) else char
