"""Who changed what, and when: one row a change."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.event import decode_record
from trailscan.events.schema import strings
from trailscan.location import Location, object_uri
from trailscan.organizations.catalogue import Catalogue, catalogue
from trailscan.organizations.changes import Change, describe_in_order
from trailscan.organizations.correlate import (
    Correlation,
    OrderedEvent,
    correlate,
    may_correlate,
    rank_in_second,
)
from trailscan.organizations.operation import READ
from trailscan.reports.attestation import ATTESTATION, UNCHECKED, with_attestation
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.kept import keep, kept_changes
from trailscan.reports.notes import Span, told_of
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from trailscan.store.reader import StoreReader

__all__ = ["COLUMNS", "ChangeFilter", "changes_report", "read_changes", "to_row"]

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text", most_width=30),
    Column("description", "What", "text", wide=True),
    Column("target", "Target", "id", least_width=140, most_width=20),
    Column("source_ip_address", "From", "text", least_width=130, most_width=16),
    Column("client", "With", "text", least_width=160, most_width=13),
    Column("outcome", "Outcome", "text"),
    Column("severity", "Severity", "text", least_width=110),
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
    *ATTESTATION,
)

TOLD_BY = ("event_source", "event_name")
"""The columns by which events are chosen before their records are read."""

_READ = [
    "record",
    "recipient_account_id",
    "log_file_bucket",
    "log_file_key",
    "record_index",
    "event_time",
    "event_source",
    "event_name",
    "event_id",
    "shared_event_id",
]


def changes_report(store: StoreReader, wanted: ChangeFilter, *, kept: bool = True) -> Table:
    """The changes of a store, one row each, in order of time.

    All of the store's history is read, whatever the window: a result may come long after its
    request, and names are known from events before.
    """
    rows, span = [], Span()
    for change in iterate_changes(store, reads=wanted.reads, kept=kept):
        span.add(change)
        if wanted.holds(change):
            rows.append(to_row(change))
    table = Table(
        name="changes",
        columns=COLUMNS,
        rows=tuple(rows),
        window=wanted.window,
        notes=told_of(store, wanted, len(rows), span),
    )
    return with_attestation(store, table)


def read_changes(
    store: StoreReader,
    *,
    reads: bool = False,
    where: Callable[[pa.Table], pa.Array] | None = None,
    filter_columns: tuple[str, ...] = TOLD_BY,
) -> list[Change]:
    """Every change of a store, with `reads` every read-only call too, as `iterate_changes`."""
    changes = iterate_changes(store, reads=reads, where=where, filter_columns=filter_columns)
    return list(changes)


def iterate_changes(
    store: StoreReader,
    *,
    reads: bool = False,
    where: Callable[[pa.Table], pa.Array] | None = None,
    filter_columns: tuple[str, ...] = TOLD_BY,
    kept: bool = True,
) -> Iterator[Change]:
    """Every change of a store, one by one in order of time; none is held in memory.

    Args:
        store: all of its history is read.
        reads: also tell of calls that change nothing.
        where: says of some events which are wanted; None for all that tell.
        filter_columns: the columns that it looks at.
        kept: False tells all of them anew, from the records.
    """
    if reads or where or store.names or not kept:
        chosen = where or (all_that_tell if reads else maybe_changes)
        return _told(store, chosen, filter_columns, reads)
    if (known := kept_changes(store)) is not None:
        return known
    return keep(store, _told(store, maybe_changes, TOLD_BY, reads))


def _told(
    store: StoreReader,
    where: Callable[[pa.Table], pa.Array],
    filter_columns: tuple[str, ...],
    reads: bool,  # noqa: FBT001  # as above
) -> Iterator[Change]:
    """The changes told from the records."""
    events = _Events(
        store.events(columns=_READ, where=where, filter_columns=filter_columns, ordered=False)
    )
    ordered = map(events.take, range(len(events.order)))
    return describe_in_order(ordered, events.correlation(), reads=reads, names=store.names)


class _Events:
    """Events in order of time, decoded from their records when they are asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._records = table["record"].cast(pa.binary()).to_pylist()
        self._accounts = table["recipient_account_id"].to_pylist()
        self._where = [table[name].to_pylist() for name in _READ[2:5]]
        self._sources = table["event_source"].to_pylist()
        self._names = table["event_name"].to_pylist()
        self._shared = table["shared_event_id"].to_pylist()
        times = table["event_time"].cast(pa.int64()).to_pylist()
        ids = table["event_id"].to_pylist()
        ranks = map(rank_in_second, self._sources, self._names)
        keys = list(zip(times, ranks, ids, *self._where, strict=True))
        self.order = sorted(range(len(keys)), key=keys.__getitem__)

    def at(self, position: int) -> OrderedEvent:
        """The event at a position in the order of time."""
        row = self.order[position]
        event = decode_record(self._records[row])
        if event.recipient_account_id is None:
            account_id = self._accounts[row] or None
            event = msgspec.structs.replace(event, recipient_account_id=account_id)
        bucket, key, index = self._where
        return OrderedEvent(position, event, Location(bucket[row], key[row], index[row]))

    def take(self, position: int) -> OrderedEvent:
        """The event at a position, whose record is then freed."""
        found = self.at(position)
        self._records[self.order[position]] = b""
        return found

    def correlation(self) -> Correlation:
        """Which of the events belong together."""
        return correlate(
            self.at(position)
            for position, row in enumerate(self.order)
            if may_correlate(self._sources[row], self._names[row], self._shared[row])
        )


def all_that_tell(table: pa.Table) -> pa.Array:
    """The events of the services in the catalogue."""
    return pc.is_in(table["event_source"], value_set=_sources(catalogue()))


def maybe_changes(table: pa.Table) -> pa.Array:
    """The events of the services in the catalogue without its read-only operations."""
    reads = among(table, catalogue().names(lambda operation: operation.category == READ))
    return pc.and_(all_that_tell(table), pc.invert(reads))


def among(table: pa.Table, names: Mapping[str, Iterable[str]]) -> pa.Array:
    """The events that are one of some operations, given by event source and event name."""
    chosen = [
        pc.and_(
            pc.is_in(table["event_source"], value_set=strings([source])),
            pc.is_in(table["event_name"], value_set=strings(own)),
        )
        for source, own in names.items()
    ]
    return reduce(pc.or_, chosen)


@lru_cache(maxsize=2)
def _sources(known: Catalogue) -> pa.StringArray:
    return strings(sorted(service.event_source for service in known.services.values()))


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
        object_uri(change.where.bucket, change.where.key),
        change.where.record_index,
        *UNCHECKED,
    )
