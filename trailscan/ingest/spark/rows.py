"""The rows that Spark moves between the driver and the tasks.

    PLANNED     a log file to read
    SCANNED     a log file that was read, or one of its events
    WRITTEN     a data file, or the sums of a part

A part is a group of log files of one delivery day whose data files one task writes. A log file has
a number, its position in the plan: of several copies of an event, the one with the lowest number
is kept, as on one machine.
"""

from __future__ import annotations

import pickle
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from trailscan.buckets.base import ObjectInfo
from trailscan.trail.keys import parse_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trailscan.ingest.connections import Slowed
    from trailscan.ingest.plan import PlannedFile
    from trailscan.store.known import Reading
    from trailscan.store.log_file_result import LogFileResult
    from trailscan.store.part import Part
    from trailscan.trail.keys import TrailKey

PLANNED = pa.schema(
    [
        ("number", pa.int64()),
        ("part", pa.int32()),
        ("key", pa.binary()),
        ("size", pa.int64()),
        ("etag", pa.string()),
        ("odd", pa.string()),
        ("outside", pa.string()),
        ("kind", pa.string()),
        ("earlier", pa.binary()),  # how it was read before, pickled; null if it was not
    ]
)
"""A log file to read."""

SCANNED = pa.schema(
    [
        ("bucket", pa.int32()),  # rows of the same bucket meet in one task
        ("event", pa.binary()),  # recipient account and event id; null for a log file
        ("part", pa.int32()),
        ("number", pa.int64()),  # of the log file
        ("kind", pa.int32()),
        ("record", pa.int32()),  # position in the log file
        ("data", pa.binary()),  # pickled
    ]
)
"""A log file that was read, or one of its events."""

WRITTEN = pa.schema([("data", pa.binary())])
"""What a task has written for the driver, pickled."""

BATCH_BYTES = 8 * 1024 * 1024
BATCH_ROWS = 2000


class Kind(IntEnum):
    """What a row of `SCANNED` is; a log file comes before its events."""

    LOG_FILE = 0
    EVENT = 1
    CONFLICT = 2
    """A new event that conflicts with another one."""
    DUPLICATE = 3
    SUPERSEDED = 4
    """The hash of a stored record that lacks members of a new one, and whether it conflicts."""
    SLOWED = 5
    """What S3 said of the number of reads of a task, beside its last log file."""


class ScannedFile(NamedTuple):
    """A log file that a task has read, without its events, which are rows of their own.

    Attributes:
        result: what it holds; None if its source was given up before.
        events: how many events it has.
        issued: the ids of the access keys that its records may have issued.
        was_read: whether its bytes could be read.
        is_new: the store does not hold the same bytes with the same result.
        earlier: how it was read before.
        given_up: why the task read no more log files; empty if it did.
    """

    result: LogFileResult | None
    events: int = 0
    issued: tuple[bytes, ...] = ()
    was_read: bool = False
    is_new: bool = False
    earlier: tuple[Reading, ...] = ()
    given_up: str = ""


class Written(NamedTuple):
    """What a task has made of a part.

    Attributes:
        part: its data files, counts, and what they replace.
        special: log files with rejects, and what turned out to be no log file, by number.
        issued: the ids of the access keys that the records of log files may have issued, by number.
        not_read: the numbers of the log files whose bytes could not be read.
        unread: the numbers of those whose source was given up before.
        given_up: why.
        slowed: what S3 said of the number of reads.
        bytes_stored: of the log files.
        bytes_inflated: of the log files.
        newest: the latest delivery time of the log files that could be read; None without one.
        deviations: how many log files are not as delivered, by difference.
        others: how many events are no records of a call or service event, by kind.
        is_whole: every event that was read arrived.
    """

    part: Part
    special: list[tuple[int, LogFileResult]]
    issued: list[tuple[int, tuple[bytes, ...]]]
    not_read: list[int]
    unread: list[int]
    given_up: str
    slowed: Slowed
    bytes_stored: int
    bytes_inflated: int
    newest: Any
    deviations: dict[str, int]
    others: dict[str, int]
    is_whole: bool


class Row(NamedTuple):
    """A row of `SCANNED`."""

    bucket: int
    event: bytes | None
    part: int
    number: int
    kind: int
    record: int
    data: bytes


def pack(value: Any) -> bytes:
    """A value as the bytes of a row."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def unpack(data: Any) -> Any:
    """The value of a row, which a task of this job has packed."""
    return pickle.loads(data)  # noqa: S301  # of this job


def planned_table(
    planned: Sequence[PlannedFile],
    parts: Sequence[int],
    earlier: Sequence[Sequence[Reading]] | None,
    numbers: Sequence[int],
) -> pa.Table:
    """Log files to read as rows of `PLANNED`.

    Args:
        planned: log files.
        parts: the part of each.
        earlier: how each was read before; None if none was.
        numbers: which of them to read.
    """
    before = earlier or ()
    infos = [planned[number].info for number in numbers]
    columns: list[Any] = [
        numbers,
        [parts[number] for number in numbers],
        [info.key.encode("utf-8", "surrogatepass") for info in infos],
        [info.size for info in infos],
        [info.etag for info in infos],
        [info.odd for info in infos],
        [info.outside for info in infos],
        [planned[number].trail.kind for number in numbers],
        [pack(tuple(before[n])) if before and before[n] else None for n in numbers],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, PLANNED, strict=True)]
    return pa.Table.from_arrays(arrays, schema=PLANNED)


class PlannedRow(NamedTuple):
    """A row of `PLANNED`, as a task has it."""

    number: int
    part: int
    info: ObjectInfo
    trail: TrailKey
    earlier: tuple[Reading, ...]


def planned_rows(batches: Iterable[pa.RecordBatch], source_length: int) -> Iterator[PlannedRow]:
    """The log files to read of some batches.

    Args:
        batches: of `PLANNED`.
        source_length: how much of each key is the source.
    """
    for batch in batches:
        columns = (column.to_pylist() for column in batch.columns)
        for number, part, raw, size, etag, odd, outside, kind, earlier in zip(
            *columns, strict=True
        ):
            key = raw.decode("utf-8", "surrogatepass")
            trail = parse_key(key, source_length)._replace(kind=kind)
            info = ObjectInfo(key, size, etag, odd, outside)
            yield PlannedRow(number, part, info, trail, unpack(earlier) if earlier else ())


def scanned_batches(rows: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    """Rows of `SCANNED` in batches of a limited size."""
    held: list[Row] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row.data)
        if size > BATCH_BYTES or len(held) >= BATCH_ROWS:
            yield _batch(held)
            held, size = [], 0
    if held:
        yield _batch(held)


def _batch(rows: list[Row]) -> pa.RecordBatch:
    """Rows of `SCANNED` as one batch."""
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SCANNED, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCANNED)


def scanned_rows(batch: pa.RecordBatch) -> Iterator[Row]:
    """The rows of a batch of `SCANNED`."""
    return map(Row._make, zip(*(column.to_pylist() for column in batch.columns), strict=True))
