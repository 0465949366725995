"""Which folders of a source to list, found with as few requests as the layout allows.

A load and a validation walk a source with the same `Walker`, folder by folder. Of the folders that
CloudTrail delivers to (`…/123456789012/CloudTrail/`), only the regions in scope are listed, each
from the first day that the window needs to the last, with a request more for what lies in the
region's folder outside of days, and for each year and month in which the window begins or ends.
Folders of other services are skipped and named. A load lists every other folder too, so that log
files copied without their folders are found: with a request for each folder as long as they are
few, and a request for each 1,000 objects below folders that are deep or many.

A load lists all accounts for one range of days before it goes on to the next range, so that it
needs little of the store in memory at a time. A range is one listing that begins behind its first
day and ends with its last: it takes as few requests as its keys need, where one prefix a day would
take 30 requests for an account that is quiet for a month.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.aws.partitions import global_regions
from trailscan.buckets import LocalArchive, find_s3, list_folder
from trailscan.errors import NotFoundError
from trailscan.ingest.archived import Archived
from trailscan.location import parse_s3_uri
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.trail.keys import TrailKey
    from trailscan.window import Window

DELIVERY_MARGIN = timedelta(hours=1)
"""How long before a window's start the name of a log file in the window may lie: names run ahead of
delivery by minutes at most (wazuh #33108), and delivery follows the event."""

_RANGE_DAYS = 92
_RANGE_ROWS = 2_000_000
"""The most log files of the store in one range of days, unless a single day holds more."""

_REQUESTS_A_SECOND = 6000
"""How many responses two processors can handle; it limits the connections to a fast server."""

LOGS, DIGESTS = "CloudTrail", "CloudTrail-Digest"
"""The folders of an account in which CloudTrail puts log files and digests."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The accounts and regions to read; an empty set of either means all.

    Attributes:
        accounts: 12-digit account ids.
        regions: by default the regions that record Organizations events, one in each partition.
    """

    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = field(default_factory=lambda: frozenset(global_regions().values()))

    def holds(self, account_id: str | None, region: str | None) -> bool:
        """Whether an account and region are in scope; None stands for unknown and is in scope."""
        account = not self.accounts or account_id is None or account_id in self.accounts
        return account and (not self.regions or region is None or region in self.regions)


class PlannedFile(NamedTuple):
    """One log file to read."""

    bucket: Bucket
    info: ObjectInfo
    trail: TrailKey


@dataclass(slots=True)
class Skipped:
    """What a walk met and did not list as log files to read.

    Attributes:
        objects: how many objects were listed.
        others: objects that are not log files, counted by kind.
        elsewhere: kinds of other deliveries of AWS whose folders were not listed.
        outside_window: log files delivered outside the window.
        outside_scope: log files of other accounts or regions.
        regions_left_out: regions whose folders were not listed.
        accounts_left_out: accounts whose folders were not listed.
        failures: folders that could not be listed, one line each; their content is unknown.
        archived: new log files that must be restored before they can be read.
    """

    objects: int = 0
    others: Counter[str] = field(default_factory=Counter)
    elsewhere: set[str] = field(default_factory=set)
    outside_window: int = 0
    outside_scope: int = 0
    regions_left_out: set[str] = field(default_factory=set)
    accounts_left_out: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    archived: Archived = field(default_factory=Archived)

    @property
    def holds_something(self) -> bool:
        """Whether anything was there, in scope or not."""
        beside = self.elsewhere or self.regions_left_out or self.accounts_left_out
        return bool(self.objects - self.outside_window or beside)

    def add(self, more: Skipped) -> None:
        """Add what another part of the walk skipped."""
        self.objects += more.objects
        self.others.update(more.others)
        self.elsewhere |= more.elsewhere
        self.outside_window += more.outside_window
        self.outside_scope += more.outside_scope
        self.regions_left_out |= more.regions_left_out
        self.accounts_left_out |= more.accounts_left_out
        self.failures += more.failures
        self.archived.add(more.archived)


class DayRange(NamedTuple):
    """Delivery days from the first to the last, both included; None where there is no limit."""

    first: date | None = None
    last: date | None = None


class FolderListing(NamedTuple):
    """One listing that a load makes.

    Attributes:
        folder: what is listed.
        days: the days of it, if it is the folder of an account and region; None for any other.
        objects: which objects of it: those `here`, directly in it; `all` that it holds; of the
            folder of an account and region those in its `days`.
        beside: also what the folder holds outside of days, as far as it can be of these.
    """

    folder: str
    days: DayRange | None = None
    objects: Literal["here", "all", "days"] = "here"
    beside: DayRange | None = None


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One source, opened.

    Attributes:
        uri: as the user named it.
        bucket: holds its objects.
        prefix: a folder of the bucket (empty, or ending in `/`), or the key of one file.
        single: the source is one file, named by the user: it is read whatever its name.
        first_key: the first of its keys, of a bucket that was asked for it; None for others.
        has_digests: the source can hold digest files, so it can be validated.
        commit_often: reading the source again costs more than one more commit.
        note: what a reader of the summary should know about the source.
        missing: the part of the window that the source cannot have.
        moments: the log files of AWS STS of one instant, in a source that is not listed but asked;
            None for others.
        as_of: until when an inventory that lists it lacks nothing; None for one listed by itself.
        beyond: it is what an inventory of the same source does not have.
        opening_requests: how many objects were read to open it, which each load reads again.
    """

    uri: str
    bucket: Bucket
    prefix: str
    single: bool = False
    first_key: str | None = None
    has_digests: bool = True
    commit_often: bool = False
    note: str = ""
    missing: str = ""
    moments: Callable[[datetime], list[PlannedFile]] | None = None
    as_of: datetime | None = None
    beyond: bool = False
    opening_requests: int = 0

    @property
    def is_remote(self) -> bool:
        """Whether objects are read over a network, where many requests at a time pay off."""
        return self.bucket.is_remote

    def connections(self, least: int, most: int) -> int:
        """How many requests to make at a time, by how long the source takes to answer.

        More connections than keep the processors busy only take turns: on a server that answers at
        once, 64 threads need a fifth more processor time for the same log files than 8.
        """
        return min(most, max(least, round(self.bucket.delay * _REQUESTS_A_SECOND)))


def open_source(uri: str, options: AwsOptions) -> SourcePlan:
    """Open a folder, a file or an `s3://bucket/prefix`.

    Raises:
        NotFoundError: there is no such file, folder or bucket.
        AccessError: it may not be read.
    """
    if parse_s3_uri(uri):
        found = find_s3(uri, options)
        single = found.single
        return SourcePlan(uri, found.bucket, found.prefix, single, found.first, not single)
    path = Path(uri).expanduser().absolute()
    if not path.exists():
        raise NotFoundError(f"{uri} does not exist")
    key = path.resolve().as_posix().removeprefix("/")
    bucket = LocalArchive(path)
    if not path.is_dir():
        return SourcePlan(uri, bucket, key, single=True, has_digests=False)
    folder = f"{key}/" if key else ""
    list_folder(bucket, folder)  # raises if it may not be listed
    return SourcePlan(uri, bucket, folder)


def split_window(window: Window, held: Mapping[date, int], today: date) -> list[DayRange]:
    """A window of delivery time as ranges of days, the earliest first.

    Args:
        window: of delivery time; either end may be open.
        held: how many log files the store holds of each delivery day.
        today: decides only where ranges are cut.
    """
    first = None if window.start is None else shifted(window.start, -DELIVERY_MARGIN).date()
    last = None if window.end is None else window.end.date()
    cuts: set[date] = set()
    if first is not None:
        days = ((last or today) - first).days
        cuts.update(
            shifted(first, timedelta(days=n)) for n in range(_RANGE_DAYS, days, _RANGE_DAYS)
        )
    rows = 0
    for day in sorted(held):
        rows += held[day]
        if rows > _RANGE_ROWS:
            cuts.add(day)
            rows = held[day]
    begins = sorted(day for day in cuts if (not first or first < day) and (not last or day <= last))
    ends = [shifted(day, -timedelta(days=1)) for day in begins]
    return [DayRange(*pair) for pair in zip([first, *begins], [*ends, last], strict=True)]
