"""Values that have an order and a tone, by the columns that every report calls alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from trailscan.organizations.severity import SEVERITIES

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
_ORDERS: dict[str, tuple[str, ...]] = {
    "outcome": ("denied", "failed", "succeeded"),
    "severity": SEVERITIES[::-1],
}


def tone(column: Column, value: object) -> Tone | None:
    """The tone of a value, in the columns that have one."""
    return _TONES.get(column.name, {}).get(value) if isinstance(value, str) else None


def order(column: Column) -> tuple[str, ...]:
    """The values that a column can have, the worst first; empty where they have no order."""
    return _ORDERS.get(column.name, ())
