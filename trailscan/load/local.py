"""The local engine: threads read and scan log files, one thread writes, in the order of the plan.

Many threads wait for bytes, but only as many as there are processors inflate and scan at a time, so
memory stays what a few log files need. Results are taken in the order of the plan, which makes what
is kept of several copies, and where batches end, the same each time.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from trailscan.load.plan import PlannedFile, Scope, SourcePlan, Walked, walk
from trailscan.load.scan import read_planned, scan_into, standard_input
from trailscan.load.summary import LoadSummary, RejectLine
from trailscan.location import Location, key_text
from trailscan.parallel import in_order
from trailscan.store.known import LogFileId
from trailscan.store.ledger import Counts, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from trailscan.store.known import KnownLogFiles
    from trailscan.store.writer import LogFileResult, StoreWriter
    from trailscan.trail.log_file import Wanted
    from trailscan.window import Window

S3_THREADS = 32
_PROCESSORS = os.cpu_count() or 1
_GROUP = 16  # local log files a task, so that handing over costs little
_COMMIT_LOG_FILES = 20_000
_COMMIT_EVENTS = 50_000
_LARGE = 24 * 1024 * 1024


@dataclass(slots=True)
class Job:
    """One load: what to read, what to keep, and who wants to know how it goes.

    Attributes:
        sources: opened sources with the delivery window of each.
        standard_input: the bytes of standard input, if that is a source.
        progress: is told the numbers of log files met, of those done with, and of bytes read.
    """

    sources: list[tuple[SourcePlan, Window]]
    scope: Scope
    wanted: Wanted
    standard_input: bytes | None = None
    progress: Callable[[int, int, int], None] = lambda *_: None
    load_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class LocalEngine:
    """Runs one job into one store."""

    def __init__(self, job: Job, writer: StoreWriter, summary: LoadSummary, now: datetime) -> None:
        self._job = job
        self._writer = writer
        self._summary = summary
        self._now = now
        self._known: KnownLogFiles = writer.known(job.wanted.text)
        self._scanning = threading.BoundedSemaphore(_PROCESSORS)
        self._large = threading.Lock()
        self._batch: list[LogFileResult] = []
        self._batch_events = 0
        self._newest: dict[str, datetime] = {}

    def run(self) -> LoadSummary:
        """Load everything; what was read before an interruption is committed or absent.

        Raises:
            TrailscanError: the store could not be written.
            AssertionError: the accounts do not add up.
        """
        began = time.monotonic()
        if self._job.standard_input is not None:
            self._load_standard_input(self._job.standard_input)
        for source, window in self._job.sources:
            self._load_source(source, window)
        self._commit()
        self._summary.seconds = time.monotonic() - began
        self._summary.check()
        return self._summary

    def _load_standard_input(self, stored: bytes) -> None:
        """What came through standard input, unless the store has it."""
        result = standard_input(stored)
        self._summary.listed += 1
        if self._known.done([result.id])[0]:
            self._summary.known += 1
            return
        scan_into(result, stored, self._job.wanted)
        self._take(result, "-")

    def _load_source(self, source: SourcePlan, window: Window) -> None:
        """Every new log file of one source, in order."""
        walked = Walked()
        threads = S3_THREADS if source.is_s3 else _PROCESSORS
        groups = _grouped(self._new(source, window, walked), 1 if source.is_s3 else _GROUP)
        pool = ThreadPoolExecutor(threads, thread_name_prefix="trailscan")
        try:
            for results in in_order(pool, self._read_group, groups, 4 * threads):
                for result in results:
                    self._take(result, source.uri)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self._tell_walked(walked)

    def _new(self, source: SourcePlan, window: Window, walked: Walked) -> Iterator[PlannedFile]:
        """The log files of a source that the store does not hold yet."""
        for planned in walk(source, self._job.scope, window, walked):
            info = planned.info
            self._summary.listed += 1
            one = LogFileId(planned.bucket.name, key_text(info.key), info.etag, planned.trail.day)
            if self._known.done([one])[0]:
                self._summary.known += 1
            else:
                yield planned

    def _read_group(self, group: list[PlannedFile]) -> list[LogFileResult]:
        """Some log files read and scanned, in a thread of the pool."""
        results = []
        for planned in group:
            result, stored = read_planned(planned)
            if stored is not None:
                self._scan(result, stored)
            results.append(result)
        return results

    def _scan(self, result: LogFileResult, stored: bytes) -> None:
        """Scan, as many at a time as there are processors, and of very large ones one."""
        claim = int.from_bytes(stored[-4:], "little")
        with self._scanning:
            if max(claim, len(stored)) < _LARGE:
                scan_into(result, stored, self._job.wanted)
            else:
                with self._large:
                    scan_into(result, stored, self._job.wanted)

    def _take(self, result: LogFileResult, uri: str) -> None:
        """Put a result into the batch, and the batch into the store when it is full."""
        summary = self._summary
        summary.bytes_stored += result.stored_bytes
        summary.bytes_inflated += result.inflated_bytes
        where = Location(result.bucket, result.key)
        for reject in result.rejects:
            place = where if reject.record_index is None else where.record(reject.record_index)
            summary.rejected.append(
                RejectLine(place, reject.reason, reject.message, reject.json_path)
            )
        for how in result.deviations:
            summary.not_as_delivered[how] = summary.not_as_delivered.get(how, 0) + 1
        if result.delivered and result.failure is None:
            self._newest[uri] = max(result.delivered, self._newest.get(uri, result.delivered))
        self._batch.append(result)
        self._batch_events += len(result.events)
        if len(self._batch) >= _COMMIT_LOG_FILES or self._batch_events >= _COMMIT_EVENTS:
            self._commit()
        done = summary.done + summary.rejected_log_files + summary.known + len(self._batch)
        self._job.progress(summary.listed, done, summary.bytes_stored)

    def _commit(self) -> None:
        """Put the batch into the store and its counts into the summary."""
        batch, self._batch, self._batch_events = self._batch, [], 0
        if not batch:
            return
        counts = self._writer.commit(batch, self._job.wanted.text, self._sources(), self._now)
        self._count(batch, counts)

    def _count(self, batch: list[LogFileResult], counts: Counts) -> None:
        """Add what was committed; what is rejected again, or was done meanwhile, adds no data."""
        summary = self._summary
        rejected = sum(result.failure is not None for result in batch)
        summary.rejected_log_files += rejected
        summary.done += counts.log_files
        summary.known += len(batch) - rejected - counts.log_files
        for name in ("records", "kept", "filtered_out", "duplicates", "rejects", "conflicts"):
            setattr(summary, name, getattr(summary, name) + getattr(counts, name))

    def _sources(self) -> tuple[Source, ...]:
        """What was asked for, and how far it went, for the ledger."""
        return tuple(
            Source(source.uri, window.start, window.end, self._newest.get(source.uri))
            for source, window in self._job.sources
        )

    def _tell_walked(self, walked: Walked) -> None:
        """What the walk met besides."""
        summary = self._summary
        summary.failures += walked.failures
        summary.others = dict(Counter(summary.others) + walked.others)
        summary.outside_scope += walked.outside_scope
        summary.outside_window += walked.outside_window
        summary.accounts_left_out += len(walked.accounts_left_out)
        left_out = {*summary.regions_left_out, *walked.regions_left_out}
        summary.regions_left_out = tuple(sorted(left_out))


def _grouped(planned: Iterable[PlannedFile], size: int) -> Iterator[list[PlannedFile]]:
    """Planned log files, some at a time."""
    items = iter(planned)
    while group := list(islice(items, size)):
        yield group
