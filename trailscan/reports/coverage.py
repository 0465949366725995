"""What was and was not read: one row a span of delivery days of an account and region.

A missing log file leaves no trace in a store, only a gap: a day without log files between days that
have some. CloudTrail writes none when there is nothing to write, so a gap proves nothing; digest
files do.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.numbers import counted
from trailscan.reports.attestation import STATES, count_attested
from trailscan.reports.missing import Question, missing
from trailscan.reports.notes import store_notes
from trailscan.store.paths import NO_DAY
from trailscan.store.requests import window_of
from trailscan.table import Column, Table, detail, rows_of
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

STATUSES = {
    "read": "every log file in the store for these days was read, and every record decoded",
    "rejects": "a log file of these days could not be read, or a record could not be decoded",
    "gap": "no log file for these days, although there are some before and after",
    "not yet": "no log file for these days: the first of this account and region is later",
    "no more": "no log file for these days: the last of this account and region is earlier",
}
"""What a span of days can be. A gap makes the answer incomplete, unless digests prove that nothing
was delivered; so do rejects, unless they were accepted."""

_IDENTITY = ["bucket", "key", "etag"]
_PLACE = ["account_id", "region"]
_SUMS = ["records", "kept", "filtered_out", "duplicates", "rejects", "conflicts"]
_COLUMNS = [*_IDENTITY, *_PLACE, *_SUMS, "delivered", "status", "event_sources"]
_ONE_DAY = timedelta(days=1)
_AN_INSTANT = timedelta(microseconds=1)


class _Place(NamedTuple):
    """Where log files come from."""

    account_id: str | None
    region: str | None


@dataclass(slots=True)
class _Span:
    """Consecutive days that are alike; None for log files whose name has no day.

    Attributes:
        done: how many log files were read.
        rejected: how many log files could never be read.
        sums: in the order of `_SUMS`.
        is_possible: something can have been delivered then; if not, it makes no gaps.
    """

    status: str
    first: date | None
    last: date | None
    event_sources: str | None = None
    done: int = 0
    rejected: int = 0
    sums: tuple[int, ...] = (0,) * len(_SUMS)
    first_delivered: datetime | None = None
    last_delivered: datetime | None = None
    is_possible: bool = True

    @property
    def days(self) -> int | None:
        """How many days it has."""
        return (
            None if self.first is None or self.last is None else (self.last - self.first).days + 1
        )

    def continues(self, other: _Span) -> bool:
        """Whether it follows another span without a gap, with the same status and event sources."""
        return (
            self.first is not None
            and other.last is not None
            and self.first == shifted(other.last, _ONE_DAY)
            and (self.status, self.event_sources) == (other.status, other.event_sources)
            and self.is_possible == other.is_possible
        )

    def extend(self, other: _Span) -> None:
        """Add the span that follows."""
        self.last = other.last
        self.done += other.done
        self.rejected += other.rejected
        self.sums = tuple(map(sum, zip(self.sums, other.sums, strict=True)))
        self.last_delivered = other.last_delivered or self.last_delivered


class _Row(NamedTuple):
    """A span of days of an account and region."""

    place: _Place
    span: _Span


def _sum(name: str) -> Callable[[_Row], int]:
    """One of the sums of a span."""
    place = _SUMS.index(name)
    return lambda row: row.span.sums[place]


COLUMNS = (
    Column("account_id", "Account", "id", of="place.account_id"),
    Column("region", "Region", "text", of="place.region"),
    Column("status", "Status", "text", of="span.status"),
    Column("first_day", "First day", "text", of=lambda row: row.span.first and str(row.span.first)),
    Column("last_day", "Last day", "text", of=lambda row: row.span.last and str(row.span.last)),
    Column("days", "Days", "count", of="span.days"),
    Column("log_files", "Log files", "count", rank=1, of="span.done"),
    Column("rejected_log_files", "Rejected", "count", rank=2, of="span.rejected"),
    Column("records", "Records", "count", rank=4, of=_sum("records")),
    Column("kept", "Kept", "count", rank=5, of=_sum("kept")),
    Column("rejects", "Rejects", "count", rank=3, of=_sum("rejects")),
    Column("conflicts", "Conflicts", "count", rank=6, of=_sum("conflicts")),
    Column(
        "event_sources",
        "Event sources",
        "text",
        rank=7,
        most_width=30,
        of="span.event_sources",
    ),
    detail("duplicates", "Duplicates", "count", of=_sum("duplicates")),
    detail("filtered_out", "Filtered out", "count", of=_sum("filtered_out")),
    detail("first_delivered", "First delivered (UTC)", "instant", of="span.first_delivered"),
    detail("last_delivered", "Last delivered (UTC)", "instant", of="span.last_delivered"),
)

_Places = dict[_Place, dict[date, _Span]]


def coverage_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The spans of days of each account and region, with what the store holds for them.

    The window is one of delivery days: a day counts if any instant of it lies in the window. Days
    are UTC, as in the names of log files.
    """
    places = _read(store, filters)
    days = [day for found in places.values() for day, span in found.items() if span.is_possible]
    rows = [
        _Row(place, span)
        for place in sorted(places, key=repr)
        for span in _spans(places[place], min(days, default=NO_DAY), max(days, default=NO_DAY))
    ]
    spans = [row.span for row in rows]
    return Table(
        name="coverage",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, rows),
        window=filters.window,
        notes=tuple(_notes(store, filters, places, spans)),
        incomplete=missing(store, _question(filters)),
    )


