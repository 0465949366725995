"""What was done around an event by the same principal, with the same key, or from its address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.reports.changes import EVENT_ID, PRINCIPAL, TIME
from trailscan.reports.events import OUTCOME, WHAT, iterate_events
from trailscan.reports.lookup import times_of, whole_id
from trailscan.reports.missing import Question, missing
from trailscan.reports.vicinity import Vicinity, vicinity_of
from trailscan.table import Column, Table, rows_of
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader


class Near(NamedTuple):
    """An event near another one.

    Attributes:
        change: the event.
        same: what both share: `principal`, `key`, `address`.
    """

    change: Change
    same: tuple[str, ...]


COLUMNS = (
    TIME.via("change"),
    Column("same", "Same", "list", rank=3),
    PRINCIPAL.via("change"),
    WHAT.via("change"),
    OUTCOME.via("change"),
    EVENT_ID.via("change"),
)


def in_vicinity(store: StoreReader, filters: ChangeFilter) -> ChangeFilter:
    """The filter with the vicinity that it asks for, as the store has it.

    Raises:
        NotFoundError: no event ID has this beginning.
        TrailscanError: several have.
        ValueError: the vicinity is outside of the filter's window.
    """
    if filters.around is None:
        return filters
    event_id = whole_id(store, filters.around.event_id)
    records = records_of(store, event_id)
    vicinity = vicinity_of(event_id, records, filters.around.within)
    window = filters.window.common(vicinity.window)
    if window is None:
        raise ValueError(f"nothing around the event ({vicinity.window}) is in {filters.window}")
    return replace(filters, window=window, vicinity=vicinity)


def records_of(store: StoreReader, event_id: str) -> list[Change]:
    """An event as each record with its ID has it."""
    times = times_of(store, event_id)
    return [one for one in iterate_events(store, times) if one.event.event_id == event_id]


def window_around(store: StoreReader, event_id: str, within: timedelta) -> Window:
    """From so long before the first record of an event to so long after the last."""
    times = times_of(store, event_id)
    start = times.start and shifted(times.start, -within)
    return Window(start, times.end and shifted(times.end, within))


def around_report(
    store: StoreReader, event_id: str, within: timedelta, told: Sequence[Change]
) -> Table:
    """The events near one, each with what it shares with it; the event itself is left out.

    Args:
        store: where they are.
        event_id: of the event.
        within: how long before and after it.
        told: the events of `window_around`.
    """
    records = [one for one in told if one.event.event_id == event_id]
    vicinity = vicinity_of(event_id, records, within)
    near = [
        Near(one, same)
        for one in told
        if one.event.event_id != event_id
        and one.event.event_time in vicinity.window
        and (same := vicinity.shared(one))
    ]
    return Table(
        name="around",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, near),
        window=vicinity.window,
        notes=(_note(near, vicinity),),
        incomplete=missing(store, Question.of_events(vicinity.window)),
        title="Around it",
    )


def _note(near: Sequence[Near], vicinity: Vicinity) -> str:
    return f"{counted(len(near), 'other event')} with {vicinity.in_words}"
