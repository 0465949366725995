"""A wave: as many log files as one run of Spark reads and one commit holds."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
from msgspec.structs import replace

from trailscan.errors import TrailscanError
from trailscan.ingest.connections import Slowed
from trailscan.ingest.spark.rows import SCANNED, WRITTEN, planned_table, unpack
from trailscan.ingest.spark.session import carried_environment, quiet
from trailscan.ingest.spark.tasks import Scan, Settle, Setup, Write
from trailscan.location import key_text
from trailscan.store.log_file_result import LogFileId
from trailscan.store.part import Part, sum_parts
from trailscan.store.paths import NO_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from pyspark.sql import SparkSession

    from trailscan.buckets import Bucket
    from trailscan.ingest.job import Job
    from trailscan.ingest.plan import PlannedFile, SourcePlan
    from trailscan.ingest.spark.rows import Written
    from trailscan.store.known import KnownLogFiles
    from trailscan.store.ledger import Commit
    from trailscan.store.log_file_result import LogFileResult

_LEAST, _MOST = 50, 2000
"""How many log files one task reads: some seconds of work, so that a lost one costs little."""

_TASKS = 4
"""How many tasks each core gets, if the log files are few."""

_TRIES = 3
"""How often a wave is run when log files and events do not fit together: a task that Spark ran
again read something else."""

_ORGANIZATIONS = "organizations.amazonaws.com"


class Limits(NamedTuple):
    """How large a wave and its parts are.

    Attributes:
        log_files: of a wave, at most.
        stored_bytes: of the log files of a wave, at most, unless it has but one.
        part_files: log files of a part, at most.
        part_bytes: of the log files of a part, at most, unless it has but one.
        unknown: how many objects of unknown content a wave has at most.
    """

    log_files: int = 1_000_000
    stored_bytes: int = 1 << 40
    part_files: int = 50_000
    part_bytes: int = 1 << 40
    unknown: int = 2000


FEW_EVENTS = Limits()
"""For event sources of which a trail has few events, as AWS Organizations."""

MANY_EVENTS = Limits(stored_bytes=256 << 20, part_bytes=32 << 20)
"""For all others: what is kept of a log file can be as large as the log file."""


def limits_of(event_sources: str) -> Limits:
    """The limits for some event sources, as the ledger has them."""
    return FEW_EVENTS if event_sources == _ORGANIZATIONS else MANY_EVENTS


@dataclass(slots=True)
class Wave:
    """Log files that are read together.

    Attributes:
        planned: the log files, in the order of the plan.
        parts: the part of each.
        unknown: how many of them are objects of unknown content.
    """

    planned: list[PlannedFile] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    unknown: int = 0

    @property
    def ids(self) -> list[LogFileId]:
        """What each log file is called in the store."""
        return [
            LogFileId(one.bucket.name, key_text(one.info.key), one.info.etag, one.trail.day)
            for one in self.planned
        ]


def next_wave(new: Iterator[PlannedFile], limits: Limits) -> Wave:
    """The next log files of a plan; an empty wave at its end."""
    wave, stored_bytes = Wave(), 0
    parts = 0
    of_day: dict[date, tuple[int, int, int]] = {}
    for planned in new:
        day, size = planned.trail.day or NO_DAY, planned.info.size
        part, count, held = of_day.get(day, (-1, 0, 0))
        if part < 0 or count >= limits.part_files or held + size > limits.part_bytes:
            part, count, held, parts = parts, 0, 0, parts + 1
        of_day[day] = (part, count + 1, held + size)
        wave.planned.append(planned)
        wave.parts.append(part)
        wave.unknown += planned.trail.kind == "unknown"
        stored_bytes += size
        if (
            len(wave.planned) >= limits.log_files
            or stored_bytes >= limits.stored_bytes
            or wave.unknown >= limits.unknown
        ):
            break
    return wave


@dataclass(slots=True)
class Outcome:
    """What a wave gave.

    Attributes:
        part: what it adds to the store.
        numbers: the log files that the store did not hold.
        seq: the number of the last commit that it was compared with.
        special: log files with rejects, and what turned out to be no log file, by number.
        issued: the ids of the access keys that the records of log files may have issued, by number.
        without_content: the numbers of the log files whose bytes were not read.
        vanished: the numbers of those that an inventory has and S3 has not any more.
        unread: how many of them because their source was given up before.
        given_up: why.
        slowed: what S3 said of the number of reads.
        bytes_stored: of the log files that were read.
        bytes_inflated: of the log files that were read.
        newest: the latest delivery time of the log files that could be read; None without one.
        deviations: how many log files are not as delivered, by difference.
        others: how many events are no records of a call or service event, by kind.
    """

    part: Part
    numbers: list[int]
    seq: int
    special: list[tuple[int, LogFileResult]] = field(default_factory=list)
    issued: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    without_content: set[int] = field(default_factory=set)
    vanished: list[int] = field(default_factory=list)
    unread: int = 0
    given_up: str = ""
    slowed: Slowed = field(default_factory=Slowed)
    bytes_stored: int = 0
    bytes_inflated: int = 0
    newest: datetime | None = None
    deviations: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    def add(self, written: Written) -> None:
        """Add what a task has written of a part, without its data files and counts."""
        self.special += written.special
        self.issued.update(written.issued)
        self.without_content.update(written.not_read, written.unread)
        self.vanished += written.vanished
        self.unread += len(written.unread)
        self.given_up = self.given_up or written.given_up
        self.slowed = self.slowed.plus(written.slowed)
        self.bytes_stored += written.bytes_stored
        self.bytes_inflated += written.bytes_inflated
        times = filter(None, (self.newest, written.newest))
        self.newest = max(times, default=None)
        self.deviations.update(written.deviations)
        self.others.update(written.others)


class WaveRunner:
    """Runs waves of one source.

    Args:
        session: of Spark.
        job: what to look for.
        source: where the log files are.
        store: the bucket of the store, which the tasks read too.
        known: the log files of the store.
    """

    def __init__(
        self,
        session: SparkSession,
        job: Job,
        source: SourcePlan,
        store: Bucket,
        known: KnownLogFiles,
    ) -> None:
        self._session = session
        self._job = job
        self._source = source
        self._store = store
        self._known = known

    def run(self, wave: Wave, commits: tuple[Commit, ...]) -> Outcome:
        """Read the log files of a wave that the store does not hold, and compare their events.

        Raises:
            TrailscanError: tasks that ran again read other events than before, again and again.
        """
        ids = wave.ids
        done = self._known.done(ids)
        numbers = [number for number, is_done in enumerate(done) if not is_done]
        readings = self._known.earlier(ids)
        earlier = [readings.get(one[:2], ()) for one in ids] if readings else None
        table = planned_table(wave.planned, wave.parts, earlier, numbers)
        for _ in range(_TRIES):
            found = self._written(table, commits)
            if all(one.is_whole for one in found):
                outcome = Outcome(sum_parts(one.part for one in found), numbers, len(commits))
                for one in found:
                    outcome.add(one)
                outcome.special.sort(key=lambda pair: pair[0])
                outcome.vanished.sort()
                return outcome
        raise TrailscanError(
            f"tasks of Spark that ran again read other events of {self._source.uri} than before",
            "run the same command to resume",
        )

    def _written(self, table: pa.Table, commits: tuple[Commit, ...]) -> list[Written]:
        """What the tasks make of some log files, in one chain of stages."""
        environment, setup = carried_environment(), self._packed_setup(commits)
        scan, settle, write = (task(environment, setup) for task in (Scan, Settle, Write))
        cores = self._session.sparkContext.defaultParallelism
        size = min(_MOST, max(_LEAST, table.num_rows // (_TASKS * cores)))
        tasks = max(1, -(-table.num_rows // size))
        self._session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", size)
        with quiet():
            planned = self._session.createDataFrame(table)  # a partition for each so many rows
            rows = (
                planned.mapInArrow(scan, _ddl(SCANNED))
                .repartition(tasks, "bucket")
                .sortWithinPartitions("event", "number", "record")
                .mapInArrow(settle, _ddl(SCANNED))
                .repartition(tasks, "part")
                .sortWithinPartitions("part", "number", "kind", "record")
                .mapInArrow(write, _ddl(WRITTEN))
                .collect()
            )
        return [unpack(row["data"]) for row in rows]

    def _packed_setup(self, commits: tuple[Commit, ...]) -> bytes:
        """What the tasks need beside their rows.

        Raises:
            TrailscanError: a bucket cannot be opened in another process.
        """
        of_events = tuple(
            replace(
                one, sources=(), files=tuple(file for file in one.files if file.table == "events")
            )
            for one in commits
        )
        source, job = self._source, self._job
        setup = Setup(
            source=source.bucket,
            store=self._store,
            uri=source.uri,
            source_length=len(source.prefix),
            inventoried=source.as_of is not None,
            wanted=job.wanted,
            hash_all=job.hash_all,
            commits=of_events,
        )
        try:
            return pickle.dumps(setup)
        except pickle.PicklingError as error:
            raise TrailscanError(
                f"executors cannot read {source.uri}: {error}",
                "use a role or keys that need no code, or --engine local",
            ) from None


_TYPES = {pa.binary(): "binary", pa.int32(): "int", pa.int64(): "bigint"}


def _ddl(schema: pa.Schema) -> str:
    """An Arrow schema as Spark writes it."""
    return ", ".join(f"{field.name} {_TYPES[field.type]}" for field in schema)