def _question(filters: ChangeFilter) -> Question:
    """What is asked of the delivery days that the window touches."""
    start, end = filters.window.start, filters.window.end
    first = start and Window.day(start.date()).start
    last = end and Window.day(shifted(end, -_AN_INSTANT).date()).end
    days = Window(first, last and max(last, first or last))
    return Question(days, filters.account, gaps=True, only=filters.account)


def _read(store: StoreReader, filters: ChangeFilter) -> _Places:
    """A span for each place and delivery day; memory holds one day at a time."""
    places: defaultdict[_Place, dict[date, _Span]] = defaultdict(dict)
    by_day = groupby(store.scan("log_files", _COLUMNS), lambda found: found[0].day or NO_DAY)
    for day, found in by_day:
        held = list(found)
        rows = pa.concat_tables([table for _, table in held])
        is_possible = any(store.is_delivery_day(file) for file, _ in held)
        if day != NO_DAY and not filters.window.touches(day):
            continue
        for place, span in _days(rows, None if day == NO_DAY else day):
            if not filters.account or place.account_id in filters.account:
                span.is_possible = is_possible
                places[place][day] = span
    return dict(places)


def _days(rows: pa.Table, day: date | None) -> Iterator[tuple[_Place, _Span]]:
    """The spans of one day, one for each place.

    A log file that was read twice, for different event sources, counts once, and its records twice.
    A log file that was rejected first and read later counts as read.
    """
    done = rows.filter(pc.equal(rows["status"], "done"))
    rejected = _distinct(rows.filter(pc.equal(rows["status"], "rejected")))
    if rejected.num_rows:
        held = set(zip(*(done[name].to_pylist() for name in _IDENTITY), strict=True))
        kept = [identity not in held for identity in _identities(rejected)]
        rejected = rejected.filter(pa.array(kept, pa.bool_()))
    files = _counts(_distinct(done))
    broken = _counts(rejected)
    sums = {_Place(row["account_id"], row["region"]): row for row in _sums(done)}
    for place in sorted(files.keys() | broken.keys(), key=repr):
        yield place, _span(day, files.get(place, 0), broken.get(place, 0), sums.get(place))


def _distinct(rows: pa.Table) -> pa.Table:
    """Every log file once."""
    names = [*_PLACE, *_IDENTITY]
    return pa.TableGroupBy(rows, names, use_threads=False).aggregate([]).select(names)


def _identities(rows: pa.Table) -> Iterator[tuple[str, ...]]:
    return zip(*(rows[name].to_pylist() for name in _IDENTITY), strict=True)


def _counts(files: pa.Table) -> dict[_Place, int]:
    """How many log files each place has."""
    found = pa.TableGroupBy(files, _PLACE, use_threads=False).aggregate([([], "count_all")])
    return {_Place(row["account_id"], row["region"]): row["count_all"] for row in found.to_pylist()}


