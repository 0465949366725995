"""Compare scanning with plain gunzip of the same bytes and with other tools: ratios from one run.

    pip install --editable '.[test]'
    python -m venv /tmp/peer && /tmp/peer/bin/pip install trailscraper
    python benchmarks/make_corpus.py --out /tmp/corpus
    python benchmarks/scan.py --corpus /tmp/corpus --trailscraper /tmp/peer/bin/trailscraper

Each figure is the best of several runs, taken in turn, on files in the page cache. The other tools
run once, because they take longer, and must find the same events. DuckDB reads in three ways: every
field of a record, to build a table of events; one field; and one field by JSON path, its fastest
way to count. trailscraper runs from its own environment, because it requires an old boto3. It
cannot filter by event source and prints every record; this program counts them afterwards, untimed.
A line of Python that counts records and prints nothing measures trailscraper's reader alone.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import deflate
import msgspec

from trailscan.aws.session import AwsOptions
from trailscan.ingest.listing import ListingRequest, Listings
from trailscan.ingest.plan import Scope, open_source
from trailscan.ingest.read_ahead import _GROUP
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.run import ORGANIZATIONS, LoadOptions, run_load
from trailscan.ingest.scan import read_planned, scan_into
from trailscan.parallel import grouped, in_order
from trailscan.store.known import KnownLogFiles
from trailscan.trail.log_file import Wanted
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.ingest.plan import PlannedFile

Answers = dict[str, int]
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
    wanted, large = Wanted((ORGANIZATIONS,)), LargeOneAtATime()

    def scan(group: list[PlannedFile]) -> int:
        found = 0
        for planned in group:
            fetched = read_planned(planned)
            scan_into(fetched.result, fetched.stored or b"", wanted, large)
            found += len(fetched.result.events)
        return found

    source = open_source(str(corpus), AwsOptions())
    known = KnownLogFiles(source.bucket, ORGANIZATIONS)
    request = ListingRequest(Scope(), Window(), known, {}, NOW.date())
    planned = (new for page in Listings(source, request) for new in page.new)
    with ThreadPoolExecutor(threads) as pool:
        return sum(in_order(pool, scan, grouped(planned, _GROUP), 4 * threads))


def load_fresh(corpus: Path) -> int:
    """The whole load into a new store, then once more with nothing new."""
    with tempfile.TemporaryDirectory() as folder:
        return run_load([str(corpus)], f"{folder}/store", LoadOptions(), NOW).kept


def duckdb_count(corpus: Path, query: str) -> int:
    """Count the events with DuckDB, on all processors."""
    import duckdb

    with duckdb.connect() as database:
        row = database.execute(query, [f"{corpus}/**/*.json.gz"]).fetchone()
    return int(row[0]) if row else -1


DUCKDB = {
    "DuckDB read_json, every field": """
        select count(*) from (select unnest(Records) as record from read_json(?, columns =
            {Records: 'STRUCT(eventVersion VARCHAR, userIdentity JSON, eventTime TIMESTAMPTZ,
             eventSource VARCHAR, eventName VARCHAR, awsRegion VARCHAR, sourceIPAddress VARCHAR,
             userAgent VARCHAR, errorCode VARCHAR, errorMessage VARCHAR, requestParameters JSON,
             responseElements JSON, additionalEventData JSON, requestID VARCHAR, eventID VARCHAR,
             readOnly BOOLEAN, resources JSON, eventType VARCHAR, managementEvent BOOLEAN,
             recipientAccountId VARCHAR, sharedEventID VARCHAR, eventCategory VARCHAR)[]'}))
        where record.eventSource = 'organizations.amazonaws.com'
        """,
    "DuckDB read_json, one field": """
        select count(*) from (select unnest(Records) as record from read_json(?, columns =
            {Records: 'STRUCT(eventSource VARCHAR)[]'}))
        where record.eventSource = 'organizations.amazonaws.com'
        """,
    "DuckDB read_json_objects, one field": """
        select count(*) from (
            select unnest(json_extract_string(json, '$.Records[*].eventSource')) as event_source
            from read_json_objects(?)
        ) where event_source = 'organizations.amazonaws.com'
        """,
}
"""Ways to ask DuckDB: as for a table of the events, and as for nothing but their number."""


def trailscraper_select(command: Path, corpus: Path, printed: Path) -> int:
    """The bytes that `trailscraper select` prints: every record of the log files as JSON."""
    words = [
        str(command), "select", "--log-dir", str(corpus),
        "--from", "2026-09-01", "--to", "2026-12-01",
    ]  # fmt: skip
    with printed.open("wb") as out:
        done = subprocess.run(words, stdout=out, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"trailscraper failed: {done.stderr.decode().strip().splitlines()[-1:]}")
    return printed.stat().st_size


TRAILSCRAPER_COUNT = """
import sys, datetime, pytz
from trailscraper.record_sources.local_directory_record_source import LocalDirectoryRecordSource
bounds = [datetime.datetime(2026, month, 1, tzinfo=pytz.utc) for month in (9, 12)]
records = LocalDirectoryRecordSource(sys.argv[1]).load_from_dir(*bounds)
print(sum(record.event_source == "organizations.amazonaws.com" for record in records))
"""


def trailscraper_count(command: Path, corpus: Path) -> int:
    """Count the events with trailscraper's own reader, without printing anything."""
    words = [str(command.parent / "python"), "-c", TRAILSCRAPER_COUNT, str(corpus)]
    return int(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


def count_printed(printed: Path, records: int) -> int:
    """How many Organizations events trailscraper printed, of all the records that there are."""
    found = msgspec.json.decode(printed.read_bytes())["Records"]
    if len(found) != records:
        sys.exit(f"trailscraper gave {len(found):,} records of {records:,}")
    return sum(record["eventSource"] == ORGANIZATIONS for record in found)


def measure(jobs: dict[str, Callable[[], int]], runs: int, answers: Answers) -> dict[str, float]:
    """The least seconds of each job, the jobs taken in turn: other work can only add to them."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        for name, job in jobs.items():
            began = time.perf_counter()
            answers[name] = job()
            taken[name].append(time.perf_counter() - began)
            print(f"  {taken[name][-1]:8.3f} s  {name}: {answers[name]:,}", flush=True)
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
    parser.add_argument("--memory", action="store_true", help="measure only the peak memory")
    given = parser.parse_args()
    if given.memory:
        print(f"peak memory of a load: {peak_memory(given.corpus):,.0f} MB")
        return
    files = sorted(given.corpus.rglob("*.json.gz"))
    size = gunzip_all(files, 1)
    print(f"{len(files):,} log files, {size / 1e6:,.0f} MB of JSON")
    corpus: Path = given.corpus
    answers: Answers = {}
    seconds = measure(
        {
            "plain gunzip, 1 thread": lambda: gunzip_all(files, 1),
            f"plain gunzip, {THREADS} threads": lambda: gunzip_all(files, THREADS),
            "scan, 1 thread": lambda: scan_all(corpus, 1),
            f"scan, {THREADS} threads": lambda: scan_all(corpus, THREADS),
            "load into a new store": lambda: load_fresh(corpus),
        },
        given.runs,
        answers,
    )
    if not given.no_peers:
        seconds |= measure_peers(corpus, given.trailscraper, answers)
    report(seconds)
    print(f"peak memory of a load: {peak_memory(corpus):,.0f} MB")


def measure_peers(corpus: Path, trailscraper: Path | None, answers: Answers) -> dict[str, float]:
    """The seconds of each peer; ends when one has another answer."""
    peers: dict[str, Callable[[], int]] = {
        name: partial(duckdb_count, corpus, query) for name, query in DUCKDB.items()
    }
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "printed.json")
        if trailscraper:
            peers["trailscraper's reader"] = partial(trailscraper_count, trailscraper, corpus)
            select = partial(trailscraper_select, trailscraper, corpus, printed)
            peers["trailscraper select"] = select
        for name, job in peers.items():
            try:
                seconds |= measure({name: job}, 1, answers)
            except (ImportError, OSError, RuntimeError) as error:
                print(f"{name}: skipped: {error}")
        if printed.exists():
            answers["trailscraper select"] = count_printed(printed, records_of(corpus))
    expected = answers[f"scan, {THREADS} threads"]
    wrong = {name: answers[name] for name in seconds if answers[name] != expected}
    if wrong:
        sys.exit(f"not the {expected:,} events that the scan found: {wrong}")
    print(f"every peer found the same {expected:,} events")
    return seconds


def records_of(corpus: Path) -> int:
    """How many records there are, each parsed."""
    stored = (path.read_bytes() for path in corpus.rglob("*.json.gz"))
    return sum(len(msgspec.json.decode(gzip.decompress(data))["Records"]) for data in stored)


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
