"""Compare loading from S3 with plain GETs and gunzip, and with boto3: ratios from one run.

    pip install --editable '.[test]'
    python benchmarks/make_corpus.py --out /tmp/corpus
    python benchmarks/load.py --corpus /tmp/corpus

A small S3 server on loopback (tests/services/stand_in.py, a process of its own) serves the corpus
from memory and shares the processors with what is measured. Each figure is the best of several
runs, taken in turn. A second round adds 20 ms to each response, as a network would. `--memory`
measures memory instead, for 2,000, 20,000 and 200,000 log files: the same ones in more accounts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import deflate
import obstore
from obstore.store import S3Store

from trailscan.ingest.connections import FETCHERS
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.run import ORGANIZATIONS, LoadOptions, run_load
from trailscan.ingest.scan import scan_into
from trailscan.store.log_file_result import LogFileResult
from trailscan.trail.log_file import Wanted
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVER = Path(__file__).parent.parent / "tests" / "services" / "stand_in.py"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ASKED = LoadOptions(window=Window(datetime(2026, 9, 1, tzinfo=UTC)))
BOTO3_THREADS = 16
PLAIN_THREADS = (1, 8, 16, 64)
DELAY = 0.02
COPIES = (1, 10, 100)


class Listed(NamedTuple):
    """An object of the server."""

    key: str
    size: int


class Taken(NamedTuple):
    """How long a job took, and how much processor time of this process."""

    seconds: float
    processor: float


@contextlib.contextmanager
def serving(corpus: Path, delay: float = 0.0, copies: int = 1) -> Iterator[str]:
    """An S3 server with the log files of the corpus, and its endpoint in the environment."""
    words = [sys.executable, str(SERVER), str(corpus), "--latency", str(delay)]
    process = subprocess.Popen([*words, "--copies", str(copies)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101  # it is a pipe
    endpoint = process.stdout.readline().strip()
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="benchmark",
        AWS_SECRET_ACCESS_KEY="benchmark",  # noqa: S106  # the server asks for none
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
    )
    try:
        yield endpoint
    finally:
        process.terminate()
        process.wait()


class Jobs:
    """What is measured against one server."""

    def __init__(self, endpoint: str) -> None:
        client: Any = {"allow_http": True}
        self._store = S3Store(
            "trail",
            region="us-east-1",
            endpoint=endpoint,
            virtual_hosted_style_request=False,
            client_options=client,
        )
        self._wanted = Wanted((ORGANIZATIONS,))
        self._folder = tempfile.TemporaryDirectory()
        self._loads = 0

    @cached_property
    def objects(self) -> list[Listed]:
        """What the server has."""
        pages = obstore.list(self._store, chunk_size=1000)
        return [Listed(one["path"], one["size"]) for page in pages for one in page]

    @cached_property
    def bodies(self) -> list[bytes]:
        """The log files in memory."""
        return [self.get(one) for one in self.objects]

    def get(self, one: Listed) -> bytes:
        """One plain GET."""
        return bytes(obstore.get(self._store, one.key).bytes())

    def get_all(self, threads: int) -> int:
        """Plain GETs."""
        with ThreadPoolExecutor(threads) as pool:
            return sum(len(data) for data in pool.map(self.get, self.objects))

    def get_and_gunzip_all(self, threads: int) -> int:
        """Plain GETs, each body inflated by the thread that has it."""
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(lambda one: gunzip(self.get(one)), self.objects))

    def gunzip_all(self, threads: int) -> int:
        """Plain gunzip of the same bytes, in memory."""
        if threads == 1:
            return sum(map(gunzip, self.bodies))
        groups = [self.bodies[start : start + 16] for start in range(0, len(self.bodies), 16)]
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(lambda group: sum(map(gunzip, group)), groups))

    def list_all(self) -> int:
        """A plain listing."""
        return sum(len(page) for page in obstore.list(self._store, chunk_size=1000))

    def boto3_all(self) -> int:
        """Scan the log files that boto3 lists and gets."""
        import boto3
        from botocore.config import Config

        client = boto3.client("s3", config=Config(max_pool_connections=BOTO3_THREADS))
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="trail")
        keys = [one["Key"] for page in pages for one in page["Contents"]]

        def scan(key: str) -> int:
            data = client.get_object(Bucket="trail", Key=key)["Body"].read()
            result = LogFileResult("trail", key, "", len(data))
            scan_into(result, data, self._wanted, LargeOneAtATime())
            return len(result.events)

        with ThreadPoolExecutor(BOTO3_THREADS) as pool:
            return sum(pool.map(scan, keys))

    def load(self) -> int:
        """The whole load, into a new store on the local disk."""
        self._loads += 1
        return self.load_again()

    def load_again(self) -> int:
        """Load into the newest store, where nothing is new after `load`."""
        store = f"{self._folder.name}/{self._loads}"
        return run_load(["s3://trail"], store, ASKED, NOW).kept


def gunzip(data: bytes) -> int:
    """The length of what was packed."""
    return len(deflate.gzip_decompress(data, int.from_bytes(data[-4:], "little")))


def measure(jobs: dict[str, Callable[[], int]], runs: int) -> dict[str, Taken]:
    """The best run of each job, the jobs taken in turn: other work can only add to them."""
    taken: defaultdict[str, list[Taken]] = defaultdict(list)
    for _ in range(runs):
        for name, job in jobs.items():
            began, used = time.perf_counter(), _processor()
            job()
            taken[name].append(Taken(time.perf_counter() - began, _processor() - used))
    return {name: min(found) for name, found in taken.items()}


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_memory(corpus: Path, copies: int) -> tuple[float, int]:
    """Megabytes that `trailscan load` needs at its peak, and its log files."""
    with serving(corpus, copies=copies), tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "trailscan", "load", "s3://trail", "--since", "2026-09-01"]
        with subprocess.Popen(
            [*words, "--store", f"{folder}/store", "--format", "json"], stdout=subprocess.PIPE
        ) as process:
            said = process.stdout.read() if process.stdout else b""
            _, _, used = os.wait4(process.pid, 0)
            process.returncode = 0
    return used.ru_maxrss / 1024, int(json.loads(said)["log_files"]["done"])


def report(taken: dict[str, Taken], against: dict[str, float]) -> None:
    """The best times, and as ratios."""
    print(f"\n{'seconds':>8} {'proc.':>6} " + " ".join(against))
    for name, (seconds, processor) in taken.items():
        ratios = " ".join(f"{seconds / other:{len(of)}.2f}" for of, other in against.items())
        print(f"{seconds:8.3f} {processor:6.2f} {ratios}  {name}")


def at_full_speed(corpus: Path, runs: int, copies: int) -> None:
    """Everything, as fast as this machine can."""
    with serving(corpus, copies=copies) as endpoint:
        jobs = Jobs(endpoint)
        size = sum(len(data) for data in jobs.bodies)
        print(f"{len(jobs.objects):,} log files, {size / 1e6:,.0f} MB; {jobs.load():,} events")
        plain: dict[str, Callable[[], int]] = {}
        for threads in PLAIN_THREADS:
            plain[f"GETs, {threads} threads"] = lambda n=threads: jobs.get_all(n)
            plain[f"GETs and gunzip, {threads} threads"] = lambda n=threads: (
                jobs.get_and_gunzip_all(n)
            )
        plain |= {
            "gunzip, 1 thread": lambda: jobs.gunzip_all(1),
            "gunzip, 2 threads": lambda: jobs.gunzip_all(2),
            "load": jobs.load,
            "boto3, 16 threads, the same scan": jobs.boto3_all,
            "load again, nothing new": jobs.load_again,
            "listing, obstore": jobs.list_all,
        }
        taken = measure(plain, runs)
    gets = {n: taken[f"GETs, {n} threads"].seconds for n in PLAIN_THREADS}
    both = min(taken[f"GETs and gunzip, {n} threads"] for n in PLAIN_THREADS).seconds
    unzip = taken["gunzip, 1 thread"].seconds
    against = {
        "/(GETs + gunzip)": gets[1] + unzip,
        "/(fastest GETs + gunzip)": min(gets.values()) + unzip,
        "/fastest both at once": both,
        "/boto3": taken["boto3, 16 threads, the same scan"].seconds,
    }
    report(taken, against)


def with_delay(corpus: Path, runs: int, copies: int) -> None:
    """Measure with the delay of a network added to each response."""
    with serving(corpus, DELAY, copies) as endpoint:
        jobs = Jobs(endpoint)
        taken = measure(
            {
                f"GETs, {FETCHERS} threads": lambda: jobs.get_all(FETCHERS),
                "load": jobs.load,
                "load again, nothing new": jobs.load_again,
            },
            runs,
        )
        bound = len(jobs.objects) * DELAY / FETCHERS
    print(f"\nwith {DELAY * 1000:.0f} ms added to each answer; {FETCHERS} connections can do it in")
    print(f"{bound:8.3f} s")
    report(taken, {"/bound": bound})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parent / "corpus")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--copies", type=int, default=1, help="how often each log file is served")
    parser.add_argument("--memory", action="store_true", help="measure memory only")
    given = parser.parse_args()
    if not given.memory:
        at_full_speed(given.corpus, given.runs, given.copies)
        with_delay(given.corpus, given.runs, given.copies)
        return
    for copies in COPIES:
        megabytes, log_files = peak_memory(given.corpus, copies)
        print(f"peak memory of a load of {log_files:9,} log files: {megabytes:,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
