"""What is missing from a store for a question: everything that says "complete" asks here.

A window of event time needs the log files delivered in it and shortly after it. What has no known
time, such as a rejected log file whose name gives none, is missing from every window. Without a
window the question is about what the store holds, so that days between its log files are no reason;
with one they are, unless digests prove that CloudTrail delivered nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import pyarrow.compute as pc

from trailscan.aws.partitions import global_regions
from trailscan.numbers import counted
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.reports.notes import strays_in_words
from trailscan.reports.quiet import (
    Place,
    days_of_digests,
    is_quiet,
    merged_windows,
    quiet_days,
)
from trailscan.store.known import covers
from trailscan.store.paths import NO_DAY
from trailscan.store.read_files import rows_by_day
from trailscan.store.rejects import read_rejects
from trailscan.store.requests import Request, read_requests
from trailscan.window import Window, shifted, spans_between, spans_without

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date

    from trailscan.store.reader import StoreReader
    from trailscan.store.rejects import StoredReject

AFTERMATH = timedelta(hours=1)
"""How long after an event its log file may be delivered: CloudTrail delivers within minutes on
average, and without promise."""

Kind = Literal["nothing", "pruned", "request", "failure", "search", "gap", "reject", "stray"]

_SHOWN = 5
_SHOWN_STRAYS = 10


class Reason(NamedTuple):
    """One reason why an answer may lack something."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Question:
    """What an answer is about.

    Attributes:
        delivered: the window of delivery time that it needs.
        accounts: the accounts that it asks for; empty for all.
        event_source: the event source that it needs; None for whatever the store has.
        gaps: days without log files count although the window has no bounds.
        only: consider only log files of these accounts; empty for all.
        regions: days without log files, and what log files were searched for, count in these
            regions; empty for all.
        log_files: further log files that it rests on, by bucket and key.
    """

    delivered: Window = field(default_factory=Window)
    accounts: tuple[str, ...] = ()
    event_source: str | None = ORGANIZATIONS.event_source
    gaps: bool = False
    only: tuple[str, ...] = ()
    regions: frozenset[str] = frozenset()
    log_files: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of_events(cls, window: Window, accounts: tuple[str, ...] = ()) -> Question:
        """The question about the events of a window."""
        end = window.end and shifted(window.end, AFTERMATH)
        regions = frozenset(global_regions().values())
        return cls(Window(window.start, end), accounts, regions=regions)

    @property
    def is_bounded(self) -> bool:
        """Whether the window has a bound."""
        return self.delivered != Window()

    def concerns(self, place: Place) -> bool:
        """Whether log files of an account and region could belong to the answer."""
        account, region = place
        return (not self.only or account is None or account in self.only) and (
            not self.regions or region is None or region in self.regions
        )

    def needs(self, reject: StoredReject) -> bool:
        """Whether a rejected log file or record could belong to the answer."""
        if (reject.where.bucket, reject.where.key) in self.log_files:
            return True
        trail = reject.trail
        if self.only and trail.account_id is not None and trail.account_id not in self.only:
            return False
        if trail.delivered is not None:
            return trail.delivered in self.delivered
        return trail.day is None or self.delivered.touches(trail.day)


def missing(store: StoreReader, question: Question | None = None) -> tuple[str, ...]:
    """Why an answer from a store may lack something, in words; empty when nothing says so.

    Raises:
        StoreError: the store is damaged.
    """
    return tuple(reason.text for reason in reasons(store, question or Question()))


def reasons(store: StoreReader, question: Question) -> list[Reason]:
    """Why an answer from a store may lack something, the most general reason first."""
    requests = [one for one in read_requests(store.commits) if not one.source.stream]
    return [
        *_nothing(store, question),
        *_pruned(store, question),
        *_never_requested(requests, question),
        *_left_out(requests, question),
        *_failures(requests, question),
        *_never_searched(store, question),
        *_gap_reasons(store, question),
        *_reject_reasons(store, question),
        *_strays(store),
    ]


