"""Compare loading from S3 with plain GETs and gunzip, with boto3, and with itself: ratios.

    pip install --editable '.[test]'
    python benchmarks/load.py --corpus /tmp/corpus
    python benchmarks/load.py --corpus /tmp/corpus --rows delay cores --runs 7

A small S3 server on loopback (s3_process.py) serves the corpus from memory and shares the
processors with what is measured. Each figure is the median of several runs, taken in turn. The
corpora are made where they are missing.

Rows: `loopback`; `small`, a trail in which 44 % of the log files have under 1,000 bytes; `delay`,
20 ms added to each answer; `many`, that with 20,000 log files, beside an older version with
`--before CHECKOUT`; `cores`, 20,000 log files on one processor and on two; `memory` and
`memory-many`, all processes together, for 2,000 and 200,000 log files.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import deflate
import obstore
from make_corpus import make
from obstore.store import S3Store
from peak_memory import peak_memory
from s3_process import described, serving

from trailscan.ingest.connections import FETCHERS
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.run import ORGANIZATIONS, LoadOptions, run_load
from trailscan.ingest.scan import scan_into
from trailscan.store.log_file_result import LogFileResult
from trailscan.trail.log_file import Wanted
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from s3_process import Served

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ASKED = LoadOptions(window=Window(datetime(2026, 9, 1, tzinfo=UTC)))
BOTO3_THREADS = 16
PLAIN_THREADS = (1, 8, 16, 64)
DELAY = 0.02
SMALL = 0.44
ONE_LOAD = """
import contextlib, io, json, sys, time
import trailscan.ingest.run
from trailscan.cli.app import main
words = ["load", "s3://trail", "--since", "2026-09-01", "--format", "json", "--store"]
sys.argv[1:] = [*words, sys.argv[1]]
began = time.perf_counter()
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as said:
    main()
seconds = time.perf_counter() - began
print(json.dumps([seconds, json.loads(said.getvalue())["log_files"]["done"]]))
"""
"""One load by the command in a process of its own, of this version or of an older one."""


class Listed(NamedTuple):
    """An object of the server."""

    key: str
    size: int


class Jobs:
    """What is measured against one server."""

    def __init__(self, served: Served) -> None:
        client: Any = {"allow_http": True}
        self._store = S3Store(
            "trail",
            region="us-east-1",
            endpoint=served.endpoint,
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


def load_in_process(processors: set[int], checkout: Path | None = None) -> float:
    """Seconds of a load in a process of its own, without its imports, on some processors.

    Args:
        processors: those that it may use.
        checkout: of the version that loads; None for this one.
    """
    words = ["taskset", "--cpu-list", ",".join(map(str, processors)), sys.executable]
    environment = {**os.environ, "PYTHONPATH": str(checkout or Path(__file__).parent.parent)}
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*words, "-c", ONE_LOAD, f"{folder}/store"],
            stdout=subprocess.PIPE,
            check=True,
            env=environment,
            cwd=folder,  # `-c` looks for modules here first
        )
    return float(json.loads(done.stdout)[0])


def measure(jobs: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """The median seconds of each job, the jobs taken in turn; a job may return its own seconds."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        for name, job in jobs.items():
            began = time.perf_counter()
            said = job()
            taken[name].append(said if isinstance(said, float) else time.perf_counter() - began)
    for name, found in taken.items():
        low, middle, high = min(found), statistics.median(found), max(found)
        print(f"{middle:8.3f} s ({low:.3f} to {high:.3f})  {name}", flush=True)
    return {name: statistics.median(found) for name, found in taken.items()}


def compare(what: str, ratio: float, target: str) -> None:
    """Print a ratio beside what it should be."""
    print(f"{ratio:8.2f}   {what} (target: {target})", flush=True)


