"""Compare validation with `aws cloudtrail validate-logs`: one bucket, one run, as ratios.

    pip install --editable '.[test]'
    python benchmarks/validate.py [--accounts 25] [--hours 24] [--delay 20]

Generates one day of an organization, with signed digests, and serves it on loopback from a small S3
server (s3_stand_in.py), first without and then with a delay added to each response. Both programs
run as whole processes, start-up included; aws-cli runs once per account. Then compares `load
--validate` with `load` alone, from a folder and from that server. Then compares hashing in worker
processes with hashing in this one, from a folder and from the server of load.py (s3_process.py).
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from make_corpus import generator
from s3_process import described, serving
from s3_stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "benchmark-trail"
REGION = "us-east-1"
START = datetime(2026, 11, 1, 0, 4, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOG_FILES = 12  # an hour
BODIES = 40  # different log files; the rest repeat them
SCRIPTS = Path(sys.executable).parent


class Corpus(NamedTuple):
    """A trail: its objects, its keys, whose it is, how long it is."""

    objects: dict[str, tuple[bytes, dict[str, str]]]
    public_keys: dict[str, Any]
    accounts: list[str]
    log_files: int
    end: datetime


def signing() -> Any:
    """The module that signs the sample logs' digests."""
    path = Path(__file__).parent.parent / "sample_logs" / "signing.py"
    spec = importlib.util.spec_from_file_location("signing", path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(accounts: int, hours: int, records: int) -> Corpus:
    """The trail of some accounts over some hours."""
    made, signer, rng = generator(), signing(), random.Random(20261124)
    names = [f"{number:012d}" for number in range(111100000000, 111100000000 + accounts)]
    noise = [
        made.noise_records(rng, names[0], REGION, START, rng.randrange(1, 2 * records))
        for _ in range(BODIES)
    ]
    bodies = [(made.log_file_bytes(found), made.json_bytes(found)) for found in noise]
    trail = signer.Trail(BUCKET, "benchmark")
    objects: dict[str, tuple[bytes, dict[str, str]]] = {}
    spans = signer.spans(START, START + hours * HOUR, HOUR)
    for account in names:
        attested = defaultdict(list)
        for start, _ in spans:
            for number in range(LOG_FILES):
                when = start + timedelta(minutes=5 * number)
                key = (
                    f"AWSLogs/{account}/CloudTrail/{REGION}/{when:%Y/%m/%d}/{account}_CloudTrail_"
                    f"{REGION}_{when:%Y%m%dT%H%MZ}_{rng.getrandbits(64):016x}.json.gz"
                )
                data, body = rng.choice(bodies)
                objects[key] = (data, {})
                times = [f"{when:%Y-%m-%dT%H:%M:%SZ}"] * 2
                attested[start].append(signer.Attested(key, body, *times))
        for one in trail.chain(account, REGION, spans, attested):
            objects[one.key] = (one.stored, one.metadata)
    keys = signer.public_keys("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    times = {"ValidityStartTime": 1767225600, "ValidityEndTime": 1798761600}  # as the API has them
    keys = {"PublicKeyList": [{**keys["PublicKeyList"][0], **times}]}
    return Corpus(objects, keys, names, accounts * hours * LOG_FILES, spans[-1][1])


def environment(endpoint: str) -> dict[str, str]:
    """What both programs need to ask the stand-in and nobody else."""
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }


def run(words: list[str], endpoint: str, valid: str) -> float:
    """Seconds that a whole process takes; its answer must be the right one."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            words, capture_output=True, check=False, env=environment(endpoint), cwd=folder
        )
    took = time.perf_counter() - began
    if done.returncode or not re.search(valid, done.stdout.decode()):
        sys.exit(
            f"{words[0]} answered {done.returncode}: {done.stdout[-500:]!r} {done.stderr[-800:]!r}"
        )
    return took


def aws_cli(corpus: Corpus, endpoint: str, accounts: list[str]) -> float:
    """Log files a second of `aws cloudtrail validate-logs`, run for some accounts."""
    each = corpus.log_files // len(corpus.accounts)
    taken = 0.0
    for account in accounts:
        words = [
            str(SCRIPTS / "aws"), "cloudtrail", "validate-logs", "--region", REGION,
            "--trail-arn", f"arn:aws:cloudtrail:{REGION}:{account}:trail/benchmark",
            "--s3-bucket", BUCKET, "--start-time", f"{START:%Y-%m-%dT%H:%M:%SZ}",
            "--end-time", f"{corpus.end:%Y-%m-%dT%H:%M:%SZ}",
        ]  # fmt: skip
        taken += run(words, endpoint, f"{each}/{each} log files valid")
    return len(accounts) * each / taken


def ours(corpus: Corpus, endpoint: str) -> float:
    """Log files a second of `trailscan validate`."""
    words = [
        str(SCRIPTS / "trailscan"), "validate", f"s3://{BUCKET}",
        "--since", f"{START:%Y-%m-%dT%H:%M:%SZ}", "--until", f"{corpus.end:%Y-%m-%dT%H:%M:%SZ}",
    ]  # fmt: skip
    valid = f"log files {corpus.log_files:,} = valid {corpus.log_files:,}\n"
    return corpus.log_files / run(words, endpoint, valid)


def against_aws_cli(corpus: Corpus, delay: float, runs: int, accounts: int) -> None:
    """Log files a second of both, in turn; aws-cli for some of the accounts, one after another."""
    mine: list[float] = []
    theirs: list[float] = []
    with StandIn(BUCKET, corpus.objects, corpus.public_keys, delay) as endpoint:
        for _ in range(runs):
            mine.append(ours(corpus, endpoint))
            theirs.append(aws_cli(corpus, endpoint, corpus.accounts[:accounts]))
            mine.append(ours(corpus, endpoint))
    print(
        f"  {delay * 1000:3.0f} ms an answer: aws-cli {max(theirs):7,.0f} log files/s, trailscan "
        f"{max(mine):7,.0f} (least {min(mine):,.0f}), ratio {max(mine) / max(theirs):6.1f}",
        flush=True,
    )


def loads(what: str, source: str, keys: Path, corpus: Corpus, runs: int) -> None:
    """Seconds of a load with and without validation, in turn, each into a new store."""
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.ingest.validation.run import ValidateOptions
    from trailscan.render.summary_text import summary_text
    from trailscan.validate.keys import parse_public_keys
    from trailscan.window import Window

    checked = ValidateOptions(public_keys=parse_public_keys(keys.read_bytes(), "the benchmark"))
    taken: dict[str, list[float]] = {"load": [], "load --validate": []}
    for _ in range(runs):
        for name, validate in (("load", None), ("load --validate", checked)):
            with tempfile.TemporaryDirectory() as folder:
                options = LoadOptions(window=Window(START, corpus.end), validate=validate)
                began = time.perf_counter()
                summary = run_load([source], f"{folder}/store", options, corpus.end)
                taken[name].append(time.perf_counter() - began)
                if summary.done != corpus.log_files or any(
                    found.outcome == "tampered" for found in summary.validations
                ):
                    sys.exit(f"{name}: {summary_text(summary)}")
    one, other = (min(found) for found in taken.values())
    print(f"  {what}: {one:.2f} s, {other:.2f} s: ratio {other / one:.2f}", flush=True)


def by_workers(what: str, source: str, keys: Path, corpus: Corpus, runs: int) -> None:
    """Log files a second that are validated without worker processes and with two, in turn."""
    from trailscan.ingest.garbage import collecting_rarely
    from trailscan.ingest.validation.run import ValidateOptions, run_validate
    from trailscan.validate.keys import parse_public_keys

    checked = parse_public_keys(keys.read_bytes(), "the benchmark")
    measured: dict[int, list[tuple[float, float]]] = {0: [], 2: []}
    for _ in range(runs):
        for workers, runs_so_far in measured.items():
            options = ValidateOptions(
                public_keys=checked,
                ask_aws=False,
                workers=workers,
                copy_of=f"s3://{BUCKET}" if source.startswith("s3:") else None,
            )
            before = resource.getrusage(resource.RUSAGE_SELF)
            with collecting_rarely():
                found = run_validate(source, None, options, corpus.end)
            after = resource.getrusage(resource.RUSAGE_SELF)
            if found.log_files.total() != corpus.log_files or found.outcome == "tampered":
                sys.exit(f"{source}: {found.log_files}, {found.failures}")
            took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            runs_so_far.append((corpus.log_files / found.seconds, 1e6 * took / corpus.log_files))
    for workers, taken in measured.items():
        rates, own = zip(*taken, strict=True)
        print(
            f"  {what}, {workers} worker processes: {statistics.median(rates):,.0f} log files/s "
            f"({min(rates):,.0f} to {max(rates):,.0f}), {statistics.median(own):.0f} microseconds "
            "of the first process each",
            flush=True,
        )


@contextlib.contextmanager
def in_folder(corpus: Corpus) -> Iterator[Path]:
    """The corpus on disk, with the metadata of digests beside them."""
    with tempfile.TemporaryDirectory() as folder:
        for key, (data, metadata) in corpus.objects.items():
            path = Path(folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            if metadata:
                text = json.dumps({"Metadata": metadata})
                path.with_name(f"{path.name}.metadata.json").write_text(text)
        yield Path(folder)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=25)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--records", type=int, default=60, help="a log file, on average")
    parser.add_argument("--delay", type=float, default=20, help="milliseconds")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-accounts", type=int, help="of how many aws-cli takes its rate")
    parser.add_argument("--only", choices=["aws-cli", "load", "workers"])
    given = parser.parse_args()
    corpus = make(given.accounts, given.hours, given.records)
    size = sum(len(data) for data, _ in corpus.objects.values())
    print(
        f"{given.accounts} accounts, {given.hours} hours: {corpus.log_files:,} log files, "
        f"{given.accounts * given.hours:,} digests, {size / 1e6:.1f} MB stored"
    )
    if given.only in (None, "aws-cli"):
        print("trailscan validate against aws cloudtrail validate-logs")
        few = given.peer_accounts or given.accounts
        against_aws_cli(corpus, 0.0, given.runs, few)
        against_aws_cli(corpus, given.delay / 1000, 1, given.peer_accounts or 3)
    if given.only == "aws-cli":
        return
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file, in_folder(corpus) as folder:
        json.dump(corpus.public_keys, file)
        file.flush()
        keys, delays = Path(file.name), (0.0, given.delay / 1000)
        if given.only != "workers":
            print("load --validate against load")
            for delay in delays:
                with StandIn(BUCKET, corpus.objects, corpus.public_keys, delay) as endpoint:
                    os.environ.update(environment(endpoint))
                    what = f"from S3 on loopback, {delay * 1000:.0f} ms an answer"
                    loads(what, f"s3://{BUCKET}", keys, corpus, given.runs)
            loads("from a folder", str(folder), keys, corpus, given.runs)
        if given.only != "load":
            print(f"validation in worker processes; {described()}")
            for delay in delays:
                with serving(folder, delay):
                    what = f"from S3 on loopback, {delay * 1000:.0f} ms an answer"
                    by_workers(what, "s3://trail", keys, corpus, given.runs)
            by_workers("from a folder", str(folder), keys, corpus, given.runs)


if __name__ == "__main__":
    main()
