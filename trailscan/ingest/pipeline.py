"""The pipeline of a load: log files are listed, fetched and scanned ahead; one thread commits.

    listing (up to 32 threads) -> fetching and scanning (`read_ahead`) -> writing

Each step is only a few results ahead of the next, so that memory stays what a few log files need,
and none waits for the end of another. Results come in the order of the plan, so that every run
keeps the same one of several duplicates and ends its batches at the same log files.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trailscan.aws.partitions import global_regions
from trailscan.ingest.garbage import collecting_rarely
from trailscan.ingest.job import Job, Progress
from trailscan.ingest.listing import ListingRequest, Listings
from trailscan.ingest.patience import Patience
from trailscan.ingest.plan import PlannedFile, Skipped, SourcePlan
from trailscan.ingest.processes import notes_of
from trailscan.ingest.read_ahead import ReadAhead
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.scan import NO_LOG_FILES, scan_into, stream_result
from trailscan.location import Location, RejectLine
from trailscan.memory import release_freed
from trailscan.numbers import counted
from trailscan.store.ledger import Counts, Source
from trailscan.store.log_file_result import Reject
from trailscan.store.requests import short_failures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from trailscan.ingest.scan import Scanned
    from trailscan.ingest.summary import LoadSummary
    from trailscan.store.known import KnownLogFiles
    from trailscan.store.log_file_result import LogFileResult
    from trailscan.store.writer import StoreWriter
    from trailscan.window import Window

_COMMIT_LOG_FILES = 10_000  # 1 kB each while they wait, and twice that while they are written
_COMMIT_EVENTS = 10_000  # 5 kB each while they wait, and twice that while they are written
_COMMIT_BYTES = 48 * 1024 * 1024  # of events and rejects, if they have much text
_MOST_REJECTS = 20_000
"""How many rejects a load names; of a log file beyond them it names one and counts the others."""
_SHOWN_VANISHED = 10
_MOST_ACCOUNTS = 1000  # that the ledger names of those left out
_MOST_UNRECOGNISED = 2000
"""How many objects of a source may turn out not to be log files before others without a name that
says so are not looked at."""


class Pipeline:
    """Runs one job into one store."""

    def __init__(self, job: Job, writer: StoreWriter, summary: LoadSummary, now: datetime) -> None:
        self._job = job
        self._writer = writer
        self._summary = summary
        self._now = now
        self._known: KnownLogFiles = writer.known(job.wanted.text)
        self._large = LargeOneAtATime()
        self._batch: list[LogFileResult] = []
        self._batch_events = self._batch_others = self._batch_bytes = 0
        self._newest: dict[SourcePlan | None, datetime] = {}
        self._complete: set[SourcePlan] = set()
        self._skipped: dict[SourcePlan, Skipped] = {}
        self._source_now: SourcePlan | None = None
        self._patience = Patience("")
        self._unrecognised = self._unread_objects = 0
        self._passed, self._units = 0.0, 0
        self._expected = 0.0

    def run(self) -> LoadSummary:
        """Load everything; an interruption leaves whole commits only.

        Raises:
            TrailscanError: the store could not be written.
            AssertionError: the sums of the summary do not add up.
        """
        began = time.monotonic()
        for _, stored in self._job.streams:
            self._load_stream(stored)
        with collecting_rarely():
            for source, window in self._job.sources:
                self._load_source(source, window)
            self._commit()
        self._summary.interrupted = self._job.stop.is_set()
        self._summary.seconds = time.monotonic() - began
        self._summary.settle()
        self._summary.check()
        return self._summary

    def _load_stream(self, stored: bytes) -> None:
        """Load what came out of a stream, unless the store holds it."""
        result = stream_result(stored)
        self._summary.objects += 1
        self._summary.listed += 1
        if self._known.done([result.id])[0]:
            self._summary.known += 1
            return
        job = self._job
        issued = scan_into(result, stored, job.wanted, self._large, hash_all=job.hash_all)
        if job.issuing is not None:
            job.issuing.add(result, None, stored, issued)
        self._take(result)

    def _load_source(self, source: SourcePlan, window: Window) -> None:
        """Load every new log file of one source, in order."""
        if self._job.stop.is_set():
            return
        self._source_now = source
        self._patience = Patience(source.uri)
        self._unrecognised, listed_before = 0, self._summary.listed
        self._unread_objects = 0
        skipped = Skipped()
        request = ListingRequest(
            self._job.scope,
            window,
            self._known,
            self._writer.held(),
            self._now.date(),
            self._job.restored,
        )
        self._read_source(source, self._new(Listings(source, request), skipped))
        if self._patience.given_up is not None:
            skipped.failures.append(self._patience.given_up)
        if self._unread_objects:
            objects = counted(self._unread_objects, "object")
            skipped.failures.append(f"{objects} of {source.uri} not looked at: names tell nothing")
        unread = skipped.failures or skipped.archived.count or self._patience.refused
        if not (unread or self._job.stop.is_set()):
            self._complete.add(source)
        if not self._job.stop.is_set():
            self._skipped[source] = skipped
        self._summary.add_skipped(skipped)
        was_listed = not (skipped.failures or self._job.stop.is_set())
        has_none = self._summary.listed == listed_before and skipped.holds_something
        if was_listed and has_none:
            self._summary.without_log_files.append(source.uri)
            objects = counted(skipped.objects, "object")
            skipped.failures.append(f"no log file found in {source.uri}, among {objects}")

    def _read_source(self, source: SourcePlan, new: Iterator[PlannedFile]) -> None:
        """Read the new log files of one source, and commit each batch that is full."""
        ahead = ReadAhead(source, self._job, lambda: self._expected)
        for group in ahead.read_all(new):
            for scanned in group:
                self._remember(scanned)
                self._take(scanned.result)
            self._report_progress()
            if source.commit_often and self._batch_events:
                self._commit()
        self._summary.notes += notes_of(source.uri, ahead.slowed, ahead.failure, ahead.ended)

    def _new(self, listings: Listings, skipped: Skipped) -> Iterator[PlannedFile]:
        """The log files of a source that the store does not hold, until the load ends."""
        before, found, listed, self._expected = self._units, 0, 0.0, 0.0
        for page in listings:
            skipped.add(page.skipped)
            self._units = before + listings.units
            found, listed = found + len(page.new), listed + page.units
            if listed >= 1:  # the days of part of a listing may be the only ones with log files
                self._expected = found * listings.units / listed
            self._summary.listed += page.known
            self._summary.known += page.known
            for number, planned in enumerate(page.new):
                if self._patience.given_up is not None or self._job.stop.is_set():
                    skipped.objects -= len(page.new) - number
                    return
                if planned.trail.kind == "unknown" and self._unrecognised >= _MOST_UNRECOGNISED:
                    self._summary.unrecognised += 1
                    self._unread_objects += 1
                    continue
                self._summary.listed += 1
                yield planned
            self._passed += page.units
            self._report_progress()

    def _remember(self, scanned: Scanned) -> None:
        """Remember which credentials a log file may have issued, to trace sessions."""
        if self._job.issuing is not None and scanned.was_read:
            found = (scanned.result, scanned.planned, scanned.stored, scanned.issued)
            self._job.issuing.add(*found)

    def _take(self, result: LogFileResult) -> None:
        """Add a result to the batch, after committing a batch that is full.

        A full batch waits for the next result, so that the last commit is never empty and records
        how far the load went.
        """
        if self._patience.ends_with(result):
            self._summary.unread += 1
            return
        if self._has_vanished(result):
            return
        if result.kind != "log_file" and not self._keeps_other(result):
            return
        if self._is_full:
            self._commit()
        self._limit_rejects(result)
        self._count_read(result)
        if result.delivered and result.failure is None:
            of = self._source_now
            self._newest[of] = max(result.delivered, self._newest.get(of, result.delivered))
        self._batch.append(result)
        self._batch_others += result.kind != "log_file"
        self._batch_events += len(result.events)
        self._batch_bytes += result.held_bytes

    @property
    def _is_full(self) -> bool:
        """Whether the batch is to be committed before anything is added to it."""
        return (
            len(self._batch) >= _COMMIT_LOG_FILES
            or self._batch_events >= _COMMIT_EVENTS
            or self._batch_bytes >= _COMMIT_BYTES
        )

    def _limit_rejects(self, result: LogFileResult) -> None:
        """Name only one reject of a log file, and count the others, if the load has too many."""
        first, *others = result.rejects or (None,)
        if first is not None and others and len(self._summary.rejected) >= _MOST_REJECTS:
            more = sum(reject.times for reject in others)
            words = f"{counted(more, 'more record')} of this log file cannot be used"
            at = others[0].record_index
            result.rejects = (first, Reject(at, "too_many_rejects", words, times=more))

    def _has_vanished(self, result: LogFileResult) -> bool:
        """Count a log file that an inventory has and the bucket no longer has."""
        source = self._source_now
        if source is None or source.as_of is None or not result.is_missing:
            return False
        self._count_vanished(result.key)
        return True

    def _count_vanished(self, key: str) -> None:
        """Count a log file that the bucket no longer has, and name it if it is one of the first."""
        self._summary.vanished += 1
        if len(self._summary.vanished_keys) < _SHOWN_VANISHED:
            self._summary.vanished_keys.append(key)

    def _keeps_other(self, result: LogFileResult) -> bool:
        """Count what is no log file; returns whether the store keeps it, as a reject."""
        self._summary.listed -= 1
        if result.kind in NO_LOG_FILES:
            others = self._summary.others
            others[result.kind] = others.get(result.kind, 0) + 1
            return False
        self._summary.unrecognised += 1
        self._unrecognised += 1
        return True

    def _count_read(self, result: LogFileResult) -> None:
        """Add the counts and rejects of one log file to the summary."""
        summary = self._summary
        if result.stored_sha256 is not None:  # its bytes were read
            summary.bytes_stored += result.stored_bytes
        summary.bytes_inflated += result.inflated_bytes
        self._count_rejects(result)
        for how in result.deviations:
            summary.not_as_delivered[how] = summary.not_as_delivered.get(how, 0) + 1
        for kind, count in result.others.items():
            summary.other_events[kind] = summary.other_events.get(kind, 0) + count

    def _count_rejects(self, result: LogFileResult) -> None:
        """Add the rejects of one log file to the summary."""
        for reject in result.rejects:
            where = Location(result.bucket, result.key, reject.record_index)
            accepted = self._writer.is_accepted(where, result.etag)
            line = RejectLine(where, *reject[1:4], accepted=accepted)
            self._summary.rejected.append(line)

    def _report_progress(self) -> None:
        summary = self._summary
        batch = len(self._batch) - self._batch_others
        done = summary.done + summary.rejected_log_files + summary.known + batch
        self._job.progress(
            Progress(summary.listed, done, summary.bytes_stored, self._passed, self._units)
        )

    def _commit(self) -> None:
        """Commit the batch to the store, and add its counts to the summary."""
        batch, self._batch = self._batch, []
        self._batch_events = self._batch_others = self._batch_bytes = 0
        counts = self._writer.commit(batch, self._job.wanted.text, self._sources(), self._now)
        self._count(batch, counts)
        batch.clear()
        release_freed()

    def _count(self, batch: list[LogFileResult], counts: Counts) -> None:
        """Add the counts of a commit; a log file that was known meanwhile has no other counts."""
        summary = self._summary
        batch = [result for result in batch if result.kind == "log_file"]
        rejected = sum(result.failure is not None for result in batch)
        summary.rejected_log_files += rejected
        summary.known += len(batch) - rejected - counts.log_files
        self._count_records(counts)

    def _count_records(self, counts: Counts) -> None:
        """Add the log files and records of a commit to the summary."""
        summary = self._summary
        summary.done += counts.log_files
        for name in ("records", "kept", "filtered_out", "duplicates", "rejects", "conflicts"):
            setattr(summary, name, getattr(summary, name) + getattr(counts, name))

    def _sources(self) -> tuple[Source, ...]:
        """The requests for the ledger, as far as the load went."""
        streams = (Source(uri, stream=True) for uri, _ in self._job.streams)
        listed = (self._source(source, window) for source, window in self._job.sources)
        return (*streams, *listed)

    def _source(self, source: SourcePlan, window: Window) -> Source:
        """A request for the ledger, with the newest log file only if the load was complete."""
        scope, skipped = self._job.scope, self._skipped.get(source)
        regions = skipped.regions_left_out if skipped else ()
        failures = [*filter(None, [source.missing]), *(skipped.failures if skipped else ())]
        if skipped and skipped.archived.count:
            failures.append(skipped.archived.line)
        return Source(
            source.uri,
            window.start,
            _end(source, window),
            self._newest.get(source) if source in self._complete else None,
            tuple(sorted(scope.accounts)),
            tuple(sorted(scope.regions)),
            accounts_left_out=tuple(sorted(skipped.accounts_left_out)[:_MOST_ACCOUNTS])
            if skipped
            else (),
            regions_left_out=tuple(sorted(set(regions) & set(global_regions().values()))),
            failures=short_failures(failures),
            partial=skipped is None,
        )


def _end(source: SourcePlan, window: Window) -> datetime | None:
    """The end of what was requested: an inventory may lack what was delivered later."""
    if source.as_of is None or window.end is None:
        return source.as_of or window.end
    return min(source.as_of, window.end)
