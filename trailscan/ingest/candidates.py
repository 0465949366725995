"""The log files of the sources of a load that may hold an issuing record."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError
from trailscan.ingest.delays import FIRST, LAST
from trailscan.ingest.plan import LOGS, PlannedFile, Scope, Skipped
from trailscan.ingest.walk import SourceFolders, Walker
from trailscan.trail.keys import parse_key
from trailscan.window import Window, day_path, shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trailscan.buckets import Bucket
    from trailscan.ingest.plan import SourcePlan
    from trailscan.sessions.sought import Sought

BEFORE, AFTER = -FIRST, LAST
"""How long before and after an issuing record the log file that holds it is mostly delivered."""

LATEST = timedelta(hours=48)
"""How long after an issuing record it may be delivered."""

_MOST_LISTS = 2000  # listings of an account and region, in one load: one cent

_MOST_QUESTIONS = 120  # a second asked of Event history, in one load: a minute, at its pace
_MOST_DAYS = 256  # days of an account and region that are remembered


class Candidates:
    """Finds the log files of some sources that may hold issuing records, in any region.

    Args:
        sources: of a load.
        recipients: the accounts in whose trails the calls were recorded.
    """

    def __init__(self, sources: Sequence[SourcePlan], recipients: Iterable[str]) -> None:
        self._sources = [one for one in sources if not (one.single or one.moments)]
        self._asked = [one for one in sources if one.moments]
        self._recipients = frozenset(recipients)
        self._folders: dict[tuple[str, frozenset[str]], SourceFolders] = {}
        self._lists = self._questions = 0
        self._unlisted: set[str] = set()
        self._of_day = lru_cache(_MOST_DAYS)(self._list_day)

    @property
    def may_list(self) -> bool:
        """Whether the load may list more."""
        return self._lists < _MOST_LISTS and self._questions < _MOST_QUESTIONS

    def could_list(self, one: Sought) -> bool:
        """Whether no folder that may hold an issuing record failed to be listed."""
        folders = (self._walk(source, one).regions for source in self._sources)
        return self._unlisted.isdisjoint(folder for each in folders for folder in each)

    def near(self, one: Sought) -> list[PlannedFile]:
        """The log files delivered in the minutes after an issuing record, or nobody knows when."""
        window = Window(shifted(one.issued_at, -BEFORE), shifted(one.issued_at, AFTER))
        return self._undated(one) + self.late(one, window)

    def late(self, one: Sought, window: Window) -> list[PlannedFile]:
        """The log files delivered in a window, in the order of delivery."""
        found = self._moments(one)
        for number, source in enumerate(self._sources):
            folders = self._walk(source, one)
            for folder in folders.regions:
                for day in _days(window):
                    found += _within(self._of_day(number, folder, day), window)
            if not source.is_remote:
                for folder in folders.others:
                    found += _within(_sorted(_beside(source.bucket, folder)), window)
        return sorted(found, key=lambda planned: (str(planned.trail.delivered), planned.info.key))

    def _undated(self, one: Sought) -> list[PlannedFile]:
        """The local log files whose names do not say when they were delivered."""
        return [
            planned
            for source in self._sources
            if not source.is_remote
            for folder in self._walk(source, one).others
            for planned in _beside(source.bucket, folder)
            if planned.trail.delivered is None
        ]

    def _moments(self, one: Sought) -> list[PlannedFile]:
        """What sources that are asked have of the instant of an issuing record."""
        found: list[PlannedFile] = []
        for source in self._asked:
            is_theirs = source.prefix.startswith(f"{one.account_id}/")
            if source.moments and is_theirs and self._questions < _MOST_QUESTIONS:
                found += source.moments(one.issued_at)
                self._questions += len(found)
        return found

    def _walk(self, source: SourcePlan, one: Sought) -> SourceFolders:
        """The folders of the accounts in which an issuing record can lie, of every region."""
        accounts = {one.account_id} if one.account_id else set()
        if one.is_root:
            accounts |= self._recipients
        name = (source.uri, frozenset(filter(None, accounts)))
        if name not in self._folders:
            walker = Walker(source.bucket, Scope(name[1], frozenset()), (LOGS,))
            self._folders[name] = walker.walk(source.prefix, Skipped())
        return self._folders[name]

    def _list_day(self, number: int, folder: str, day: date) -> list[PlannedFile]:
        """The log files of a source's account and region of a day."""
        start = datetime.combine(day, time(), UTC)
        whole = Window(start, shifted(start, timedelta(days=1)))
        return self._list(self._sources[number].bucket, folder, whole) if self.may_list else []

    def _list(self, bucket: Bucket, folder: str, window: Window) -> list[PlannedFile]:
        """The log files of an account and region that were delivered in a window."""
        self._lists += 1
        found = list[PlannedFile]()
        try:
            found.extend(_delivered(bucket, folder, window))
        except TrailscanError:
            self._unlisted.add(folder)
        return _sorted(found)


def _days(window: Window) -> Iterator[date]:
    """The days of a window."""
    if window.start is not None and window.end is not None and window.start < window.end:
        first, last = window.start.date(), shifted(window.end, -timedelta(microseconds=1)).date()
        for number in range((last - first).days + 1):
            yield shifted(first, timedelta(days=number))


def _within(found: Sequence[PlannedFile], window: Window) -> Sequence[PlannedFile]:
    """The log files, in the order of delivery, that were delivered in a window."""
    if window.start is None or window.end is None:
        return found
    first = bisect_left(found, window.start, key=_delivery)
    return found[first : bisect_left(found, window.end, first, key=_delivery)]


def _sorted(found: Iterable[PlannedFile]) -> list[PlannedFile]:
    """The log files whose names say when they were delivered, in this order."""
    return sorted((one for one in found if one.trail.delivered), key=_delivery)


def _delivery(planned: PlannedFile) -> datetime:
    return planned.trail.delivered or datetime.max.replace(tzinfo=UTC)


def _delivered(bucket: Bucket, folder: str, window: Window) -> Iterator[PlannedFile]:
    """The log files of an account and region that were delivered in a window."""
    if window.start is None or window.end is None or window.end <= window.start:
        return
    last = f"{folder}{day_path(shifted(window.end, -timedelta(microseconds=1)).date())}/\U0010ffff"
    for info in bucket.list_objects(folder, f"{folder}{day_path(window.start.date())}"):
        if info.key > last:
            return
        trail = parse_key(info.key)
        if trail.kind == "log_file" and trail.delivered and trail.delivered in window:
            yield PlannedFile(bucket, info, trail)


def _beside(bucket: Bucket, folder: str) -> Iterator[PlannedFile]:
    """What may be log files in a folder that is not one of an account and region."""
    try:
        for info in bucket.list_here(folder):
            if not isinstance(info, str):
                trail = parse_key(info.key)
                if trail.kind in {"log_file", "unknown"}:
                    yield PlannedFile(bucket, info, trail)
    except TrailscanError:
        return  # a load names folders that it cannot list
