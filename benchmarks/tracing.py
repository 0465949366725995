"""Measure what tracing sessions adds to a load: bytes, requests, seconds; and whom it names.

    python benchmarks/tracing.py [--accounts 12] [--hours 24] [--records 60] [--delay 2-15]
    python benchmarks/tracing.py --accounts 100
    python benchmarks/tracing.py --all-regions
    python benchmarks/tracing.py --nights 4

Creates a trail of one day in a temporary folder: each account has a log file every five minutes in
each of three regions, half of whose records are AssumeRole calls, as services and pipelines make
them. Among these are the changes of an organization and the records that issued their credentials
(`tests/sessions/organization_trail.py`, which knows who made each). Every record is delivered some
minutes after its call, mostly five, and `--late` percent of the issuing records up to two days
later. Then loads it from an S3 server on loopback, with tracing and without, in turn.

Accounts after the twelfth have log files in the default region only, some hundred different ones
that repeat: tracing has no reason to read theirs. `--nights` loads the day, and then days without
changes, whose log files repeat, too, night after night, from a folder.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import deflate
from load import serving

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.window import Window

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from services.stand_in import StandIn
from sessions.organization_trail import ACCOUNTS, GLOBAL, ORGANIZATION, REGIONS, START, Trail

if TYPE_CHECKING:
    import random

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SLOT = timedelta(minutes=5)
TYPICAL = 5
DAY = timedelta(days=1)
DIFFERENT, REPEATED = 12, 300  # accounts with log files of their own; those of the others
ANYBODY = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "benchmark")
ISSUING = 0.5  # of the records of a log file
SERVICES = ("lambda", "ecs-tasks", "ec2", "states", "config", "ssm")

_Slot = tuple[str, str, datetime]


class Loaded(NamedTuple):
    """What a load took, and its summary."""

    seconds: float
    gets: int
    lists: int
    summary: Any


class Delays(NamedTuple):
    """The fewest and most minutes after which records are delivered."""

    least: float
    most: float

    def draw(self, rng: random.Random) -> timedelta:
        """A delay, mostly of about five minutes."""
        mode = min(max(TYPICAL, self.least), self.most)
        return timedelta(seconds=round(60 * rng.triangular(self.least, self.most, mode)))


def delays(text: str) -> Delays:
    """`MIN-MAX` in minutes."""
    least, _, most = text.partition("-")
    return Delays(float(least), float(most))


def noise(trail: Trail, account: str, region: str, when: datetime) -> dict[str, Any]:
    """A record of a busy account: a service that assumes a role, or a call of such a session."""
    rng, service = trail.random, trail.random.choice(SERVICES)
    role, name = f"{service}-{rng.randrange(40)}", f"{rng.getrandbits(64):016x}"
    session = trail.session(role, name, account, when)
    if rng.random() < ISSUING:
        request = {"roleArn": session["sessionContext"]["sessionIssuer"]["arn"]}
        answer = {
            "credentials": {
                "accessKeyId": session["accessKeyId"],
                "sessionToken": rng.randbytes(300).hex(),
                "expiration": f"{when + timedelta(hours=1):%b %d, %Y, %I:%M:%S %p}",
            },
            "assumedRoleUser": {"assumedRoleId": session["principalId"], "arn": session["arn"]},
        }
        caller = {"type": "AWSService", "invokedBy": f"{service}.amazonaws.com"}
        more = {"requestParameters": request, "responseElements": answer, "awsRegion": region}
        return trail.record(caller, when, "AssumeRole", account, **more)
    asked = {"filterSet": {}, "nextToken": rng.randbytes(120).hex(), "maxResults": 100}
    more = {"requestParameters": asked, "eventSource": "ec2.amazonaws.com", "awsRegion": region}
    return trail.record(session, when, "DescribeInstances", account, **more)


def happened(trail: Trail, delivered: datetime) -> datetime:
    """When a record happened that a log file holds."""
    written = delivered + timedelta(seconds=trail.random.randrange(int(SLOT.total_seconds())))
    return written - trail.usual_delay()


def write(folder: Path, trail: Trail, accounts: int, hours: int, more: int, records: int) -> None:
    """Write the log files of a trail, between whose records there is noise, and of more hours."""
    slots: dict[_Slot, list[dict[str, Any]]] = {}
    for account, region, delivered, record in trail.records:
        slot = START + (delivered - START) // SLOT * SLOT
        slots.setdefault((account, region, slot), []).append(record)
    everybody = [*ACCOUNTS, *(f"5{number:011d}" for number in range(accounts))][:accounts]
    times = [START + number * SLOT for number in range((hours + more) * 12)]
    times, later = times[: hours * 12], times[hours * 12 :]
    for slot in itertools.product(everybody[:DIFFERENT], sorted({*REGIONS}), times):
        slots.setdefault(slot, [])
    for slot, kept in slots.items():
        write_log_file(folder, trail, slot, log_file(trail, slot, kept, records))
    others = [*itertools.product(everybody[DIFFERENT:], [GLOBAL], times + later)]
    others += itertools.product(everybody[:DIFFERENT], sorted({*REGIONS}), later)
    repeated = [log_file(trail, others[0], [], records) for _ in range(REPEATED if others else 0)]
    for slot in others:
        write_log_file(folder, trail, slot, trail.random.choice(repeated))


def log_file(trail: Trail, slot: _Slot, kept: list[dict[str, Any]], records: int) -> bytes:
    """A log file with some records between noise."""
    count = 1 + int(trail.random.lognormvariate(0, 0.9) * records / 1.5)
    account, region, when = slot
    made = kept + [noise(trail, account, region, happened(trail, when)) for _ in range(count)]
    trail.random.shuffle(made)
    body = json.dumps({"Records": made}, separators=(",", ":")).encode()
    return bytes(deflate.gzip_compress(body, 6))


def write_log_file(folder: Path, trail: Trail, slot: _Slot, data: bytes) -> None:
    """Write a log file in its place."""
    account, region, when = slot
    path = folder / (
        f"AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}/{when:%Y/%m/%d}/"
        f"{account}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_{trail.random.getrandbits(64):016x}"
        ".json.gz"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def load(store: Path, regions: frozenset[str], *, trace: bool) -> tuple[float, Any]:
    """Load the server's trail into a new store."""
    began = time.perf_counter()
    options = LoadOptions(window=Window(START - DAY), regions=regions, trace=trace)
    summary = run_load(["s3://trail"], str(store), options, NOW)
    return time.perf_counter() - began, summary