class Benchmark:
    """The rows, with the corpora and the number of runs."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._corpus: Path = given.corpus
        self._small: Path = given.small_corpus
        self._runs: int = given.runs
        self._before: Path | None = given.before

    def run(self, row: str) -> None:
        """Measure one row."""
        print(f"\n== {row}", flush=True)
        getattr(self, row.replace("-", "_"))()

    def loopback(self) -> None:
        """Print the figures of everything, as fast as this machine can."""
        self._at_full_speed(_made(self._corpus))

    def small(self) -> None:
        """Print the same figures of a trail with many small log files."""
        self._at_full_speed(_made(self._small, small=SMALL))

    def _at_full_speed(self, corpus: Path) -> None:
        with serving(corpus) as served:
            jobs = Jobs(served)
            sizes = [one.size for one in jobs.objects]
            under = sum(size < 1000 for size in sizes) / len(sizes)  # noqa: PLR2004  # as the row says
            print(
                f"{len(sizes):,} log files, {sum(sizes) / 1e6:,.0f} MB, "
                f"{under:.0%} of them under 1,000 bytes; {jobs.load():,} events"
            )
            plain: dict[str, Callable[[], object]] = {}
            for threads in PLAIN_THREADS:
                plain[f"GETs, {threads} threads"] = partial(jobs.get_all, threads)
                plain[f"GETs and gunzip, {threads} threads"] = partial(
                    jobs.get_and_gunzip_all, threads
                )
            plain |= {
                "gunzip, 1 thread": partial(jobs.gunzip_all, 1),
                "gunzip, 2 threads": partial(jobs.gunzip_all, 2),
                "load": jobs.load,
                "boto3, 16 threads, the same scan": jobs.boto3_all,
                "load again, nothing new": jobs.load_again,
                "listing, obstore": jobs.list_all,
            }
            taken = measure(plain, self._runs)
        fastest = min(taken[f"GETs, {n} threads"] for n in PLAIN_THREADS)
        one_by_one = taken["GETs, 1 threads"] + taken["gunzip, 1 thread"]
        both = min(taken[f"GETs and gunzip, {n} threads"] for n in PLAIN_THREADS)
        load = taken["load"]
        compare(
            "load / (fastest GETs + gunzip)",
            load / (fastest + taken["gunzip, 1 thread"]),
            "1.5 or less",
        )
        compare("boto3 / load", taken["boto3, 16 threads, the same scan"] / load, "6 or more")
        compare("load / (GETs + gunzip, one after another)", load / one_by_one, "none")
        compare("load / (fastest GETs and gunzip at once)", load / both, "none")

    def delay(self) -> None:
        """Print the figures with the delay of a network added to each answer."""
        with serving(_made(self._corpus), DELAY) as served:
            jobs = Jobs(served)
            count = len(jobs.objects)
            peaks: list[int] = []

            def load() -> None:
                served.peak()
                jobs.load()
                peaks.append(served.peak() or FETCHERS)

            taken = measure(
                {
                    f"GETs, {FETCHERS} threads": partial(jobs.get_all, FETCHERS),
                    "load": load,
                    "load again, nothing new": jobs.load_again,
                },
                self._runs,
            )
        used = statistics.median(peaks)
        for connections in (used, FETCHERS):
            bound = count * DELAY / connections
            print(f"{bound:8.3f} s: the bound of {connections:.0f} connections")
        compare(
            f"load / bound of the {used:.0f} it used",
            taken["load"] / (count * DELAY / used),
            "1.3 or less",
        )

    def many(self) -> None:
        """Print how many log files a second are loaded of 20,000 with that delay."""
        processors = set(os.sched_getaffinity(0))
        with serving(_made(self._corpus), DELAY, 10) as served:
            count = len(Jobs(served).objects)
            jobs = {"load": partial(load_in_process, processors)}
            if self._before is not None:
                jobs["load, the version before"] = partial(
                    load_in_process, processors, self._before
                )
            taken = measure(dict(jobs), self._runs)
        for name, seconds in taken.items():
            print(f"{count / seconds:8,.0f} log files a second: {name}")
        if self._before is not None:
            before = taken["load, the version before"]
            compare(
                "log files a second / those of the version before",
                before / taken["load"],
                "2 or more",
            )

    def cores(self) -> None:
        """Print what a second processor gains for 20,000 log files, the server on the same ones."""
        taken = {}
        usable = sorted(os.sched_getaffinity(0))
        for count in (1, 2):
            processors = set(usable[:count])
            with serving(_made(self._corpus), 0.0, 10, processors):
                job = {f"load, {count} of the processors": partial(load_in_process, processors)}
                taken |= measure(dict(job), self._runs)
        one, two = taken.values()
        compare("one processor / two", one / two, "1.6 or more")

    def memory(self) -> None:
        """Print the peak of memory for 2,000 log files."""
        self._memory(1)

    def memory_many(self) -> None:
        """Print the peak of memory for 200,000 log files."""
        self._memory(100)

    def _memory(self, copies: int) -> None:
        with serving(_made(self._corpus), 0.0, copies) as served:
            count = len(Jobs(served).objects)
            peaks = [peak_memory() for _ in range(self._runs)]
        together = statistics.median(one.together for one in peaks)
        resident = statistics.median(one.resident for one in peaks)
        print(f"{count:,} log files: {together:,.0f} MB, shared pages counted once")
        print(f"{resident:,.0f} MB, shared pages counted in each process (target: under 600 MB)")


def _made(corpus: Path, small: float = 0.0) -> Path:
    """A corpus, made now if it is missing."""
    if not corpus.exists():
        make(corpus, 2000, small=small)
    return corpus


ROWS = ("loopback", "small", "delay", "many", "cores", "memory", "memory-many")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parent / "corpus")
    parser.add_argument(
        "--small-corpus", type=Path, default=Path(__file__).parent / "corpus" / "small"
    )
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--before", type=Path, help="a checkout of an older version")
    given = parser.parse_args()
    benchmark = Benchmark(given)
    print(f"{described()}; medians of {given.runs} runs")
    for row in given.rows:
        benchmark.run(row)


if __name__ == "__main__":
    main()
