"""What every report says below its rows: what was examined, and what a reader should know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trailscan.numbers import counted
from trailscan.organizations.catalogue import catalogue
from trailscan.sessions.issued import STS
from trailscan.store.counts import total_counts
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader


@dataclass(slots=True)
class Examined:
    """How many changes a report chose from, and the times of the first and the last."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Examined:
        """The count and times of changes in order of time."""
        examined = cls()
        for change in changes:
            examined.add(change)
        return examined

    def add(self, change: Change) -> None:
        """Count one more, no earlier than those before."""
        self.count += 1
        self.last = change.event.event_time
        self.first = self.first or self.last


def notes_on(
    store: StoreReader,
    filters: ChangeFilter,
    matching: int,
    examined: Examined,
    *more: str,
    noun: str = "",
) -> tuple[str, ...]:
    """The notes of a report on changes.

    Args:
        store: what was read.
        filters: what was asked for.
        matching: how many changes matched.
        examined: the changes it chose from.
        more: what this report has to say besides.
        noun: what it counts; by default changes, or calls if reads are among them.
    """
    others = other_events(store) if not noun else ""
    noun = noun or ("call" if filters.reads else "change")
    by = f" with {filters.in_words}" if filters.in_words else ""
    return (
        f"{counted(matching, noun)}{by}; {filters.times_in_words}",
        *(() if matching else (_no_match(filters, examined, noun),)),
        *more,
        *([others] if others else []),
        *store_notes(store),
    )


def other_events(store: StoreReader) -> str:
    """How many events no report on changes shows, where other event sources were loaded."""
    own = {*catalogue().services, STS}  # what every load reads anyway
    asked = {name for commit in store.commits for name in commit.event_sources.split(",")}
    if asked <= own:
        return ""
    found: Counter[str] = Counter()
    for _, rows in store.scan("events", ["event_source"]):
        for one in pc.value_counts(rows["event_source"]).to_pylist():
            found[one["values"] or ""] += one["counts"]
    count = sum(found[name] for name in found.keys() - own)
    if not count:
        return ""
    return f"{counted(count, 'event')} of other services are not in it: `trailscan report events`"


def claim_notes(filters: ChangeFilter, matching: Iterable[Change]) -> Iterator[str]:
    """How many changes match a filter by principal by a session's name alone.

    Args:
        filters: what was asked for.
        matching: the changes that match.
    """
    if filters.principal and (count := sum(map(filters.match_by_claim, matching))):
        one = "1 of them only claims" if count == 1 else f"{count:,} of them only claim"
        yield f"{one} this name: whoever opened the session chose it, and nothing vouches for it"


def store_notes(store: StoreReader) -> Iterator[str]:
    """What the store holds, and what of it is doubtful."""
    totals = total_counts(store.commits)
    events, log_files = counted(totals.kept, "event"), counted(totals.log_files, "log file")
    yield f"from {events} out of {log_files} in {store.place}"
    yield from (commit.pruned.in_words for commit in store.commits if commit.pruned)
    if totals.conflicts:
        events = counted(totals.conflicts, "event")
        verb = "repeats" if totals.conflicts == 1 else "repeat"
        yield f"{events} {verb} the ID of another event with different content; all are shown"


def strays_in_words(strays: tuple[str, ...]) -> str:
    """How many files a store holds that no commit names."""
    return f"{counted(len(strays), 'file')} in the store that no commit names"


def _no_match(filters: ChangeFilter, examined: Examined, noun: str) -> str:
    """What an empty report chose from."""
    if examined.first is None or examined.last is None:
        about = noun if noun == "event" else f"AWS Organizations {noun}"
        return f"the store holds no {about}"
    first, last = (format_instant(when, filters.tz) for when in (examined.first, examined.last))
    return f"No match among {counted(examined.count, noun)} from {first} to {last}"
