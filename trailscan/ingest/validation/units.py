"""The parts of an archive that are validated by themselves: one account in one region each.

CloudTrail delivers to `…/account/CloudTrail/region/` and `…/account/CloudTrail-Digest/region/`,
whatever stands before. Both are listed at the same time as others; nothing else is looked into.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from trailscan.errors import TrailscanError
from trailscan.parallel import in_order
from trailscan.trail.digest import DigestKey, parse_digest_key
from trailscan.trail.keys import parse_key
from trailscan.validate.chain import in_question
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.ingest.plan import Scope
    from trailscan.trail.digest import ChainName
    from trailscan.window import Window

_ACCOUNT = re.compile(r"(?:^|/)([0-9]{12})/$")
_REGION = re.compile(r"/([a-z0-9-]{5,30})/$")
_ELSEWHERE = re.compile(r"/(?:CloudTrail-[A-Za-z]+|Config|elasticloadbalancing|vpcflowlogs)/$")
_LOGS, _DIGESTS = "CloudTrail/", "CloudTrail-Digest/"
_USUAL = re.compile(
    r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{12}_CloudTrail_[a-z0-9-]{5,30}_([0-9]{8}T[0-9]{4}Z)_"
    r"[A-Za-z0-9]{16}\.json\.gz"
)
"""What stands behind the folder of a unit, as CloudTrail names it: told faster than another key."""
_A_DAY = timedelta(days=1)


class Unit(NamedTuple):
    """One account in one region.

    Attributes:
        account_id: by its folder.
        region: by its folder.
        logs: the folder of its log files, or None.
        digests: the folder of its digests, or None.
    """

    account_id: str
    region: str
    logs: str | None
    digests: str | None


class ListedDigest(NamedTuple):
    """A digest of a listing; `context`: just outside of the window."""

    info: ObjectInfo
    name: DigestKey
    context: bool


class ListedLogFile(NamedTuple):
    """A log file of a listing; `wanted`: delivered in the window, by its name."""

    info: ObjectInfo
    delivered: datetime | None
    wanted: bool


class _Looked(NamedTuple):
    """What is in a folder: the units of an account, or folders to look into; what went wrong."""

    units: list[Unit]
    below: list[str]
    failures: list[str]


def find_units(
    bucket: Bucket,
    folders: list[str],
    scope: Scope,
    failures: list[str],
    readers: Executor,
    ahead: int = 1,
) -> Iterator[Unit]:
    """The units in some folders and all below them, in order, `ahead` folders listed at a time.

    What could not be listed is added to the failures.
    """
    for found in in_order(readers, partial(_look_into, bucket, scope), folders, ahead):
        failures += found.failures
        yield from found.units
        yield from find_units(bucket, found.below, scope, failures, readers, ahead)


def _look_into(bucket: Bucket, scope: Scope, folder: str) -> _Looked:
    """What is in a folder."""
    failures: list[str] = []
    folders = _folders(bucket, folder, failures)
    account = _ACCOUNT.search(folder)
    kinds = {kind: f"{folder}{kind}" for kind in (_LOGS, _DIGESTS) if f"{folder}{kind}" in folders}
    if not account or not kinds:
        below = [inside for inside in folders if not _ELSEWHERE.search(inside)]
        return _Looked([], below, failures)
    if not scope.holds(account[1], None):
        return _Looked([], [], failures)
    found: dict[str, dict[str, str]] = {}
    for kind, where in kinds.items():
        for inside in _folders(bucket, where, failures):
            if (region := _REGION.search(inside)) and scope.holds(None, region[1]):
                found.setdefault(region[1], {})[kind] = inside
    units = [
        Unit(account[1], name, places.get(_LOGS), places.get(_DIGESTS))
        for name, places in sorted(found.items())
    ]
    return _Looked(units, [], failures)


def _folders(bucket: Bucket, folder: str, failures: list[str]) -> list[str]:
    """The folders in a folder; none, and a failure more, when it cannot be listed."""
    try:
        return bucket.list_folder(folder)[0]
    except TrailscanError as error:
        failures.append(str(error))
        return []


def list_digests(bucket: Bucket, folder: str, window: Window) -> list[ListedDigest]:
    """The digests of a unit that a window asks for, and per chain the next one on either side.

    Raises:
        TrailscanError: the folder could not be listed.
    """
    before: dict[ChainName, ListedDigest] = {}
    found: list[ListedDigest] = []
    after: dict[ChainName, ListedDigest] = {}
    for info in _list_days(bucket, folder, window):
        name = parse_digest_key(info.key)
        if name is None:
            continue
        if in_question(name.end, window):
            found.append(ListedDigest(info, name, context=False))
        elif window.start is not None and name.end < window.start:
            _keep(before, ListedDigest(info, name, context=True), latest=True)
        else:
            _keep(after, ListedDigest(info, name, context=True), latest=False)
    return [*before.values(), *found, *after.values()]


def list_log_files(bucket: Bucket, folder: str, window: Window) -> list[ListedLogFile]:
    """The log files of a unit from the days of a window on.

    Raises:
        TrailscanError: the folder could not be listed.
    """
    found = []
    for info in _list_days(bucket, folder, window):
        if usual := _USUAL.fullmatch(info.key, len(folder)):
            delivered = _delivered(usual[1])
        elif (trail := parse_key(info.key)).kind == "log_file":
            delivered = trail.delivered
        else:
            continue
        wanted = delivered is None or delivered in window
        found.append(ListedLogFile(info, delivered, wanted))
    return found


@lru_cache(maxsize=4096)
def _delivered(text: str) -> datetime | None:
    """`20261122T1405Z` as an instant; accounts and regions share these."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _list_days(bucket: Bucket, folder: str, window: Window) -> Iterator[ObjectInfo]:
    """What is in the folders of the days that a window touches, and of a day on either side.

    Where to begin and end is told by folders alone: the name of an object is its writer's choice,
    and must not hide what comes behind it.
    """
    first = last = None
    if window.start is not None:
        first = f"{folder}{shifted(window.start, -_A_DAY):%Y/%m/%d}"
    if window.end is not None:
        last = f"{folder}{shifted(window.end, _A_DAY):%Y/%m/%d}0"  # behind that day's "/"
    for info in bucket.list_objects(folder, first):
        if last is not None and info.key > last:
            return
        yield info


def _keep(found: dict[ChainName, ListedDigest], one: ListedDigest, *, latest: bool) -> None:
    """Keep of each chain the latest or the earliest digest."""
    known = found.get(one.name.chain)
    if known is None or (one.name.end > known.name.end) is latest:
        found[one.name.chain] = one