def _nothing(store: StoreReader, question: Question) -> Iterator[Reason]:
    """Nothing proves nothing: a store without log files of the window has no answer."""
    if not any(commit.counts.log_files for commit in store.commits):
        yield Reason("nothing", "the store holds no log file")
        return
    days = rows_by_day(store.commits, "log_files")
    has_some = any(day == NO_DAY or question.delivered.touches(day) for day in days)
    if not (has_some or is_quiet(store, question.delivered)):
        yield Reason("nothing", "the store holds no log file delivered in this window")


def _pruned(store: StoreReader, question: Question) -> Iterator[Reason]:
    """Events of the window that were removed; without a window the notes say so."""
    for commit in store.commits:
        if not (commit.pruned and question.is_bounded):
            continue
        start, end = question.delivered.start, datetime.combine(commit.pruned.before, time(), UTC)
        if start is None or start < end:
            yield Reason("pruned", commit.pruned.in_words)


def _never_requested(requests: Sequence[Request], question: Question) -> Iterator[Reason]:
    """Parts of the window that no load requested from any source, and those between its loads."""
    by_source: defaultdict[str, list[Window]] = defaultdict(list)
    for request in _for_source(requests, question):
        by_source[request.source.uri].append(request.window)
    every = merged_windows(window for windows in by_source.values() for window in windows)
    if not every:
        return
    for window in _ends(question.delivered, every):
        yield Reason("request", f"never requested: log files delivered {window}")
    for uri, windows in by_source.items():
        for one, two in pairwise(merged_windows(windows)):
            between = Window(one.end, two.start).common(question.delivered)
            if between is not None:
                text = f"never requested from {uri}: log files delivered {between}"
                yield Reason("request", text)


def _for_source(requests: Iterable[Request], question: Question) -> list[Request]:
    """The requests that looked for the event source of the question."""
    wanted = question.event_source
    return [one for one in requests if wanted is None or covers(one.event_sources, wanted)]


def _ends(asked: Window, requested: Sequence[Window]) -> Iterator[Window]:
    """The parts of a window before and after everything that was requested."""
    first, last = requested[0].start, requested[-1].end
    if asked.start is not None and first is not None and asked.start < first:
        yield Window(asked.start, first if asked.end is None else min(first, asked.end))
    if asked.end is not None and last is not None and last < asked.end:
        yield Window(last if asked.start is None else max(last, asked.start), asked.end)


def _left_out(requests: Sequence[Request], question: Question) -> Iterator[Reason]:
    """Accounts and regions that a source has, or that are asked for, and no load requested."""
    relevant = _for_source(requests, question)
    asked = set(question.accounts or question.only)
    for uri in dict.fromkeys(one.source.uri for one in relevant):
        of_uri = [one.source for one in relevant if one.source.uri == uri]
        accounts = {account for one in of_uri for account in one.accounts_left_out}
        if all(one.accounts for one in of_uri):
            accounts -= {account for one in of_uri for account in one.accounts}
            accounts = accounts & asked if asked else accounts
        else:
            accounts = set()
        regions = {region for one in of_uri for region in one.regions_left_out}
        regions -= {region for one in of_uri for region in one.regions}
        regions = regions if all(one.regions for one in of_uri) else set()
        for name, left in (("account", accounts), ("region", regions)):
            if left:
                yield Reason("request", f"never requested from {uri}: {_names(name, left)}")
    if asked and relevant and all(one.source.accounts for one in relevant):
        requested = {account for one in relevant for account in one.source.accounts}
        left_out = {account for one in relevant for account in one.source.accounts_left_out}
        if unknown := asked - requested - left_out:
            yield Reason("request", f"never requested: {_names('account', unknown)}")


def _names(noun: str, names: Collection[str]) -> str:
    """Some names, and how many there are."""
    shown = ", ".join(sorted(names)[:_SHOWN])
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{noun}{'' if len(names) == 1 else 's'} {shown}{more}"


def _failures(requests: Sequence[Request], question: Question) -> Iterator[Reason]:
    """What loads could not list, or did not finish, and no later load made good."""
    for at, request in enumerate(requests):
        if request.is_whole or request.window.common(question.delivered) is None:
            continue
        later = requests[at + 1 :]
        if any(one.covers(request) for one in later):
            continue  # made good, or said again by the later one
        uri = request.source.uri
        for failure in request.source.failures:
            yield Reason("failure", f"not read from {uri}: {failure}")
        if request.source.partial:
            window = request.window
            text = f"a load from {uri} did not finish: log files delivered {window} may be missing"
            yield Reason("failure", text)


