"""How good or bad a value is, for the forms that have colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from trailscan.reports.table import Column

Tone = Literal["bad", "warn", "good", "mild"]

_TONES: dict[str, dict[str, Tone]] = {
    "outcome": {"denied": "bad", "failed": "warn", "succeeded": "good"},
    "severity": {"critical": "bad", "high": "bad", "medium": "warn", "low": "mild", "info": "mild"},
}


def tone(column: Column, value: object) -> Tone | None:
    """The tone of a value, in the columns that have one."""
    return _TONES.get(column.name, {}).get(value) if isinstance(value, str) else None
