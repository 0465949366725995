"""Computes what a store holds, from its ledger, its log files and its rejects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from trailscan.reports.coverage import coverage_report
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.freshness import find_stale
from trailscan.reports.missing import missing
from trailscan.reports.quiet import merged_windows
from trailscan.reports.status import Requested, Status
from trailscan.store.counts import total_counts
from trailscan.store.rejects import read_rejects
from trailscan.table import Column, Table, detail
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.store.freshness import MaxAge
    from trailscan.store.ledger import Commit
    from trailscan.store.reader import StoreReader

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
