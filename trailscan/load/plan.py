"""Which log files of a source to read, found with as few listings as the layout allows.

A source is walked folder by folder. Where a folder is a trail's (`…/CloudTrail/`), only the
regions in scope are listed, each from the day that the window needs; folders of digests and of
other services are left alone. Whatever lies elsewhere is looked at file by file, so that log files
copied without their folders are found too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trailscan.buckets import LocalBucket, find_s3
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.location import EVENT_HISTORY, LOCAL
from trailscan.store.layout import MARKER, STORE_FOLDERS
from trailscan.trail.keys import ORGANIZATIONS_REGIONS, TrailKey, parse_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.window import Window

DELIVERY_MARGIN = timedelta(hours=1)
"""How long before a window's start, by its name, a log file may still be wanted: names run ahead of
delivery by minutes at most (wazuh #33108), and delivery follows the event."""

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
    """What a walk met besides the log files it gives: counts of objects, and what was left out.

    Attributes:
        failures: folders that could not be listed, one line each: what is in them is not known.
    """

    others: Counter[str] = field(default_factory=Counter)
    outside_window: int = 0
    outside_scope: int = 0
    regions_left_out: set[str] = field(default_factory=set)
    accounts_left_out: set[str] = field(default_factory=set)
    folders_left_out: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One source ready to be walked.

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


def walk(source: SourcePlan, scope: Scope, window: Window, walked: Walked) -> Iterator[PlannedFile]:
    """The log files of a source that lie in scope and window, in order of folders and names.

    Args:
        source: from `open_source`.
        scope: accounts and regions.
        window: of delivery time; a log file whose name gives no time is always in it.
        walked: is told of everything else that was met, and of folders that could not be listed:
            those cost nothing else.
    """
    if source.single:
        folder, _, _ = source.prefix.rpartition("/")
        _, found = _list_folder(source.bucket, f"{folder}/" if folder else "", walked)
        for info in found:
            if info.key == source.prefix:
                kind = parse_key(info.key)._replace(kind="log_file")
                yield PlannedFile(source.bucket, info, kind)
        return
    for info, trail in _walk_folder(source.bucket, source.prefix, scope, window, walked):
        if trail.kind != "log_file":
            walked.others[trail.kind] += 1
        elif not scope.holds(trail.account_id, trail.region):
            walked.outside_scope += 1
        elif not _in_window(trail, window):
            walked.outside_window += 1
        else:
            yield PlannedFile(source.bucket, info, trail)


def _walk_folder(
    bucket: Bucket, prefix: str, scope: Scope, window: Window, walked: Walked
) -> Iterator[tuple[ObjectInfo, TrailKey]]:
    """Every object under a prefix that may be wanted."""
    folders, objects = _list_folder(bucket, prefix, walked)
    if any(info.key == prefix + MARKER for info in objects):
        folders, objects = _without_store(prefix, folders, objects)
        walked.others["store"] += 1
    yield from ((info, parse_key(info.key)) for info in objects)
    for folder in folders:
        if _TRAIL_FOLDER.search(prefix) and (region := _REGION.search(folder)):
            yield from _walk_region(bucket, folder, region[1], scope, window, walked)
        elif _ELSEWHERE.search(folder):
            walked.folders_left_out[folder.rstrip("/").rpartition("/")[2]] += 1
        elif (account := _ACCOUNT.search(folder)) and not scope.holds(account[1], None):
            walked.accounts_left_out.add(account[1])
        else:
            yield from _walk_folder(bucket, folder, scope, window, walked)


def _without_store(
    prefix: str, folders: list[str], objects: list[ObjectInfo]
) -> tuple[list[str], list[ObjectInfo]]:
    """A folder without what belongs to the store that stands in it."""
    names = {f"{prefix}{name}/" for name in STORE_FOLDERS}
    left = [folder for folder in folders if folder not in names]
    return left, [info for info in objects if info.key != prefix + MARKER]


def _list_folder(bucket: Bucket, folder: str, walked: Walked) -> tuple[list[str], list[ObjectInfo]]:
    """What is directly in a folder; nothing when it cannot be listed."""
    try:
        return bucket.list_folder(folder)
    except TrailscanError as error:
        walked.failures.append(str(error))
        return [], []


def _list_objects(
    bucket: Bucket, folder: str, after: str | None, walked: Walked
) -> Iterator[ObjectInfo]:
    """Everything in a folder, as far as it can be listed."""
    try:
        yield from bucket.list_objects(folder, after)
    except TrailscanError as error:
        walked.failures.append(str(error))


def _walk_region(
    bucket: Bucket, folder: str, region: str, scope: Scope, window: Window, walked: Walked
) -> Iterator[tuple[ObjectInfo, TrailKey]]:
    """The objects of one account and region, from the first day that the window needs."""
    if not scope.holds(None, region):
        walked.regions_left_out.add(region)
        return
    after = None
    if window.start is not None:
        after = f"{folder}{(window.start - DELIVERY_MARGIN):%Y/%m/%d}"
    for info in _list_objects(bucket, folder, after, walked):
        trail = parse_key(info.key)
        day = trail.day
        if day is not None and window.end is not None and day > window.end.date():
            walked.outside_window += 1
            if after is not None:
                return
            continue
        yield info, trail


def _in_window(trail: TrailKey, window: Window) -> bool:
    """Whether a log file delivered then may be wanted; one of unknown time always may."""
    if trail.delivered is not None:
        early = trail.delivered + DELIVERY_MARGIN
        starts = window.start is None or early >= window.start
        return starts and (window.end is None or trail.delivered < window.end)
    return trail.day is None or window.touches(trail.day)
