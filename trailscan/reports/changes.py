"""Who changed what, and when: one row a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.event import decode_record
from trailscan.location import Location
from trailscan.organizations.changes import Change, describe_changes
from trailscan.organizations.operations import CONTROL_TOWER, ORGANIZATIONS, READ_ONLY_NAMES
from trailscan.organizations.severity import SEVERITIES
from trailscan.reports.evidence import evidence_of
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.notes import looked_at
from trailscan.reports.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trailscan.events.event import Event
    from trailscan.store.reader import StoreReader

__all__ = ["COLUMNS", "ChangeFilter", "changes_report", "read_changes", "to_row"]

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text", most_width=30),
    Column("description", "What", "text", wide=True),
    Column("target", "Target", "id", least_width=140, most_width=20),
    Column("source_ip_address", "From", "text", least_width=130, most_width=16),
    Column("client", "With", "text", least_width=160, most_width=13),
    Column("outcome", "Outcome", "text", order=("denied", "failed", "succeeded")),
    Column("severity", "Severity", "text", least_width=110, order=SEVERITIES[::-1]),
    Column("event_id", "Event", "id", least_width=100, short=8),
    Column("event_name", "Action", "text", detail=True),
    Column("category", "Category", "text", detail=True),
    Column("target_name", "Target name", "text", detail=True),
    Column("target_type", "Target type", "text", detail=True),
    Column("before", "Before", "text", detail=True),
    Column("after", "After", "text", detail=True),
    Column("recipient_account_id", "Account", "id", detail=True),
    Column("principal_kind", "Kind of principal", "text", detail=True),
    Column("principal_arn", "ARN", "text", detail=True),
    Column("principal_certain", "Principal certain", "flag", detail=True),
    Column("principal_rule", "Rule of principal", "text", detail=True),
    Column("error_code", "Error", "text", detail=True),
    Column("error_message", "Error message", "text", detail=True),
    Column("user_agent", "User agent", "text", detail=True),
    Column("related_event_ids", "Related events", "list", detail=True),
    Column("known_operation", "Known operation", "flag", detail=True),
    Column("log_file", "Log file", "text", detail=True),
    Column("record_index", "Record", "count", detail=True),
)

TOLD_BY = ("event_source", "event_name")
"""The columns by which events are chosen before their records are read."""

_READ = [
    "record",
    "recipient_account_id",
    "log_file_bucket",
    "log_file_key",
    "record_index",
]


def changes_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The changes of a store, one row each, in order of time and event id.

    All of the store's history is read, whatever the window: a result may come long after its
    request, and names are known from events before.
    """
    seen = read_changes(store, reads=wanted.reads)
    found = [change for change in seen if wanted.holds(change)]
    return Table(
        name="changes",
        columns=COLUMNS,
        rows=tuple(to_row(change) for change in found),
        window=wanted.window,
        notes=looked_at(store, wanted, found, seen),
        title="Who changed what, and when",
        evidence=evidence_of(store, found),
    )


def read_changes(
    store: StoreReader,
    *,
    reads: bool = False,
    names: Mapping[str, str] | None = None,
    where: Callable[[pa.Table], pa.Array] | None = None,
    told_by: tuple[str, ...] = TOLD_BY,
) -> list[Change]:
    """Every change of a store, with `reads` every read-only call too.

    Args:
        store: all of its history is read.
        reads: also tell of calls that change nothing.
        names: id -> name, for what the log has no name of.
        where: says of some events which are wanted; None for all that tell.
        told_by: the columns that it looks at.
    """
    chosen = where or (all_that_tell if reads else maybe_changes)
    events = _events(store, chosen, told_by)
    return describe_changes(events, reads=reads, names=names)


def _events(
    store: StoreReader, where: Callable[[pa.Table], pa.Array], told_by: tuple[str, ...]
) -> Iterator[tuple[Event, Location]]:
    """The events that may be changes, and those that give names, decoded from their records."""
    table = store.events(columns=_READ, where=where, told_by=told_by)
    for batch in table.to_batches(max_chunksize=4096):
        columns = [batch["record"].cast(pa.binary()), *batch.columns[1:]]
        for record, account_id, *place in zip(*(one.to_pylist() for one in columns), strict=True):
            event = decode_record(record)
            if event.recipient_account_id is None:
                event = _with_recipient(event, account_id)
            yield event, Location(*place)


def _with_recipient(event: Event, account_id: str) -> Event:
    """The event with the account that the load found for it."""
    return msgspec.structs.replace(event, recipient_account_id=account_id or None)


def all_that_tell(table: pa.Table) -> pa.Array:
    """The events of Organizations, and those of Control Tower where they were loaded."""
    return pc.is_in(table["event_source"], value_set=_SOURCES)


def maybe_changes(table: pa.Table) -> pa.Array:
    """The same without the read-only operations of the catalogue."""
    reads = pc.is_in(table["event_name"], value_set=_READS)
    return pc.and_(all_that_tell(table), pc.invert(reads))


_SOURCES = pa.array([ORGANIZATIONS, CONTROL_TOWER])
_READS = pa.array(sorted(READ_ONLY_NAMES))


def to_row(change: Change) -> tuple[object, ...]:
    """A change in the order of `COLUMNS`."""
    event, who = change.event, change.principal
    return (
        event.event_time,
        who.display,
        change.description,
        change.target_id,
        event.source_ip_address,
        change.client,
        change.outcome,
        change.severity,
        event.event_id,
        change.action,
        change.category,
        change.target_name,
        change.target_type,
        change.before,
        change.after,
        event.recipient_account_id,
        who.kind,
        who.arn,
        who.certain,
        who.rule,
        event.error_code,
        event.error_message,
        event.user_agent,
        change.related_event_ids,
        change.known,
        str(change.where._replace(record_index=None)),
        change.where.record_index,
    )
