"""The order and the tone of outcomes and severities, for the columns of those names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from trailscan.table import Column

Tone = Literal["worst", "bad", "warn", "good", "mild"]

_TONES: dict[str, dict[str, Tone]] = {
    "outcome": {"denied": "bad", "failed": "warn", "succeeded": "good"},
    "severity": {
        "critical": "worst",
        "high": "bad",
        "medium": "warn",
        "low": "mild",
        "info": "mild",
    },
}
"""For each column the tones of its values, from worst to best."""


def tone(column: Column, value: object) -> Tone | None:
    """The tone of a value; None in a column without tones."""
    return _TONES.get(column.name, {}).get(value) if isinstance(value, str) else None


def order(column: Column) -> tuple[str, ...]:
    """The values of a column from worst to best; empty if they have no order."""
    return tuple(_TONES.get(column.name, ()))
