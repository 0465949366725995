"""What every report says below its rows: what was looked at, and what to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trailscan.store.writer import sum_counts
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader


@dataclass(slots=True)
class Span:
    """How many changes there were to choose from, and from when to when."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, change: Change) -> None:
        """One more, in order of time."""
        self.count += 1
        self.last = change.event.event_time
        self.first = self.first or self.last


def looked_at(
    store: StoreReader,
    wanted: ChangeFilter,
    found: Sequence[Change],
    seen: Sequence[Change],
    *more: str,
) -> tuple[str, ...]:
    """The notes of a report on changes.

    Args:
        store: what was read.
        wanted: what was asked.
        found: the changes that the report is about.
        seen: all that it chose from.
        more: what this report has to say besides.
    """
    span = Span()
    for change in seen:
        span.add(change)
    return told_of(store, wanted, len(found), span, *more)


def told_of(
    store: StoreReader, wanted: ChangeFilter, found: int, span: Span, *more: str
) -> tuple[str, ...]:
    """The same, of so many changes found among so many."""
    asked = f" with {wanted.in_words}" if wanted.in_words else ""
    what = _calls(found, reads=wanted.reads)
    return (
        f"{what}{asked}; {wanted.window.told_in(wanted.tz)}",
        *(() if found else (_nothing(wanted, span),)),
        *more,
        *store_notes(store),
    )


def store_notes(store: StoreReader) -> Iterator[str]:
    """What the store holds, and what of it is doubtful."""
    totals = sum_counts(commit.counts for commit in store.commits)
    events, log_files = count(totals.kept, "event"), count(totals.log_files, "log file")
    yield f"from {events} out of {log_files} in {store.place}"
    if totals.rejects:
        yield f"{totals.rejects:,} records could not be decoded and are not among these (rejects/)"
    if totals.rejected_log_files:
        failed = count(totals.rejected_log_files, "log file")
        yield f"{failed} could not be read at some time; see trailscan report coverage"
    if totals.conflicts:
        yield (
            f"{totals.conflicts:,} events repeat the id of another with other content; "
            "all are shown"
        )


def count(number: int, noun: str, plural: str = "") -> str:
    """A number of things: `1 event`, `2 events`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def _calls(number: int, *, reads: bool) -> str:
    return count(number, "call" if reads else "change")


def _nothing(wanted: ChangeFilter, span: Span) -> str:
    """What there would have been to find."""
    what = "call" if wanted.reads else "change"
    if span.first is None or span.last is None:
        return f"the store holds no {what} at all"
    first, last = (format_instant(when, wanted.tz) for when in (span.first, span.last))
    return f"none matches of {count(span.count, what)}, made from {first} to {last}"
