"""How long a night takes to export: 100,000 events, 2,000 of them changes.

python benchmarks/export.py [--events 100000] [--changes 2000]
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from trailscan.aws.session import AwsOptions
from trailscan.export.options import PackageOptions
from trailscan.export.run import Run, RunOptions, export_nights
from trailscan.export.target import open_target
from trailscan.ingest.run import LoadOptions, run_load

ACCOUNT = "111122223333"
DAY = date(2026, 11, 22)
A_LOG_FILE = 500


def main() -> None:
    """Make a night, load it, export it, and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=2_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log_files = make_night(folder / "logs", asked.events, asked.changes)
        store = str(folder / "store")
        run_load([str(folder / "logs")], store, LoadOptions(trace=False), datetime.now(UTC))
        print(f"{asked.events:,} events, {asked.changes:,} changes, {log_files:,} log files")
        for word in ("first", "again"):
            began = time.perf_counter()
            outcome = export(store, folder / "packages")
            print(f"{word}: {time.perf_counter() - began:.1f} s ({outcome})")
        paths = [path for path in (folder / "packages").rglob("*") if path.is_file()]
        print(f"{len(paths)} files, {sum(path.stat().st_size for path in paths) / 1e6:.1f} MB")


def export(store: str, to: Path) -> str:
    """Export the night; returns what was done."""
    from trailscan.buckets import open_bucket
    from trailscan.store.reader import StoreReader

    reader = StoreReader(open_bucket(store, AwsOptions()), store)
    run = Run(RunOptions(PackageOptions()))
    target = open_target(str(to), AwsOptions())
    (written,) = export_nights(reader, target, [DAY], run, datetime.now(UTC))
    return written.outcome


def make_night(folder: Path, events: int, changes: int) -> int:
    """Write log files of Organizations events; returns how many."""
    count = 0
    for first in range(0, events, A_LOG_FILE):
        numbers = range(first, min(first + A_LOG_FILE, events))
        each = max(events // max(changes, 1), 1)
        records = [record(number, is_change=number % each == 0) for number in numbers]
        minute = count % 1440
        stem = f"{ACCOUNT}_CloudTrail_us-east-1_20261122T{minute // 60:02}{minute % 60:02}Z"
        path = (
            folder / f"AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail/us-east-1/2026/11/22"
            f"/{stem}_{count:0>16}.json.gz"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), 1))
        count += 1
    return count


def record(number: int, *, is_change: bool) -> dict[str, Any]:
    """A MoveAccount or a ListAccounts of some second of the night."""
    second = number * 86_399 // 100_000 % 86_400
    time_text = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    moved = {
        "accountId": f"{222233330000 + number % 50}",
        "sourceParentId": "ou-exam-11111111",
        "destinationParentId": "ou-exam-22222222",
    }
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "accountId": ACCOUNT,
            "userName": f"user{number % 40}",
        },
        "eventTime": f"{DAY}T{time_text}Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "MoveAccount" if is_change else "ListAccounts",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.30",
        "requestParameters": moved if is_change else None,
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "readOnly": not is_change,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
    }


if __name__ == "__main__":
    main()
