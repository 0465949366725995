"""Writing to a store: batches of log files, deduplicated against everything in the store."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.store.copies import Comparison
from trailscan.store.counts import gained
from trailscan.store.data_file import ComparedFile, data_file, data_files, event_parts
from trailscan.store.known import KnownEvents, KnownLogFiles
from trailscan.store.ledger import Commit, Counts, Draft, Ledger, Source
from trailscan.store.log_file_result import LogFileResult
from trailscan.store.marker import ensure_store
from trailscan.store.part import first_day, is_same_again, make_part
from trailscan.store.read_files import rows_by_day, select_files
from trailscan.store.rejects import read_acceptances, reject_id
from trailscan.store.requests import is_news

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from trailscan.buckets import Bucket
    from trailscan.location import Location
    from trailscan.store.part import Earlier, Part
    from trailscan.store.traced import Traced


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
            new, earlier = self._still_new(batch, event_sources)
            compared, superseded = self._compare(new)
            is_first = not select_files(commits, "events")
            files = data_files(compared, event_sources, seq, is_first=is_first)
            part = make_part(compared, earlier, superseded, files)
            news = is_news(commits, sources, event_sources, now)
            return part.draft(event_sources, sources, is_news=news)

        return gained(self._ledger.append(draft, self._load_id, now))

    def commit_part(
        self,
        make: Callable[[tuple[Commit, ...]], Part],
        event_sources: str,
        sources: Callable[[], tuple[Source, ...]],
        now: datetime,
    ) -> Counts:
        """Add a part that was made elsewhere, whole or not at all.

        Args:
            make: makes the part after the commits given; called again after each commit that
                another process makes first.
            event_sources: what was looked for.
            sources: what was requested, asked after the part is made.
            now: the present.

        Returns:
            The counts of what was added: `records = kept + filtered_out + duplicates + rejects`.
        """

        def draft(commits: tuple[Commit, ...], seq: int) -> Draft:
            part = make(commits).of_commit(seq, is_first=not select_files(commits, "events"))
            requested = sources()
            news = is_news(commits, requested, event_sources, now)
            return part.draft(event_sources, requested, is_news=news)

        return gained(self._ledger.append(draft, self._load_id, now))

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
        self, batch: Sequence[LogFileResult], event_sources: str
    ) -> tuple[list[LogFileResult], Earlier]:
        """The log files of a batch that the store holds neither as done nor as the same reject.

        A log file is its place and its bytes: a copy with other times, and so another ETag, is the
        same.

        Returns:
            The log files, and how they were read before.
        """
        known = self.known(event_sources)
        ids = [result.id for result in batch]
        earlier, done = known.earlier(ids), known.done(ids)
        new = [
            result
            for result, is_done in zip(batch, done, strict=True)
            if not is_done
            and not (result.failure and known.is_rejected(result.id, result.failure.reason))
            and not (
                earlier and is_same_again(result, earlier.get(result.id[:2], ()), event_sources)
            )
        ]
        return new, earlier

    def _compare(self, batch: list[LogFileResult]) -> tuple[list[ComparedFile], dict[str, bool]]:
        """Decide which events are new, which are duplicates, and which conflict with a known one.

        A duplicate has the time of the event that it copies, so only its own day is searched. A
        conflicting event of another day is kept like any other event; a query over all days shows
        the conflict.

        Returns:
            The log files, and the hashes of records in the store that lack members of new ones,
            each with whether it conflicts.
        """
        rows = [row for result in batch for row in result.events]
        days = {row.event_date for row in rows}
        ids = {row.event.event_id for row in rows}
        seen = self._events.find(self.commits, days, ids)
        stored = lru_cache(4)(lambda day: self._events.records(self.commits, day, ids))
        comparison = Comparison[LogFileResult](seen, stored)
        compared = [comparison.compare(result) for result in batch]
        self._leave_pruned(compared)
        return compared, comparison.superseded

    def _leave_pruned(self, compared: Iterable[ComparedFile]) -> None:
        """Count new events of days that were pruned as duplicates."""
        first = first_day(self.commits)
        if first is None:
            return
        for one in compared:
            left = [kept for kept in one.kept if kept[0].event_date >= first]
            one.duplicates += len(one.kept) - len(left)
            one.kept = left
