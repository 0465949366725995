"""A chain of sessions as a small drawing: each record that issued credentials, below the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STEP = "   "


def chain_lines(hops: Iterable[Mapping[str, object]]) -> list[str]:
    """The lines of the drawing, as recorded: whoever shows them escapes each.

    Args:
        hops: the values of `trailscan.table.CHAIN` of each record, the newest first.
    """
    lines: list[str] = []
    for depth, hop in enumerate(hops):
        indent = _STEP * (depth + 1)
        lines += [
            f"{_STEP * depth}└─ opened by {hop['name']}  ({hop['kind']})",
            f"{indent}{hop['arn'] or 'no ARN'}",
            f"{indent}{hop['event_time']}  event {hop['event_id']}  {hop['source']}",
        ]
    return lines
