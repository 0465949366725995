"""Time `trailscan report changes` on a store of a million events, start-up included.

    python benchmarks/report.py --store /tmp/million/store

Creates the store if it does not exist, from log files of Organizations events, one in twenty of
which is a change. Then runs each form of the report as a separate command, and prints the best time
of several runs and the peak memory.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

MANAGEMENT = "111122223333"
ACCOUNTS = [f"{number:012d}" for number in range(222200000000, 222200000200)]
UNITS = [f"ou-exam-{number:08d}" for number in range(40)]
POLICIES = [f"p-example{number:04d}" for number in range(60)]
READS = ("DescribeOrganization", "ListAccounts", "DescribeAccount", "ListPolicies", "ListParents")
PEOPLE = [f"person{number}@example.com" for number in range(50)]
ONE_IN = 20
PER_LOG_FILE = 1000
START = datetime(2025, 11, 1, tzinfo=UTC)
STEP = timedelta(seconds=31)  # a million of these is a year
TEXT = '{"Version":"2012-10-17","Statement":[{"Sid":"S%d","Effect":"Deny","Action":"*"}]}'


def a_change(rng: random.Random) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
    """Name, request and response of a call that changes something."""
    account, unit, policy = rng.choice(ACCOUNTS), rng.choice(UNITS), rng.choice(POLICIES)
    summary = {"id": policy, "name": f"guardrail-{policy[-4:]}", "type": "SERVICE_CONTROL_POLICY"}
    text = TEXT % rng.randrange(100)
    made = {"id": unit, "name": f"Unit {unit[-4:]}"}
    parents = {"sourceParentId": rng.choice(UNITS), "destinationParentId": unit}
    kinds: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
        ("MoveAccount", {"accountId": account, **parents}, None),
        ("AttachPolicy", {"policyId": policy, "targetId": unit}, None),
        ("DetachPolicy", {"policyId": policy, "targetId": account}, None),
        ("UpdatePolicy", {"policyId": policy, "content": text},
         {"policy": {"policySummary": summary, "content": text}}),
        ("CreateOrganizationalUnit", {"parentId": "r-exam", "name": made["name"]},
         {"organizationalUnit": made}),
        ("TagResource", {"resourceId": account, "tags": [{"key": "team", "value": "a"}]}, None),
    ]  # fmt: skip
    return rng.choice(kinds)


def record(rng: random.Random, number: int) -> dict[str, Any]:
    """One Organizations record, one in twenty a change."""
    when = START + number * STEP
    name, request, response = a_change(rng)
    if number % ONE_IN:
        name, request, response = rng.choice(READS), {}, None
    who = rng.choice(PEOPLE)
    role = "AWSReservedSSO_OrgAdmin_0123456789abcdef"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{who}",
            "arn": f"arn:aws:sts::{MANAGEMENT}:assumed-role/{role}/{who}",
            "accountId": MANAGEMENT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}},
        },
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "organizations.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2.30.1 md/awscrt#0.27 ua/2.1 os/linux lang/python#3.13",
        "requestParameters": request or None,
        "responseElements": response,
        "requestID": f"{rng.getrandbits(128):032x}",
        "eventID": f"{rng.getrandbits(128):032x}",
        "readOnly": bool(number % ONE_IN),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": MANAGEMENT,
        "eventCategory": "Management",
    }


def make_store(store: Path, events: int) -> None:
    """Write log files and load them."""
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.render.summary_text import summary_text

    rng = random.Random(20261124)
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, events, PER_LOG_FILE):
            records = [record(rng, first + n) for n in range(min(PER_LOG_FILE, events - first))]
            when = START + (first + PER_LOG_FILE) * STEP
            name = f"{MANAGEMENT}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{first:016d}.json.gz"
            body = msgspec.json.encode({"Records": records})
            (Path(folder) / name).write_bytes(gzip.compress(body, 6, mtime=0))
        print(summary_text(run_load([folder], str(store), LoadOptions(), datetime.now(UTC))))


def run(words: list[str], cache: str) -> tuple[float, float, int]:
    """Seconds, megabytes at the peak and bytes of output of a command."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        with subprocess.Popen(
            words,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TRAILSCAN_CACHE": cache},
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        if process.returncode:
            sys.exit(f"{words} ended with {process.returncode}")
        return seconds, usage.ru_maxrss / 1024, out.seek(0, os.SEEK_END)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--make", action="store_true", help="only make the store")
    given = parser.parse_args()
    if given.make:
        make_store(given.store, given.events)
        return
    if not given.store.exists():  # in a process of its own: a child's peak counts its parent's size
        words = [sys.executable, __file__, "--make", "--store", str(given.store)]
        subprocess.run([*words, "--events", str(given.events)], check=True)
    command = [str(Path(sys.executable).parent / "trailscan")]
    changes = [*command, "report", "changes", "--store", str(given.store)]
    print(f"{'seconds':>8} {'MB':>6} {'output MB':>10}")
    with tempfile.TemporaryDirectory() as cache:
        for name, words, where in (
            ("--help", [*command, "--help"], cache),
            ("report changes, no cache", changes, "off"),
            ("report changes, the first one", changes, cache),
            ("report changes", changes, cache),
            ("report changes --format csv", [*changes, "--format", "csv"], cache),
            ("report changes --format jsonl", [*changes, "--format", "jsonl"], cache),
            ("report changes --since 2026-10-01", [*changes, "--since", "2026-10-01"], cache),
        ):
            once = name.endswith("first one")
            runs = [run(words, where) for _ in range(1 if once else given.runs)]
            seconds, memory = min(one[0] for one in runs), max(one[1] for one in runs)
            print(f"{seconds:8.2f} {memory:6.0f} {runs[0][2] / 1e6:10.1f}  {name}", flush=True)


if __name__ == "__main__":
    main()
