"""Every event of a store, whatever its source: who, when, what and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trailscan.organizations.any_event import describe_any
from trailscan.reports.attestation import EVIDENCE, with_attestation
from trailscan.reports.changes import (
    ACTION,
    CHAIN,
    ERROR,
    EVENT_ID,
    FILTER_COLUMNS,
    IDENTITY,
    ORIGIN,
    PRINCIPAL,
    RECORDED_IN,
    TARGETS,
    TIME,
    all_that_tell,
    in_window,
    maybe_changes,
    read_changes,
)
from trailscan.reports.decoded import RECORD, DecodedEvents
from trailscan.reports.notes import Examined, claim_notes, notes_on
from trailscan.sessions.chain import Issuances
from trailscan.store.issuances import read_issuances
from trailscan.table import Column, Table, detail, row_maker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader
    from trailscan.window import Window

WHAT = Column("description", "What", "text", wide=True, least_width=28)
OUTCOME = Column("outcome", "Outcome", "text", rank=2)

COLUMNS = (
    TIME,
    PRINCIPAL,
    WHAT,
    Column("event_source", "Event source", "text", rank=5, most_width=26, of="event.event_source"),
    *ORIGIN,
    OUTCOME,
    EVENT_ID,
    ACTION,
    detail("category", "Category", "text"),
    *TARGETS,
    RECORDED_IN,
    detail("aws_region", "Region", "text", of="event.aws_region"),
    detail("access_key_id", "Access key", "id", of="event.user_identity.access_key_id"),
    *IDENTITY,
    *CHAIN,
    *ERROR,
    *EVIDENCE,
)


def events_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The events of a store that match, in order of time; only those of the window are read."""
    examined, to_row = Examined(), row_maker(COLUMNS)
    rows: list[tuple[object, ...]] = []
    claiming: list[Change] = []
    for one in iterate_events(store, filters.window):
        examined.add(one)
        if filters.match(one):
            rows.append(to_row(one))
            if filters.match_by_claim(one):
                claiming.append(one)
    notes = notes_on(
        store, filters, len(rows), examined, *claim_notes(filters, claiming), noun="event"
    )
    return with_attestation(store, Table("events", COLUMNS, tuple(rows), filters.window, notes))


def iterate_events(
    store: StoreReader, window: Window, history: Iterable[Change] | None = None
) -> Iterator[Change]:
    """Every event of a window of event time, one by one in order of time.

    Those of AWS Organizations are in words, as in other reports; a result that is part of another
    event's row there, and what other services recorded, is told by its own names.

    Args:
        store: where they are.
        window: of event time.
        history: what `read_history` gives, if it was read already.
    """
    found = read_history(store, window) if history is None else history
    described = {one.where: one for one in found if one.event.event_time in window}
    issued = Issuances(read_issuances(store))
    events = DecodedEvents(store.events(window, RECORD, ordered=False))
    for one in map(events.take, range(len(events.order))):
        yield described.get(one.where) or describe_any(one, issued)


def read_history(store: StoreReader, window: Window) -> list[Change]:
    """Every change in a store, on which names depend, and every read of a window of event time."""
    return read_changes(
        store,
        reads=True,
        where=lambda rows: pc.or_(
            maybe_changes(rows), pc.and_(all_that_tell(rows), in_window(window, rows))
        ),
        filter_columns=(*FILTER_COLUMNS, "event_time"),
    )
