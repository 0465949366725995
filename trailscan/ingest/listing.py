"""The log files of a source to read: the listings of its folders without what the store holds.

Each account is listed ahead in a thread of its own, up to one page; the pages come in the order of
the plan. The local disk is listed without threads.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError
from trailscan.ingest.plan import (
    DELIVERY_MARGIN,
    DayRange,
    FolderListing,
    PlannedFile,
    Scope,
    Skipped,
    SourcePlan,
    split_window,
)
from trailscan.ingest.walk import Walker
from trailscan.location import key_text
from trailscan.parallel import streams_in_order
from trailscan.store.log_file_result import LogFileId
from trailscan.store.paths import MARKER
from trailscan.trail.keys import TrailKey, parse_key
from trailscan.window import day_path, shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.store.known import KnownLogFiles
    from trailscan.window import Window

    Objects = Iterator[ObjectInfo]

LEAST_LISTERS, LISTERS = 4, 32
_WEEK = timedelta(days=7)
_PAGE = 250
_YEAR = re.compile(r"[0-9]{4}/")
_MONTH = re.compile(r"[0-9][0-9]/")
_LAYOUT = re.compile(r"(?:year=)?([0-9]{4})(?:-([0-9][0-9]))?(?:-([0-9][0-9]))?/")
_BRANCHES = 8
"""How many folders of a level are walked before the first log file is read.

