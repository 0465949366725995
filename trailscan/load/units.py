"""The parts of an archive that are validated by themselves: one account in one region each.

CloudTrail delivers to `…/account/CloudTrail/region/` and `…/account/CloudTrail-Digest/region/`,
whatever stands before. Both are listed at the same time as others; nothing else is looked into.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.errors import TrailscanError
from trailscan.trail.digest import DigestKey, parse_digest_key
from trailscan.trail.keys import parse_key
from trailscan.validate.chain import in_question
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.load.plan import Scope
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


def find_units(bucket: Bucket, folder: str, scope: Scope, failures: list[str]) -> Iterator[Unit]:
    """The units in a folder and all below it, in order; adds what could not be listed."""
    try:
        folders, _ = bucket.list_folder(folder)
    except TrailscanError as error:
        failures.append(str(error))
        return
    account = _ACCOUNT.search(folder)
    if account and {f"{folder}{_LOGS}", f"{folder}{_DIGESTS}"} & set(folders):
        if scope.holds(account[1], None):
            yield from _regions(bucket, folder, folders, account[1], scope, failures)
        return
    for inside in folders:
        if not _ELSEWHERE.search(inside):
            yield from find_units(bucket, inside, scope, failures)


def _regions(
    bucket: Bucket,
    folder: str,
    folders: list[str],
    account_id: str,
    scope: Scope,
    failures: list[str],
) -> Iterator[Unit]:
    """The units of one account."""
    found: dict[str, dict[str, str]] = {}
    for kind in (_LOGS, _DIGESTS):
        if f"{folder}{kind}" not in folders:
            continue
        try:
            regions, _ = bucket.list_folder(f"{folder}{kind}")
        except TrailscanError as error:
            failures.append(str(error))
            continue
        for inside in regions:
            if (region := _REGION.search(inside)) and scope.holds(None, region[1]):
                found.setdefault(region[1], {})[kind] = inside
    for name, places in sorted(found.items()):
        yield Unit(account_id, name, places.get(_LOGS), places.get(_DIGESTS))


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
