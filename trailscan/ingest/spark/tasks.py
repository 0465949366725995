"""What runs on the executors: three functions from Arrow batches to Arrow batches.

    Scan      log files to read  -> log files and events           one log file after another
    Settle    log files, events  -> the same, with new, duplicate and conflicting events told apart
    Write     log files, events  -> data files and sums

Between them Spark brings together the copies of each event, then the log files and events of each
part. They write nothing: a task that is run twice, or whose result is dropped, changes nothing.
"""

from __future__ import annotations

import os
import zlib
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.ingest.connections import Slowed
from trailscan.ingest.job import Job
from trailscan.ingest.patience import Patience
from trailscan.ingest.plan import PlannedFile, Scope, SourcePlan
from trailscan.ingest.read_ahead import ReadAhead
from trailscan.ingest.spark.rows import (
    WRITTEN,
    Kind,
    PlannedRow,
    Row,
    ScannedFile,
    Written,
    pack,
    planned_rows,
    scanned_batches,
    scanned_rows,
    unpack,
)
from trailscan.store.copies import Comparison
from trailscan.store.data_file import ComparedFile, data_files
from trailscan.store.known import KnownEvents, covers
from trailscan.store.part import first_day, is_same_again, make_part

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from trailscan.buckets import Bucket
    from trailscan.events.row import EventRow
    from trailscan.ingest.scan import Scanned
    from trailscan.store.ledger import Commit
    from trailscan.store.log_file_result import LogFileResult
    from trailscan.trail.log_file import Wanted

_COMPARED = 5000
"""How many events are compared at once, or all copies of one event if there are more."""

_BUCKETS = 1 << 30


class Setup(NamedTuple):
    """What a task needs beside its rows.

    Attributes:
        source: the bucket of the log files.
        store: the bucket of the store.
        uri: the source as the user named it.
        source_length: how much of each key is the source.
        inventoried: an inventory lists the source: what it has may have vanished.
        wanted: the event sources to keep.
        hash_all: hash the uncompressed bytes of every log file.
        commits: those of the store, with their data files of events only.
    """

    source: Bucket
    store: Bucket
    uri: str
    source_length: int
    inventoried: bool
    wanted: Wanted
    hash_all: bool
    commits: tuple[Commit, ...]


class Task:
    """A function that Spark sends to its tasks.

    Args:
        environment: variables of the driver that say how to reach AWS. They go the way of the
            function, which Spark neither logs nor shows.
        setup: a `Setup`, pickled.
    """

    def __init__(self, environment: dict[str, str], setup: bytes) -> None:
        self._environment = environment
        self._packed = setup

    def _setup(self) -> Setup:
        """What the task needs, with buckets that the process has opened once."""
        os.environ.update(self._environment)
        return _opened(self._packed)


@lru_cache(maxsize=2)
def _opened(setup: bytes) -> Setup:
    """The setup of a job; a process works for many tasks of it."""
    found: Setup = unpack(setup)
    return found


class Scan(Task):
    """Reads log files."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of `SCANNED` for rows of `PLANNED`."""
        setup = self._setup()
        yield from scanned_batches(_scan(setup, list(planned_rows(batches, setup.source_length))))


def _scan(setup: Setup, rows: list[PlannedRow]) -> Iterator[Row]:
    """The log files of a task and their events, until their source is given up."""
    source = SourcePlan(setup.uri, setup.source, "")
    job = Job([], Scope(), setup.wanted, hash_all=setup.hash_all, workers=0)
    ahead, patience = ReadAhead(source, job), Patience(setup.uri)
    planned = (PlannedFile(setup.source, row.info, row.trail) for row in rows)
    done = 0
    with closing(_generator(ahead.read_all(planned))) as found:
        for scanned in found:
            row, done = rows[done], done + 1
            if patience.ends_with(scanned.result):
                yield _unread(row, patience.given_up)
            else:
                yield from _rows(setup, row, scanned)
            if patience.given_up is not None:
                break
    yield from (_unread(row, patience.given_up) for row in rows[done:])
    if rows and ahead.slowed.times:
        last = rows[-1]
        at = Row(last.number % _BUCKETS, None, last.part, last.number, Kind.SLOWED, 0, b"")
        yield at._replace(data=pack(ahead.slowed))


