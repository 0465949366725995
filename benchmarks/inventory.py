"""Measure what planning a load from an inventory costs: seconds, memory, requests at the server.

    python benchmarks/inventory.py [--objects 1000000] [--formats CSV Parquet ORC]

Writes an inventory of a trail's bucket as S3 does, in ten data files and in no order of keys, and
serves it from an S3 server on loopback, in which the trail's bucket exists and is empty. Then plans
a load of everything with `load --inventory --dry-run` in a process of its own. The server counts
the requests: those for the trail's bucket, and LIST requests among all.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.orc as pa_orc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from services.inventory import COLUMNS, FIELDS, SUFFIX, manifest_files
from services.stand_in import StandIn

AS_OF = datetime(2026, 11, 25, 1, tzinfo=UTC)
FILES = 10
DAYS, A_DAY = 10, 100
BUCKET = "trail"
ABOVE = f"inventory/{BUCKET}/all"


class Cost(NamedTuple):
    """What a plan took, and what it said."""

    seconds: float
    processor: float
    megabytes: float
    listed: int
    log_files: int


def rows_of(objects: int) -> pa.Table:
    """The rows of an inventory: log files of as many accounts as are needed, in no order."""
    order = list(range(objects))
    random.Random(20).shuffle(order)
    keys = [_key(number) for number in order]
    etags = [hashlib.blake2b(key.encode(), digest_size=16).hexdigest() for key in keys]
    modified = [AS_OF - timedelta(days=1 + number % DAYS) for number in order]
    none = pa.nulls(objects, pa.string())
    columns = {
        "Bucket": pa.array([BUCKET] * objects),
        "Key": pa.array(keys),
        "VersionId": none,
        "IsLatest": pa.array([True] * objects),
        "IsDeleteMarker": pa.array([False] * objects),
        "Size": pa.array([800 + number % 5000 for number in order], pa.int64()),
        "LastModifiedDate": pa.array(modified, pa.timestamp("ms")),
        "ETag": pa.array(etags),
        "StorageClass": pa.array(["STANDARD"] * objects),
        "IsMultipartUploaded": pa.array([False] * objects),
        "IntelligentTieringAccessTier": none,
    }
    return pa.table([columns[name] for name in COLUMNS], names=list(COLUMNS))


def _key(number: int) -> str:
    """The key of a log file."""
    account = 111_100_000_000 + number // (DAYS * A_DAY)
    when = AS_OF - timedelta(days=2 + number % DAYS, minutes=number % A_DAY)
    return (
        f"AWSLogs/o-exampleorg1/{account}/CloudTrail/us-east-1/{when:%Y/%m/%d}/"
        f"{account}_CloudTrail_us-east-1_{when:%Y%m%dT%H%M}Z_{number:016d}.json.gz"
    )


def data_file(rows: pa.Table, form: str) -> bytes:
    """A data file in one of the formats of S3 Inventory."""
    if form == "CSV":
        text = [_text(column) for column in rows.columns]
        sink = io.BytesIO()
        options = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")
        pa_csv.write_csv(pa.table(text, names=rows.column_names), sink, options)
        return gzip.compress(sink.getvalue(), 6)
    named = rows.rename_columns([FIELDS[name] for name in rows.column_names])
    written = pa.BufferOutputStream()
    (pq.write_table if form == "Parquet" else pa_orc.write_table)(named, written)
    return bytes(written.getvalue())


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values of a column as S3 writes them in CSV, such as 2026-11-23T12:00:00.000Z."""
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    return pc.fill_null(column.cast(pa.string()), "")


def publish(s3: StandIn, rows: pa.Table, form: str) -> str:
    """Put an inventory into its bucket; gives the address of its manifest."""
    each = -(-rows.num_rows // FILES)
    files = {
        f"{ABOVE}/data/{number:08x}-0000.{SUFFIX[form]}": data_file(
            rows.slice(number * each, each), form
        )
        for number in range(FILES)
    }
    files |= manifest_files(BUCKET, files, form, AS_OF)
    for key, data in files.items():
        s3.put("inventories", key, data)
    return "s3://inventories/" + next(key for key in files if key.endswith("manifest.json"))


def plan(endpoint: str, manifest: str) -> Cost:
    """Plan a load of everything in another process."""
    words = ["load", f"s3://{BUCKET}", "--since", "2026-11-01", "--until", "2026-11-24"]
    words += ["--inventory", manifest, "--endpoint-url", endpoint, "--dry-run", "--format", "json"]
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }
    with tempfile.TemporaryDirectory() as folder:
        words += ["--store", f"{folder}/store"]
        with Path(folder, "out").open("w+b") as printed:
            before, began = _processor(), time.perf_counter()
            program = [sys.executable, "-m", "trailscan", *words]
            process = subprocess.Popen(program, stdout=printed, env=environment)
            peak = 0.0
            while process.poll() is None:
                peak = max(peak, _peak(process.pid))
                time.sleep(0.02)
            seconds, processor = time.perf_counter() - began, _processor() - before
            if process.returncode:
                sys.exit(f"trailscan load ended with {process.returncode}")
            printed.seek(0)
            said = json.load(printed)
    found = said["log_files"]["listed"], said["dry_run"]["log_files"]
    return Cost(seconds, processor, peak, *found)


def _processor() -> float:
    """The seconds of processor time of the processes that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peak(pid: int) -> float:
    """The most memory that a process ever had resident, in MB; 0 if it has just ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="+", default=["CSV", "Parquet", "ORC"])
    given = parser.parse_args()
    rows = rows_of(given.objects)
    print("format     listed  to read  seconds  processor  peak MB   LIST  of the trail    all")
    for form in given.formats:
        with StandIn() as s3:
            s3.put_all(BUCKET, [])
            s3.put_all("inventories", [])
            manifest = publish(s3, rows, form)
            s3.heal()
            cost = plan(s3.endpoint, manifest)
            own = sum(not key.startswith(ABOVE) for _, key in s3.requests)
            lists, requests = s3.counted("LIST"), len(s3.requests)
        print(
            f"{form:8} {cost.listed:>8,} {cost.log_files:>8,} {cost.seconds:>8.1f} "
            f"{cost.processor:>10.1f} {cost.megabytes:>8.0f} {lists:>6} {own:>13} {requests:>6}"
        )


if __name__ == "__main__":
    main()
