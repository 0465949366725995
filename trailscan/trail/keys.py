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
from typing import Literal, NamedTuple

ObjectKind = Literal["log_file", "digest", "insight", "aggregated", "lake", "other"]

ORGANIZATIONS_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-northwest-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}
"""Partition -> the region in which it writes Organizations events (botocore's endpoints.json)."""

_NAME = re.compile(
    r"(?P<account>[0-9]{12})_CloudTrail_(?P<region>[a-z0-9-]{5,30}?)[_-]"
    r"(?P<time>[0-9]{8}T[0-9]{4}Z)_?[A-Za-z0-9]{0,16}\.json(?:\.gz)?"
)
_DELIVERED = re.compile(
    r"(?:(?:.*/)?(?P<organization>o-[a-z0-9]{10,32})/|(?:.*/)?)(?P<account>[0-9]{12})/CloudTrail/"
    r"(?P<region>[a-z0-9-]{5,30})/[0-9]{4}/[0-9][0-9]/[0-9][0-9]/(?P=account)_CloudTrail_(?P=region)_"
    r"(?P<time>[0-9]{8}T[0-9]{4}Z)_[A-Za-z0-9]{16}\.json\.gz"
)
METADATA_SUFFIX = ".metadata.json"
"""The suffix of the file that holds the S3 metadata of a copied object: `<key>.metadata.json`, as
`aws s3api head-object` prints them."""

PUBLIC_KEYS = "public-keys.json"
"""The file of an archive with the output of `aws cloudtrail list-public-keys`."""

_FOLDERS = {
    "CloudTrail-Digest": "digest",
    "CloudTrail-Insight": "insight",
    "CloudTrail-Aggregated": "aggregated",
    "CloudTrail-Lake": "lake",
}
_OTHER_NAME = re.compile(r"[0-9]{12}_(CloudTrail-(?:Digest|Insight|Aggregated))_")
_DAY = re.compile(r"(?:^|/)([0-9]{4})/([0-9][0-9])/([0-9][0-9])/[^/]*$")
_IN_TRAIL = re.compile(
    r"(?:^|/)(?:(?P<organization>o-[a-z0-9]{10,32})/)?(?P<account>[0-9]{12})"
    r"/CloudTrail/(?P<region>[a-z0-9-]{5,30})/"
)
_READABLE = re.compile(r"\.(?:json|jsonl|ndjson|log)(?:\.gz)?$|\.gz$", re.IGNORECASE)


class TrailKey(NamedTuple):
    """The parts of a key; None for what the key does not say.

    Attributes:
        kind: what was delivered; `log_file` for whatever may hold records.
        account_id: the account whose events the file holds.
        region: where they were written; global services' stand in one region of the partition.
        delivered: when CloudTrail delivered it, to the minute, UTC. Events in it are older, and
            S3 may show the file some minutes before or after.
        day: the delivery day, from the name or from its folders.
    """

    kind: ObjectKind
    organization_id: str | None = None
    account_id: str | None = None
    region: str | None = None
    delivered: datetime | None = None
    day: date | None = None


def parse_key(key: str) -> TrailKey:
    """Parse a key. Never fails: an object with an unknown name is of the kind `other`."""
    if (whole := _DELIVERED.fullmatch(key)) and (when := _instant(whole["time"])):
        organization, account, region = map(
            _shared, whole.group("organization", "account", "region")
        )
        return TrailKey("log_file", organization, account, region, *when)
    folders, _, name = key.rpartition("/")
    if other := _delivered_otherwise(folders, name):
        return TrailKey(other)
    if name.endswith(METADATA_SUFFIX):
        return TrailKey("other")
    found = _NAME.fullmatch(name)
    in_trail = _IN_TRAIL.search(f"{folders}/")
    if found is None and in_trail is None:
        return TrailKey("log_file" if _may_hold_records(folders, name) else "other")
    if found is None and not _READABLE.search(name):
        return TrailKey("other")
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


def _delivered_otherwise(folders: str, name: str) -> ObjectKind | None:
    """The kind of a CloudTrail object that is not a log file, or None."""
    if other := _OTHER_NAME.match(name):
        return _FOLDERS[other[1]]  # type: ignore[return-value]  # the table's values are kinds
    for folder in folders.split("/"):
        if folder in _FOLDERS:
            return _FOLDERS[folder]  # type: ignore[return-value]  # the same
    return None


def _may_hold_records(folders: str, name: str) -> bool:
    """Whether an object whose name is not one of CloudTrail's is worth reading.

    Below `AWSLogs/` other services deliver too (Config, load balancers), under their own folders.
    """
    if name == PUBLIC_KEYS:
        return False
    inside = f"/{folders}/".partition("/AWSLogs/")[2]
    return bool(_READABLE.search(name)) and (not inside or "/CloudTrail/" in f"/{inside}")


def _shared(text: str | None) -> str | None:
    """The same object for equal texts, since thousands of log files are of few accounts."""
    return None if text is None else sys.intern(text)


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
