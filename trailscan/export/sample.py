"""A random sample of changes that anyone can draw again from `changes.csv`.

The changes are put in order of the SHA-256 of seed, account and event ID; the first ones are the
sample. Nobody who does not choose the event IDs can choose what is drawn, and a change that is
added later moves no other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALGORITHM = (
    "sha256(seed + LF + recipient_account_id + LF + event_id) in hex, all as UTF-8 text; the "
    "changes with the lowest values are drawn, in this order; equal values in order of number"
)
"""How the sample is drawn, as the package says it."""


class Sample(NamedTuple):
    """How many changes to draw, and the seed."""

    size: int
    seed: str

    def draw(self, rows: Iterable[Mapping[str, object]]) -> list[tuple[str, Mapping[str, object]]]:
        """The drawn rows, each with the value that decides its place."""
        order = sorted(((self._value(row), row["number"], row) for row in rows), key=_key)
        return [(value, row) for value, _, row in order[: self.size]]

    def _value(self, row: Mapping[str, object]) -> str:
        text = f"{self.seed}\n{row['recipient_account_id'] or ''}\n{row['event_id']}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _key(found: tuple[str, object, object]) -> tuple[str, object]:
    """The order of the sample."""
    return found[:2]
