"""The data that a page's program reads: columns, details of rows, and the records behind them.

Small data is plain JSON, readable in the source of the page. Large data is deflated in blocks, so
that opening a row unpacks only a few hundred records.
"""

from __future__ import annotations

import base64
import shlex
from typing import TYPE_CHECKING, NamedTuple

from trailscan.render.chain import chain_lines
from trailscan.render.json import safe_json
from trailscan.render.tones import order
from trailscan.table import as_text, shown_text
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from trailscan.table import Column, Evidence, Table

    Behind = Sequence[Sequence[Evidence]]

SMALL = 500_000
"""Characters of details and records up to which they are plain JSON."""

MOST_PACKED = 5_000_000
"""Characters of packed records beyond which the records of further rows are left out."""

_BLOCK = 200  # rows whose records are unpacked together
_MOST_RECORDS = 20  # of a row: a finding may have thousands of events
_LEVEL = 7
_MOST_VALUES = 150
_LONGEST_VALUE = 200  # a workflow through several roles has a name of 130
_MOST_CHOICES = 7


class Block(NamedTuple):
    """Data of a page: JSON, or, packed, deflated JSON in base64."""

    name: str
    text: Markup | str
    packed: bool


def cell_text(value: object) -> str:
    """A value as a page shows it; an instant as the local time of its zone."""
    return visible(shown_text(value))


def is_small(table: Table, evidence: Behind) -> bool:
    """Whether details and records are small enough to stay unpacked."""
    details = sum(len(text) for row in table.rows for text in _details(table, row))
    records = sum(len(one.record) for row in evidence for one in row)
    return details + records <= SMALL


def about_block(table: Table) -> Block:
    """The columns, and which of them have lists of values to choose from."""
    columns = [
        {
            "name": column.name,
            "title": visible(column.title),
            "kind": column.kind,
            "detail": column.detail,
            "order": [visible(value) for value in order(column)],
        }
        for column in table.columns
    ]
    choices = [column.name for column in _choices(table)]
    return _block("about", {"columns": columns, "choices": choices, "blockSize": _BLOCK})


def details_block(table: Table, *, packed: bool) -> Block:
    """For each row the texts of the detail columns."""
    return _block("details", [list(_details(table, row)) for row in table.rows], packed=packed)


def evidence_blocks(evidence: Behind, *, packed: bool) -> tuple[list[Block], int]:
    """The records behind rows in blocks, and the number of rows whose records were left out."""
    blocks: list[Block] = []
    room, left_out = MOST_PACKED, 0
    for start in range(0, len(evidence), _BLOCK):
        rows = evidence[start : start + _BLOCK]
        name = f"evidence-{len(blocks)}"
        block = _block(name, [list(_records(row)) for row in rows], packed=packed)
        room -= len(block.text)
        if room < 0:
            bare = [list(map(_left_out, row)) for row in rows]
            block = _block(name, bare, packed=packed)
            left_out += len(rows)
        blocks.append(block)
    return blocks, left_out


def _details(table: Table, row: tuple[object, ...]) -> Iterator[str]:
    for column, value in zip(table.columns, row, strict=True):
        if column.detail:
            if column.kind == "chain" and isinstance(value, tuple):
                yield "\n".join(map(visible, chain_lines(value)))
            else:
                yield cell_text(value)


def _choices(table: Table) -> list[Column]:
    """The columns that have few values, those with an order first."""
    found = [
        column
        for place, column in enumerate(table.columns)
        if column.kind in {"text", "flag"}
        and not column.wide
        and _are_few({row[place] for row in table.rows}, len(table.rows))
    ]
    return sorted(found, key=lambda column: not order(column))[:_MOST_CHOICES]


def _are_few(values: set[object], rows: int) -> bool:
    """Whether values make a good list to choose from: several, repeated, and short."""
    return 1 < len(values) <= min(_MOST_VALUES, rows - 1) and all(
        len(as_text(value)) <= _LONGEST_VALUE for value in values
    )


def _records(row: Sequence[Evidence]) -> Iterator[dict[str, object]]:
    """The records of a row as a page shows them; of later ones only where they are."""
    for number, one in enumerate(row):
        yield _shown(one) if number < _MOST_RECORDS else _left_out(one)


def _shown(one: Evidence) -> dict[str, object]:
    """A record as a page shows it: indented, with its values and their spelling as recorded."""
    import msgspec  # noqa: PLC0415  # start-up

    return {
        "event_id": visible(one.event_id),
        "log_file": visible(one.log_file),
        "record_index": one.record_index,
        "sha256": one.sha256,
        "attested": one.attested and visible(one.attested),
        "record": safe_json(msgspec.json.format(one.record, indent=2)),
    }


def _left_out(one: Evidence) -> dict[str, object]:
    """A record that a page leaves out, with the command that shows it, safe to paste in a shell."""
    event_id = visible(one.event_id)
    options_end = "-- " if event_id.startswith("-") else ""
    show = f"trailscan show {options_end}{shlex.quote(event_id)}"
    return _shown(one) | {"record": None, "show": show}


def _block(name: str, data: object, *, packed: bool = False) -> Block:
    """Data as a block, escaped for an element of a page."""
    from jinja2.utils import htmlsafe_json_dumps  # noqa: PLC0415  # start-up

    text = htmlsafe_json_dumps(data, separators=(",", ":"))
    if not packed:
        return Block(name, text, packed=False)
    import deflate  # noqa: PLC0415  # start-up

    deflated = deflate.zlib_compress(text.encode(), _LEVEL)
    return Block(name, base64.b64encode(deflated).decode(), packed=True)
