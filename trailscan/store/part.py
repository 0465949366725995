"""What some log files add to a store: the content of a commit, or a part of it.

A load on one machine makes one part a commit. On a cluster each task makes one, and a commit is the
sum of many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from trailscan.events.schema import EVENTS
from trailscan.sessions.chain import needs_tracing
from trailscan.sessions.issued import is_issuing
from trailscan.store.data_file import ComparedFile, data_file, filtered_out
from trailscan.store.known import Place, Reading, covers
from trailscan.store.ledger import Commit, Counts, Draft, Source
from trailscan.store.paths import NO_DAY, DataFile, data_path
from trailscan.store.readings import Replaced

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from trailscan.store.log_file_result import LogFileResult

Earlier = Mapping[Place, Sequence[Reading]]
"""The earlier readings of log files."""


class Part(NamedTuple):
    """What some log files add to a store.

    Attributes:
        counts: of the log files and their events.
        files: the data files with their bytes.
        replaced: the earlier readings of the log files; None without any.
        sessions_since: the time of the earliest new event whose session has to be traced.
    """

    counts: Counts
    files: dict[DataFile, bytes]
    replaced: Replaced | None
    sessions_since: datetime | None

    def draft(self, event_sources: str, sources: tuple[Source, ...], *, is_news: bool) -> Draft:
        """The draft of a commit that adds this part."""
        return Draft(
            event_sources,
            sources,
            self.counts,
            self.files,
            is_news=is_news,
            replaced=self.replaced,
            sessions_since=self.sessions_since,
        )

    def of_commit(self, seq: int, *, is_first: bool) -> Part:
        """The part with the paths that a commit gives its data files.

        Args:
            seq: the number of the commit.
            is_first: the store has no data file of events yet; it gets one, if only for its schema.
        """
        files = {
            replace(file, path=data_path(file.table, file.day, seq, file.sha256)): data
            for file, data in self.files.items()
        }
        if is_first and files and not self.counts.kept:
            files |= [data_file("events", NO_DAY, seq, EVENTS.empty_table())]
        return self._replace(files=files)


def make_part(
    compared: Sequence[ComparedFile],
    earlier: Earlier,
    superseded: Mapping[str, bool],
    files: Iterable[tuple[DataFile, bytes]],
) -> Part:
    """The part of some log files.

    Args:
        compared: the log files, with their new events.
        earlier: how the log files were read before.
        superseded: hashes of records in the store that lack members of new ones, each with whether
            it conflicts.
        files: the data files with their bytes.
    """
    return Part(
        _counts(compared),
        dict(files),
        _replaced(compared, earlier, superseded),
        _sessions_since(compared),
    )


def sum_parts(parts: Iterable[Part]) -> Part:
    """Several parts as one."""
    counts = dict.fromkeys(Counts.__struct_fields__, 0)
    replaced = dict.fromkeys(Replaced.counted(), 0)
    superseded: set[str] = set()
    files: dict[DataFile, bytes] = {}
    since: list[datetime] = []
    for part in parts:
        _add(counts, part.counts)
        files |= part.files
        since += filter(None, [part.sessions_since])
        if part.replaced is not None:
            _add(replaced, part.replaced)
            superseded.update(part.replaced.records_sha256)
    found = Replaced(**replaced, records_sha256=tuple(sorted(superseded)))
    none = not (superseded or any(replaced.values()))
    return Part(Counts(**counts), files, None if none else found, min(since, default=None))


def _add(total: dict[str, int], more: Counts | Replaced) -> None:
    """Add counts to a sum."""
    for name in total:
        total[name] += getattr(more, name)


def first_day(commits: Iterable[Commit]) -> date | None:
    """The first day whose events were not pruned; None if none were."""
    return max((one.pruned.before for one in commits if one.pruned), default=None)


def is_same_again(result: LogFileResult, earlier: Sequence[Reading], event_sources: str) -> bool:
    """Whether the same bytes were read before at the same place, with the same result."""
    reason = result.failure.reason if result.failure else None
    return any(
        reading.is_of(result.stored_sha256, result.sha256)
        and reading.reason == reason
        and covers(reading.event_sources, event_sources)
        for reading in earlier
    )


def _replaced(
    compared: Iterable[ComparedFile], earlier: Earlier, superseded: Mapping[str, bool]
) -> Replaced | None:
    """The counts of the earlier readings of log files that were read now; None without any."""
    total = dict.fromkeys(Replaced.counted(), 0)
    for one in compared if earlier else ():  # as a rule each is read for the first time
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
    total |= {"kept": len(superseded), "conflicts": sum(superseded.values())}
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


def _counts(compared: Sequence[ComparedFile]) -> Counts:
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