def load_nightly(corpus: Path, folder: Path, nights: int) -> None:
    """Load what was delivered night after night, and print what became of the sessions."""
    ends = [START + (number + 1) * DAY for number in range(nights)]
    print(
        "| night | log files read for it | more bytes | traced | left over |\n|---|---|---|---|---|"
    )
    for night, end in enumerate(ends, 1):
        for path in corpus.rglob("*.json.gz"):
            place = folder / path.relative_to(corpus)
            if path.name.split("_")[3] < f"{end:%Y%m%dT%H%MZ}" and not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.hardlink_to(path)
        summary = run_load([str(folder)], f"{folder}-store", LoadOptions(), end)
        found, read = summary.tracing, summary.bytes_stored
        if found is None:
            print(f"| {night} | 0 | 0 | everything | 0 |")
            continue
        print(
            f"| {night} | {found.log_files} | {found.bytes_stored / read:.1%} "
            f"| {found.traced} of {found.sessions} | {found.pending} |"
        )


def measure(corpus: Path, stores: Path, runs: int, regions: frozenset[str]) -> dict[bool, Loaded]:
    """Load with and without tracing: requests counted once, seconds the best of some runs."""
    best = dict.fromkeys((False, True), float("inf"))
    with serving(corpus) if runs else nullcontext():
        if runs:
            load(stores / "first", regions, trace=True)  # imports
        for run, trace in itertools.product(range(runs), (False, True)):
            seconds, _ = load(stores / f"{trace}-{run}", regions, trace=trace)
            best[trace] = min(best[trace], seconds)
    found = {}
    for trace, seconds in best.items():
        with StandIn() as server:
            os.environ.update(AWS_ENDPOINT_URL=server.endpoint, **ANYBODY)
            for path in corpus.rglob("*.json.gz"):
                server.put("trail", path.relative_to(corpus).as_posix(), path.read_bytes())
            _, summary = load(stores / f"counted-{trace}", regions, trace=trace)
            found[trace] = Loaded(seconds, server.counted("GET"), server.counted("LIST"), summary)
    return found


def names(store: Path, trail: Trail) -> tuple[int, int]:
    """How many changes are named after who made them, and how many after somebody else."""
    right = wrong = 0
    for row in ts.open(str(store)).report("changes").records():
        is_traced = str(row["principal_rule"]).startswith("traced_")
        said = row["principal_chain"][-1]["name"] if is_traced else str(row["principal"])
        is_right = said.removeprefix("role ").startswith(trail.truth[row["event_id"]])
        is_final = row["principal_trace"] in {"direct", "traced"} and not said.startswith(
            "account "
        )
        right += is_right
        wrong += is_final and not is_right
    return right, wrong


def show(found: dict[bool, Loaded]) -> None:
    """Print what tracing adds."""
    without, with_tracing = found[False], found[True]
    tracing = with_tracing.summary.tracing
    read = without.summary.bytes_stored
    rows = {
        "MB read": (read / 1e6, (read + tracing.bytes_stored) / 1e6),
        "GET requests": (without.gets, with_tracing.gets),
        "LIST requests": (without.lists, with_tracing.lists),
    }
    if without.seconds != float("inf"):
        rows["seconds"] = (without.seconds, with_tracing.seconds)
    print("| | without | with tracing | ratio |\n|---|---|---|---|")
    for what, (before, after) in rows.items():
        print(f"| {what} | {before:,.4g} | {after:,.4g} | {after / before:.2f} |")
    print(f"{tracing.traced} of {tracing.sessions} sessions traced, {tracing.pending} left over")
    print(
        f"{tracing.log_files} log files read for it, {tracing.bytes_stored / read:.1%} more bytes"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=12)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--records", type=int, default=60, help="a log file, on average")
    parser.add_argument("--delay", type=delays, default=Delays(2, 15), metavar="MIN-MAX")
    parser.add_argument("--late", type=float, default=0.0, help="percent of issuing records")
    parser.add_argument("--runs", type=int, default=3, help="0: measure no seconds")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--all-regions", action="store_true", help="load all, not us-east-1 alone")
    parser.add_argument("--nights", type=int, default=0, help="load nightly, for so many days")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus, trail = Path(folder) / "corpus", Trail(given.seed, given.late / 100)
        trail.usual_delay = lambda: given.delay.draw(trail.random)
        trail.fill(given.hours, noise=False)
        more = max(24 * given.nights - given.hours, 0)
        write(corpus, trail, given.accounts, given.hours, more, given.records)
        if given.nights:
            load_nightly(corpus, Path(folder) / "nightly", given.nights)
            right, wrong = names(Path(folder) / "nightly-store", trail)
        else:
            regions = frozenset[str]() if given.all_regions else LoadOptions().regions
            show(measure(corpus, Path(folder), given.runs, regions))
            right, wrong = names(Path(folder) / "counted-True", trail)
    print(f"{right} of {len(trail.truth)} changes have the right name, {wrong} a wrong one")


if __name__ == "__main__":
    main()
