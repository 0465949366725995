"""The units of an archive, each validated by itself: one account in one region.

CloudTrail delivers to `…/account/CloudTrail/region/` and `…/account/CloudTrail-Digest/region/`,
with any prefix.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.ingest.plan import DIGESTS, LOGS, Skipped
from trailscan.ingest.walk import Walker
from trailscan.location import key_text
from trailscan.trail.digest import DigestKey, parse_digest_key
from trailscan.trail.keys import parse_key
from trailscan.validate.chain import in_question
from trailscan.window import day_path, shifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.ingest.plan import Scope
    from trailscan.ingest.walk import Map
    from trailscan.trail.digest import ChainName
    from trailscan.window import Window

_ACCOUNT_DIGITS = 12
_USUAL = re.compile(
    r"[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{12}_CloudTrail_[a-z0-9-]{5,30}_([0-9]{8}T[0-9]{4}Z)_"
    r"[A-Za-z0-9]{16}\.json\.gz"
)
"""The usual name of a log file below the folder of a unit: faster to parse than any other key."""
_A_DAY = timedelta(days=1)
_PLACE = re.compile(r"((?:.*?/)?[0-9]{12}/)CloudTrail(?:-Digest)?/([a-z0-9-]{5,30})/")
_APPLE_DOUBLE = "._"  # RFC 1740: what a Mac leaves beside a file on another file system


class Unit(NamedTuple):
    """One account in one region.

    Attributes:
        account_id: by its folder.
        region: by its folder.
        logs: the folder of its log files, or None.
        digests: the folder of its digests, or None.
        known_place: where it was, if neither folder is listed any more.
    """

    account_id: str
    region: str
    logs: str | None
    digests: str | None
    known_place: UnitPlace | None = None

    @property
    def place(self) -> UnitPlace | None:
        """Where it is, as the keys of its log files and digests say."""
        folder = self.logs or self.digests
        return self.known_place if folder is None else place_of(key_text(f"{folder}x"))


class UnitPlace(NamedTuple):
    """Where a unit is: the folder of its account, and its region."""

    account: str
    region: str

    @property
    def account_id(self) -> str:
        """The account, by its folder."""
        return self.account[-_ACCOUNT_DIGITS - 1 : -1]


def place_of(key: str) -> UnitPlace | None:
    """The unit to which a log file or digest of this key belongs; None outside of all."""
    return _place_of_folder(key.rpartition("/")[0])


@lru_cache(maxsize=4096)
def _place_of_folder(folder: str) -> UnitPlace | None:
    """The unit to which a folder belongs; cached, since many keys share one."""
    found = _PLACE.match(f"{folder}/")
    return UnitPlace(found[1], found[2]) if found else None


class ListedDigest(NamedTuple):
    """A digest of a listing; `context`: it is the next one outside the window."""

    info: ObjectInfo
    name: DigestKey
    context: bool


class ListedLogFile(NamedTuple):
    """A log file of a listing; `in_window`: its name does not say that it is outside the window."""

    info: ObjectInfo
    delivered: datetime | None
    in_window: bool


def find_units(  # two lists that it fills
    bucket: Bucket,
    prefix: str,
    scope: Scope,
    failures: list[str],
    look: Map = map,
    others: list[str] | None = None,
) -> list[Unit]:
    """The units below a prefix, in the order of their folders.

    Args:
        bucket: the archive.
        prefix: where to begin.
        scope: accounts and regions.
        failures: gets a line for each folder that could not be listed.
        look: applies a function to several folders: `map`, or that of a pool of threads.
        others: gets every other folder that holds objects.
    """
    skipped = Skipped()
    folders = Walker(bucket, scope, (LOGS, DIGESTS)).walk(prefix, skipped, look)
    failures += skipped.failures
    if others is not None:
        others += sorted(folders.others)
    found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for folder in folders.regions:
        account_folder, kind, region = folder[:-1].rsplit("/", 2)
        found[account_folder, region][kind] = folder
    return [
        Unit(account_folder[-_ACCOUNT_DIGITS:], region, kinds.get(LOGS), kinds.get(DIGESTS))
        for (account_folder, region), kinds in sorted(found.items())
    ]


def list_digests(bucket: Bucket, folder: str, window: Window) -> list[ListedDigest]:
    """The digests of a unit in a window, and of each chain the next one on either side.

    Raises:
        TrailscanError: the folder could not be listed.
    """
    before: dict[ChainName, ListedDigest] = {}
    found: list[ListedDigest] = []
    after: dict[ChainName, ListedDigest] = {}
    for info in _list_days(bucket, folder, window):
        name = parse_digest_key(info.key)
        if name is None or is_apple_double(info.key):
            continue
        if in_question(name.end, window):
            found.append(ListedDigest(info, name, context=False))
        elif window.start is not None and name.end < window.start:
            _set_nearest(before, ListedDigest(info, name, context=True), latest=True)
        else:
            _set_nearest(after, ListedDigest(info, name, context=True), latest=False)
    return [*before.values(), *found, *after.values()]


def list_log_files(bucket: Bucket, folder: str, window: Window) -> list[ListedLogFile]:
    """The log files of a unit from the days of a window, and from a day on either side.

    Raises:
        TrailscanError: the folder could not be listed.
    """
    found = []
    for info in _list_days(bucket, folder, window):
        if usual := _USUAL.fullmatch(info.key, len(folder)):
            delivered = _delivered(usual[1])
        elif (trail := parse_key(info.key)).kind == "log_file" and not is_apple_double(info.key):
            delivered = trail.delivered
        else:
            continue
        in_window = delivered is None or delivered in window
        found.append(ListedLogFile(info, delivered, in_window))
    return found


def is_apple_double(key: str) -> bool:
    """Whether a key is one of a file that a Mac left beside another one."""
    return key.rpartition("/")[2].startswith(_APPLE_DOUBLE)


@lru_cache(maxsize=4096)
def _delivered(text: str) -> datetime | None:
    """`20261122T1405Z` as an instant; cached, since accounts and regions share the minutes."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _list_days(bucket: Bucket, folder: str, window: Window) -> Iterator[ObjectInfo]:
    """The objects in the folders of the days of a window, and of a day on either side.

    Only folders decide where to begin and end: whoever writes an object chooses its name, and that
    name must not hide the objects behind it.
    """
    first = last = None
    if window.start is not None:
        first = f"{folder}{day_path(shifted(window.start, -_A_DAY))}"
    if window.end is not None:
        last = f"{folder}{day_path(shifted(window.end, _A_DAY))}0"  # behind that day's "/"
    for info in bucket.list_objects(folder, first):
        if last is not None and info.key > last:
            return
        yield info


def _set_nearest(
    nearest: dict[ChainName, ListedDigest], digest: ListedDigest, *, latest: bool
) -> None:
    """Keep the latest or the earliest digest of each chain."""
    known = nearest.get(digest.name.chain)
    if known is None or (digest.name.end > known.name.end) is latest:
        nearest[digest.name.chain] = digest
