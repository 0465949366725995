"""The grammar of the S3 keys under which CloudTrail delivers.

Log files stand at `[prefix/]AWSLogs/[o-id/]account/CloudTrail/region/YYYY/MM/DD/name.json.gz`
(docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html); Control
Tower and people's copies put other folders before, between or instead of these, so everything but
the file's own name is optional.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import NamedTuple

from trailscan.trail.deliveries import is_marker, service_named, service_of

_NAME = re.compile(
    r"(?P<account>[0-9]{12})_CloudTrail_(?P<region>[a-z0-9-]{5,30}?)[_-]"
    r"(?P<time>[0-9]{8}T[0-9]{4}Z)_?[A-Za-z0-9]{0,16}\.json(?:\.gz)?"
)
_FOLDERS = re.compile(
    r"(?:(?:.*/)?(?P<organization>o-[a-z0-9]{10,32})/|(?:.*/)?)(?P<account>[0-9]{12})/CloudTrail/"
    r"(?P<region>[a-z0-9-]{5,30})/[0-9]{4}/[0-9][0-9]/[0-9][0-9]"
)
_REST = re.compile(r"([0-9]{8}T[0-9]{4}Z)_[A-Za-z0-9]{16}\.json\.gz")
"""Where CloudTrail delivers, and what follows on account and region in the name of a log file."""

METADATA_SUFFIX = ".metadata.json"
"""The suffix of the file that holds the S3 metadata of a copied object: `<key>.metadata.json`, as
`aws s3api head-object` prints them."""

PUBLIC_KEYS = "public-keys.json"
"""The file of an archive with the output of `aws cloudtrail list-public-keys`."""

_DAY = re.compile(r"(?:^|/)([0-9]{4})/([0-9][0-9])/([0-9][0-9])/[^/]*$")
_IN_TRAIL = re.compile(
    r"(?:^|/)(?:(?P<organization>o-[a-z0-9]{10,32})/)?(?P<account>[0-9]{12})"
    r"/CloudTrail/(?P<region>[a-z0-9-]{5,30})/"
)
_READABLE = re.compile(r"\.(?:json|jsonl|ndjson|log)(?:\.gz)?$|\.gz$", re.IGNORECASE)


class TrailKey(NamedTuple):
    """The parts of a key; None for what the key does not say.

    Attributes:
        kind: `log_file` for whatever may hold records by its name; `unknown` if only the first
            bytes can tell; `marker` for a file system's own; `metadata` for files that trailscan
            reads beside log files; `digest` and so on for what else AWS delivers
            (`trail.deliveries`).
        account_id: the account whose events the file holds.
        region: where they were written; global services' stand in one region of the partition.
        delivered: when CloudTrail delivered it, to the minute, UTC. Events in it are older, and
            S3 may show the file some minutes before or after.
        day: the delivery day, from the name or from its folders.
    """

    kind: str
    organization_id: str | None = None
    account_id: str | None = None
    region: str | None = None
    delivered: datetime | None = None
    day: date | None = None


def parse_key(key: str, source_length: int = 0) -> TrailKey:
    """Parse a key. Never fails: an object with an unknown name is of the kind `unknown`.

    Args:
        key: of the object.
        source_length: how much of the key is the source: folders above it do not make an object of
            another service, but they name the account and region of a log file.
    """
    folders, _, name = key.rpartition("/")
    if (delivery := _delivery(folders)) and name.startswith(delivery.start):
        rest = _REST.fullmatch(name, len(delivery.start))
        if rest and (when := _instant(rest[1])):
            return TrailKey(
                "log_file", delivery.organization, delivery.account, delivery.region, *when
            )
    if other := _other_kind(key, name, source_length):
        return TrailKey(other)
    found = _NAME.fullmatch(name)
    in_trail = _IN_TRAIL.search(f"{folders}/")
    if found is None and not _may_hold_records(name):
        return TrailKey("unknown")
    if found is None and in_trail is None:
        elsewhere = "/AWSLogs/" in f"/{key[source_length:]}"
        return TrailKey("unknown" if elsewhere else "log_file")
    delivered, day = (_instant(found["time"]) if found else None) or (None, None)
    named = found or in_trail
    return TrailKey(
        "log_file",
        organization_id=in_trail["organization"] if in_trail else None,
        account_id=named["account"] if named else None,
        region=named["region"] if named else None,
        delivered=delivered,
        day=day or _folder_day(key),
    )


class _Delivery(NamedTuple):
    """What the folders of a log file as CloudTrail delivers it say, and how its name starts."""

    start: str
    organization: str | None
    account: str
    region: str


@lru_cache(maxsize=4096)
def _delivery(folders: str) -> _Delivery | None:
    """The folders of a log file, or None; the log files of a day are listed together."""
    found = _FOLDERS.fullmatch(folders)
    if found is None:
        return None
    organization, account, region = found.group("organization", "account", "region")
    start = f"{account}_CloudTrail_{region}_"
    return _Delivery(
        start, organization and sys.intern(organization), *map(sys.intern, (account, region))
    )


def _other_kind(key: str, name: str, source_length: int) -> str | None:
    """The kind of an object that is not a log file by its name or folders, or None."""
    if other := service_named(name) or service_of(key, source_length):
        return other
    if is_marker(name):
        return "marker"
    return "metadata" if name.endswith(METADATA_SUFFIX) or name == PUBLIC_KEYS else None


def _may_hold_records(name: str) -> bool:
    """Whether the name is one of a readable file; not that of AppleDouble's files of macOS."""
    return _READABLE.search(name) is not None and not name.startswith("._")


def is_log_file_name(*keys: str) -> bool:
    """Whether one of these files has the name that CloudTrail gives to log files."""
    return any(_NAME.fullmatch(key.rpartition("/")[2]) for key in keys)


@lru_cache(maxsize=4096)
def _instant(text: str) -> tuple[datetime, date] | None:
    """`20261122T1405Z` as an instant and its day, or None if it is not a date."""
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
        clock = time(int(text[9:11]), int(text[11:13]), tzinfo=UTC)
    except ValueError:
        return None
    return datetime.combine(day, clock), day


def _folder_day(key: str) -> date | None:
    """The day in the folders of a key, or None."""
    found = _DAY.search(key)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None
