"""Write the sample logs: sixty days of an invented organization's trail, always the same bytes.

Beside them stand one file of the month before, from the trail of the management account alone, the
digests that attest them all, signed with a test key, and the public part of that key.

    python sample_logs/make_sample_logs.py [--out FOLDER]

Another program may load this file by its path and call `noise_records` and `log_file_bytes` to
make a corpus of any size.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))  # its neighbours, also when loaded by path

import organization as org
from before import founding
from billing import billing_transfer
from control_tower import lifecycle
from digests import PUBLIC_KEYS, make_digest_files, public_key_file
from government import government_account
from issuing import issuing_records
from noise import noise_records
from policies import policy_edits
from reads import organization_reads
from recon import reconnaissance
from records import Record, alnum
from story import organization_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["log_file_bytes", "make_log_files", "noise_records", "write_log_files"]

SEED = "trailscan sample logs 1"
FIRST_DAY = date(2026, 9, 1)
DAYS = 60
HOME = "us-east-1"
_SLOT = timedelta(minutes=5)
_DELIVERY_DELAY = timedelta(minutes=10)
_COMPRESSION = 9
# Python's versions fill this byte of the gzip header differently.
_OS_BYTE = 9
_UNKNOWN_OS = b"\xff"

# From which day of the window an account writes to the trail, and until which.
_MEMBERS: dict[str, tuple[int, int]] = {
    org.MANAGEMENT: (0, DAYS),
    org.LOG_ARCHIVE: (0, DAYS),
    org.AUDIT: (0, DAYS),
    org.WORKLOADS: (0, DAYS),
    org.SANDBOX: (0, DAYS),
    org.PAYMENTS: (15, DAYS),
    org.ACQUIRED: (22, DAYS),
    org.ANALYTICS: (0, 41),
    org.PARTNER: (0, 38),
    org.LEGACY: (0, 43),
    org.GOVERNMENT: (18, 49),
}
# How many log files with nothing but background an account writes on a day.
_BUSY = {org.MANAGEMENT: 2, org.WORKLOADS: 2}
_ELSEWHERE = [(org.WORKLOADS, 3), (org.SANDBOX, 5)]

_FOUNDED_SLOT = datetime(2026, 8, 3, 9, 5, tzinfo=UTC)
_LATE_SLOT = datetime(2026, 10, 12, 14, 0, tzinfo=UTC)
_LATE_BY = timedelta(days=9)
_TWICE_SLOT = datetime(2026, 9, 15, 12, 10, tzinfo=UTC)
_OVERLAP_SLOT = datetime(2026, 10, 1, 8, 20, tzinfo=UTC)


# The story beside the main one, each part with a generator of its own.
_CHAPTERS = {
    "billing": billing_transfer,
    "control tower": lifecycle,
    "government": government_account,
    "policies": policy_edits,
    "recon": reconnaissance,
}


class LogFile(NamedTuple):
    """One log file: whose it is, when it is delivered, what it holds; by which trail."""

    account: str
    region: str
    delivered: datetime
    records: list[Record]
    copy: int = 0
    trail: str = f"{org.ORGANIZATION}/"

    @property
    def path(self) -> str:
        """Its path below the bucket."""
        rng = _rng("name", self.account, self.region, self.delivered, self.copy)
        name = (
            f"{self.account}_CloudTrail_{self.region}_{self.delivered:%Y%m%dT%H%MZ}_"
            f"{alnum(rng, 16)}.json.gz"
        )
        folder = f"AWSLogs/{self.trail}{self.account}/CloudTrail/{self.region}"
        return f"{folder}/{self.delivered:%Y/%m/%d}/{name}"


def log_file_bytes(records: list[Record]) -> bytes:
    """A log file as CloudTrail delivers it: one line of JSON, gzipped, always the same."""
    body = gzip.compress(json_bytes(records), _COMPRESSION, mtime=0)
    return body[:_OS_BYTE] + _UNKNOWN_OS + body[_OS_BYTE + 1 :]


def json_bytes(records: list[Record]) -> bytes:
    """The uncompressed bytes of a log file."""
    text = json.dumps({"Records": records}, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def make_log_files() -> dict[str, bytes]:
    """Every sample log file by its path."""
    files = [_founding_file(), *_organization_files(), *_background_files()]
    return {file.path: log_file_bytes(file.records) for file in files}


def write_log_files(out: Path) -> dict[str, bytes]:
    """Write the sample logs into a folder, in place of those that are there.

    Args:
        out: the folder that gets `AWSLogs/`.

    Returns:
        The log files, by path.

    Raises:
        FileExistsError: its `AWSLogs/` holds something that this program did not write.
    """
    logs = out / "AWSLogs"
    if logs.exists():
        if {path.name for path in logs.iterdir()} - {org.ORGANIZATION, org.MANAGEMENT}:
            raise FileExistsError(f"{logs} holds other logs: choose another folder")
        shutil.rmtree(logs)
    files = make_log_files()
    digests = make_digest_files(files)
    for path, body in {**files, **digests, PUBLIC_KEYS: public_key_file()}.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(body)
    return files


def main() -> None:
    """Write the sample logs where the command line says."""
    parser = argparse.ArgumentParser(description="Write the sample logs of trailscan.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    out: Path = parser.parse_args().out
    files = write_log_files(out)
    size = sum(len(body) for body in files.values())
    print(f"{len(files)} log files, {size} bytes in {out / 'AWSLogs'}")


def _rng(*words: object) -> random.Random:
    """A generator of its own for each purpose, so that a change here changes nothing there."""
    return random.Random("/".join([SEED, *map(str, words)]))


def _founding_file() -> LogFile:
    """The one file of the management account's own trail, from before the organization's."""
    file = _mixed(org.MANAGEMENT, _FOUNDED_SLOT, founding(_rng("founding")))
    return file._replace(trail="")


def _organization_files() -> Iterator[LogFile]:
    """The files with Organizations events in them, and the traps among them."""
    records = organization_changes(_rng("story")) + organization_reads(_rng("reads"))
    for name, chapter in _CHAPTERS.items():
        records += chapter(_rng("chapter", name))
    groups = _by_slot(records + issuing_records(_rng("sessions"), records))
    overlap = groups[org.MANAGEMENT, _OVERLAP_SLOT][0]
    for (account, slot), records in groups.items():
        file = _mixed(account, slot, records)
        if account != org.MANAGEMENT:
            yield file
        elif slot == _LATE_SLOT:
            yield file._replace(delivered=file.delivered + _LATE_BY, records=records)
        else:
            yield file
            if slot == _TWICE_SLOT:
                yield file._replace(copy=1)
            if slot == _OVERLAP_SLOT:
                yield _mixed(account, slot + _SLOT, [overlap])


def _by_slot(records: list[Record]) -> dict[tuple[str, datetime], list[Record]]:
    groups: dict[tuple[str, datetime], list[Record]] = defaultdict(list)
    for record in records:
        when = datetime.fromisoformat(str(record["eventTime"]))
        slot = when.replace(minute=when.minute - when.minute % 5, second=0)
        groups[str(record["recipientAccountId"]), slot].append(record)
    return groups


def _mixed(account: str, slot: datetime, records: list[Record]) -> LogFile:
    """Records between background of the same five minutes, in no order."""
    rng = _rng("mixed", account, slot)
    together = records + noise_records(rng, account, HOME, slot, rng.randrange(2, 7))
    rng.shuffle(together)
    return LogFile(account, HOME, slot + _DELIVERY_DELAY, together)


def _background_files() -> Iterator[LogFile]:
    for account, (first, end) in _MEMBERS.items():
        for day in range(first, end):
            for number in range(_BUSY.get(account, 1)):
                yield _background(account, HOME, day, number)
    for account, every in _ELSEWHERE:
        for day in range(1, DAYS, every):
            yield _background(account, "eu-west-1", day, 0)


def _background(account: str, region: str, day: int, number: int) -> LogFile:
    rng = _rng("background", account, region, day, number)
    midnight = datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time(), UTC)
    slot = midnight + _SLOT * rng.randrange(12, 276)
    records = noise_records(rng, account, region, slot, rng.randrange(2, 10))
    return LogFile(account, region, slot + _DELIVERY_DELAY, records, number + 10)


if __name__ == "__main__":
    main()
