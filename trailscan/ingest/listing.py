"""The log files of a source that are to be read: listings without what the store knows.

Every account is listed ahead in a thread of its own, a page waiting to be taken; what they give is
taken in the order of the plan. The local disk is listed without threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError
from trailscan.ingest.plan import (
    DELIVERY_MARGIN,
    PlannedFile,
    Scope,
    SourcePlan,
    Span,
    Unit,
    Walked,
    look_through,
    split_window,
)
from trailscan.location import key_text
from trailscan.parallel import streams_in_order
from trailscan.store.known import LogFileId
from trailscan.store.paths import MARKER
from trailscan.trail.keys import TrailKey, parse_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from trailscan.buckets import ObjectInfo
    from trailscan.store.known import KnownLogFiles
    from trailscan.window import Window

LEAST_LISTERS, LISTERS = 4, 32
_PAGE = 250
_BRANCHES = 8
"""How many folders of a level are looked into before the first log file is read.

With more than that, as the accounts of an organization, each is looked into when its turn comes:
10,000 accounts take 20,000 requests. Where the window is cut into spans, every account must be
known before the second span begins.
"""


@dataclass(slots=True)
class Listing:
    """A page of a listing.

    Attributes:
        new: the log files to read.
        known: how many of it the store holds.
        walked: what else was met.
        units: which part of its listing this page is, as far as the days in it tell; 1 together.
    """

    new: list[PlannedFile] = field(default_factory=list)
    known: int = 0
    walked: Walked = field(default_factory=Walked)
    units: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be listed: scope, delivery window, and what the store knows already.

    Attributes:
        held: how many log files the store holds of each delivery day.
        today: decides nothing but how the work is cut.
    """

    scope: Scope
    window: Window
    known: KnownLogFiles
    held: Mapping[date, int]
    today: date


