"""A load on a cluster of several processes, over a real S3 server: the store of a local load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from services.command import run_command
from services.inventory import inventory, row
from services.spark import QUICK_JAVA, Cluster, Driver
from services.trail import log_file_key, make_event, pack

import trailscan as ts
from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.store.counts import total_counts
from trailscan.store.reader import StoreReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
WORDS = ("--since", "2026-11-01", "--format", "json", "--no-trace", "--quiet")
CONF = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.extraJavaOptions": QUICK_JAVA,
    "spark.executor.extraJavaOptions": QUICK_JAVA,
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.warehouse.dir": tempfile.gettempdir(),
}

LOG_FILES = int(os.environ.get("TRAILSCAN_SPARK_LOG_FILES", "150"))
ONE_COMMIT = 5000
ACCOUNTS = ("111122223333", "222233334444", "333344445555")


@pytest.fixture
def cluster(java, tmp_path: Path) -> Iterator[Cluster]:
    """A real standalone cluster of two workers."""
    cluster = Cluster(tmp_path, workers=2)
    yield cluster
    cluster.stop()


@pytest.fixture
def environment(ceph_bucket, tmp_path) -> dict[str, str]:
    """An environment in which another `python3` is first on PATH.

    It is that of a virtual environment that is not activated: its own Python is not on PATH.
    """
    other = tmp_path / "bin" / "python3"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    path = f"{other.parent}:{os.environ['PATH']}"
    return {k: v for k, v in os.environ.items() if k != "PYSPARK_PYTHON"} | {"PATH": path}


@pytest.fixture
def start(cluster, environment, tmp_path) -> Iterator[Callable[[], Driver]]:
    """Starts a driver."""
    drivers = []

    def start() -> Driver:
        drivers.append(Driver(cluster.url, CONF, environment, tmp_path / "driver.log"))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.kill()


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
    """What a store holds, whoever wrote it: events, log files, rejects and sums.

    Which of two copies was kept when it was read, and so counts as such beside its log file, depends
    on what was committed before it. A local load of more log files than these has several commits,
    so there only the sum of kept records and duplicates is compared for each log file.
    """
    reader = StoreReader(open_bucket(store, AwsOptions()), store)
    found: dict[str, Any] = {"counts": total_counts(reader.commits)}
    for table in ("events", "log_files", "rejects"):
        rows = [row for _, rows in reader.scan(table) for row in rows.to_pylist()]
        if table == "log_files" and LOG_FILES > ONE_COMMIT:
            for row in rows:
                row["duplicates"] += row.pop("kept")
                del row["conflicts"]
        found[table] = sorted(rows, key=lambda row: json.dumps(row, default=str))
    return found


def sums(summary: bytes) -> dict[str, Any]:
    """The summary of a load without what differs between two loads of the same log files."""
    found = json.loads(summary)
    names = ("load_id", "started", "finished", "seconds", "store", "newest")
    for one in (found, *found["validations"]):
        for name in names:
            one.pop(name, None)
    return found


@pytest.fixture
def trail(ceph_s3, ceph_bucket) -> str:
    """A bucket that holds the corpus."""
    client = ceph_s3.client()
    for key, data in corpus():
        client.put_object(Bucket=ceph_bucket, Key=key, Body=data)
    return f"s3://{ceph_bucket}/AWSLogs"


def test_a_cluster_makes_the_stores_of_local_loads_whatever_is_killed(
    cluster, start, environment, trail, ceph_s3, tmp_path
):
    """Events, log files, rejects, sums and summaries are equal, and tables of Spark have the rows.

    All is one test, because a cluster and a session take longer to start than every load here.
    """
    store, local = f"s3://{trail.split('/')[2]}/store", tmp_path / "local"
    here = run_command("load", trail, "--store", local, *WORDS)
    spark = ("load", trail, "--store", store, *WORDS, "--engine", "spark")
    conf = [word for name, value in CONF.items() for word in ("--conf", f"{name}={value}")]
    command = [sys.executable, "-m", "trailscan", *spark, "--master", cluster.url, *conf]
    with (tmp_path / "killed.log").open("wb") as log:
        killed = subprocess.Popen(command, env=environment, stderr=log, start_new_session=True)
    cluster.wait_for_task()
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()

    driver = start()
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(driver.run, *spark)
        cluster.kill_busy_worker()
        there = loading.result()
    assert (there.returncode, sums(there.stdout)) == (4, sums(here.stdout))
    assert state(store) == state(str(local))

    again = driver.run(*spark)
    assert json.loads(again.stdout)["log_files"]["done"] == 0
    assert sums(again.stdout) == sums(run_command("load", trail, "--store", local, *WORDS).stdout)
    assert state(store) == state(str(local))

    for key, data in corpus(40, first=LOG_FILES):
        ceph_s3.client().put_object(Bucket=trail.split("/")[2], Key=key, Body=data)
    late = driver.run(*spark)
    assert sums(late.stdout) == sums(run_command("load", trail, "--store", local, *WORDS).stdout)
    assert state(store) == state(str(local))

    inventories_are_taken_by_both_engines(driver, trail, ceph_s3.client(), tmp_path)
    samples_are_loaded_as_on_one_machine(driver, tmp_path)
    spark_sql_finds_the_rows_of_a_query(driver, tmp_path / "it's here")


def inventories_are_taken_by_both_engines(
    driver: Driver, trail: str, client: Any, folder: Path
) -> None:
    """Stores and summaries are equal; log files that vanished since are counted, and no rejects.

    The validation of each finds the bucket without digests, by the inventory.
    """
    bucket = trail.split("/")[2]
    objects = dict(corpus(60))
    rows = [row(bucket, key, data) for key, data in objects.items()]
    for key, data in inventory(bucket, rows, "Parquet").items():
        client.put_object(Bucket=bucket, Key=key, Body=data)
    for key in list(objects)[10:12]:
        client.delete_object(Bucket=bucket, Key=key)
    manifest = f"s3://{bucket}/inventory/{bucket}/all/2026-11-25T01-00Z/manifest.json"
    checked = ("--validate", "--offline", "--inventory", manifest)
    words = ("load", trail, *WORDS, "--until", "2026-11-24", *checked, "--store")
    store, local = f"s3://{bucket}/inventoried", folder / "inventoried"
    for _ in range(2):
        there = driver.run(*words, store, "--engine", "spark")
        here = run_command(*words, local)
        assert sums(there.stdout) == sums(here.stdout)
        assert json.loads(there.stdout)["vanished"]["log_files"] == 2
        assert state(store) == state(str(local))


def samples_are_loaded_as_on_one_machine(driver: Driver, folder: Path) -> None:
    """Events, log files, rejects and sums are equal, with sessions traced and digests checked.

    The driver reads log files again that issued credentials; a local load still has their bytes.
    """
    words = ("load", SAMPLES, "--validate", "--offline", *WORDS[2:4], "--quiet", "--store")
    there = driver.run(*words, folder / "it's here", "--engine", "spark")
    here = run_command(*words, folder / "samples")
    found = json.loads(here.stdout)
    assert (found["validations"][0]["outcome"], found["sessions"]["traced"] > 0) == ("valid", True)
    expected, got = sums(here.stdout), sums(there.stdout)
    for name in ("log_files", "bytes"):
        assert got["sessions"].pop(name) > expected["sessions"].pop(name) > 0
    assert got == expected
    assert state(str(folder / "it's here")) == state(str(folder / "samples"))


def spark_sql_finds_the_rows_of_a_query(driver: Driver, store: Path) -> None:
    """The statements of `sql --ddl spark` make tables with the events and log files of a store."""
    statements = run_command("sql", "--ddl", "spark", "--store", store).stdout.decode()
    make = [text for text in statements.split(";") if text.strip()]
    in_spark = {
        "events": "select * except (event_date, event_time), unix_micros(event_time) t from events",
        "log_files": "select * except (delivery_date, delivered), unix_micros(delivered) t"
        " from log_files",
    }
    here = {
        "events": "select * exclude (event_time, principal, principal_kind, client),"
        " epoch_us(event_time) t from events",
        "log_files": "select * exclude (delivered), epoch_us(delivered) t from log_files",
    }
    printed = driver.run("spark-sql", *make, *in_spark.values()).stdout.splitlines()
    for query, line in zip(here.values(), printed[-2:], strict=True):
        expected = ts.open(store).sql(query).records()
        assert len(expected) > 10
        assert in_order(json.loads(line)) == in_order(expected)


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in an order that does not depend on who found them."""
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
