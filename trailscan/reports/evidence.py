"""The records behind the rows of a report, read again from the store."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.location import Location
from trailscan.reports.table import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trailscan.organizations.changes import Change
    from trailscan.store.reader import StoreReader

Behind = tuple[str, Location | None]
"""An event by its id, and by where it was read when that is known: ids are not always unique."""

_READ = [
    "event_id",
    "record",
    "log_file_bucket",
    "log_file_key",
    "record_index",
    "log_file_sha256",
]


def evidence_of(
    store: StoreReader, changes: Iterable[Change]
) -> Callable[[], tuple[tuple[Evidence, ...], ...]]:
    """What reads, for each change of a report, its record and those of related events."""
    return partial(read_evidence, store, [events_behind(change) for change in changes])


def events_behind(change: Change) -> list[Behind]:
    """The event of a change, and those related to it."""
    others: list[Behind] = [(event_id, None) for event_id in change.related_event_ids]
    return [(change.event.event_id, change.where), *others]


def read_evidence(
    store: StoreReader, rows: Sequence[Sequence[Behind]]
) -> tuple[tuple[Evidence, ...], ...]:
    """For each row, the records of its events, in the order of the events.

    Of an event whose place is not known, all records that have its id.
    """
    found = _by_id(store, {event_id for row in rows for event_id, _ in row})
    return tuple(
        tuple(
            evidence
            for event_id, where in row
            for place, evidence in found.get(event_id, ())
            if where is None or where == place
        )
        for row in rows
    )


def _by_id(
    store: StoreReader, event_ids: Iterable[str]
) -> dict[str, list[tuple[Location, Evidence]]]:
    """The records of some events by event id, each with its place."""
    wanted = pa.array(sorted(event_ids), pa.string())
    table = store.events(
        columns=_READ,
        where=lambda rows: pc.is_in(rows["event_id"], value_set=wanted),
        told_by=("event_id",),
    )
    found: defaultdict[str, list[tuple[Location, Evidence]]] = defaultdict(list)
    for event_id, record, bucket, key, index, sha256 in zip(
        *(column.to_pylist() for column in table.columns), strict=True
    ):
        log_file = Location(bucket, key)
        evidence = Evidence(event_id, record, str(log_file), index, sha256)
        found[event_id].append((log_file.record(index), evidence))
    return found