class Listings:
    """All listings of one source.

    Attributes:
        units: how many parts it has; known once the iteration has begun.
    """

    def __init__(self, source: SourcePlan, asked: Asked) -> None:
        self._source = source
        self._asked = asked
        self.units = 1

    def __iter__(self) -> Iterator[Listing]:
        if not self._source.is_s3:
            yield from self._list(None)
            return
        pool = ThreadPoolExecutor(LISTERS, thread_name_prefix="trailscan-list")
        try:
            yield from self._list(pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _list(self, pool: ThreadPoolExecutor | None) -> Iterator[Listing]:
        """The pages in the order of the plan."""
        source, asked = self._source, self._asked
        if source.single:
            yield from _list_unit(source, asked, Unit(source.prefix))
            return
        walked = Walked()
        spans = split_window(asked.window, asked.held, asked.today)
        look = map if pool is None else pool.map
        most = _BRANCHES if len(spans) == 1 else None
        found = look_through(source.bucket, source.prefix, asked.scope, walked, look, most)
        parts = [*found.units(spans), *found.below]
        self.units = len(parts)
        yield Listing(walked=walked)
        made = partial(_list_part, source, asked, spans)
        if pool is None:
            yield from chain.from_iterable(map(made, parts))
        else:
            ahead = source.connections(LEAST_LISTERS, LISTERS)
            yield from streams_in_order(pool, made, parts, ahead)


def walk(source: SourcePlan, asked: Asked, walked: Walked) -> Iterator[PlannedFile]:
    """The log files of a source that lie in scope and window and are not known, in order."""
    for page in Listings(source, asked):
        walked.add(page.walked)
        yield from page.new


def _list_part(
    source: SourcePlan, asked: Asked, spans: list[Span], part: Unit | str
) -> Iterator[Listing]:
    """The pages of a listing, or of all listings in a folder that was not looked into yet."""
    if isinstance(part, Unit):
        yield from _list_unit(source, asked, part)
        return
    walked = Walked()
    units = look_through(source.bucket, part, asked.scope, walked).units(spans)
    yield Listing(walked=walked, units=0.0 if units else 1.0)
    for unit in units:
        for page in _list_unit(source, asked, unit):
            page.units /= len(units)
            yield page


def _list_unit(source: SourcePlan, asked: Asked, unit: Unit) -> Iterator[Listing]:
    """The pages of one listing; what cannot be listed ends it and is named."""
    objects = iter(_objects(source, unit))
    page, passed = Listing(), 0.0
    found: list[PlannedFile] = []
    first = unit.span.first if unit.span else None
    while True:
        try:
            info = next(objects)
        except StopIteration:
            break
        except TrailscanError as error:
            page.walked.failures.append(str(error))
            break
        if planned := _planned(source, asked, info, page.walked):
            found.append(planned)
        if len(found) == _PAGE:
            first = first or found[0].trail.day
            part = _part(first, found[-1].trail.day, unit.span, asked.today)
            page.units, passed = max(0.0, part - passed), max(part, passed)
            _leave_out_known(page, found, asked.known)
            yield page
            page, found = Listing(), []
    _leave_out_known(page, found, asked.known)
    page.units = 1.0 - passed
    yield page


def _part(first: date | None, day: date | None, span: Span | None, today: date) -> float:
    """Which part of the days of a listing lies behind."""
    if span is None or first is None or day is None:
        return 0.0
    days = ((span.last or max(today, day)) - first).days + 1
    return min(1.0, max(0, (day - first).days) / max(1, days))


def _objects(source: SourcePlan, unit: Unit) -> Iterable[ObjectInfo]:
    """What is listed, as far as it may be wanted."""
    bucket, folder, span = source.bucket, unit.folder, unit.span
    if source.single:
        return _single(source)
    if span is None:
        here = (one for one in bucket.list_here(folder) if not isinstance(one, str))
        return (one for one in here if one.key != folder + MARKER)
    after = None if span.first is None else f"{folder}{span.first:%Y/%m/%d}"
    listed = bucket.list_objects(folder, after)
    if span.last is None:
        return listed
    return _until(listed, f"{folder}{span.last:%Y/%m/%d}/\U0010ffff")


def _until(objects: Iterable[ObjectInfo], end: str) -> Iterator[ObjectInfo]:
    """Objects in the order of keys, up to a key."""
    for info in objects:
        if info.key > end:
            return
        yield info


def _single(source: SourcePlan) -> Iterator[ObjectInfo]:
    """The one object that the user named."""
    folder, _, _ = source.prefix.rpartition("/")
    above = f"{folder}/" if folder else ""
    for info in source.bucket.list_here(source.prefix if source.is_s3 else above):
        if not isinstance(info, str) and info.key == source.prefix:
            yield info
            return


def _planned(
    source: SourcePlan, asked: Asked, info: ObjectInfo, walked: Walked
) -> PlannedFile | None:
    """An object as a log file to read, or None, and then it is counted."""
    trail = parse_key(info.key)
    if source.single:
        return PlannedFile(source.bucket, info, trail._replace(kind="log_file"))
    if trail.kind != "log_file":
        walked.others[trail.kind] += 1
    elif not asked.scope.holds(trail.account_id, trail.region):
        walked.outside_scope += 1
    elif not _in_window(trail, asked.window):
        walked.outside_window += 1
    else:
        return PlannedFile(source.bucket, info, trail)
    return None


def _in_window(trail: TrailKey, window: Window) -> bool:
    """Whether a log file delivered then may be wanted; one of unknown time always may."""
    if trail.delivered is not None:
        early = trail.delivered + DELIVERY_MARGIN
        starts = window.start is None or early >= window.start
        return starts and (window.end is None or trail.delivered < window.end)
    return trail.day is None or window.touches(trail.day)


def _leave_out_known(page: Listing, found: list[PlannedFile], known: KnownLogFiles) -> None:
    """Put what the store does not hold into a page, and count the rest."""
    done = known.done(
        [
            LogFileId(one.bucket.name, key_text(one.info.key), one.info.etag, one.trail.day)
            for one in found
        ]
    )
    page.new = [one for one, is_done in zip(found, done, strict=True) if not is_done]
    page.known = len(found) - len(page.new)
