"""Writing to a store: batches of log files, deduplicated against everything in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.sessions.chain import needs_tracing
from trailscan.sessions.issued import is_issuing
from trailscan.store.copies import Comparison
from trailscan.store.data_file import ComparedFile, data_file, data_files, event_parts, filtered_out
from trailscan.store.known import (
    KnownEvents,
    KnownLogFiles,
    Place,
    Reading,
    covers,
)
from trailscan.store.ledger import Commit, Counts, Draft, Ledger, Source
from trailscan.store.log_file_result import LogFileResult
from trailscan.store.marker import ensure_store
from trailscan.store.read_files import rows_by_day, select_files
from trailscan.store.readings import Replaced
from trailscan.store.rejects import read_acceptances, reject_id
from trailscan.store.requests import is_news

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from trailscan.buckets import Bucket
    from trailscan.location import Location
    from trailscan.store.traced import Traced


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
            files = dict(data_files(compared, event_sources, seq, is_first=is_first))
            replaced = _replaced(compared, earlier, superseded)
            news = is_news(commits, sources, event_sources, now)
            return Draft(
                event_sources,
                sources,
                _counts(compared),
                files,
                is_news=news,
                replaced=replaced,
                sessions_since=_sessions_since(compared),
            )

        return self._ledger.append(draft, self._load_id, now).counts

    def commit_evidence(
        self, batch: Sequence[LogFileResult], now: datetime, traced: Traced | None = None
    ) -> Counts:
        """Add events of log files as evidence, whole or not at all; the log files stay unread.

        Args:
            batch: log files with the events to add.
            now: the present.
            traced: what an attempt to trace left over; it is committed even without events.

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
                for part in event_parts(compared)
            )
            return Draft("", (), counts, files, is_news=traced is not None, traced=traced)

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

    def _compare(self, batch: list[LogFileResult]) -> tuple[list[ComparedFile], frozenset[str]]:
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
        compared = [comparison.compare(result) for result in batch]
        self._leave_pruned(compared)
        return compared, frozenset(comparison.superseded)

    def _leave_pruned(self, compared: Iterable[ComparedFile]) -> None:
        """Count new events of days that were pruned as duplicates."""
        first = max((one.pruned.before for one in self.commits if one.pruned), default=None)
        if first is None:
            return
        for one in compared:
            left = [kept for kept in one.kept if kept[0].event_date >= first]
            one.duplicates += len(one.kept) - len(left)
            one.kept = left


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
    compared: Iterable[ComparedFile], earlier: _Earlier, superseded: frozenset[str]
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


def _sessions_since(compared: Iterable[ComparedFile]) -> datetime | None:
    """The time of the earliest new event whose session has to be traced; None without one."""
    events = (row.event for one in compared for row, _ in one.kept)
    return min(
        (
            event.event_time
            for event in events
            if needs_tracing(event.user_identity) and not is_issuing(event)
        ),
        default=None,
    )


def _counts(compared: list[ComparedFile]) -> Counts:
    """The sums over log files, which are checked to add up."""
    done = [one for one in compared if one.result.failure is None]
    counts = Counts(
        log_files=len(done),
        rejected_log_files=len(compared) - len(done),
        records=sum(one.result.records for one in done),
        kept=sum(len(one.kept) for one in done),
        filtered_out=sum(filtered_out(one) for one in done),
        duplicates=sum(one.duplicates for one in done),
        rejects=sum(one.result.record_rejects for one in done),
        conflicts=sum(one.conflicts for one in done),
    )
    accounted = counts.kept + counts.filtered_out + counts.duplicates + counts.rejects
    if counts.records != accounted or counts.filtered_out < 0:
        raise AssertionError(f"records unaccounted for: {counts}")
    return counts
