"""The digests of the sample logs: what CloudTrail would have signed, with a test key.

CloudTrail writes a digest an hour for each account and region, empty or not: sixteen thousand for
these sixty days. Here each covers a day. They stand as a copy by `aws s3 sync` leaves them, without
the metadata of their objects; those of the newest digest of each chain were saved beside it.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import organization as org
from signing import Attested, SignedDigest, Trail, public_keys, spans

__all__ = ["PUBLIC_KEYS", "make_digest_files", "public_key_file"]

PUBLIC_KEYS = "public-keys.json"
BUCKET = "example-organization-trail"
ORGANIZATION_TRAIL = Trail(BUCKET, "organization-trail", folder=f"AWSLogs/{org.ORGANIZATION}/")
OWN_TRAIL = Trail(BUCKET, "management-trail")
_DAY = timedelta(days=1)
_AT = timedelta(
    minutes=13, seconds=27
)  # past midnight; each trail of AWS's has a second of its own
_MISSED = "20261021T1410Z"
_GENERATED = datetime(2026, 10, 22, 3, 11, 9, tzinfo=UTC)


def make_digest_files(log_files: dict[str, bytes]) -> dict[str, bytes]:
    """Every digest of some log files, and the saved metadata, by path.

    Args:
        log_files: as delivered, by path.
    """
    files: dict[str, bytes] = {}
    for (trail, account, region), attested in sorted(
        _by_chain(log_files).items(), key=lambda item: (item[0][0].folder, *item[0][1:])
    ):
        missed = [one for one in attested if _MISSED in one.key and account == org.MANAGEMENT]
        rest = [one for one in attested if one not in missed]
        files |= _written(_chain(trail, account, region, rest))
        if missed:
            hour = _delivered(missed[0]).replace(minute=0)
            span = (hour, hour + timedelta(hours=1))
            files |= _written([trail.digest(account, region, span, missed, generated=_GENERATED)])
    return files


def public_key_file() -> bytes:
    """The public part of the test key, as `aws cloudtrail list-public-keys` prints it."""
    keys = public_keys("2026-07-15T00:00:00+00:00", "2027-01-15T00:00:00+00:00")
    return json.dumps(keys, indent=4).encode() + b"\n"


def _by_chain(log_files: dict[str, bytes]) -> dict[tuple[Trail, str, str], list[Attested]]:
    """The log files by the trail, account and region of their digests."""
    found: dict[tuple[Trail, str, str], list[Attested]] = defaultdict(list)
    for path, data in log_files.items():
        *_, account, _, region, _, _, _, _ = path.split("/")
        trail = ORGANIZATION_TRAIL if path.startswith(ORGANIZATION_TRAIL.folder) else OWN_TRAIL
        found[trail, account, region].append(_attested(path, gzip.decompress(data)))
    return found


def _attested(path: str, body: bytes) -> Attested:
    times = [str(record["eventTime"]) for record in json.loads(body)["Records"]]
    return Attested(path, body, min(times), max(times))


def _chain(trail: Trail, account: str, region: str, attested: list[Attested]) -> list[SignedDigest]:
    """The digests of one account and region, a day each, from a quiet day on."""
    delivered = sorted(_delivered(one) for one in attested)
    first, last = (when.replace(hour=0, minute=0) for when in (delivered[0], delivered[-1]))
    days = spans(first - _DAY + _AT, last + _DAY + _AT, _DAY)
    by_start: dict[datetime, list[Attested]] = defaultdict(list)
    for one in sorted(attested, key=_delivered):
        start = next(start for start, end in days if start <= _delivered(one) < end)
        by_start[start].append(one)
    return trail.chain(account, region, days, by_start)


def _written(chain: list[SignedDigest]) -> dict[str, bytes]:
    """The files of a chain: each digest, and what was saved of the newest one's metadata."""
    files = {one.key: one.stored for one in chain}
    return {**files, f"{chain[-1].key}.metadata.json": chain[-1].sidecar}


def _delivered(one: Attested) -> datetime:
    name = one.key.rpartition("/")[2]
    return datetime.strptime(name.split("_")[3], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