def _generator(groups: Iterable[list[Scanned]]) -> Generator[Scanned, None, None]:
    """The log files of groups, one by one."""
    for group in groups:
        yield from group


def _unread(row: PlannedRow, given_up: str | None) -> Row:
    """The row of a log file whose source was given up."""
    found = ScannedFile(None, given_up=given_up or "")
    return Row(row.number % _BUCKETS, None, row.part, row.number, Kind.LOG_FILE, 0, pack(found))


def _rows(setup: Setup, row: PlannedRow, scanned: Scanned) -> Iterator[Row]:
    """The rows of a log file that was read, and of its events."""
    result = scanned.result
    is_new = _is_new(result, row, setup.wanted.text)
    events = result.events if is_new else ()
    result.events = ()
    found = ScannedFile(result, len(events), scanned.issued, scanned.was_read, is_new, row.earlier)
    yield Row(row.number % _BUCKETS, None, row.part, row.number, Kind.LOG_FILE, 0, pack(found))
    for event in events:
        key = "\0".join(event.key).encode("utf-8", "surrogatepass")
        bucket = zlib.crc32(key) % _BUCKETS
        yield Row(bucket, key, row.part, row.number, Kind.EVENT, event.record_index, pack(event))


def _is_new(result: LogFileResult, row: PlannedRow, event_sources: str) -> bool:
    """Whether the store holds a log file neither with the same bytes nor as the same reject."""
    failure = result.failure
    rejected = failure is not None and any(
        one.etag == result.etag
        and one.status != "done"
        and one.reason == failure.reason
        and covers(one.event_sources, event_sources)
        for one in row.earlier
    )
    return not rejected and not is_same_again(result, row.earlier, event_sources)


class Settle(Task):
    """Compares the copies of each event with one another and with the store."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of `SCANNED` for such rows in the order of events, numbers and records."""
        setup = self._setup()
        known = _known_events(self._packed)
        waiting: list[Row] = []
        for batch in batches:
            is_log_file = pc.is_null(batch.column("event"))
            if log_files := batch.filter(is_log_file):
                yield log_files
            waiting += scanned_rows(batch.filter(pc.invert(is_log_file)))
            if len(waiting) > _COMPARED:
                last = waiting[-1].event
                ready = [row for row in waiting if row.event != last]
                waiting = waiting[len(ready) :]
                yield from scanned_batches(_settle(setup, known, ready))
        yield from scanned_batches(_settle(setup, known, waiting))


@lru_cache(maxsize=2)
def _known_events(setup: bytes) -> KnownEvents:
    """The events of the store, cached in a process as far as there is room."""
    return KnownEvents(_opened(setup).store)


@dataclass(slots=True)
class _Copy:
    """One copy of an event, as if it were a log file of its own."""

    row: Row
    events: Sequence[EventRow]


def _settle(setup: Setup, known: KnownEvents, rows: list[Row]) -> Iterator[Row]:
    """All copies of some events with what they are: new, duplicate or conflicting."""
    if not rows:
        return
    copies = [_Copy(row, (unpack(row.data),)) for row in rows]
    copies.sort(key=lambda copy: (copy.row.number, copy.row.record))
    days = {copy.events[0].event_date for copy in copies}
    ids = {copy.events[0].event.event_id for copy in copies}
    stored = lru_cache(4)(lambda day: known.records(setup.commits, day, ids))
    comparison = Comparison[_Copy](known.find(setup.commits, days, ids), stored)
    first = first_day(setup.commits)
    for one in [comparison.compare(copy) for copy in copies]:
        row = one.result.row
        kept = [flag for event, flag in one.kept if first is None or event.event_date >= first]
        if kept:
            yield row._replace(kind=Kind.CONFLICT if kept[0] else Kind.EVENT)
        else:
            yield row._replace(kind=Kind.DUPLICATE, data=b"")
    for superseded in sorted(comparison.superseded.items()):
        yield rows[0]._replace(kind=Kind.SUPERSEDED, data=pack(superseded))


