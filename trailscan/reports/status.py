"""What a store holds: requested windows, accounts and regions, gaps, rejects, the last load."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.reports.coverage import coverage_report
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.freshness import find_stale
from trailscan.reports.missing import merged_windows, missing
from trailscan.store.counts import total_counts
from trailscan.store.read_files import stored_files
from trailscan.store.rejects import StoredReject, read_rejects
from trailscan.store.runs import Runs
from trailscan.table import Column, Table, detail
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.store.freshness import MaxAge, Stale
    from trailscan.store.ledger import Commit, Counts
    from trailscan.store.paths import DataFile
    from trailscan.store.reader import StoreReader

SHOWN_REJECTS = 5
"""How many rejects a summary lists."""

COLUMNS = (
    Column("account_id", "Account", "id"),
    Column("region", "Region", "text"),
    Column("first_day", "First day", "text"),
    Column("last_day", "Last day", "text"),
    Column("log_files", "Log files", "count", rank=1),
    Column("rejected_log_files", "Rejected", "count", rank=4),
    Column("records", "Records", "count", rank=3),
    Column("kept", "Kept", "count", rank=2),
    Column("rejects", "Rejects", "count", rank=5),
    Column("gaps", "Days without log files", "list", wide=True, least_width=20),
    detail("first_delivered", "First delivered (UTC)", "instant"),
    detail("last_delivered", "Last delivered (UTC)", "instant"),
)
"""One row an account and region."""

_SUMS = ("log_files", "rejected_log_files", "records", "kept", "rejects")


class Requested(NamedTuple):
    """What all loads together requested from one source.

    Attributes:
        uri: as the user named it.
        event_sources: which events were kept.
        windows: of delivery time, merged where they touch; none ends after its load.
        never_asked: the windows between them.
        newest: the latest delivery time of a log file that was read.
    """

    uri: str
    event_sources: str
    windows: tuple[Window, ...]
    never_asked: tuple[Window, ...]
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """What a store holds.

    Attributes:
        place: where it is.
        commits: all of them, in order.
        totals: the sum of what they added.
        asked: one for each source and set of event sources.
        accounts: a row for each account and region.
        incomplete: why the store may lack something that was requested.
        rejects: those that are open, the newest first.
        accepted: how many rejects were accepted.
        head: SHA-256 of the newest commit.
        strays: files in the store that no commit names.
        not_compared: data files whose name and size were looked at, and not their content.
        not_as_delivered: how many log files deviate from CloudTrail's format, by deviation.
        runs: of `load`, those that the store remembers.
        stale: whose newest log file is older than was asked for; it is incomplete too.
    """

    place: str
    commits: tuple[Commit, ...]
    totals: Counts
    asked: tuple[Requested, ...]
    accounts: Table
    incomplete: tuple[str, ...]
    rejects: tuple[StoredReject, ...]
    accepted: int
    not_as_delivered: dict[str, int]
    head: str = ""
    strays: tuple[str, ...] = ()
    not_compared: tuple[DataFile, ...] = ()
    runs: Runs = Runs()  # noqa: RUF009  # a tuple
    stale: tuple[Stale, ...] = ()

    def __repr__(self) -> str:
        events, log_files = (
            counted(self.totals.kept, "event"),
            counted(self.totals.log_files, "log file"),
        )
        state = "incomplete" if self.incomplete else "complete"
        return f"<trailscan status of {self.place}: {events} in {log_files}, {state}>"

    @property
    def last_load(self) -> tuple[Commit, ...]:
        """The commits of the last load that added anything."""
        loads = [commit for commit in self.commits if commit.is_load and commit.files]
        return tuple(commit for commit in loads if commit.load_id == loads[-1].load_id)

    @property
    def rejected_log_files(self) -> int:
        """How many log files could not be read, without those that were accepted."""
        return sum(one.is_log_file for one in self.rejects)

    @property
    def bytes(self) -> int:
        """The size of all data files."""
        return sum(file.bytes for file in stored_files(self.commits))

    def count(self, name: str) -> int:
        """The sum of a column of the accounts."""
        return sum(int(str(row[name])) for row in self.accounts.records())


def store_status(store: StoreReader, limit: MaxAge | None = None) -> Status:
    """What a store holds; reads the counts of all log files, and the rejects.

    Args:
        store: to look at.
        limit: how old the newest log file may be; None for any age.
    """
    rejects = read_rejects(store)
    stale = find_stale(store, limit, datetime.now(UTC)) if limit else ()
    status = Status(
        place=store.place,
        commits=store.commits,
        totals=total_counts(store.commits),
        asked=tuple(_asked(store.commits)),
        accounts=_accounts(store),
        incomplete=(*missing(store), *(one.in_words for one in stale)),
        rejects=tuple(one for one in reversed(rejects) if one.is_open),
        accepted=sum(not one.is_open for one in rejects),
        not_as_delivered=_not_as_delivered(store),
        head=store.head,
        strays=store.strays,
        runs=store.runs(),
        stale=stale,
    )
    return replace(status, not_compared=store.not_compared)  # by now everything was read


def _accounts(store: StoreReader) -> Table:
    """The coverage report with one row for each account and region."""
    spans = coverage_report(store, ChangeFilter()).records()
    rows = [
        _account_row(place, list(found))
        for place, found in groupby(spans, lambda row: (row["account_id"], row["region"]))
    ]
    return Table("status", COLUMNS, tuple(rows), Window())


def _account_row(
    place: tuple[object, object], spans: list[dict[str, object]]
) -> tuple[object, ...]:
    """One account and region in the order of `COLUMNS`."""
    held = [span for span in spans if span["status"] in ("read", "rejects")]
    gaps = tuple(_days_in_words(span) for span in spans if span["status"] == "gap")
    sums = [sum(int(str(span[name])) for span in held) for name in _SUMS]
    delivered = [
        when
        for span in held
        for when in (span["first_delivered"], span["last_delivered"])
        if isinstance(when, datetime)
    ]
    days = [str(day) for span in held for day in (span["first_day"], span["last_day"]) if day]
    span = (min(days, default=None), max(days, default=None))
    return (*place, *span, *sums, gaps, min(delivered, default=None), max(delivered, default=None))


def _days_in_words(span: dict[str, object]) -> str:
    """A span of days: `2026-10-05` or `2026-10-05 to 2026-10-07`."""
    first, last = span["first_day"], span["last_day"]
    return str(first) if first == last else f"{first} to {last}"


def _asked(commits: tuple[Commit, ...]) -> Iterator[Requested]:
    """What was requested from each source, for each set of event sources."""
    windows: dict[tuple[str, str], list[Window]] = {}
    newest: dict[tuple[str, str], datetime] = {}
    for commit in commits:
        for source in (one for one in commit.sources if not one.stream):
            asked = (source.uri, commit.event_sources)
            end = source.until or commit.committed_at
            if source.since is None or source.since <= end:
                windows.setdefault(asked, []).append(Window(source.since, end))
            if source.newest is not None:
                newest[asked] = max(source.newest, newest.get(asked, source.newest))
    for (uri, event_sources), found in windows.items():
        merged = tuple(merged_windows(found))
        between = tuple(Window(one.end, two.start) for one, two in pairwise(merged))
        yield Requested(uri, event_sources, merged, between, newest.get((uri, event_sources)))


def _not_as_delivered(store: StoreReader) -> dict[str, int]:
    """How many log files deviate from CloudTrail's format, by deviation."""
    found: dict[str, int] = {}
    for _, rows in store.scan("log_files", ["deviations"]):
        for one in rows["deviations"].value_counts().to_pylist():
            for how in (one["values"] or "").split(","):
                if how:
                    found[how] = found.get(how, 0) + one["counts"]
    return dict(sorted(found.items()))
