"""Reading data files: each checked against the ledger, and of each the selected rows."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trailscan.errors import NotFoundError
from trailscan.events.schema import EVENTS, instant
from trailscan.parallel import in_order
from trailscan.store.attestations import ATTESTATIONS, DIGESTS, PUBLIC_KEYS
from trailscan.store.layout import LOG_FILES, REJECTS
from trailscan.store.ledger import Ledger
from trailscan.store.paths import damaged
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from trailscan.buckets import Bucket
    from trailscan.store.ledger import Commit
    from trailscan.store.paths import DataFile, TableName


SCHEMAS: dict[TableName, pa.Schema] = {
    "events": EVENTS,
    "log_files": LOG_FILES,
    "rejects": REJECTS,
    "attestations": ATTESTATIONS,
    "digests": DIGESTS,
    "public_keys": PUBLIC_KEYS,
}
"""The columns of each table."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_TIME, _LAST_TIME = (
    (bound - _EPOCH) // timedelta(microseconds=1)
    for bound in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
)
_S3_READERS = 16


_LOCAL_READERS = os.cpu_count() or 1


class Selection(NamedTuple):
    """A selection of rows: those in a window of event time for which `where` is true."""

    window: Window
    where: Callable[[pa.Table], pa.Array] | None
    filter_columns: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that decide."""
        bounded = self.window != Window()
        return (*(self.filter_columns if self.where else ()), *(("event_time",) if bounded else ()))

    def mask(self, rows: pa.Table) -> pa.BooleanArray:
        """A mask of the selected rows."""
        tests = [] if self.where is None else [self.where(rows)]
        bounds = ((self.window.start, pc.greater_equal), (self.window.end, pc.less))
        tests += [compare(rows["event_time"], instant(bound)) for bound, compare in bounds if bound]
        mask = reduce(pc.and_, tests)
        return mask.combine_chunks() if isinstance(mask, pa.ChunkedArray) else mask


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


def stored_files(commits: Iterable[Commit]) -> list[DataFile]:
    """The data files that a store has, each once."""
    found = (file.stored for commit in commits for file in commit.files)
    return [*{file.path: file for file in found}.values()]


def read_files(
    bucket: Bucket,
    files: Sequence[DataFile],
    columns: list[str],
    selection: Selection | None = None,
) -> Iterator[pa.Table]:
    """The selected rows of data files, file by file, a few of them read ahead.

    What was merged is read once, and its rows wait for the files that they belong to.

    Raises:
        StoreError: a file is missing, or is not the one that was committed.
    """
    threads = _S3_READERS if bucket.is_remote else _LOCAL_READERS
    found: dict[str, pa.Table] = {}
    with ThreadPoolExecutor(threads) as readers:
        read = partial(_read_stored, bucket, _Moved(bucket), columns=columns, selection=selection)
        tables = in_order(readers, read, _by_stored(files), threads)
        for file in files:
            while file.path not in found:
                found |= next(tables)
            yield found.pop(file.path)


def _by_stored(files: Iterable[DataFile]) -> list[list[DataFile]]:
    """Data files in groups, each of those whose rows are in the same one, in their order."""
    groups: dict[str, list[DataFile]] = {}
    for file in files:
        groups.setdefault(file.stored.path, []).append(file)
    return [*groups.values()]


class _Moved:
    """Where the rows of data files are that were merged while somebody reads them."""

    def __init__(self, bucket: Bucket) -> None:
        self._ledger = Ledger(bucket)
        self._now: dict[str, DataFile] = {}
        self._lock = Lock()

    def find(self, files: Sequence[DataFile]) -> list[DataFile]:
        """Data files that are no longer where they were, with where they are now.

        Raises:
            StoreError: they should be where they were.
        """
        with self._lock:
            if not self._has_moved(files):
                commits = self._ledger.refresh()
                self._now = {file.path: file for commit in commits for file in commit.files}
            if not self._has_moved(files):
                raise damaged(files[0].stored, "it is missing")
            return [self._now[file.path] for file in files]

    def _has_moved(self, files: Iterable[DataFile]) -> bool:
        """Whether each of some data files is known to be elsewhere."""
        now = (self._now.get(file.path, file) for file in files)
        return all(one.stored != file.stored for one, file in zip(now, files, strict=True))


def read_checked(bucket: Bucket, file: DataFile) -> bytes:
    """The bytes of a data file, compared with what was committed.

    Raises:
        StoreError: it is missing, or is not the one that was committed.
        TrailscanError: it cannot be read.
    """
    try:
        data = bucket.read(file.path)
    except NotFoundError:
        raise damaged(file, "it is missing") from None
    return _checked(file, data)


def _checked(file: DataFile, data: bytes) -> bytes:
    """The bytes of a data file, compared with what was committed."""
    if len(data) != file.bytes:
        raise damaged(file, f"expected {file.bytes:,} bytes, found {len(data):,}")
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise damaged(file, "its content is not what was committed")
    return data


def _read_stored(
    bucket: Bucket,
    moved: _Moved,
    files: Sequence[DataFile],
    columns: list[str],
    selection: Selection | None,
) -> dict[str, pa.Table]:
    """The selected rows of the data files whose rows are in the same one, by path."""
    stored = files[0].stored
    try:
        data = bucket.read(stored.path)
    except NotFoundError:
        now = _by_stored(moved.find(files))
        parts = (_read_stored(bucket, moved, one, columns, selection) for one in now)
        return {path: rows for part in parts for path, rows in part.items()}
    table, chosen = _read_file(stored, _checked(stored, data), columns, selection)
    if stored is files[0]:
        return {stored.path: table}
    before = None if chosen is None else [0, *accumulate(pc.fill_null(chosen, False).to_pylist())]  # noqa: FBT003  # the value
    return {file.path: _rows_of(file, table, before) for file in files}


def _rows_of(file: DataFile, table: pa.Table, before: Sequence[int] | None) -> pa.Table:
    """The rows of one data file among the selected ones of the data file that has them.

    Args:
        file: the data file.
        table: the selected rows.
        before: how many rows before each row are selected; None if all are.
    """
    ends = ((start, start + count) for start, count in file.ranges)
    if before is not None:
        ends = ((before[start], before[end]) for start, end in ends)
    parts = [table.slice(start, end - start) for start, end in ends]
    return pa.concat_tables(parts) if parts else table.slice(0, 0)


def _read_file(
    file: DataFile, data: bytes, columns: list[str], selection: Selection | None
) -> tuple[pa.Table, pa.BooleanArray | None]:
    """The selected rows of one data file, and a mask of them; None if all were selected."""
    chosen = None
    needed = [*columns, *(selection.columns if selection else ())]
    try:
        # One thread a file: pyarrow's own threads may outlive the read, hold Python objects, and
        # end the process with "terminate called" when it exits.
        parquet = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False)
        if parquet.metadata.num_rows != file.rows:
            raise damaged(file, f"it has {parquet.metadata.num_rows:,} rows")
        _check_types(file, parquet.schema_arrow, needed)
        if selection is None:
            table = parquet.read(columns, use_threads=False)
        else:
            table, chosen = _selected(parquet, columns, selection)
        table.validate(full=True)
        _check_times(file, table)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise damaged(file, f"{error}") from None
    return table.select(columns).replace_schema_metadata(None), chosen


def _check_types(file: DataFile, found: pa.Schema, columns: Iterable[str]) -> None:
    """Check that a data file has some columns of its table, each of its type.

    Raises:
        StoreError: it has not.
    """
    for column in map(SCHEMAS[file.table].field, columns):
        at = found.get_field_index(column.name)
        if at < 0 or found.field(at).type != column.type:
            raise damaged(file, f"its column {column.name!r} is not of type {column.type}")


def _check_times(file: DataFile, table: pa.Table) -> None:
    """Check that the times of a data file are in the years 1 to 9999, as those of Python are.

    Raises:
        StoreError: one is not.
    """
    for column in filter(lambda column: pa.types.is_timestamp(column.type), table.itercolumns()):
        found = pc.min_max(column.cast(pa.int64()))
        first, last = found["min"].as_py(), found["max"].as_py()
        if first is not None and not (first >= _FIRST_TIME and last <= _LAST_TIME):
            raise damaged(file, "it has times beyond the calendar")


def _selected(
    parquet: pq.ParquetFile, columns: list[str], selection: Selection
) -> tuple[pa.Table, pa.BooleanArray]:
    """The selected rows, and a mask of them.

    Of a row group without any, only the filter columns are read.
    """
    deciding = parquet.read(list(selection.columns), use_threads=False)
    parts, start = [], 0
    chosen = [pa.array([], pa.bool_())]
    for group in range(parquet.metadata.num_row_groups):
        rows = parquet.metadata.row_group(group).num_rows
        wanted = selection.mask(deciding.slice(start, rows))
        start += rows
        chosen.append(wanted)
        if wanted.true_count:
            part = parquet.read_row_group(group, columns, use_threads=False)
            parts.append(part if wanted.true_count == rows else part.filter(wanted))
    table = pa.concat_tables(parts) if parts else no_rows(parquet.schema_arrow)
    return table, pa.concat_arrays(chosen)


def no_rows(schema: pa.Schema) -> pa.Table:
    """A table without rows; pyarrow's own `empty_table` imports pandas."""
    return pa.Table.from_batches([], schema=schema)


def days_of(commits: tuple[Commit, ...], table: str) -> list[date]:
    """The days for which a table has rows, in order."""
    return sorted(day for day, rows in rows_by_day(commits, table).items() if rows)


def rows_by_day(commits: tuple[Commit, ...], table: str) -> dict[date, int]:
    """How many rows a table holds of each day."""
    rows: dict[date, int] = {}
    for commit in commits:
        for file in commit.files:
            if file.table == table and file.day is not None:
                rows[file.day] = rows.get(file.day, 0) + file.rows
    return rows
