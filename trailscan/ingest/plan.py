"""Which folders of a source to list, found with as few requests as the layout allows.

A source is looked through folder by folder. Where a folder is a trail's (`…/CloudTrail/`), only the
regions in scope are listed, each from the day that the window needs to its last; folders of digests
and of other services are left alone. Whatever lies elsewhere is looked at file by file, so that log
files copied without their folders are found too.

Accounts are listed a span of days after another, so that what must be known of the store at a time
stays small. A span is listed behind its first day and up to its last: as few requests as its keys
need, where one prefix a day would ask 30 times of an account that is quiet for a month.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trailscan.buckets import LocalBucket, find_s3
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.location import EVENT_HISTORY, LOCAL
from trailscan.store.paths import MARKER, STORE_FOLDERS
from trailscan.trail.keys import ORGANIZATIONS_REGIONS, TrailKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.window import Window

    Look = Callable[[Callable[[str], "_Looked"], Iterable[str]], Iterator["_Looked"]]

DELIVERY_MARGIN = timedelta(hours=1)
"""How long before a window's start, by its name, a log file may still be wanted: names run ahead of
delivery by minutes at most (wazuh #33108), and delivery follows the event."""

_SPAN_DAYS = 92
_SPAN_ROWS = 2_000_000
"""How many log files that the store knows lie in a span at most, unless one day holds more."""

_REQUESTS_A_SECOND = 6000
"""What two processors can do with the answers, so as many connections a second of waiting."""

_ACCOUNT = re.compile(r"(?:^|/)(\d{12})/$")
_ELSEWHERE = re.compile(r"/(?:CloudTrail-[A-Za-z]+|Config|elasticloadbalancing|vpcflowlogs)/$")
_TRAIL_FOLDER = re.compile(r"(?:^|/)\d{12}/CloudTrail/$")
_REGION = re.compile(r"/([a-z0-9-]{5,30})/$")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts and regions to read; an empty set of either means all.

    Attributes:
        accounts: 12-digit account ids.
        regions: by default those in which a partition writes Organizations events.
    """

    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset(ORGANIZATIONS_REGIONS.values())

    def holds(self, account_id: str | None, region: str | None) -> bool:
        """Whether both are in scope; what is unknown is."""
        account = not self.accounts or account_id is None or account_id in self.accounts
        return account and (not self.regions or region is None or region in self.regions)


class PlannedFile(NamedTuple):
    """One log file to read."""

    bucket: Bucket
    info: ObjectInfo
    trail: TrailKey


@dataclass(slots=True)
class Walked:
    """What was met besides the log files to read: counts of objects, and what was left out.

    Attributes:
        failures: folders that could not be listed, one line each: what is in them is not known.
    """

    others: Counter[str] = field(default_factory=Counter)
    outside_window: int = 0
    outside_scope: int = 0
    regions_left_out: set[str] = field(default_factory=set)
    accounts_left_out: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)

    def add(self, more: Walked) -> None:
        """What was met elsewhere too."""
        self.others.update(more.others)
        self.outside_window += more.outside_window
        self.outside_scope += more.outside_scope
        self.regions_left_out |= more.regions_left_out
        self.accounts_left_out |= more.accounts_left_out
        self.failures += more.failures


class Span(NamedTuple):
    """Delivery days, both ends in it; None where there is no end."""

    first: date | None = None
    last: date | None = None


class Unit(NamedTuple):
    """One listing.

    Attributes:
        folder: what is listed.
        span: the days of it, if it is the folder of an account and region; None for any other,
            of which only what is directly in it is listed.
    """

    folder: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One source ready to be looked through.

    Attributes:
        uri: as the user named it.
        bucket: where it is.
        prefix: where in it.
        single: it is one file, named by the user: read whatever its name.
        note: what a reader of the summary should know of it.
        missing: what of the window asked for it cannot have.
    """

    uri: str
    bucket: Bucket
    prefix: str
    single: bool = False
    note: str = ""
    missing: str = ""

    @property
    def is_s3(self) -> bool:
        """Whether it is an S3 bucket."""
        return self.bucket.name not in (LOCAL, EVENT_HISTORY)

    def connections(self, least: int, most: int) -> int:
        """How many requests to have on their way at a time, by how long the source takes to answer.

        More than keep the processors busy only take turns: on a server that answers at once, 64
        threads need a fifth more processor time for the same log files than 8.
        """
        return min(most, max(least, round(self.bucket.delay * _REQUESTS_A_SECOND)))

    @property
    def is_slow(self) -> bool:
        """Whether reading again what was read costs more than one more commit."""
        return self.bucket.name == EVENT_HISTORY


def open_source(uri: str, options: AwsOptions) -> SourcePlan:
    """A folder, a file or an `s3://bucket/prefix`, found to be there.

    Raises:
        NotFoundError: there is no such file, folder or bucket.
        AccessError: it may not be read.
    """
    if uri.startswith("s3://"):
        found = find_s3(uri, options)
        return SourcePlan(uri, found.bucket, found.prefix, found.single)
    path = Path(uri).expanduser().absolute()
    if not path.exists():
        raise NotFoundError(f"{uri} does not exist")
    key = path.resolve().as_posix().removeprefix("/")
    bucket = LocalBucket(Path("/"))
    if not path.is_dir():
        return SourcePlan(uri, bucket, key, single=True)
    folder = f"{key}/" if key else ""
    bucket.list_folder(folder)  # may it be?
    return SourcePlan(uri, bucket, folder)


def split_window(window: Window, held: Mapping[date, int], today: date) -> list[Span]:
    """A window of delivery time as spans of days, the earliest first.

    Args:
        window: both its ends may be open.
        held: how many log files the store holds of each delivery day.
        today: decides nothing but where spans are cut.
    """
    first = None if window.start is None else (window.start - DELIVERY_MARGIN).date()
    last = None if window.end is None else window.end.date()
    cuts: set[date] = set()
    if first is not None:
        days = ((last or today) - first).days
        cuts.update(first + timedelta(days=n) for n in range(_SPAN_DAYS, days, _SPAN_DAYS))
    rows = 0
    for day in sorted(held):
        rows += held[day]
        if rows > _SPAN_ROWS:
            cuts.add(day)
            rows = held[day]
    begins = sorted(day for day in cuts if (not first or first < day) and (not last or day <= last))
    ends = [day - timedelta(days=1) for day in begins]
    return [Span(*ends_of) for ends_of in zip([first, *begins], [*ends, last], strict=True)]


@dataclass(slots=True)
class Found:
    """What is known of the folders of a source.

    Attributes:
        regions: folders of an account and region in scope.
        others: folders that hold objects and are none.
        below: folders that were not looked into.
    """

    below: list[str]
    regions: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def units(self, spans: Iterable[Span]) -> list[Unit]:
        """Their listings, in order."""
        elsewhere = [Unit(folder) for folder in sorted(self.others)]
        return elsewhere + [Unit(folder, span) for span in spans for folder in sorted(self.regions)]


def look_through(
    bucket: Bucket,
    folder: str,
    scope: Scope,
    walked: Walked,
    look: Look = map,
    most: int | None = None,
) -> Found:
    """The folders that hold every log file in scope, found level by level.

    Args:
        bucket: where they are.
        folder: from which on.
        scope: accounts and regions.
        walked: is told of what is left out, and of folders that could not be looked into.
        look: how several folders are looked into: `map`, or that of a pool of threads.
        most: at a level of more folders than that, leave them to others.
    """
    known = Found([folder])
    while known.below and (most is None or len(known.below) <= most):
        level, known.below = known.below, []
        looked = look(lambda folder: _look_into(bucket, folder), level)
        for above, found in zip(level, looked, strict=True):
            if found.failure is not None:
                walked.failures.append(found.failure)
            if found.is_store:
                walked.others["store"] += 1
            if found.holds_objects:
                known.others.append(above)
            for inside in found.folders:
                _sort_folder(inside, above, scope, walked, known)
    return known


class _Looked(NamedTuple):
    """What is directly in a folder."""

    folders: list[str]
    holds_objects: bool = False
    is_store: bool = False
    failure: str | None = None


def _look_into(bucket: Bucket, folder: str) -> _Looked:
    """What is directly in a folder, but for a store; as far as it can be listed."""
    folders: list[str] = []
    holds_objects = is_store = False
    failure = None
    try:
        for found in bucket.list_here(folder):
            if isinstance(found, str):
                folders.append(found)
            elif found.key == folder + MARKER:
                is_store = True
            else:
                holds_objects = True
    except TrailscanError as error:
        failure = str(error)
    if is_store:
        names = {f"{folder}{name}/" for name in STORE_FOLDERS}
        folders = [inside for inside in folders if inside not in names]
    return _Looked(folders, holds_objects, is_store, failure)


def _sort_folder(folder: str, above: str, scope: Scope, walked: Walked, known: Found) -> None:
    """Put a folder among those of regions to be listed, those to be looked into, or neither."""
    if _TRAIL_FOLDER.search(above) and (region := _REGION.search(folder)):
        if scope.holds(None, region[1]):
            known.regions.append(folder)
        else:
            walked.regions_left_out.add(region[1])
    elif _ELSEWHERE.search(folder):
        pass
    elif (account := _ACCOUNT.search(folder)) and not scope.holds(account[1], None):
        walked.accounts_left_out.add(account[1])
    else:
        known.below.append(folder)
