"""The data files of a commit: rows of what was read, as Parquet in memory."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from trailscan.errors import StoreError
from trailscan.events.schema import EVENTS, Evidence, event_values, to_table
from trailscan.parallel import in_order
from trailscan.store.copies import Compared
from trailscan.store.layout import LOG_FILES, LOG_FILES_ENCODING, REJECTS
from trailscan.store.log_file_result import LogFileResult, Reject
from trailscan.store.paths import NO_DAY, DataFile, TableName, data_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from trailscan.events.row import EventRow

_ENCODERS = 2
_ROW_GROUP = 64 * 1024
_COMPRESSED = 512  # bytes of a column in memory, at least
_STEP, _STEP_BYTES = 1024, 4 * 1024 * 1024
"""The rows that Parquet takes at a time: beside their bytes, it needs three times a step."""
_READ_ONLY = ("Describe", "List", "Get")
_BY_KEY = itemgetter(0, 1, 2)
_ENCODINGS = {"log_files": LOG_FILES_ENCODING}
ComparedFile = Compared[LogFileResult]


def filtered_out(one: ComparedFile) -> int:
    """The number of records of other event sources in a log file."""
    compared = len(one.kept) + one.duplicates
    return one.result.records - compared - one.result.record_rejects


class _Part(NamedTuple):
    """The rows of a data file; the `first` of them are in row groups of their own."""

    table: TableName
    day: date | None
    rows: pa.Table
    first: int = 0


def data_files(
    compared: list[ComparedFile], event_sources: str, seq: int, *, is_first: bool
) -> Iterator[tuple[DataFile, bytes]]:
    """The data files of a commit with their bytes, encoded in a few threads."""
    parts = _parts(compared, event_sources)
    if compared and is_first and not any(one.kept for one in compared):
        parts = chain(parts, [_Part("events", NO_DAY, EVENTS.empty_table())])  # the schema
    with ThreadPoolExecutor(_ENCODERS) as pool:
        yield from in_order(pool, lambda part: data_file(*part[:2], seq, *part[2:]), parts, 4)


def _parts(compared: list[ComparedFile], event_sources: str) -> Iterator[_Part]:
    """The rows of a commit, one part for each data file."""
    log_files: defaultdict[date, list[tuple[object, ...]]] = defaultdict(list)
    rejects: list[tuple[object, ...]] = []
    for one in compared:
        result = one.result
        log_files[result.day or NO_DAY].append(_log_file_values(one, event_sources))
        if result.rejects:
            rejects += [_reject_values(result, reject) for reject in result.rejects]
    yield from event_parts(compared)
    for day, values in sorted(log_files.items()):
        yield _Part("log_files", day, to_table(sorted(values, key=_BY_KEY), LOG_FILES))
    if rejects:
        yield _Part("rejects", None, to_table(rejects, REJECTS))


def event_parts(compared: list[ComparedFile]) -> Iterator[_Part]:
    """The events to keep, one part for each day."""
    events: defaultdict[date, list[tuple[EventRow, Evidence, bool]]] = defaultdict(list)
    for one in compared:
        if not one.kept:  # as most log files
            continue
        result = one.result
        evidence = Evidence(result.bucket, result.key, result.etag, result.sha256)
        for row, conflict in one.kept:
            events[row.event_date].append((row, evidence, conflict))
    for day, rows in sorted(events.items()):
        rows.sort(key=lambda row: (_is_read_only(row[0]), row[0].order))
        values = [event_values(row, evidence, conflict=flag) for row, evidence, flag in rows]
        changes = sum(not _is_read_only(row) for row, _, _ in rows)
        yield _Part("events", day, to_table(values, EVENTS), changes)


def _is_read_only(row: EventRow) -> bool:
    """Whether an event changes nothing, guessed by its name; it only decides the row group."""
    return (row.event.event_name or "").startswith(_READ_ONLY)


def first_rows(table: TableName, rows: pa.Table) -> int:
    """How many of the first rows of a data file are in row groups of their own."""
    if table != "events":
        return 0
    names = rows["event_name"].to_pylist()
    return next(
        (at for at, name in enumerate(names) if (name or "").startswith(_READ_ONLY)), len(names)
    )


def _log_file_values(one: ComparedFile, event_sources: str) -> tuple[object, ...]:
    """A log file in the order of `LOG_FILES`."""
    result = one.result
    failed = result.failure
    return (
        result.bucket,
        result.key,
        result.etag,
        result.stored_bytes,
        result.organization_id,
        result.account_id,
        result.region,
        result.delivered,
        "rejected" if failed else "done",
        failed.reason if failed else None,
        event_sources,
        result.records,
        len(one.kept),
        0 if failed else filtered_out(one),
        one.duplicates,
        result.record_rejects,
        one.conflicts,
        result.inflated_bytes,
        None if result.sha256 else result.stored_sha256,
        result.sha256,
        ",".join(result.deviations) or None,
    )


def _reject_values(result: LogFileResult, reject: Reject) -> tuple[object, ...]:
    """A reject in the order of `REJECTS`."""
    return (
        result.bucket,
        result.key,
        result.etag,
        reject.record_index,
        reject.reason,
        reject.message,
        reject.json_path,
        reject.raw,
        reject.raw_bytes,
    )


def _how(table: TableName, rows: pa.Table) -> dict[str, Any]:
    """How a data file is encoded.

    A column of few bytes is not compressed: that takes longer than all of its other encoding, and
    what describes a compressed page is longer than what is saved.
    """
    levels = {name: 3 for name in rows.column_names if rows[name].nbytes > _COMPRESSED}
    codecs = {name: "zstd" if name in levels else "none" for name in rows.column_names}
    step = _STEP_BYTES * max(1, rows.num_rows) // max(1, rows.nbytes)
    how = {
        "compression": codecs,
        "compression_level": levels,
        "write_batch_size": max(1, min(_STEP, step)),
    }
    return {**how, **_ENCODINGS.get(table, {})}


def data_file(
    table: TableName, day: date | None, seq: int, rows: pa.Table, first: int = 0
) -> tuple[DataFile, bytes]:
    """A Parquet file in memory, with its row count read back.

    The first rows are in row groups of their own, so that they can be read without the others.
    """
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, rows.schema, **_how(table, rows)) as writer:
        for part in (rows.slice(0, first), rows.slice(first)):
            if part.num_rows or not rows.num_rows:
                writer.write_table(part, row_group_size=_ROW_GROUP)
    data = sink.getvalue().to_pybytes()
    if pq.read_metadata(pa.BufferReader(data)).num_rows != rows.num_rows:
        raise StoreError(f"a new data file of {table} cannot be read back")
    sha256 = hashlib.sha256(data).hexdigest()
    path = data_path(table, day, seq, sha256)
    return DataFile(table, path, rows.num_rows, len(data), sha256, day), data