def _never_searched(store: StoreReader, question: Question) -> Iterator[Reason]:
    """Log files that were read, but never for the event source of the question."""
    wanted = question.event_source
    loads = [commit for commit in store.commits if commit.is_load]
    if wanted is None or all(covers(commit.event_sources, wanted) for commit in loads):
        return
    searched: set[tuple[str, str]] = set()
    others: set[tuple[str, str]] = set()
    names = ["bucket", "key", *Place._fields, "delivered", "status", "event_sources"]
    for file, rows in store.scan("log_files", names):
        if file.day and file.day != NO_DAY and not question.delivered.touches(file.day):
            continue
        for row in rows.filter(pc.equal(rows["status"], "done")).to_pylist():
            log_file = (row["bucket"], row["key"])
            if covers(row["event_sources"], wanted):
                searched.add(log_file)
            elif question.concerns(Place(row["account_id"], row["region"])) and (
                row["delivered"] is None or row["delivered"] in question.delivered
            ):
                others.add(log_file)
    if count := len(others - searched):
        yield Reason("search", f"{counted(count, 'log file')} never searched for {wanted} events")


def _gap_reasons(store: StoreReader, question: Question) -> Iterator[Reason]:
    """Days of the window without log files of an account and region that has some around them."""
    if not (question.is_bounded or question.gaps):
        return
    spans = sum(len(found) for found in read_gaps(store, question).values())
    if spans:
        text = f"{counted(spans, 'span')} of days without a log file between days that have some"
        yield Reason("gap", text)


def read_gaps(store: StoreReader, question: Question) -> dict[Place, list[tuple[date, date]]]:
    """For each account and region its gaps in the window, each with its first and last day.

    A day is no gap if digests prove that CloudTrail delivered nothing on it.
    """
    gaps = {
        place: found
        for place, days in _days_held(store, question).items()
        if (found := list(spans_between(days, question.delivered)))
    }
    quiet: defaultdict[Place, set[date]] = defaultdict(set)
    for place, day in quiet_days(store, days_of_digests(store, chain.from_iterable(gaps.values()))):
        quiet[place].add(day)
    spans = {place: spans_without(found, quiet[place]) for place, found in gaps.items()}
    return {place: found for place, found in spans.items() if found}


def _days_held(store: StoreReader, question: Question) -> dict[Place, set[date]]:
    """The days for which each account and region has log files, whatever became of them."""
    held: defaultdict[Place, set[date]] = defaultdict(set)
    for file, rows in store.scan("log_files", list(Place._fields)):
        if file.day is None or not store.is_delivery_day(file):
            continue
        columns = (rows[name].to_pylist() for name in Place._fields)
        for place in map(Place._make, set(zip(*columns, strict=True))):
            if question.concerns(place):
                held[place].add(file.day)
    return held


def open_rejects(store: StoreReader, question: Question) -> list[StoredReject]:
    """The rejects that nobody accepted and that could belong to an answer."""
    if not any(one.counts.rejects or one.counts.rejected_log_files for one in store.commits):
        return []
    return [one for one in read_rejects(store) if one.is_open and question.needs(one)]


def _strays(store: StoreReader) -> Iterator[Reason]:
    """Files that no commit names: perhaps the end of a ledger that was rolled back."""
    if store.strays:
        shown = ", ".join(store.strays[:_SHOWN_STRAYS])
        yield Reason("stray", f"{strays_in_words(store.strays)}: {shown}")


def _reject_reasons(store: StoreReader, question: Question) -> Iterator[Reason]:
    """Log files and records that could not be used."""
    found = open_rejects(store, question)
    log_files = sum(one.is_log_file for one in found)
    if log_files:
        yield Reason("reject", f"{counted(log_files, 'log file')} could not be read")
    if records := len(found) - log_files:
        yield Reason("reject", f"{counted(records, 'record')} could not be decoded")
