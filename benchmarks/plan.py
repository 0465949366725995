"""Measure what planning costs a large organization: memory, seconds, bytes on disk per log file.

    python benchmarks/plan.py [--accounts 10000] [--log-files 300] [--days 1 3]

Creates a store with some days of history and a number of log files per account and day. Then, in
another process, plans a load of the last day (as `--dry-run` does) against a generated listing:
each log file is listed and looked up in the ledger, and a few are new. Last, plans a load of all
days.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from trailscan.buckets import LocalBucket, ObjectInfo
from trailscan.ingest import run as loading
from trailscan.ingest.plan import SourcePlan
from trailscan.ingest.run import ORGANIZATIONS, LoadOptions, run_load
from trailscan.store.log_file_result import LogFileResult
from trailscan.store.writer import StoreWriter
from trailscan.trail.keys import parse_key
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST = datetime(2026, 11, 22, tzinfo=UTC)
NEW = 1000  # one log file in so many is not in the store
COMMIT = 20_000
ROOT = "AWSLogs/o-exampleorg1/"
TRAIL = "CloudTrail/us-east-1/"


class Organization:
    """The listings of a trail, made up as they are asked for."""

    name = "trail"
    is_remote = True
    list_requests = 0
    delay = 0.0

    def __init__(self, accounts: int, log_files: int, days: int) -> None:
        self.accounts = [f"{111_100_000_000 + number}" for number in range(accounts)]
        self.days = [LAST - timedelta(days=back) for back in reversed(range(days))]
        self._log_files = log_files

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The folders of the way down."""
        if folder == ROOT:
            yield from (f"{ROOT}{account}/" for account in self.accounts)
        else:
            yield (
                f"{folder}us-east-1/" if folder.endswith("/CloudTrail/") else f"{folder}CloudTrail/"
            )

    def list_objects(self, folder: str, after: str | None = None) -> Iterator[ObjectInfo]:
        """The log files of an account, each day's behind the day before's."""
        account = folder.split("/")[2]
        for day in self.days:
            if after is None or f"{folder}{day:%Y/%m/%d}/" > after:
                yield from self.list_day(account, day)

    def list_day(self, account: str, day: datetime) -> Iterator[ObjectInfo]:
        """The log files of one account and day."""
        folder = f"{ROOT}{account}/{TRAIL}{day:%Y/%m/%d}/"
        for number in range(self._log_files):
            when = day + timedelta(minutes=number * 1440 // self._log_files)
            digest = hashlib.blake2b(f"{account}{day}{number}".encode(), digest_size=24).hexdigest()
            name = f"{account}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{digest[:16]}.json.gz"
            yield ObjectInfo(f"{folder}{name}", 1000 + int(digest[:4], 16), digest[16:])


def make_store(place: Path, trail: Organization) -> None:
    """A store that holds all log files but a few."""
    writer = StoreWriter(LocalBucket(place), str(place), "benchmark")
    batch: list[LogFileResult] = []
    for day in trail.days:
        for account in trail.accounts:
            for info in trail.list_day(account, day):
                if int(info.etag[:8], 16) % NEW:
                    batch.append(_result(info))  # noqa: PERF401  # reads better so
            if len(batch) >= COMMIT:
                writer.commit(batch, ORGANIZATIONS, (), LAST)
                batch = []
    writer.commit(batch, ORGANIZATIONS, (), LAST)


def _result(info: ObjectInfo) -> LogFileResult:
    """A log file read, of which nothing was kept."""
    named = parse_key(info.key)
    return LogFileResult(
        "trail",
        info.key,
        info.etag,
        info.size,
        organization_id=named.organization_id,
        account_id=named.account_id,
        region=named.region,
        delivered=named.delivered,
        day=named.day,
        records=info.size // 140,
        inflated_bytes=info.size * 10,
        stored_sha256=hashlib.sha256(info.key.encode()).hexdigest(),
    )


def plan(place: Path, trail: Organization, first: datetime) -> None:
    """Plan a load since a day, and say what it took."""
    source = SourcePlan("s3://trail", trail, ROOT)
    loading.open_source = lambda *_: source  # type: ignore[assignment]  # the one thing made up
    began = time.perf_counter()
    asked = LoadOptions(window=Window(first), dry_run=True)
    summary = run_load(["s3://trail"], str(place), asked, LAST + timedelta(days=1))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    new = 0 if summary.planned is None else summary.planned.log_files
    print(f"{summary.listed:>12,} {new:>8,} {seconds:9.1f} {peak:9.0f}", end="")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--log-files", type=int, default=300, help="an account and day")
    parser.add_argument("--days", type=int, nargs="+", default=[1, 3], help="of history")
    parser.add_argument("--plan", nargs=2, metavar=("STORE", "DAYS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.plan:
        trail = Organization(given.accounts, given.log_files, given.days[0])
        plan(Path(given.plan[0]), trail, trail.days[-int(given.plan[1])])
        return
    print("     history  planned      listed      new   seconds   peak MB   bytes a row on disk")
    for days in given.days:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "store"
            make_store(place, Organization(given.accounts, given.log_files, days))
            rows = days * given.accounts * given.log_files
            size = sum(path.stat().st_size for path in (place / "log_files").rglob("*.parquet"))
            for planned in sorted({1, days}):
                print(f"{days:7} days {planned:3} days ", end="", flush=True)
                words = ["--accounts", given.accounts, "--log-files", given.log_files]
                words += ["--days", days, "--plan", place, planned]
                subprocess.run([sys.executable, __file__, *map(str, words)], check=True)
                print(f"{size / rows:10.1f}", flush=True)


if __name__ == "__main__":
    main()
