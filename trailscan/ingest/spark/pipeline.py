"""The pipeline of a load on a Spark cluster.

    this process   plans: listings without what the store holds, a wave of log files at a time
    tasks          read and scan, compare events, and make data files
    this process   commits each wave, and adds it to the summary

While the tasks work at one wave, the next one is planned. Tasks write nothing: data files come to
this process as the results of tasks, of which Spark takes one each, and go into one commit.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from trailscan.ingest.pipeline import Pipeline
from trailscan.ingest.processes import notes_of
from trailscan.ingest.scan import new_result
from trailscan.ingest.spark.session import check_spark, running, spark_session
from trailscan.ingest.spark.wave import Outcome, Wave, WaveRunner, limits_of, next_wave
from trailscan.location import key_text
from trailscan.store.ledger import Counts
from trailscan.store.paths import NO_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pyspark.sql import SparkSession

    from trailscan.buckets import Bucket
    from trailscan.ingest.engine import SparkOptions
    from trailscan.ingest.job import Job
    from trailscan.ingest.plan import PlannedFile, SourcePlan
    from trailscan.ingest.summary import LoadSummary
    from trailscan.store.ledger import Commit
    from trailscan.store.part import Part
    from trailscan.store.writer import StoreWriter


class _Committed(NamedTuple):
    """A wave in the store."""

    outcome: Outcome
    counts: Counts


class SparkPipeline(Pipeline):
    """Runs one job into one store, on a Spark cluster.

    Args:
        job: what to load.
        writer: of the store.
        summary: gets the sums.
        now: the present.
        options: how to reach the cluster.
        store: the bucket of the store, which tasks open again.
    """

    def __init__(
        self,
        job: Job,
        writer: StoreWriter,
        summary: LoadSummary,
        now: datetime,
        *,
        options: SparkOptions,
        store: Bucket,
    ) -> None:
        super().__init__(job, writer, summary, now)
        self._options = options
        self._store = store
        self._stack = ExitStack()
        self._session: SparkSession | None = None
        self._limits = limits_of(job.wanted.text)

    def run(self) -> LoadSummary:
        """Load everything; an interruption leaves whole commits only.

        Raises:
            TrailscanError: Spark cannot start or fails, or the store could not be written.
            AssertionError: the sums of the summary do not add up.
        """
        check_spark()
        with self._stack:
            return super().run()

    def _started(self) -> SparkSession:
        """The session, which starts when there is something to read."""
        if self._session is None:
            self._session = self._stack.enter_context(spark_session(self._options))
        return self._session

    def _read_source(self, source: SourcePlan, new: Iterator[PlannedFile]) -> None:
        """Read the new log files of one source, and commit them wave by wave.

        A source that is asked, not listed, is read here.
        """
        if source.commit_often:
            super()._read_source(source, new)
            return
        wave = next_wave(new, self._limits)
        if not wave.planned:
            return
        known = self._writer.known(self._job.wanted.text)
        runner = WaveRunner(self._started(), self._job, source, self._store, known)
        with ThreadPoolExecutor(1, thread_name_prefix="trailscan-plan") as planner:
            while wave.planned:
                following = None
                if not wave.unknown:  # how many more are looked at depends on what these are
                    following = planner.submit(next_wave, new, self._limits)
                committed = self._run(runner, wave)
                planned = following.result() if following else None
                self._apply(wave, committed, source)
                wave = planned or next_wave(new, self._limits)
                if self._job.stop.is_set() or self._patience.given_up is not None:
                    self._summary.unread += len(wave.planned)
                    return

    def _run(self, runner: WaveRunner, wave: Wave) -> _Committed | None:
        """Run a wave and commit it; None if the load was stopped meanwhile."""
        outcome: Outcome | None = None

        def make(commits: tuple[Commit, ...]) -> Part:
            nonlocal outcome
            if outcome is None or _is_stale(outcome, wave, commits):
                self._writer.known(self._job.wanted.text)
                outcome = runner.run(wave, commits)
            return outcome.part

        counts = Counts()
        with running(self._started(), self._job.stop) as is_stopped:
            event_sources = self._job.wanted.text
            counts = self._writer.commit_part(make, event_sources, self._sources, self._now)
        if outcome is None or is_stopped():
            return None
        return _Committed(outcome, counts)

    def _apply(self, wave: Wave, committed: _Committed | None, source: SourcePlan) -> None:
        """Add a wave that was committed to the summary, and one that was not to what is unread."""
        summary = self._summary
        if committed is None:
            summary.unread += len(wave.planned)
            return
        outcome, counts = committed
        for number in outcome.vanished:
            self._count_vanished(key_text(wave.planned[number].info.key))
        log_files = len(outcome.numbers) - outcome.unread - len(outcome.vanished)
        rejected = 0
        for _, result in outcome.special:
            self._patience.ends_with(result)
            if result.kind == "log_file":
                rejected += result.failure is not None
            else:
                log_files -= 1
            if result.kind == "log_file" or self._keeps_other(result):
                self._count_rejects(result)
        self._patience.given_up = outcome.given_up or None
        summary.unread += outcome.unread
        summary.rejected_log_files += rejected
        summary.known += len(wave.planned) - len(outcome.numbers)
        summary.known += log_files - rejected - counts.log_files
        self._count_records(counts)
        self._count_content(outcome, source)
        self._remember_issued(wave, outcome)
        summary.notes += notes_of(source.uri, outcome.slowed)
        self._report_progress()

    def _count_content(self, outcome: Outcome, source: SourcePlan) -> None:
        """Add what the log files of a wave hold to the summary."""
        summary = self._summary
        summary.bytes_stored += outcome.bytes_stored
        summary.bytes_inflated += outcome.bytes_inflated
        summary.not_as_delivered = dict(Counter(summary.not_as_delivered) + outcome.deviations)
        summary.other_events = dict(Counter(summary.other_events) + outcome.others)
        times = filter(None, (outcome.newest, self._newest.get(source)))
        if newest := max(times, default=None):
            self._newest[source] = newest

    def _remember_issued(self, wave: Wave, outcome: Outcome) -> None:
        """Remember which credentials the log files of a wave may have issued, to trace sessions."""
        if self._job.issuing is None:
            return
        for number in outcome.numbers:
            if number not in outcome.without_content:
                planned, issued = wave.planned[number], outcome.issued.get(number, ())
                self._job.issuing.add(new_result(planned), planned, None, issued)


def _is_stale(outcome: Outcome, wave: Wave, commits: tuple[Commit, ...]) -> bool:
    """Whether commits that were made meanwhile may have log files or events of a wave."""
    days = {planned.trail.day or NO_DAY for planned in wave.planned}
    return any(
        commit.pruned
        or any(
            file.table == "events" or (file.table == "log_files" and file.day in days)
            for file in commit.files
        )
        for commit in commits[outcome.seq :]
    )
