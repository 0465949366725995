"""A load on a cluster of several processes, over a real S3 server: the store of a local load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from services.command import run_command
from services.spark import Cluster
from services.trail import log_file_key, make_event, pack

from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.store.counts import total_counts
from trailscan.store.reader import StoreReader

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
WORDS = ("--since", "2026-11-01", "--format", "json", "--no-trace", "--quiet")
SPARK = ("--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1")

LOG_FILES = int(os.environ.get("TRAILSCAN_SPARK_LOG_FILES", "400"))
ACCOUNTS = ("111122223333", "222233334444", "333344445555")


@pytest.fixture(scope="session")
def cluster(java, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real standalone cluster of two workers."""
    cluster = Cluster(tmp_path_factory.mktemp("spark"), workers=2)
    yield cluster
    cluster.stop()


def corpus(count: int = LOG_FILES, first: int = 0) -> Iterator[tuple[str, bytes]]:
    """Log files with duplicates, copies that lack members, conflicts, and rejects of both kinds."""
    for number in range(first, first + count):
        account, day = ACCOUNTS[number % 3], f"{20 + number % 5}"
        records = [make_event(number, recipientAccountId=ACCOUNTS[0])]
        if number % 7 == 3:
            records.append(make_event(number - 3, recipientAccountId=ACCOUNTS[0]))
        if number % 11 == 5:
            part = make_event(number - 5, recipientAccountId=ACCOUNTS[0])
            records.append({name: part[name] for name in part if name != "userAgent"})
        if number % 13 == 6:
            records.append(
                make_event(number - 6, recipientAccountId=ACCOUNTS[0], userAgent="other")
            )
        if number % 17 == 7:
            records.append(make_event(number + 500_000, eventTime="yesterday"))
        data = b"\x1f\x8bbroken" if number % 50 == 9 else pack(records)
        yield log_file_key(number, account=account, day=day), data


def state(store: str) -> dict[str, Any]:
    """What a store holds, whoever wrote it: events, log files, rejects and sums."""
    reader = StoreReader(open_bucket(store, AwsOptions()), store)
    found: dict[str, Any] = {"counts": total_counts(reader.commits)}
    for table in ("events", "log_files", "rejects"):
        rows = [row for _, rows in reader.scan(table) for row in rows.to_pylist()]
        found[table] = sorted(rows, key=lambda row: json.dumps(row, default=str))
    return found


def sums(summary: bytes) -> dict[str, Any]:
    """The summary of a load without what differs between two loads of the same log files."""
    found = json.loads(summary)
    names = ("load_id", "started", "finished", "seconds", "store", "tracing", "newest")
    return {name: value for name, value in found.items() if name not in names}


@pytest.fixture
def trail(ceph_s3, ceph_bucket) -> str:
    """A bucket that holds the corpus."""
    client = ceph_s3.client()
    for key, data in corpus():
        client.put_object(Bucket=ceph_bucket, Key=key, Body=data)
    return f"s3://{ceph_bucket}/AWSLogs"


@pytest.fixture
def load(cluster) -> Any:
    """Loads a source into a store, on the cluster or here."""

    def load(source: object, store: object, *words: str, spark: bool = True) -> Any:
        where = ("--engine", "spark", "--master", cluster.url, *SPARK) if spark else ()
        return run_command("load", source, "--store", store, *WORDS, *words, *where)

    return load


def test_a_cluster_makes_the_store_of_a_local_load_though_a_worker_is_killed(
    cluster, trail, load, ceph_s3, tmp_path
):
    """Events, log files, rejects, sums and summary are equal, then and after late log files."""
    bucket = trail.split("/")[2]
    store, local = f"s3://{bucket}/store", tmp_path / "local"
    here = load(trail, local, spark=False)

    def kill() -> None:
        cluster.wait_for_application()
        time.sleep(3)
        cluster.kill_worker()

    killer = threading.Thread(target=kill)
    killer.start()
    there = load(trail, store)
    killer.join()
    assert (there.returncode, sums(there.stdout)) == (4, sums(here.stdout))
    assert state(store) == state(str(local))
    again = load(trail, store)
    assert sums(again.stdout) == sums(load(trail, local, spark=False).stdout)
    assert state(store) == state(str(local))

    for key, data in corpus(40, first=10_000):
        ceph_s3.client().put_object(Bucket=bucket, Key=key, Body=data)
    late = load(trail, store)
    assert sums(late.stdout) == sums(load(trail, local, spark=False).stdout)
    assert state(store) == state(str(local))


def test_a_driver_that_is_killed_leaves_nothing_half_done(cluster, trail, load, tmp_path):
    """The same command resumes, and the store is the one of a local load."""
    bucket = trail.split("/")[2]
    store, local = f"s3://{bucket}/store", tmp_path / "local"
    words = ["load", trail, "--store", store, *WORDS, "--engine", "spark"]
    program = [sys.executable, "-m", "trailscan", *words, "--master", cluster.url, *SPARK]
    driver = subprocess.Popen(program, env=os.environ, stderr=subprocess.DEVNULL)
    cluster.wait_for_application()
    time.sleep(3)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    load(trail, local, spark=False)
    load(trail, store)
    assert state(store) == state(str(local))


def test_the_samples_are_loaded_as_on_one_machine(load, java, tmp_path):
    """Events, log files, rejects and sums are equal, with sessions traced."""
    where = ("--engine", "spark", "--master", "local[2]", *SPARK)
    for store, engine in (("spark", where), ("local", ())):
        run_command("load", SAMPLES, "--store", tmp_path / store, "--quiet", *engine)
    assert state(str(tmp_path / "spark")) == state(str(tmp_path / "local"))