def _sums(done: pa.Table) -> list[dict[str, Any]]:
    """A row for each place: sums, first and last delivery, and event sources."""
    wanted = [
        *((name, "sum") for name in _SUMS),
        ("delivered", "min"),
        ("delivered", "max"),
        ("event_sources", "distinct"),
    ]
    found = pa.TableGroupBy(done, _PLACE, use_threads=False).aggregate(wanted)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def _span(day: date | None, done: int, rejected: int, row: dict[str, Any] | None) -> _Span:
    """The span of one day at one place."""
    if row is None:
        return _Span("rejects", day, day, None, done, rejected)
    broken = rejected or row["rejects_sum"]
    first, last = row["delivered_min"], row["delivered_max"]
    return _Span(
        status="rejects" if broken else "read",
        first=day,
        last=day,
        event_sources=" or ".join(sorted(row["event_sources_distinct"])),
        done=done,
        rejected=rejected,
        sums=tuple(row[f"{name}_sum"] for name in _SUMS),
        first_delivered=first and first.astimezone(UTC),
        last_delivered=last and last.astimezone(UTC),
    )


def _spans(days: dict[date, _Span], first: date, last: date) -> list[_Span]:
    """The spans of one place in order of time, between the first and the last day of all places."""
    spans: list[_Span] = []
    dated = sorted(day for day, span in days.items() if span.is_possible)
    if dated:
        spans += _empty("not yet", first, shifted(dated[0], -_ONE_DAY))
    for before, day in zip([None, *dated], dated, strict=False):
        if before is not None:
            spans += _empty("gap", shifted(before, _ONE_DAY), shifted(day, -_ONE_DAY))
        _add(spans, days[day])
    if dated:
        spans += _empty("no more", shifted(dated[-1], _ONE_DAY), last)
    odd = sorted(day for day, span in days.items() if not span.is_possible and day != NO_DAY)
    for day in odd:
        _add(spans, days[day])
    return [*spans, days[NO_DAY]] if NO_DAY in days else spans


def _add(spans: list[_Span], span: _Span) -> None:
    if spans and span.continues(spans[-1]):
        spans[-1].extend(span)
    else:
        spans.append(span)


def _empty(status: str, first: date, last: date) -> list[_Span]:
    """A span without log files, if it has any day."""
    return [_Span(status, first, last)] if first <= last else []


def _notes(
    store: StoreReader,
    filters: ChangeFilter,
    places: _Places,
    spans: list[_Span],
) -> Iterator[str]:
    """What was read, and what was requested."""
    accounts = len({place.account_id for place in places if place.account_id})
    regions = len({place.region for place in places if place.region})
    log_files = counted(sum(span.done for span in spans), "log file")
    by = f" with {filters.in_words}" if filters.in_words else ""
    yield (
        f"{log_files} of {counted(accounts, 'account')} in {counted(regions, 'region')}{by}; "
        f"delivered: {filters.window.told_in(filters.tz)}"
    )
    yield from _requests(store, filters)
    yield from store_notes(store)
    yield _attested(store, places)


def _attested(store: StoreReader, places: _Places) -> str:
    """What digests say of the log files of these days."""
    if not store.files("attestations"):
        return (
            "Not checked against CloudTrail digests. Run `trailscan validate` to find log files "
            "that were delivered but never loaded."
        )
    counts = count_attested(store, {day for found in places.values() for day in found})
    said = ", ".join(f"{STATES[state]} {number:,}" for state, number in sorted(counts.items()))
    return f"log files checked against digests: {said or 'none'}"


def _requests(store: StoreReader, filters: ChangeFilter) -> Iterator[str]:
    """The windows that loads requested, one for each source and window."""
    requests: dict[tuple[str, str, str], list[int]] = {}
    for commit in store.commits:
        for source in commit.sources:
            window = window_of(source).told_in(filters.tz)
            window = "whatever it held" if source.stream else window
            requests.setdefault((source.uri, window, commit.event_sources), []).append(commit.seq)
    for (uri, window, event_sources), seqs in requests.items():
        commits = f"commit {seqs[0]}" if len(seqs) == 1 else f"commits {seqs[0]} to {seqs[-1]}"
        yield f"requested: {event_sources} from {uri}, delivered: {window} ({commits})"
