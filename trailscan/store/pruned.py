"""A tombstone: what was removed from a store, by whom and why."""

from __future__ import annotations

from datetime import date, datetime  # msgspec reads the annotations
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from trailscan.store.paths import DataFile


class Pruned(msgspec.Struct, frozen=True):
    """The events of a store before a day were removed.

    Attributes:
        before: events of earlier UTC days were removed.
        events: how many there were.
        by: who removed them: user and host.
        because: why.
        at: when, by the clock of the machine.
    """

    before: date
    events: int
    by: str
    because: str
    at: datetime

    def removes(self, file: DataFile) -> bool:
        """Whether a data file of an earlier commit has what was removed."""
        return file.table == "events" and file.day is not None and file.day < self.before

    def left_of(self, files: tuple[DataFile, ...]) -> tuple[DataFile, ...]:
        """The data files of an earlier commit that are still part of the store."""
        return tuple(file for file in files if not self.removes(file))

    @property
    def in_words(self) -> str:
        """What was removed, when, by whom and why."""
        return (
            f"the store was pruned on {self.at:%Y-%m-%d} by {self.by}: removed events before "
            f"{self.before}: {self.events:,} ({self.because})"
        )
