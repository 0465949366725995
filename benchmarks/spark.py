"""Measure what the Spark engine takes beside the local one, on the same log files in one run.

    python benchmarks/spark.py --corpus /tmp/corpus [--copies 10]

A small S3 server on loopback serves the corpus, each log file several times, and shares the
processors with what is measured. The local engine loads it, then the Spark engine on a standalone
cluster of two workers with a core each. Executor-seconds are the run times of all tasks, from
Spark's event log; Spark's start and the driver are not in them. Both must count the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from make_corpus import make
from s3_process import described, serving
from services.spark import Cluster

WORKERS = 2
GB = 1e9


class Load(NamedTuple):
    """A load: seconds, seconds of processor time of its own processes, and its summary."""

    seconds: float
    processor: float
    said: dict[str, Any]

    @property
    def counts(self) -> list[int]:
        """What both engines must count."""
        records, log_files = self.said["records"], self.said["log_files"]
        return [*log_files.values(), records["read"], records["kept"], records["duplicates"]]


def load(folder: Path, *words: str) -> Load:
    """A load of everything into a new store."""
    before, began = _processor(), time.perf_counter()
    options = ["--since", "2026-09-01", "--no-trace", "--quiet", "--format", "json"]
    program = [sys.executable, "-m", "trailscan", "load", "s3://trail", *options]
    done = subprocess.run([*program, "--store", str(folder), *words], stdout=subprocess.PIPE)  # noqa: PLW1510  # below
    seconds, processor = time.perf_counter() - began, _processor() - before
    if done.returncode:
        sys.exit(f"trailscan load ended with {done.returncode}")
    return Load(seconds, processor, json.loads(done.stdout))


def _processor() -> float:
    """The seconds of processor time of the processes that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def task_seconds(log: Path) -> dict[int, float]:
    """The run times of all tasks of an event log together, by stage."""
    found: dict[int, float] = {}
    for path in filter(Path.is_file, log.rglob("*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            said = json.loads(line) if line.startswith("{") else {}
            if said.get("Event") == "SparkListenerTaskEnd" and said.get("Task Metrics"):
                seconds = said["Task Metrics"]["Executor Run Time"] / 1000
                found[said["Stage ID"]] = found.get(said["Stage ID"], 0.0) + seconds
    return found


def on_spark(folder: Path) -> tuple[Load, dict[int, float]]:
    """A load on a cluster, and the run times of its tasks."""
    (folder / "events").mkdir()
    conf = {
        "spark.driver.host": "127.0.0.1",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (folder / "events").as_uri(),
    }
    cluster = Cluster(folder, WORKERS)
    try:
        words = [word for name, value in conf.items() for word in ("--conf", f"{name}={value}")]
        done = load(folder / "spark", "--engine", "spark", "--master", cluster.url, *words)
    finally:
        cluster.stop()
    return done, task_seconds(folder / "events")


def show(name: str, seconds: float, of: Load) -> None:
    """One line: seconds, and seconds a million log files and a GB, as stored and as JSON."""
    log_files = of.said["log_files"]["done"]
    stored, inflated = of.said["bytes"]["stored"] / GB, of.said["bytes"]["inflated"] / GB
    figures = seconds, seconds / log_files * 1e6, seconds / stored, seconds / inflated
    print(name.ljust(34), *(f"{figure:>12,.1f}" for figure in figures))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--log-files", type=int, default=2000, help="of the corpus, if it is made")
    parser.add_argument("--copies", type=int, default=10)
    given = parser.parse_args()
    if not given.corpus.exists():
        make(given.corpus, given.log_files)
    with tempfile.TemporaryDirectory() as folder, serving(given.corpus, copies=given.copies):
        local = load(Path(folder, "local"))
        spark, tasks = on_spark(Path(folder))
    if spark.counts != local.counts:
        sys.exit(f"the engines count differently: {local.counts} and {spark.counts}")
    said = local.said
    print(f"{described()}; {os.cpu_count()} processors")
    print(
        f"{said['log_files']['done']:,} log files, {said['bytes']['stored'] / GB:.3f} GB stored, "
        f"{said['bytes']['inflated'] / GB:.3f} GB of JSON, {said['records']['kept']:,} events kept"
    )
    print(" " * 34, "     seconds", "   a million", " a GB stored", " a GB of JSON")
    show("local: from start to end", local.seconds, local)
    show("local: processor", local.processor, local)
    show("Spark: from start to end", spark.seconds, spark)
    show("Spark: executor-seconds", sum(tasks.values()), spark)
    for number, seconds in sorted(tasks.items()):
        show(f"  of stage {number}", seconds, spark)
    show("Spark: processor of the driver", spark.processor, spark)
    ratio = sum(tasks.values()) / local.processor
    print(f"executor-seconds / processor seconds of the local engine: {ratio:.2f}")


if __name__ == "__main__":
    main()