class Write(Task):
    """Makes the data files and sums of parts."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of `WRITTEN` for rows of `SCANNED` in the order of parts, numbers and kinds."""
        setup = self._setup()
        rows = (row for batch in batches for row in scanned_rows(batch))
        for _, of_part in groupby(rows, attrgetter("part")):
            written = _write(of_part, setup)
            yield pa.RecordBatch.from_pydict({"data": [pack(written)]}, schema=WRITTEN)


class _Making:
    """The sums of a part, while its log files come.

    Args:
        inventoried: an inventory lists the source.
    """

    def __init__(self, *, inventoried: bool) -> None:
        self._inventoried = inventoried
        self.compared: list[ComparedFile] = []
        self.earlier: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.superseded: dict[str, bool] = {}
        self.special: list[tuple[int, LogFileResult]] = []
        self.issued: list[tuple[int, tuple[bytes, ...]]] = []
        self.not_read: list[int] = []
        self.vanished: list[int] = []
        self.unread: list[int] = []
        self.given_up = ""
        self.slowed = Slowed()
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.deviations: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self.delivered: list[Any] = []
        self.is_whole = True

    def add(self, rows: list[Row]) -> None:
        """Add a log file with its events."""
        for row in rows:
            if row.kind == Kind.SLOWED:
                self.slowed = self.slowed.plus(unpack(row.data))
        head, *events = (row for row in rows if row.kind != Kind.SLOWED)
        if head.kind != Kind.LOG_FILE:
            self.is_whole = False
            return
        found: ScannedFile = unpack(head.data)
        if found.result is None:
            self.unread.append(head.number)
            self.given_up = found.given_up
            return
        if self._inventoried and found.result.is_missing:
            self.not_read.append(head.number)
            self.vanished.append(head.number)
            return
        self._add_file(head.number, found, found.result)
        if found.is_new and found.result.kind in {"log_file", "unrecognised"}:
            self._add_compared(found, found.result, events)

    def _add_file(self, number: int, found: ScannedFile, result: LogFileResult) -> None:
        """Add a log file to the sums of what was read."""
        if not found.was_read:
            self.not_read.append(number)
        if found.issued:
            self.issued.append((number, found.issued))
        if result.rejects or result.kind != "log_file":
            self.special.append((number, result))
        if result.kind in {"marker", "document"}:
            return
        self.counts["stored"] += result.stored_bytes
        self.counts["inflated"] += result.inflated_bytes
        self.deviations.update(result.deviations)
        self.others.update(result.others)
        if result.delivered and result.failure is None:
            self.delivered.append(result.delivered)

    def _add_compared(self, found: ScannedFile, result: LogFileResult, rows: list[Row]) -> None:
        """Add a log file that the store does not hold, with its new events."""
        one = ComparedFile(result)
        for row in rows:
            if row.kind == Kind.DUPLICATE:
                one.duplicates += 1
            elif row.kind == Kind.SUPERSEDED:
                self.superseded |= [unpack(row.data)]
            else:
                one.kept.append((unpack(row.data), row.kind == Kind.CONFLICT))
        self.is_whole &= len(one.kept) + one.duplicates == found.events
        self.compared.append(one)
        self.earlier[result.bucket, result.key] = found.earlier


def _write(rows: Iterator[Row], setup: Setup) -> Written:
    """The data files and sums of a part."""
    making = _Making(inventoried=setup.inventoried)
    for _, of_file in groupby(rows, attrgetter("number")):
        making.add(list(of_file))
    files: Iterable[Any] = ()
    if making.is_whole:
        files = data_files(making.compared, setup.wanted.text, 0, is_first=False)
    part = make_part(making.compared, making.earlier, making.superseded, files)
    for _, result in making.special:
        result.rejects = tuple(one._replace(raw=b"") for one in result.rejects)
    return Written(
        part=part,
        special=making.special,
        issued=making.issued,
        not_read=making.not_read,
        vanished=making.vanished,
        unread=making.unread,
        given_up=making.given_up,
        slowed=making.slowed,
        bytes_stored=making.counts["stored"],
        bytes_inflated=making.counts["inflated"],
        newest=max(making.delivered, default=None),
        deviations=dict(making.deviations),
        others=dict(making.others),
        is_whole=making.is_whole,
    )
