"""Reading a store: what the ledger names, as Arrow tables."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.errors import NotFoundError, StoreError
from trailscan.events.schema import EVENTS, instant, strings
from trailscan.store.attestations import (
    Attested,
    judge_row,
)
from trailscan.store.layout import ARRIVED, LOG_FILES
from trailscan.store.ledger import Commit, Ledger
from trailscan.store.paths import (
    FORMAT,
    MARKER,
    MARKER_BYTES,
    NO_DAY,
    DataFile,
    TableName,
    commit_of,
    read_at_most,
)
from trailscan.store.read_files import (
    SCHEMAS,
    Selection,
    no_rows,
    read_files,
    select_files,
    stored_files,
)
from trailscan.store.readings import last_readings, with_conflicts
from trailscan.store.runs import Runs, read_runs
from trailscan.store.strays import find_strays
from trailscan.trail.keys import parse_key
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from trailscan.buckets import Bucket

ValidationTable = Literal["attestations", "digests", "public_keys"]
_FIRST_DAY = date(2013, 11, 13)
_ONE_DAY = timedelta(days=1)
Attestations = dict[tuple[str, str], dict[str, Any]]
"""Rows of `ATTESTATIONS` by bucket and key."""


class _Marker(msgspec.Struct):
    format: int


class StoreReader:
    """One state of a store: the commits that its ledger had when it was opened.

    Attributes:
        place: the folder or `s3://bucket/prefix` of the store.
        commits: of the ledger, in order.
        names: id -> name, from the user, for ids whose name is not in the log.
        head: SHA-256 of the last commit, which identifies the state; empty without a commit.
        strays: files in the store that no commit names; they are never read.

    Raises:
        NotFoundError: there is no store.
        StoreError: its format is unknown, or its ledger is damaged or was rolled back.
    """

    def __init__(self, bucket: Bucket, place: str, names: Mapping[str, str] | None = None) -> None:
        self.place = place
        self.names = names or {}
        self._bucket = bucket
        check_marker(bucket, place)
        ledger = Ledger(bucket)
        ledger.refresh()
        self.strays = find_strays(bucket, ledger)
        self.commits: tuple[Commit, ...] = ledger.commits
        self.head = ledger.last_sha256
        self._attested: dict[date, Attestations] = {}
        self._opened: set[str] = set()

    def is_delivery_day(self, file: DataFile) -> bool:
        """Whether log files can have been delivered on the day of a data file.

        A name may say any day. CloudTrail began in November 2013
        (aws.amazon.com/blogs/aws/aws-cloudtrail-capture-aws-api-activity), and nothing was
        delivered after it was loaded; the day more is for clocks that differ.
        """
        if file.day is None or file.day < _FIRST_DAY:  # so is `NO_DAY`
            return False
        return file.day <= shifted(self._commit_of(file).committed_at.date(), _ONE_DAY)

    def _commit_of(self, file: DataFile) -> Commit:
        """The commit that added the rows of a data file."""
        return self.commits[(commit_of(file.path) or 1) - 1]

    def files(self, table: TableName, days: Iterable[date] | None = None) -> list[DataFile]:
        """The data files of a table, of some days or of all."""
        return select_files(self.commits, table, days)

    @property
    def not_compared(self) -> tuple[DataFile, ...]:
        """The data files that were not read yet, and so not compared with their SHA-256."""
        return tuple(one for one in stored_files(self.commits) if one.path not in self._opened)

    def _rows(
        self, files: Sequence[DataFile], columns: list[str], selection: Selection | None = None
    ) -> Iterator[pa.Table]:
        """The selected rows of data files, file by file."""
        self._opened.update(file.stored.path for file in files)
        if ARRIVED.name not in columns:
            return read_files(self._bucket, files, columns, selection)
        stored = [name for name in columns if name != ARRIVED.name]
        found = zip(files, read_files(self._bucket, files, stored, selection), strict=True)
        return (self._with_arrival(file, rows).select(columns) for file, rows in found)

    def _with_arrival(self, file: DataFile, rows: pa.Table) -> pa.Table:
        """The rows of a data file with the time at which each was kept."""
        when = pa.repeat(instant(self._commit_of(file).committed_at), rows.num_rows)
        return rows.append_column(ARRIVED, when)

    def events(
        self,
        window: Window | None = None,
        columns: list[str] | None = None,
        where: Callable[[pa.Table], pa.Array] | None = None,
        filter_columns: tuple[str, ...] = ("event_source", "event_name"),
        *,
        ordered: bool = True,
    ) -> pa.Table:
        """The events whose `event_time` lies in the window, in order of time and id.

        Args:
            window: of event time; None for all there is.
            columns: of `trailscan.events.schema.EVENTS`, or `arrived`: when the event was kept;
                None for all of `EVENTS`.
            where: returns a mask of the rows to read. It gets one row group at a time, and nothing
                else is read of a row group without such a row. Changes and read-only calls are in
                separate row groups.
            filter_columns: the columns that `where` needs.
            ordered: False skips the sorting.
        """
        parts = self.events_by_day(window, columns, where, filter_columns, ordered=ordered)
        return pa.concat_tables(
            [no_rows(_schema_of([*EVENTS, ARRIVED], columns or EVENTS.names)), *parts]
        )

    def events_by_day(
        self,
        window: Window | None = None,
        columns: list[str] | None = None,
        where: Callable[[pa.Table], pa.Array] | None = None,
        filter_columns: tuple[str, ...] = ("event_source", "event_name"),
        *,
        ordered: bool = True,
    ) -> Iterator[pa.Table]:
        """The same events as `events`, a table for each UTC day, or for each file if not ordered.

        A data file has the events of one day, so ordered days are in order together.
        """
        window = window or Window()
        needed = None if columns is None else [*dict.fromkeys([*columns, "event_time", "event_id"])]
        files = [
            file for file in self.files("events") if file.day is None or window.touches(file.day)
        ]
        selection = (
            Selection(window, where, filter_columns) if where or window != Window() else None
        )
        flagged = self._conflicting if columns is None or "conflict" in columns else frozenset()
        if needed is not None and self._superseded:
            needed = [*dict.fromkeys([*needed, "record_sha256"])]
        if needed is not None and flagged:
            needed = [*dict.fromkeys([*needed, "recipient_account_id"])]
        if ordered:
            files.sort(key=lambda file: file.day or NO_DAY)
        tables = zip(files, self._rows(files, needed or EVENTS.names, selection), strict=True)
        days = groupby(tables, lambda pair: pair[0].day if ordered else pair[0])
        for _, found in days:
            rows = pa.concat_tables([table for _, table in found])
            if self._superseded:
                rows = self._without_superseded(rows)
            if flagged:
                rows = with_conflicts(rows, flagged)
            if ordered:
                rows = rows.sort_by([("event_time", "ascending"), ("event_id", "ascending")])
            yield rows if columns is None else rows.select(columns)

    def event_names(self) -> set[str]:
        """The names of all events, from whatever source."""
        found: set[str] = set()
        for _, rows in self.scan("events", ["event_name"]):
            found.update(name for name in rows["event_name"].unique().to_pylist() if name)
        return found

    def brought_by(self, event_id: str, day: date) -> Iterator[tuple[Commit, pa.Table]]:
        """The commits that added events of one id and UTC day, with the rows of `EVENTS`."""
        same_id = Selection(
            Window(), lambda rows: pc.equal(rows["event_id"], event_id), ("event_id",)
        )
        for commit, rows in self.by_commit("events", [day], EVENTS.names, same_id):
            if rows.num_rows:
                yield commit, rows

    def by_commit(
        self,
        table: TableName,
        days: Iterable[date] | None,
        columns: list[str],
        selection: Selection | None = None,
    ) -> Iterator[tuple[Commit, pa.Table]]:
        """The data files of a table in the order of the ledger: their commits and their rows."""
        files = self.files(table, days)
        commits = (self._commit_of(file) for file in files)
        return zip(commits, self._rows(files, columns, selection), strict=True)

    @cached_property
    def _conflicting(self) -> frozenset[tuple[str, str]]:
        """Account and id of the events of which there are several with different content.

        The writer flags the one that it met last; a reader flags all of them.
        """
        if not any(commit.counts.conflicts for commit in self.commits):
            return frozenset()
        names = ["recipient_account_id", "event_id"]
        chosen = Selection(Window(), lambda rows: rows["conflict"], ("conflict",))
        needed = [*names, "record_sha256"]
        rows = self._without_superseded(self._read(self.files("events"), "events", needed, chosen))
        return frozenset(zip(*(rows[name].to_pylist() for name in names), strict=True))

    @cached_property
    def _superseded(self) -> frozenset[str]:
        """The hashes of records of which a later commit has a copy with more members."""
        replaced = (commit.replaced for commit in self.commits)
        return frozenset(sha256 for one in replaced if one for sha256 in one.records_sha256)

    @property
    def superseded_count(self) -> int:
        """The number of stored records of which a later commit has a copy with more members."""
        return len(self._superseded)

    def _without_superseded(self, rows: pa.Table) -> pa.Table:
        """Events without those of which there is a copy with more members."""
        hashes = strings(sorted(self._superseded))
        return rows.filter(pc.invert(pc.is_in(rows["record_sha256"], value_set=hashes)))

    @property
    def _has_repeated_readings(self) -> bool:
        """Whether any log file was read more than once."""
        return any(commit.replaced for commit in self.commits)

    def log_files(
        self, days: Iterable[date] | None = None, columns: list[str] | None = None
    ) -> pa.Table:
        """The log files by delivery day: the last reading of each, and rejects before any reading.

        `event_sources` is all that was ever looked for in the log file, and `kept` all that was
        ever kept of it.
        """
        files = self.files("log_files", days)
        if not self._has_repeated_readings:
            return self._read(files, "log_files", columns)
        rows = last_readings(self._read(files, "log_files", None))
        return rows if columns is None else rows.select(columns)

    def scan(
        self, table: TableName, columns: list[str] | None = None
    ) -> Iterator[tuple[DataFile, pa.Table]]:
        """The data files of a table one after another, by day and commit, with their rows.

        Only a few of them are in memory at a time, whatever the size of the store.
        """
        files = sorted(self.files(table), key=lambda file: str(file.day))
        if table == "log_files" and self._has_repeated_readings:
            return self._scan_last_readings(files, columns or LOG_FILES.names)
        names = columns or SCHEMAS[table].names
        if table != "events" or not self._superseded:
            return zip(files, self._rows(files, names), strict=True)
        needed = [*dict.fromkeys([*names, "record_sha256"])]
        rows = map(self._without_superseded, self._rows(files, needed))
        return zip(files, (one.select(names) for one in rows), strict=True)

    def _scan_last_readings(
        self, files: Iterable[DataFile], columns: list[str]
    ) -> Iterator[tuple[DataFile, pa.Table]]:
        """The last readings of log files, day by day, each with one of the day's data files."""
        for _, same_day in groupby(files, lambda file: file.day):
            found = list(same_day)
            yield found[-1], last_readings(self._read(found, "log_files", None)).select(columns)

    def read(
        self, files: Iterable[DataFile], columns: list[str] | None = None
    ) -> Iterator[pa.Table]:
        """The rows of data files of one table, file by file, with some columns or all."""
        wanted = list(files)
        if wanted:
            names = columns or SCHEMAS[wanted[0].table].names
            yield from self._rows(wanted, names)

    def runs(self) -> Runs:
        """The runs of `load` that the store remembers; they are read now."""
        return read_runs(self._bucket)

    def rejects(self) -> pa.Table:
        """The rejects of the store."""
        return self._read(self.files("rejects"), "rejects", None)

    def validation(
        self,
        table: ValidationTable,
        days: Iterable[date] | None = None,
        columns: list[str] | None = None,
        keys: Collection[str] | None = None,
    ) -> pa.Table:
        """The rows of validations in the order of the ledger; the last row of a log file counts.

        Args:
            table: `attestations` by delivery day, `digests` by the day of their end, `public_keys`.
            days: of the partition; None for all.
            columns: of the table; None for all.
            keys: of log files or digests; None for all.
        """
        among = None if keys is None else _among(keys)
        return self._read(self.files(table, days), table, columns, among)

    def attestations_of(self, log_files: Collection[tuple[str, str]]) -> Attestations:
        """The last row of validations for each of some log files, by bucket and key."""
        days = {parse_key(key).day or NO_DAY for _, key in log_files}
        rows = self.validation("attestations", days, keys={key for _, key in log_files})
        return {(row["bucket"], row["key"]): row for row in rows.to_pylist()}

    def attested(self, bucket: str, key: str, sha256: str | None) -> Attested:
        """Whether the log file that was loaded is the one that a digest attests, and which digest.

        Args:
            bucket: of the log file, as in `log_file_bucket` of its events.
            key: of the log file, as in `log_file_key`.
            sha256: of its uncompressed bytes, as in `log_file_sha256`; None if it was not computed.
        """
        day = parse_key(key).day or NO_DAY
        if day not in self._attested:
            rows = self.validation("attestations", [day]).to_pylist()
            self._attested[day] = {(row["bucket"], row["key"]): row for row in rows}
        return judge_row(self._attested[day].get((bucket, key)), sha256)

    def _read(
        self,
        files: Sequence[DataFile],
        table: TableName,
        columns: list[str] | None,
        selection: Selection | None = None,
    ) -> pa.Table:
        """The selected rows of data files as one table, in the order of the ledger."""
        schema = SCHEMAS[table]
        wanted = _schema_of([*schema, ARRIVED], schema.names if columns is None else columns)
        parts = self._rows(files, wanted.names, selection)
        return pa.concat_tables([no_rows(wanted), *parts])


def _schema_of(fields: Iterable[pa.Field], names: Iterable[str]) -> pa.Schema:
    """Some of these fields."""
    known = {field.name: field for field in fields}
    return pa.schema([known[name] for name in names])


def _among(keys: Iterable[str]) -> Selection:
    """Selects the rows of some keys."""
    wanted = strings(sorted(set(keys)))
    return Selection(Window(), lambda rows: pc.is_in(rows["key"], value_set=wanted), ("key",))


def check_marker(bucket: Bucket, uri: str) -> None:
    """Check that a folder or bucket holds a store of the format that this version knows.

    Raises:
        NotFoundError: there is no store.
        StoreError: the format is another.
    """
    try:
        marker = msgspec.json.decode(read_at_most(bucket, MARKER, MARKER_BYTES), type=_Marker)
    except NotFoundError:
        raise NotFoundError(
            f"there is no store at {uri}",
            f"create one with `trailscan load SOURCE --store {uri}`",
        ) from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise StoreError(f"{uri}/{MARKER} is not the marker of a store: {error}") from None
    if marker.format != FORMAT:
        raise StoreError(
            f"the store at {uri} has format {marker.format}, as its {MARKER} says; "
            f"this version reads {FORMAT}"
        )
