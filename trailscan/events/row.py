"""An event on its way into the store, without Arrow: processes that only scan need none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from datetime import date, datetime

    from trailscan.events.event import Event


class EventRow(NamedTuple):
    """An event to be written to the store: the values of its columns, and its key."""

    event: Event
    recipient_account_id: str
    record: str
    record_sha256: str
    nested: tuple[str | None, str | None, str | None, str | None]
    record_index: int

    @property
    def key(self) -> tuple[str, str]:
        """The key of an event in a store: recipient account and event id."""
        return (self.recipient_account_id, self.event.event_id)

    @property
    def event_date(self) -> date:
        """The UTC day it belongs to."""
        return self.event.event_time.date()

    @property
    def order(self) -> tuple[datetime, str, str, str]:
        """The sort key of events in a data file."""
        return (self.event.event_time, *self.key, self.record_sha256)


def nested_json(record: dict[str, object]) -> tuple[str | None, str | None, str | None, str | None]:
    """The four nested objects of a record as JSON text; None where the record has none."""
    names = ("userIdentity", "requestParameters", "responseElements", "serviceEventDetails")
    found = (record.get(name) for name in names)
    identity, request, response, details = (
        None if value is None else msgspec.json.encode(value).decode() for value in found
    )
    return identity, request, response, details


def without_nested(row: EventRow) -> EventRow:
    """The same event for the store, without the parsed objects that the row has as text."""
    bare = msgspec.structs.replace(
        row.event,
        request_parameters=None,
        response_elements=None,
        service_event_details=None,
        addendum=None,
    )
    return row._replace(event=bare)
