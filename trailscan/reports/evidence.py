"""The records behind the rows of a report, read from the store when a form shows them.

A row names its events in columns that every report calls alike. Where it also says where a record
is, only that one of several records with the same event ID belongs to it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from trailscan.events.schema import strings
from trailscan.location import Location
from trailscan.reports.attestation import NOT_CHECKED, attestation
from trailscan.table import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from trailscan.store.reader import StoreReader
    from trailscan.table import Table

_ONE = ("event_id", "first_event_id", "last_event_id")
_SEVERAL = ("event_ids", "related_event_ids")
_READ = ["event_id", "record", "record_index", "log_file_bucket", "log_file_key", "log_file_sha256"]

_Records = dict[str, frozenset[str]]
"""Event ids, each with the locations of its records as far as a row gives them."""


def with_evidence(store: StoreReader, table: Table) -> Table:
    """The report with a function that reads the records behind its rows, if these name events."""
    names = {column.name for column in table.columns}
    if not names.intersection(_ONE + _SEVERAL):
        return table
    return replace(table, evidence=partial(_read, store, table))


def _read(store: StoreReader, table: Table) -> tuple[tuple[Evidence, ...], ...]:
    """For each row, the records of its events, in the order in which it names them."""
    rows = [_named(row) for row in table.records()]
    found = _by_id(store, {event_id for row in rows for event_id in row})
    return tuple(tuple(_of_row(row, found)) for row in rows)


def _named(row: dict[str, object]) -> _Records:
    """The events that a row names."""
    ids = [str(row[name]) for name in _ONE if row.get(name)]
    ids += [event_id for name in _SEVERAL for event_id in _texts(row.get(name))]
    named = dict.fromkeys(ids, frozenset(_texts(row.get("records"))))
    if row.get("event_id") and row.get("log_file") and row.get("record_index") is not None:
        named[ids[0]] = frozenset([f"{row['log_file']}#{row['record_index']}"])
    return named


def _texts(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _of_row(row: _Records, found: dict[str, list[Evidence]]) -> Iterator[Evidence]:
    """The records of a row's events, each once."""
    for event_id, locations in row.items():
        records = found.get(event_id, [])
        there = [one for one in records if f"{one.log_file}#{one.record_index}" in locations]
        yield from there or records


def _by_id(store: StoreReader, event_ids: Iterable[str]) -> dict[str, list[Evidence]]:
    """The records of some events, by event id."""
    ids = strings(sorted(event_ids))

    def where(rows: pa.Table) -> pa.Array:
        return pc.is_in(rows["event_id"], value_set=ids)

    table = store.events(columns=_READ, where=where, filter_columns=("event_id",))
    found: defaultdict[str, list[Evidence]] = defaultdict(list)
    columns: list[list[Any]] = [column.to_pylist() for column in table.columns]
    for event_id, record, index, bucket, key, sha256 in zip(*columns, strict=True):
        log_file = Location(bucket, key)
        said = attestation(store, log_file, sha256)
        attested = None if said == NOT_CHECKED else said
        found[event_id].append(Evidence(event_id, record, log_file.uri, index, sha256, attested))
    return found
