"""Reading a store: what the ledger names, as Arrow tables."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trailscan.errors import NotFoundError, StoreError
from trailscan.events.schema import EVENTS
from trailscan.location import LOCAL
from trailscan.parallel import in_order
from trailscan.store.layout import FORMAT, LOG_FILES, MARKER, REJECTS, DataFile, TableName
from trailscan.store.ledger import Commit, Ledger
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from trailscan.buckets import Bucket

_SCHEMAS: dict[TableName, pa.Schema] = {
    "events": EVENTS,
    "log_files": LOG_FILES,
    "rejects": REJECTS,
}
_S3_READERS = 16
_LOCAL_READERS = os.cpu_count() or 1


class _Marker(msgspec.Struct):
    format: int


class StoreReader:
    """One state of a store: what its ledger said when it was opened.

    Raises:
        NotFoundError: there is no store.
        StoreError: its format is unknown, or its ledger is damaged.
    """

    def __init__(self, bucket: Bucket, place: str) -> None:
        self.place = place
        self._bucket = bucket
        check_marker(bucket, place)
        self.commits: tuple[Commit, ...] = Ledger(bucket).refresh()

    def files(self, table: TableName, days: Iterable[date] | None = None) -> list[DataFile]:
        """The data files of a table, of some days or of all."""
        return select_files(self.commits, table, days)

    def events(
        self,
        window: Window | None = None,
        columns: list[str] | None = None,
        where: Callable[[pa.Table], pa.Array] | None = None,
    ) -> pa.Table:
        """The events whose `event_time` lies in the window, in order of time and id.

        Args:
            window: of event time; None for all there is.
            columns: of `trailscan.events.schema.EVENTS`; None for all.
            where: says of each row of a data file whether it is wanted. What is not is dropped a
                data file at a time, so that memory holds the wanted rows only.
        """
        window = window or Window()
        needed = None if columns is None else [*dict.fromkeys([*columns, "event_time", "event_id"])]
        files = [
            file for file in self.files("events") if file.day is None or window.touches(file.day)
        ]
        found = self._read(files, "events", needed, lambda rows: _within(rows, window, where))
        found = found.sort_by([("event_time", "ascending"), ("event_id", "ascending")])
        return found if columns is None else found.select(columns)

    def log_files(
        self, days: Iterable[date] | None = None, columns: list[str] | None = None
    ) -> pa.Table:
        """The log files by delivery day, one row for each time one was done or rejected."""
        return self._read(self.files("log_files", days), "log_files", columns)

    def rejects(self) -> pa.Table:
        """The rejects."""
        return self._read(self.files("rejects"), "rejects", None)

    def _read(
        self,
        files: Sequence[DataFile],
        table: TableName,
        columns: list[str] | None,
        choose: Callable[[pa.Table], pa.Table] = lambda rows: rows,
    ) -> pa.Table:
        """What is chosen of data files as one table, in the order of the ledger."""
        schema = _SCHEMAS[table]
        wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
        parts = (choose(rows) for rows in read_files(self._bucket, files, wanted.names))
        return pa.concat_tables([wanted.empty_table(), *parts])


def check_marker(bucket: Bucket, place: str) -> None:
    """Make sure that a place holds a store of the format that this version knows.

    Raises:
        NotFoundError: there is no store.
        StoreError: the format is another.
    """
    try:
        marker = msgspec.json.decode(bucket.read(MARKER), type=_Marker)
    except NotFoundError:
        raise NotFoundError(
            f"there is no store at {place} (make one with: trailscan load SOURCE --store {place})"
        ) from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise StoreError(f"{place}/{MARKER} is not a store's: {error}") from None
    if marker.format != FORMAT:
        raise StoreError(
            f"the store at {place} has format {marker.format}; this version knows {FORMAT}"
        )


def select_files(
    commits: Iterable[Commit], table: TableName, days: Iterable[date] | None = None
) -> list[DataFile]:
    """The data files that commits name for a table, of some days or of all."""
    wanted = None if days is None else set(days)
    return [
        file
        for commit in commits
        for file in commit.files
        if file.table == table and (wanted is None or file.day in wanted)
    ]


def read_files(bucket: Bucket, files: Sequence[DataFile], columns: list[str]) -> Iterator[pa.Table]:
    """Data files one after another, a few read ahead.

    Raises:
        StoreError: a file is gone, or is not the one that was committed.
    """
    threads = _LOCAL_READERS if bucket.name == LOCAL else _S3_READERS
    with ThreadPoolExecutor(threads) as readers:
        read = partial(_read_file, bucket, columns=columns)
        yield from in_order(readers, read, files, threads)


def _read_file(bucket: Bucket, file: DataFile, columns: list[str]) -> pa.Table:
    """One data file, the length and rows checked against the ledger."""
    try:
        data = bucket.read(file.path)
    except NotFoundError as error:
        raise StoreError(f"the store is damaged: {error}") from None
    if len(data) != file.bytes:
        raise StoreError(f"the store is damaged: {file.path} has {len(data):,} bytes")
    try:
        # One thread a file: pyarrow's own threads may outlive the read, hold what is Python's, and
        # end the process with "terminate called" when it is about to end well.
        file_read = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False)
        table = file_read.read(columns, use_threads=False)
    except pa.ArrowException as error:
        raise StoreError(f"the store is damaged: {file.path}: {error}") from None
    if table.num_rows != file.rows:
        raise StoreError(f"the store is damaged: {file.path} has {table.num_rows:,} rows")
    return table.select(columns).replace_schema_metadata(None)


def verify_file(bucket: Bucket, file: DataFile) -> bool:
    """Whether a data file still has the bytes that were committed."""
    return hashlib.sha256(bucket.read(file.path)).hexdigest() == file.sha256


def _within(
    table: pa.Table, window: Window, where: Callable[[pa.Table], pa.Array] | None
) -> pa.Table:
    """The wanted rows whose `event_time` lies in the window."""
    if where is not None:
        table = table.filter(where(table))
    for bound, compare in ((window.start, pc.greater_equal), (window.end, pc.less)):
        if bound is not None:
            when = table["event_time"]
            table = table.filter(compare(when, pa.scalar(bound, when.type)))
    return table
