"""Scanning against plain gunzip of the same bytes and against peers, in one run, as ratios.

    pip install -e '.[bench]'
    python -m venv /tmp/peer && /tmp/peer/bin/pip install trailscraper
    python benchmarks/make_corpus.py --out /tmp/corpus
    python benchmarks/scan.py --corpus /tmp/corpus --trailscraper /tmp/peer/bin/trailscraper

Every figure is the best of some runs, taken in turn, on files that are in the page cache. Peers
run once: they take longer. trailscraper is run through its command line, from an environment of its
own, since it asks for one old version of boto3; it has no filter by event source, so that its
answer is counted here afterwards.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import deflate
import msgspec

from trailscan.aws.session import AwsOptions
from trailscan.load.listing import Asked, walk
from trailscan.load.loading import ORGANIZATIONS, LoadOptions, run_load
from trailscan.load.local import _GROUP, _grouped
from trailscan.load.plan import Scope, Walked, open_source
from trailscan.load.scan import read_planned, scan_into
from trailscan.parallel import in_order
from trailscan.store.known import KnownLogFiles
from trailscan.trail.log_file import Wanted
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.load.plan import PlannedFile

THREADS = 2
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def gunzip(path: Path) -> int:
    """Read and inflate one file with the fastest library known; gives its length."""
    data = path.read_bytes()
    return len(deflate.gzip_decompress(data, int.from_bytes(data[-4:], "little")))


def gunzip_all(files: list[Path], threads: int) -> int:
    """Plain gunzip of all files."""
    if threads == 1:
        return sum(map(gunzip, files))
    groups = [files[start : start + _GROUP] for start in range(0, len(files), _GROUP)]
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda group: sum(map(gunzip, group)), groups))


def scan_all(corpus: Path, threads: int) -> int:
    """Find, read, inflate, search and decode as a load does, without a store."""
    wanted = Wanted((ORGANIZATIONS,))

    def scan(group: list[PlannedFile]) -> int:
        found = 0
        for planned in group:
            fetched = read_planned(planned)
            scan_into(fetched.result, fetched.stored or b"", wanted)
            found += len(fetched.result.events)
        return found

    source = open_source(str(corpus), AwsOptions())
    known = KnownLogFiles(source.bucket, ORGANIZATIONS)
    planned = walk(source, Asked(Scope(), Window(), known, {}, NOW.date()), Walked())
    with ThreadPoolExecutor(threads) as pool:
        return sum(in_order(pool, scan, _grouped(planned, _GROUP), 4 * threads))


def load_fresh(corpus: Path) -> int:
    """The whole load into a new store, then once more with nothing new."""
    with tempfile.TemporaryDirectory() as folder:
        return run_load([str(corpus)], f"{folder}/store", LoadOptions(), NOW).kept


def duckdb_count(corpus: Path) -> int:
    """The same events counted with DuckDB's JSON reader, on all processors."""
    import duckdb

    query = """
        select count(*) from (
            select unnest(Records) as record
            from read_json(?, columns = {Records: 'STRUCT(eventSource VARCHAR)[]'},
                           maximum_object_size = 268435456)
        ) where record.eventSource = 'organizations.amazonaws.com'
    """
    with duckdb.connect() as database:
        row = database.execute(query, [f"{corpus}/**/*.json.gz"]).fetchone()
    return int(row[0]) if row else -1


def trailscraper_select(command: Path, corpus: Path) -> int:
    """The same log files through `trailscraper select`; it prints every record as JSON."""
    words = [
        str(command), "select", "--log-dir", str(corpus),
        "--from", "2026-09-01", "--to", "2026-12-01",
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"trailscraper failed: {done.stderr.decode().strip().splitlines()[-1:]}")
    records = msgspec.json.decode(done.stdout)["Records"]
    return sum(record["eventSource"] == ORGANIZATIONS for record in records)


def measure(jobs: dict[str, Callable[[], int]], runs: int) -> dict[str, float]:
    """The least seconds of each job, the jobs taken in turn: other work can only add to them."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        for name, job in jobs.items():
            began = time.perf_counter()
            answer = job()
            taken[name].append(time.perf_counter() - began)
            print(f"  {taken[name][-1]:8.3f} s  {name}: {answer:,}", flush=True)
    return {name: min(seconds) for name, seconds in taken.items()}


def peak_memory(corpus: Path) -> float:
    """Megabytes that a load in a process of its own needs at its peak."""
    script = (
        "import sys\nsys.path.insert(0, 'benchmarks')\n"
        "from pathlib import Path\nfrom scan import load_fresh\n"
        "load_fresh(Path(sys.argv[1]))\n"
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.partition('VmHWM:')[2].split()[0]) / 1024)"
    )
    words = [sys.executable, "-c", script, str(corpus)]
    home = Path(__file__).parent.parent
    return float(subprocess.run(words, capture_output=True, check=True, cwd=home).stdout)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parent / "corpus")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--trailscraper", type=Path, help="the command of its own environment")
    given = parser.parse_args()
    files = sorted(given.corpus.rglob("*.json.gz"))
    size = gunzip_all(files, 1)
    print(f"{len(files):,} log files, {size / 1e6:,.0f} MB of JSON")
    corpus: Path = given.corpus
    seconds = measure(
        {
            "plain gunzip, 1 thread": lambda: gunzip_all(files, 1),
            f"plain gunzip, {THREADS} threads": lambda: gunzip_all(files, THREADS),
            "scan, 1 thread": lambda: scan_all(corpus, 1),
            f"scan, {THREADS} threads": lambda: scan_all(corpus, THREADS),
            "load into a new store": lambda: load_fresh(corpus),
        },
        given.runs,
    )
    peers: dict[str, Callable[[], int]] = {"DuckDB read_json": lambda: duckdb_count(corpus)}
    if given.trailscraper:
        peers["trailscraper select"] = lambda: trailscraper_select(given.trailscraper, corpus)
    for name, job in {} if given.no_peers else peers.items():
        try:
            seconds |= measure({name: job}, 1)
        except (ImportError, OSError, RuntimeError) as error:
            print(f"{name}: skipped: {error}")
    report(seconds)
    print(f"peak memory of a load: {peak_memory(corpus):,.0f} MB")


def report(seconds: dict[str, float]) -> None:
    """The best times, and as ratios to the limits and to the scan."""
    one = seconds["plain gunzip, 1 thread"]
    many = seconds[f"plain gunzip, {THREADS} threads"]
    scan = seconds[f"scan, {THREADS} threads"]
    print(f"\n{'seconds':>8} {'/gunzip 1':>10} {'/gunzip ' + str(THREADS):>10} {'/scan':>8}")
    for name, took in seconds.items():
        print(f"{took:8.3f} {took / one:10.2f} {took / many:10.2f} {took / scan:8.1f}  {name}")


if __name__ == "__main__":
    main()