With more than that, as the accounts of an organization, each is walked when its turn comes: 10,000
accounts take 20,000 requests. If the window has several ranges of days, every account must be known
before the second range begins.
"""


@dataclass(slots=True)
class ListingPage:
    """A page of a listing.

    Attributes:
        new: the log files to read.
        known: how many log files of the page the store holds.
        skipped: what else the page has.
        units: the part of its listing that the page is, by its days; all pages add up to 1.
    """

    new: list[PlannedFile] = field(default_factory=list)
    known: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    units: float = 0.0


@dataclass(frozen=True, slots=True)
class ListingRequest:
    """What to list: scope, delivery window, and what the store holds already.

    Attributes:
        scope: accounts and regions.
        window: of delivery time.
        known: the log files that the store holds.
        held: how many log files the store holds of each delivery day.
        today: decides only how the work is cut.
        restored: read log files in archives too, since they were restored.
    """

    scope: Scope
    window: Window
    known: KnownLogFiles
    held: Mapping[date, int]
    today: date
    restored: bool = False


class Listings:
    """All listings of one source, page by page.

    Attributes:
        units: how many listings there are; known once the iteration has begun.
    """

    def __init__(self, source: SourcePlan, request: ListingRequest) -> None:
        self._source = source
        self._request = request
        self.units = 1

    def __iter__(self) -> Iterator[ListingPage]:
        if not self._source.is_remote or self._source.as_of is not None:
            yield from self._list(None)
            return
        pool = ThreadPoolExecutor(LISTERS, thread_name_prefix="trailscan-list")
        try:
            yield from self._list(pool)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _list(self, pool: ThreadPoolExecutor | None) -> Iterator[ListingPage]:
        """The pages in the order of the plan."""
        source, request = self._source, self._request
        if source.single:
            yield from _list_folder(source, request, FolderListing(source.prefix))
            return
        skipped = Skipped()
        ranges = split_window(request.window, request.held, request.today)
        look = map if pool is None else pool.map
        most = _BRANCHES if len(ranges) == 1 else None
        walker = Walker(source.bucket, request.scope, source=source.prefix)
        if pool is not None and source.first_key is not None:
            walker.look_ahead(source.first_key, pool)
        folders = walker.walk(source.prefix, skipped, look, most)
        parts = [*folders.listings(ranges), *folders.unvisited]
        self.units = len(parts)
        yield ListingPage(skipped=skipped)
        list_part = partial(_list_part, source, request, walker, ranges)
        if pool is None:
            yield from chain.from_iterable(map(list_part, parts))
        else:
            ahead = source.connections(LEAST_LISTERS, LISTERS)
            yield from streams_in_order(pool, list_part, parts, ahead, is_heavy=_has_new)


def _has_new(page: ListingPage) -> bool:
    """Whether a page holds more than counts, so that few of them are to wait in memory."""
    return bool(page.new)


def _list_part(
    source: SourcePlan,
    request: ListingRequest,
    walker: Walker,
    ranges: list[DayRange],
    part: FolderListing | str,
) -> Iterator[ListingPage]:
    """The pages of one listing, or of all listings below a folder that was not visited yet."""
    if isinstance(part, FolderListing):
        yield from _list_folder(source, request, part)
        return
    skipped = Skipped()
    listings = walker.walk(part, skipped).listings(ranges)
    yield ListingPage(skipped=skipped, units=0.0 if listings else 1.0)
    for listing in listings:
        for page in _list_folder(source, request, listing):
            page.units /= len(listings)
            yield page


def _list_folder(
    source: SourcePlan, request: ListingRequest, listing: FolderListing
) -> Iterator[ListingPage]:
    """The pages of one listing; an error ends it and is one of its failures."""
    objects = iter(_objects(source, listing))
    page, passed = ListingPage(), 0.0
    found: list[PlannedFile] = []
    first = listing.days.first if listing.days else None
    while True:
        try:
            info = next(objects)
        except StopIteration:
            break
        except TrailscanError as error:
            page.skipped.failures.append(error.line)
            break
        if info is not None:
            page.skipped.objects += 1
            if planned := _planned(source, request, info, page.skipped):
                found.append(planned)
        if len(found) == _PAGE or (found and info is None):
            first = first or found[0].trail.day
            part = _part(first, found[-1].trail.day, listing.days, request.today)
            page.units, passed = max(0.0, part - passed), max(part, passed)
            _leave_out_known(page, found, request)
            yield page
            page, found = ListingPage(), []  # what is read now waits for no further request
    _leave_out_known(page, found, request)
    page.units = 1.0 - passed
    yield page


def _part(first: date | None, day: date | None, days_of: DayRange | None, today: date) -> float:
    """The part of the days of a listing that is done; 0 where the days are not known."""
    if days_of is None or first is None or day is None:
        return 0.0
    days = ((days_of.last or max(today, day)) - first).days + 1
    return min(1.0, max(0, (day - first).days) / max(1, days))


def _objects(source: SourcePlan, listing: FolderListing) -> Iterable[ObjectInfo | None]:
    """The objects of a listing; None before those that take requests of their own."""
    bucket, folder, days = source.bucket, listing.folder, listing.days
    if source.single:
        return _single(source)
    if listing.objects == "here":
        return (one for one in _here(bucket, folder) if one.key != folder + MARKER)
    if listing.objects == "all":
        return bucket.list_objects(folder)
    after, end = _keys(folder, days or DayRange())
    in_days = _until(bucket.list_objects(folder, after), end)
    found = (one for one in in_days if _YEAR.match(one.key, len(folder)))
    if listing.beside is None:
        return found
    return chain(found, [None], _outside_days(bucket, folder, listing.beside))


def _outside_days(bucket: Bucket, folder: str, days: DayRange) -> Objects:
    """What the folder of an account and region holds outside of the keys that were listed."""
    years: list[str] = []
    yield from _beside_days(bucket, folder, days, years)
    yield from _between_days(bucket, folder, years, days)


def _between_days(bucket: Bucket, folder: str, years: list[str], days: DayRange) -> Objects:
    """What the years of an account and region hold outside of the keys that were listed.

    These are log files directly in the folder of a year or month, and weeks or months by name. On
    the disk all years and months are looked into. In S3 only those are in which a listing of the
    days began or ended, since it has all that is between: a request each, two for most windows.

    Args:
        bucket: holds the folder.
        folder: of an account and region.
        years: the folders of years in it.
        days: that were listed.
    """
    after, end = _keys(folder, days)
    for year in years:
        if bucket.is_remote and not _may_end_in(year, days):
            continue
        for found in bucket.list_here(year):
            is_month = isinstance(found, str) and _MONTH.match(found, len(year))
            if is_month and bucket.is_remote and not _ends_in(_key(found), (after, end)):
                continue
            for one in bucket.list_here(_key(found)) if is_month else [found]:
                if is_month and isinstance(one, str) and _MONTH.match(one, len(_key(found))):
                    continue
                for info in bucket.list_objects(one) if isinstance(one, str) else [one]:
                    if (after and info.key <= after) or (end and info.key > end):
                        yield info


def _keys(folder: str, days: DayRange) -> tuple[str | None, str | None]:
    """The keys between which the days of an account and region stand, open where they are."""
    first, last = days
    return (
        None if first is None else f"{folder}{day_path(first)}",
        None if last is None else f"{folder}{day_path(last)}/\U0010ffff",
    )


def _may_end_in(year: str, days: DayRange) -> bool:
    """Whether days begin or end in the folder of a year, or in the weeks that it shares."""
    ends = (shifted(day, week) for day in days if day for week in (-_WEEK, _WEEK))
    return any(year.endswith(f"/{end.year:04}/") for end in ends)


def _ends_in(month: str, keys: tuple[str | None, str | None]) -> bool:
    """Whether one of the keys at which a listing began and ended is in the folder of a month."""
    return any(key is not None and key.startswith(month) for key in keys)


def _key(found: str | ObjectInfo) -> str:
    """The key of a folder or an object."""
    return found if isinstance(found, str) else found.key


def _here(bucket: Bucket, folder: str) -> Iterator[ObjectInfo]:
    """The objects directly in a folder."""
    return (one for one in bucket.list_here(folder) if not isinstance(one, str))


def _beside_days(bucket: Bucket, folder: str, days: DayRange, years: list[str]) -> Objects:
    """What the folder of an account and region holds outside of `year/month/day/`.

    These are log files directly in it, and folders of other layouts, such as `2026-03-01/` and
    `year=2026/`, as far as their names do not lie outside of the days.

    Args:
        bucket: holds the folder.
        folder: of an account and region.
        days: that were listed.
        years: gets the folders of years in it.
    """
    for found in bucket.list_here(folder):
        name = _key(found)
        if _YEAR.match(name, len(folder)):
            years += [name] if isinstance(found, str) else []
            continue
        if not isinstance(found, str):
            yield found
        elif _touches(name[len(folder) :], days):
            yield from bucket.list_objects(name)


def _touches(name: str, days: DayRange) -> bool:
    """Whether a folder can hold days of a range, by its name; true if that names no day."""
    found = _LAYOUT.match(name)
    if found is None:
        return True
    parts = [part for part in found.groups() if part]
    first, last = (None if day is None else day.isoformat() for day in days)
    text = "-".join(parts)
    return not (
        (first is not None and text < first[: len(text)])
        or (last is not None and text > last[: len(text)])
    )


def _until(objects: Iterable[ObjectInfo], end: str | None) -> Iterator[ObjectInfo]:
    """Objects in the order of keys, up to a key."""
    for info in objects:
        if end is not None and info.key > end:
            return
        yield info


def _single(source: SourcePlan) -> Iterator[ObjectInfo]:
    """The one object that the user named."""
    folder, _, _ = source.prefix.rpartition("/")
    above = f"{folder}/" if folder else ""
    for info in source.bucket.list_here(source.prefix if source.is_remote else above):
        if not isinstance(info, str) and info.key == source.prefix:
            yield info
            return


def _planned(
    source: SourcePlan, request: ListingRequest, info: ObjectInfo, skipped: Skipped
) -> PlannedFile | None:
    """An object as a log file to read; None if it is skipped, which is counted."""
    trail = parse_key(info.key, len(source.prefix))
    if source.single:
        return PlannedFile(source.bucket, info, trail._replace(kind="log_file"))
    if info.odd or (trail.kind == "unknown" and info.size):
        return PlannedFile(source.bucket, info, trail._replace(kind="unknown"))
    if trail.kind == "unknown":
        skipped.others["empty"] += 1
    elif trail.kind != "log_file":
        skipped.others[trail.kind] += 1
    elif not request.scope.holds(trail.account_id, trail.region):
        skipped.outside_scope += 1
    elif not _in_window(trail, request.window):
        skipped.outside_window += 1
    else:
        return PlannedFile(source.bucket, info, trail)
    return None


def _in_window(trail: TrailKey, window: Window) -> bool:
    """Whether a log file can hold events delivered in the window; true if its time is unknown."""
    if trail.delivered is not None:
        early = shifted(trail.delivered, DELIVERY_MARGIN)
        starts = window.start is None or early >= window.start
        return starts and (window.end is None or trail.delivered < window.end)
    return trail.day is None or window.touches(trail.day)


def _leave_out_known(page: ListingPage, found: list[PlannedFile], request: ListingRequest) -> None:
    """Put the log files to read into a page; count those that the store has, and archived ones."""
    done = request.known.done(
        [
            LogFileId(one.bucket.name, key_text(one.info.key), one.info.etag, one.trail.day)
            for one in found
        ]
    )
    new = [one for one, is_done in zip(found, done, strict=True) if not is_done]
    page.known = len(found) - len(new)
    page.new = [one for one in new if request.restored or not one.info.archived]
    for one in new if len(page.new) < len(new) else ():
        if one.info.archived:
            page.skipped.archived.note(one.info)
