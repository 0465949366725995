"""Write a corpus of log files of realistic size, as CloudTrail delivers them, from a seed.

    python benchmarks/make_corpus.py --out /tmp/corpus --log-files 2000

The default is about 450 MB of JSON in 2,000 log files, one in forty of which has an Organizations
event. With `--every-record` every record is one, to measure the memory that a load needs. With
`--small 0.44` that share of the log files has one record and under 1,000 bytes.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent.parent / "sample_logs" / "make_sample_logs.py"
ACCOUNTS = [f"{number:012d}" for number in range(111100000000, 111100000010)]
ONE_IN = 40
SMALL_BYTES = 1000
RECORDS = 161  # a log file on average, about 1.4 kB each


def generator() -> Any:
    """The module that makes the sample logs: its background records are the noise here."""
    spec = importlib.util.spec_from_file_location("make_sample_logs", SAMPLES)
    if spec is None or spec.loader is None:
        sys.exit(f"{SAMPLES} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def organizations_event(rng: random.Random, account: str, when: datetime) -> dict[str, Any]:
    """An account moved."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": account, "userName": "benchmark"},
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "MoveAccount",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2.30",
        "requestParameters": {"accountId": rng.choice(ACCOUNTS)},
        "responseElements": None,
        "eventID": f"{rng.getrandbits(128):032x}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "recipientAccountId": account,
    }


def make(folder: Path, log_files: int, *, every_record: bool = False, small: float = 0.0) -> int:
    """Write the corpus; gives the bytes of JSON in it."""
    rng, made, total = random.Random(20261124), generator(), 0
    for number in range(log_files):
        account = rng.choice(ACCOUNTS)
        when = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=5 * number)
        count = max(1, int(rng.lognormvariate(0, 0.9) * RECORDS / 1.5))
        is_small = number % 100 < 100 * small
        if is_small:
            count = 1
        records = made.noise_records(rng, account, "us-east-1", when, count)
        if every_record:
            source = {"eventSource": "organizations.amazonaws.com"}
            records = [record | source for record in records]
        elif number % ONE_IN == 0 and not is_small:
            records.insert(rng.randrange(len(records)), organizations_event(rng, account, when))
        data = made.log_file_bytes(records)
        while is_small and len(data) >= SMALL_BYTES:
            data = made.log_file_bytes(made.noise_records(rng, account, "us-east-1", when, 1))
        total += int.from_bytes(data[-4:], "little")
        name = f"{account}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{number:016d}.json.gz"
        place = folder / "AWSLogs" / "o-exampleorg1" / account / "CloudTrail" / "us-east-1"
        day = place / f"{when:%Y/%m/%d}"
        day.mkdir(parents=True, exist_ok=True)
        (day / name).write_bytes(data)
    return total


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "corpus")
    parser.add_argument("--log-files", type=int, default=2000)
    parser.add_argument("--every-record", action="store_true")
    parser.add_argument("--small", type=float, default=0.0, help="share of small log files")
    given = parser.parse_args()
    total = make(given.out, given.log_files, every_record=given.every_record, small=given.small)
    print(f"{given.log_files:,} log files, {total / 1e6:,.0f} MB of JSON in {given.out}")


if __name__ == "__main__":
    main()
