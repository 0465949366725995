"""Time `trailscan report changes` on a store of a million events, start-up included.

    python benchmarks/report.py --store /tmp/million/store

Creates the store if it does not exist, from log files of Organizations events, one in twenty of
which is a change: what people do to 200 accounts in 40 OUs under 60 policies, a tenth of it to
policies. Then runs each form of the report as a separate command, and prints the best time
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
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    Call = tuple[str, dict[str, Any], dict[str, Any] | None]

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
POLICY_TYPE = "SERVICE_CONTROL_POLICY"
CHANGES = {"UpdatePolicy": 4, "AttachPolicy": 3, "DetachPolicy": 3, "MoveAccount": 5}
"""What a hundred changes are about; all others are about what permits nothing."""
MOST_ATTACHED = 9  # besides FullAWSAccess: AWS allows 10
SERVICES = {
    "ec2": ("RunInstances", "CreateVpc", "DeleteFlowLogs", "*"),
    "s3": ("PutBucketPolicy", "DeleteBucket*", "PutObject", "*"),
    "iam": ("CreateUser", "CreateAccessKey", "Attach*Policy", "Delete*"),
    "cloudtrail": ("StopLogging", "DeleteTrail", "Put*"),
    "config": ("Stop*", "DeleteConfigRule"),
    "guardduty": ("DeleteDetector", "Disassociate*"),
    "organizations": ("LeaveOrganization",),
    "kms": ("ScheduleKeyDeletion", "DisableKey", "Create*"),
    "rds": ("DeleteDBInstance", "ModifyDB*"),
    "lambda": ("AddPermission", "*Function*"),
}
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "us-east-1"]}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin*"}},
    {"Bool": {"aws:SecureTransport": "false"}},
)


def a_text(policy: str, version: int) -> str:
    """One of the texts that a policy has in turn: three statements, one of which varies."""
    rng = random.Random(policy)
    statements = [a_statement(rng, number) for number in range(3)]
    statements[0] = a_statement(random.Random(f"{policy} {version % 4}"), 0)
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()


def a_statement(rng: random.Random, number: int) -> dict[str, Any]:
    """A statement that denies some actions of one service."""
    service = rng.choice(sorted(SERVICES))
    names = rng.sample(SERVICES[service], rng.randint(1, len(SERVICES[service])))
    actions = [f"{service}:{name}" for name in names]
    found = {"Sid": f"S{number}", "Effect": "Deny", "Action": actions, "Resource": "*"}
    condition = rng.choice(CONDITIONS)
    return {**found, "Condition": condition} if condition else found


class Tree:
    """What an organization could look like, so that each change is one that AWS would accept."""

    def __init__(self) -> None:
        self.parents = dict.fromkeys(UNITS[:8], "r-exam")
        self.parents |= {one: UNITS[at % 8] for at, one in enumerate(UNITS[8:])}
        self.parents |= {one: UNITS[at % len(UNITS)] for at, one in enumerate(ACCOUNTS)}
        self.attached: dict[str, list[str]] = {one: [] for one in UNITS}
        self.versions = dict.fromkeys(POLICIES, 0)

    def beginning(self) -> list[Call]:
        """The calls that made it."""
        units = [self.unit(one) for one in UNITS]
        moves = [
            ("MoveAccount", {"accountId": one, "sourceParentId": "r-exam",
                             "destinationParentId": self.parents[one]}, None)
            for one in ACCOUNTS
        ]  # fmt: skip
        return [*units, *(self.policy("CreatePolicy", one) for one in POLICIES), *moves]

    def change(self, rng: random.Random) -> Call:
        """Name, request and response of a call that changes something, which is carried out."""
        (name,) = rng.choices([*CHANGES, ""], [*CHANGES.values(), 100 - sum(CHANGES.values())])
        account, unit, policy = rng.choice(ACCOUNTS), rng.choice(UNITS), rng.choice(POLICIES)
        here = self.attached[unit]
        if name == "UpdatePolicy":
            self.versions[policy] += 1
            return self.policy(name, policy)
        if name == "MoveAccount" and self.parents[account] != unit:
            source, self.parents[account] = self.parents[account], unit
            parents = {"sourceParentId": source, "destinationParentId": unit}
            return name, {"accountId": account, **parents}, None
        if name == "AttachPolicy" and policy not in here and len(here) < MOST_ATTACHED:
            here.append(policy)
            return name, {"policyId": policy, "targetId": unit}, None
        if name == "DetachPolicy" and here:
            return name, {"policyId": here.pop(), "targetId": unit}, None
        name = rng.choice(("TagResource", "UntagResource"))
        tags = {"tags": [{"key": "team", "value": "a"}]} if name == "TagResource" else {
            "tagKeys": ["team"]
        }  # fmt: skip
        return name, {"resourceId": account, **tags}, None

    def unit(self, unit: str) -> Call:
        """The call that made an OU."""
        name = f"Unit {unit[-4:]}"
        made = {"organizationalUnit": {"id": unit, "name": name}}
        return "CreateOrganizationalUnit", {"parentId": self.parents[unit], "name": name}, made

    def policy(self, name: str, policy: str) -> Call:
        """A call that gives a policy its text."""
        text = a_text(policy, self.versions[policy])
        summary = {"id": policy, "name": f"guardrail-{policy[-4:]}", "type": POLICY_TYPE}
        given = {"policyId": policy} if name == "UpdatePolicy" else {
            "name": summary["name"], "type": POLICY_TYPE
        }  # fmt: skip
        response = {"policy": {"policySummary": summary, "content": text}}
        return name, {**given, "content": text}, response


def a_read(rng: random.Random) -> Call:
    """Name, request and response of a call that changes nothing."""
    return rng.choice(READS), {}, None


def record(rng: random.Random, number: int, tree: Tree, made: Iterator[Call]) -> dict[str, Any]:
    """One Organizations record, one in twenty a change."""
    when = START + number * STEP
    name, request, response = a_read(rng)
    if number % ONE_IN == 0:
        name, request, response = next(made, None) or tree.change(rng)
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

    rng, tree = random.Random(20261124), Tree()
    made = iter(tree.beginning())
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, events, PER_LOG_FILE):
            numbers = range(first, min(first + PER_LOG_FILE, events))
            records = [record(rng, number, tree, made) for number in numbers]
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
