"""Writing to a store: batches of log files, deduplicated against everything in the store."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from trailscan.errors import StoreError
from trailscan.events.schema import EVENTS, EventRow, Evidence, event_values, to_table
from trailscan.parallel import in_order
from trailscan.store.copies import Compared, Comparison
from trailscan.store.known import (
    KnownEvents,
    KnownLogFiles,
    LogFileId,
    Place,
    Reading,
    covers,
)
from trailscan.store.layout import LOG_FILES, LOG_FILES_ENCODING, REJECTS
from trailscan.store.ledger import Commit, Counts, Draft, Ledger, Source, rows_by_day
from trailscan.store.marker import ensure_store
from trailscan.store.paths import NO_DAY, DataFile, TableName, data_path
from trailscan.store.reader import select_files
from trailscan.store.readings import Replaced
from trailscan.store.rejects import read_acceptances, reject_id
from trailscan.store.requests import is_news

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from trailscan.buckets import Bucket
    from trailscan.errors import DecodeError
    from trailscan.location import Location

_ENCODERS = 2
_RAW_KEPT = 64 * 1024
_ROW_GROUP = 64 * 1024
_READ_ONLY = ("Describe", "List", "Get")
_BY_KEY = itemgetter(0, 1, 2)
_ENCODINGS = {"log_files": LOG_FILES_ENCODING}


class Reject(NamedTuple):
    """One input that cannot be used; a `record_index` of None means the whole log file.

    Attributes:
        record_index: of the record, or of the first one.
        reason: a short stable word.
        message: what happened.
        json_path: where inside the record.
        raw: the first bytes of the record.
        raw_bytes: how many it has.
        times: how many records the reject stands for.
    """

    record_index: int | None
    reason: str
    message: str
    json_path: str = "$"
    raw: bytes = b""
    raw_bytes: int = 0
    times: int = 1

    @classmethod
    def of_record(cls, index: int, error: DecodeError, raw: bytes) -> Reject:
        """The reject of a record that cannot be decoded."""
        kept = raw[:_RAW_KEPT]
        return cls(index, error.reason, str(error), error.json_path, kept, len(raw))


@dataclass(slots=True)
class LogFileResult:
    """One log file on its way into the store; the counts of a rejected log file are 0.

    Its `others` are events that are no records of a call or service event, by kind. Its `kind` is
    what its first bytes say where its name says nothing; what is not recognised is a reject.
    """

    bucket: str
    key: str
    etag: str
    stored_bytes: int
    organization_id: str | None = None
    account_id: str | None = None
    region: str | None = None
    delivered: datetime | None = None
    day: date | None = None
    records: int = 0
    inflated_bytes: int = 0
    stored_sha256: str | None = None
    sha256: str | None = None
    deviations: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    events: Sequence[EventRow] = ()
    rejects: Sequence[Reject] = ()
    kind: Literal["log_file", "marker", "unrecognised"] = "log_file"

    @property
    def failure(self) -> Reject | None:
        """Why the whole log file cannot be used, or None."""
        if not self.rejects:  # most have none, and this runs often
            return None
        return next((reject for reject in self.rejects if reject.record_index is None), None)

    @property
    def record_rejects(self) -> int:
        """The number of records that cannot be used."""
        return 0 if self.failure else sum(reject.times for reject in self.rejects)

    @property
    def id(self) -> LogFileId:
        """The identity of the log file."""
        return LogFileId(self.bucket, self.key, self.etag, self.day)


_Compared = Compared[LogFileResult]
_Earlier = Mapping[Place, Sequence[Reading]]


class StoreWriter:
    """Adds log files to a store, which is created if it does not exist.

    Raises:
        StoreError: something is there that is not a store of this format.
    """

    def __init__(self, bucket: Bucket, uri: str, load_id: str) -> None:
        self._bucket = bucket
        self._load_id = load_id
        ensure_store(bucket, uri)
        self._ledger = Ledger(bucket)
        self._known: dict[str, KnownLogFiles] = {}
        self._events = KnownEvents(bucket)
        self._ledger.settle()
        self._ledger.tidy()
        self._accepted = read_acceptances(self.commits)

    @property
    def commits(self) -> tuple[Commit, ...]:
        """The commits of the store, in order, as far as they are known."""
        return self._ledger.commits

    def known(self, event_sources: str) -> KnownLogFiles:
        """The log files that need not be read again, including those of later commits."""
        if event_sources not in self._known:
            self._known[event_sources] = KnownLogFiles(self._bucket, event_sources)
        self._known[event_sources].update(self.commits)
        return self._known[event_sources]

    def is_accepted(self, where: Location, etag: str) -> bool:
        """Whether a log file, or a record of it, is a reject that somebody accepted."""
        return bool(self._accepted) and reject_id(where, etag) in self._accepted

    def held(self) -> dict[date, int]:
        """The number of log files in the store by delivery day."""
        return rows_by_day(self.commits, "log_files")

    def commit(
        self,
        batch: Sequence[LogFileResult],
        event_sources: str,
        sources: tuple[Source, ...],
        now: datetime,
    ) -> Counts:
        """Add a batch, whole or not at all, without what another process added meanwhile.

        A batch that adds nothing is committed if the ledger does not know yet what was requested of
        the sources, or how it ended.

        Returns:
            The counts of what was added: `records = kept + filtered_out + duplicates + rejects`.
        """

        def draft(commits: tuple[Commit, ...], seq: int) -> Draft:
            earlier = self.known(event_sources).earlier([result.id for result in batch])
            compared, superseded = self._compare(self._still_new(batch, event_sources, earlier))
            is_first = not select_files(commits, "events")
            files = dict(_data_files(compared, event_sources, seq, is_first=is_first))
            replaced = _replaced(compared, earlier, superseded)
            news = is_news(commits, sources, event_sources, now)
            return Draft(
                event_sources, sources, _counts(compared), files, is_news=news, replaced=replaced
            )

        return self._ledger.append(draft, self._load_id, now).counts

    def commit_evidence(self, batch: Sequence[LogFileResult], now: datetime) -> Counts:
        """Add events of log files as evidence, whole or not at all; the log files stay unread.

        Args:
            batch: log files with the events to add.
            now: the present.

        Returns:
            The counts of what was added: `records = kept + duplicates`.
        """

        def draft(_: tuple[Commit, ...], seq: int) -> Draft:
            compared = self._compare(list(batch))[0]
            kept = sum(len(one.kept) for one in compared)
            duplicates = sum(one.duplicates for one in compared)
            conflicts = sum(one.conflicts for one in compared)
            counts = Counts(
                records=kept + duplicates, kept=kept, duplicates=duplicates, conflicts=conflicts
            )
            files = dict(
                data_file(part.table, part.day, seq, part.rows, part.first)
                for part in _event_parts(compared)
            )
            return Draft("", (), counts, files)

        return self._ledger.append(draft, self._load_id, now).counts

    def _still_new(
        self, batch: Sequence[LogFileResult], event_sources: str, earlier: _Earlier
    ) -> list[LogFileResult]:
        """The log files of a batch that the store holds neither as done nor as the same reject.

        A log file is its place and its bytes: a copy with other times, and so another ETag, is the
        same.
        """
        known = self.known(event_sources)
        done = known.done([result.id for result in batch])
        return [
            result
            for result, is_done in zip(batch, done, strict=True)
            if not is_done
            and not (result.failure and known.is_rejected(result.id, result.failure.reason))
            and not _is_same_again(result, earlier.get(result.id[:2], ()), event_sources)
        ]

    def _compare(self, batch: list[LogFileResult]) -> tuple[list[_Compared], frozenset[str]]:
        """Decide which events are new, which are duplicates, and which conflict with a known one.

        A duplicate has the time of the event that it copies, so only its own day is searched. A
        conflicting event of another day is kept like any other event; a query over all days shows
        the conflict.

        Returns:
            The log files, and the hashes of records in the store that lack members of new ones.
        """
        rows = [row for result in batch for row in result.events]
        days = {row.event_date for row in rows}
        ids = {row.event.event_id for row in rows}
        seen = self._events.find(self.commits, days, ids)
        stored = lru_cache(4)(lambda day: self._events.records(self.commits, day, ids))
        comparison = Comparison[LogFileResult](seen, stored)
        return [comparison.compare(result) for result in batch], frozenset(comparison.superseded)


def _is_same_again(result: LogFileResult, earlier: Sequence[Reading], event_sources: str) -> bool:
    """Whether the same bytes were read before at the same place, with the same result."""
    reason = result.failure.reason if result.failure else None
    return any(
        reading.is_of(result.stored_sha256, result.sha256)
        and reading.reason == reason
        and covers(reading.event_sources, event_sources)
        for reading in earlier
    )


def _replaced(
    compared: Iterable[_Compared], earlier: _Earlier, superseded: frozenset[str]
) -> Replaced | None:
    """The counts of the earlier readings of log files that were read now; None without any."""
    total = dict.fromkeys(Replaced.counted(), 0)
    for one in compared:
        if one.result.failure is not None:
            continue
        readings = earlier.get(one.result.id[:2], ())
        total["rejected_log_files"] += sum(reading.status != "done" for reading in readings)
        last = next((one for one in reversed(readings) if one.status == "done"), None)
        if last is None:
            continue
        total["log_files"] += 1
        total["records"] += last.records
        total["filtered_out"] += last.filtered_out
        total["rejects"] += last.rejects
        total["duplicates"] += last.duplicates + min(last.kept, one.duplicates)
    if not (superseded or any(total.values())):
        return None
    total["kept"] = len(superseded)
    return Replaced(**total, records_sha256=tuple(sorted(superseded)))


def _counts(compared: list[_Compared]) -> Counts:
    """The sums over log files, which are checked to add up."""
    done = [one for one in compared if one.result.failure is None]
    counts = Counts(
        log_files=len(done),
        rejected_log_files=len(compared) - len(done),
        records=sum(one.result.records for one in done),
        kept=sum(len(one.kept) for one in done),
        filtered_out=sum(_filtered_out(one) for one in done),
        duplicates=sum(one.duplicates for one in done),
        rejects=sum(one.result.record_rejects for one in done),
        conflicts=sum(one.conflicts for one in done),
    )
    accounted = counts.kept + counts.filtered_out + counts.duplicates + counts.rejects
    if counts.records != accounted or counts.filtered_out < 0:
        raise AssertionError(f"records unaccounted for: {counts}")
    return counts


def _filtered_out(one: _Compared) -> int:
    """The number of records of other event sources in a log file."""
    result = one.result
    return result.records - len(result.events) - result.record_rejects


class _Part(NamedTuple):
    """The rows of a data file; the `first` of them are in row groups of their own."""

    table: TableName
    day: date | None
    rows: pa.Table
    first: int = 0


def _data_files(
    compared: list[_Compared], event_sources: str, seq: int, *, is_first: bool
) -> Iterator[tuple[DataFile, bytes]]:
    """The data files of a commit with their bytes, encoded in a few threads."""
    parts = _parts(compared, event_sources)
    if compared and is_first and not any(one.kept for one in compared):
        parts = chain(parts, [_Part("events", NO_DAY, EVENTS.empty_table())])  # the schema
    with ThreadPoolExecutor(_ENCODERS) as pool:
        yield from in_order(pool, lambda part: data_file(*part[:2], seq, *part[2:]), parts, 4)


def _parts(compared: list[_Compared], event_sources: str) -> Iterator[_Part]:
    """The rows of a commit, one part for each data file."""
    log_files: defaultdict[date, list[tuple[object, ...]]] = defaultdict(list)
    rejects: list[tuple[object, ...]] = []
    for one in compared:
        result = one.result
        log_files[result.day or NO_DAY].append(_log_file_values(one, event_sources))
        rejects += [_reject_values(result, reject) for reject in result.rejects]
    yield from _event_parts(compared)
    for day, values in sorted(log_files.items()):
        yield _Part("log_files", day, to_table(sorted(values, key=_BY_KEY), LOG_FILES))
    if rejects:
        yield _Part("rejects", None, to_table(rejects, REJECTS))


def _event_parts(compared: list[_Compared]) -> Iterator[_Part]:
    """The events to keep, one part for each day."""
    events: defaultdict[date, list[tuple[EventRow, Evidence, bool]]] = defaultdict(list)
    for one in compared:
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


def _log_file_values(one: _Compared, event_sources: str) -> tuple[object, ...]:
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
        0 if failed else _filtered_out(one),
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


def data_file(
    table: TableName, day: date | None, seq: int, rows: pa.Table, first: int = 0
) -> tuple[DataFile, bytes]:
    """A Parquet file in memory, with its row count read back.

    The first rows are in row groups of their own, so that they can be read without the others.
    """
    sink = pa.BufferOutputStream()
    how = {"compression": "zstd", "compression_level": 3, **_ENCODINGS.get(table, {})}
    with pq.ParquetWriter(sink, rows.schema, **how) as writer:
        for part in (rows.slice(0, first), rows.slice(first)):
            if part.num_rows or not rows.num_rows:
                writer.write_table(part, row_group_size=_ROW_GROUP)
    data = sink.getvalue().to_pybytes()
    if pq.read_metadata(pa.BufferReader(data)).num_rows != rows.num_rows:
        raise StoreError(f"a new data file of {table} cannot be read back")
    sha256 = hashlib.sha256(data).hexdigest()
    path = data_path(table, day, seq, sha256)
    return DataFile(table, path, rows.num_rows, len(data), sha256, day), data


def sum_counts(counts: Iterable[Counts]) -> Counts:
    """The sum of the counts of several commits."""
    total = dict.fromkeys(Counts.__struct_fields__, 0)
    for one in counts:
        for name in total:
            total[name] += getattr(one, name)
    return Counts(**total)
