"""A load from beginning to end: open the sources, decide the windows, run the pipeline, sum up."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.errors import NotFoundError
from trailscan.ingest.cost import TRACE_SHARE, Planned
from trailscan.ingest.event_history import open_event_history
from trailscan.ingest.inventoried import open_inventoried, parts, settled
from trailscan.ingest.issuing import IssuingLogFiles
from trailscan.ingest.job import Job, Progress
from trailscan.ingest.listing import ListingRequest, Listings
from trailscan.ingest.pipeline import Pipeline
from trailscan.ingest.plan import Scope, SourcePlan, open_source
from trailscan.ingest.recording import Recording
from trailscan.ingest.stream import is_stream, read_streams
from trailscan.ingest.summary import LoadSummary
from trailscan.ingest.to_trace import left_to_read
from trailscan.ingest.tracing import trace_sessions
from trailscan.ingest.validation.run import ValidateOptions, validate_opened
from trailscan.location import EVENT_HISTORY, STANDARD_INPUT
from trailscan.numbers import counted
from trailscan.store.known import KnownLogFiles, covers
from trailscan.store.read_files import days_of, rows_by_day
from trailscan.store.reader import StoreReader
from trailscan.store.requests import newest_delivery
from trailscan.store.runs import Run
from trailscan.store.tool import tool_name
from trailscan.store.writer import StoreWriter
from trailscan.trail.log_file import Wanted
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trailscan.ingest.engine import SparkOptions
    from trailscan.ingest.validation.summary import ValidationSummary
    from trailscan.store.ledger import Commit, Source

ORGANIZATIONS = "organizations.amazonaws.com"
FIRST_LOAD = timedelta(days=30)
LOOK_BACK = timedelta(days=30)
"""CloudTrail retries a failed delivery for 30 days, so the folder of a day can grow that long."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The options of a load; the defaults are those of the command line.

    Attributes:
        window: of delivery time; an open start means the default of the source.
        accounts: only log files of these accounts; empty for all.
        regions: only log files of these regions; empty for all.
        event_sources: keep only records of these event sources; None for all.
        look_back: how far before the newest log file of earlier loads to look for late ones.
        aws: how to reach AWS.
        validate: validate what is loaded with these keys; window, scope and access are those of
            the load.
        progress: called as the load goes on.
        step: called with each step, in words and with its fields.
        stop: when set, the load commits what it has read and ends.
        trace: look for the records that opened the sessions of the store.
        trace_share: how many bytes may be read for that, as a share of those that are loaded.
        workers: how many processes read and scan; 0 and 1 for this one alone, None for one a
            processor once there are many log files.
        finish: called with the summary before it is recorded, to add to it.
        signal: returns the number of the signal that ended the load; 0 without one.
        dry_run: plan what would be read and what that costs, and read nothing.
        spark: read on a Spark cluster; None to read on this machine.
        inventory: the manifest of an inventory that lists the sources, instead of S3.
        then_list: list what can be newer than the inventory.
        restored: read log files in archives too, since they were restored.
    """

    window: Window = field(default_factory=Window)
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = field(default_factory=lambda: Scope().regions)
    event_sources: tuple[str, ...] | None = (ORGANIZATIONS,)
    look_back: timedelta = LOOK_BACK
    aws: AwsOptions = field(default_factory=AwsOptions)
    validate: ValidateOptions | None = None
    progress: Callable[[Progress], None] = lambda _: None
    step: Callable[..., None] = lambda _, **__: None
    stop: threading.Event = field(default_factory=threading.Event)
    trace: bool = True
    trace_share: float = TRACE_SHARE
    workers: int | None = None
    finish: Callable[[LoadSummary], None] = lambda _: None
    signal: Callable[[], int] = lambda: 0
    dry_run: bool = False
    spark: SparkOptions | None = None
    inventory: str | Path | None = None
    then_list: bool = False
    restored: bool = False

    @property
    def scope(self) -> Scope:
        """The accounts and regions to read."""
        return Scope(self.accounts, self.regions)


def run_load(
    sources: Sequence[str],
    store: str,
    options: LoadOptions,
    now: datetime,
    standard_input: bytes | None = None,
) -> LoadSummary:
    """Load log files from sources into a store.

    Args:
        sources: folders, files, `s3://bucket/prefix`, `event-history`, or `-` for
            `standard_input`.
        store: a folder or `s3://bucket/prefix`; created if it does not exist.
        options: window, scope and access.
        now: the present; it decides the default window.
        standard_input: the bytes of the source `-`.

    Raises:
        TrailscanError: a source or the store cannot be opened, or the store cannot be written.
    """
    recording = Recording(store, options.aws, _to_run(sources, options, now))
    try:
        summary = _load(sources, store, options, now, standard_input, recording)
        summary.signal = options.signal()
        options.finish(summary)
    except (Exception, KeyboardInterrupt) as error:
        if not options.dry_run:
            recording.fail(error)
        raise
    summary.started = now
    summary.finished = recording.finished
    recording.end(summary)
    summary.notes += filter(None, [recording.failure])
    return summary


def _to_run(sources: Sequence[str], options: LoadOptions, now: datetime) -> Run:
    """The record of a load that begins."""
    return Run(
        load_id=uuid.uuid4().hex,
        started=now.astimezone(UTC),
        tool=tool_name(),
        sources=tuple(sources),
        event_sources=Wanted(options.event_sources).text,
        since=options.window.start,
        until=options.window.end,
        accounts=tuple(sorted(options.accounts)),
        regions=tuple(sorted(options.regions)),
    )


def _load(
    sources: Sequence[str],
    store: str,
    options: LoadOptions,
    now: datetime,
    standard_input: bytes | None,
    recording: Recording,
) -> LoadSummary:
    """What `run_load` does, without what frames it."""
    wanted = Wanted(options.event_sources, issued=options.trace)
    opened: list[Opened] = [
        _open(uri, options, wanted, now)
        for uri in sources
        if uri != STANDARD_INPUT and not is_stream(uri)
    ]
    summary = LoadSummary(
        store=store,
        sources=tuple(sources),
        window=options.window,
        event_sources=wanted.text,
        accounts=tuple(sorted(options.accounts)),
        regions=tuple(sorted(options.regions)),
    )
    if options.dry_run:
        reader = _reader(store, options)
        windows = _windows(opened, options, reader.commits if reader else (), now, summary)
        return _plan(windows, options, reader, now, summary)
    job = Job([], options.scope, wanted, hash_all=options.validate is not None)
    job.load_id = recording.run.load_id
    job.streams = read_streams(sources, standard_input)
    job.progress, job.stop = options.progress, options.stop
    job.workers, job.restored = options.workers, options.restored
    job.issuing = IssuingLogFiles() if options.trace else None
    job.trace_share = options.trace_share
    bucket = open_bucket(store, options.aws)
    writer = StoreWriter(bucket, store, job.load_id)
    recording.begin(bucket)
    summary.load_id = job.load_id
    job.sources = _windows(opened, options, writer.commits, now, summary)
    for source, window in job.sources:
        options.step(f"{source.uri}: log files delivered {window.in_words}", source=source.uri)
    _pipeline(job, writer, summary, options, now).run()
    summary.newest = newest_delivery(writer.commits, sources)
    options.step(f"read {counted(summary.done, 'new log file')}", log_files=summary.done)
    if options.trace:
        read = summary.bytes_stored
        summary.tracing = trace_sessions(bucket, store, job, writer, now, read)
    own = tuple(commit for commit in writer.commits if commit.load_id == job.load_id)
    summary.days_changed = tuple(days_of(own, "events"))
    if options.validate is not None and not options.stop.is_set():
        for source, window in job.sources:
            if source.beyond:
                continue
            if not source.has_digests:
                summary.failures.append(f"{source.uri} cannot be validated: it has no digests")
                continue
            window, left = settled(source, window)  # noqa: PLW2901  # of the same source
            found = validate_loaded(source, store, window, options, options.validate, now)
            found.failures += left
            summary.validations.append(found)
    return summary


def _pipeline(
    job: Job, writer: StoreWriter, summary: LoadSummary, options: LoadOptions, now: datetime
) -> Pipeline:
    """The pipeline of the engine that was asked for."""
    if options.spark is None:
        return Pipeline(job, writer, summary, now)
    from trailscan.ingest.spark.pipeline import SparkPipeline  # noqa: PLC0415  # an engine apart

    store = open_bucket(summary.store, options.aws)
    return SparkPipeline(job, writer, summary, now, options=options.spark, store=store)


def _reader(store: str, options: LoadOptions) -> StoreReader | None:
    """The store; None if it does not exist yet."""
    try:
        return StoreReader(open_bucket(store, options.aws), store)
    except NotFoundError:
        return None


def _windows(
    opened: Sequence[Opened],
    options: LoadOptions,
    commits: Sequence[Commit],
    now: datetime,
    summary: LoadSummary,
) -> list[tuple[SourcePlan, Window]]:
    """Each source with its delivery window; notes and failures go into the summary."""
    windows = []
    for source, later in opened:
        window, note = delivery_window(source, options, commits, now)
        if later is None:
            windows.append((source, window))
        else:
            found, newer = parts(source, later, window, then_list=options.then_list)
            windows += found
            summary.failures += filter(None, (newer,))
        summary.window = window
        summary.notes += filter(None, (source.note, note))
        summary.failures += filter(None, (source.missing,))
    return windows


def _plan(
    windows: Sequence[tuple[SourcePlan, Window]],
    options: LoadOptions,
    reader: StoreReader | None,
    now: datetime,
    summary: LoadSummary,
) -> LoadSummary:
    """The plan of a load: what it would read and what that costs. Nothing is read or written."""
    known = KnownLogFiles(open_bucket(summary.store, options.aws), summary.event_sources)
    commits = reader.commits if reader else ()
    known.update(commits)
    planned = Planned()
    if options.trace:
        share = options.trace_share
        left, waits = left_to_read(reader, share) if reader else (0, False)
        planned = Planned(trace_share=share, trace_left=left, trace_waits=waits)
    for source, window in windows:
        held = rows_by_day(commits, "log_files")
        request = ListingRequest(options.scope, window, known, held, now.date(), options.restored)
        for page in Listings(source, request):
            summary.add_skipped(page.skipped)
            summary.listed += page.known + len(page.new)
            summary.known += page.known
            planned = planned.more(page.new, from_s3=source.is_remote)
        planned = planned._replace(
            list_requests=planned.list_requests + source.bucket.list_requests,
            get_requests=planned.get_requests + source.opening_requests,
        )
    summary.planned = planned
    summary.check()
    return summary


def validate_loaded(
    source: SourcePlan,
    store: str,
    window: Window,
    options: LoadOptions,
    validation: ValidateOptions,
    now: datetime,
) -> ValidationSummary:
    """Validate what was just loaded from a source, by the hashes that the load computed.

    Raises:
        TrailscanError: the store cannot be opened.
    """
    validation = replace(
        validation,
        window=window,
        accounts=options.accounts,
        regions=options.regions,
        aws=options.aws,
        workers=options.workers,
    )
    return validate_opened(source, store, validation, now, trust_loaded=True)


Opened = tuple[SourcePlan, SourcePlan | None]
"""A source, and what an inventory of it does not have."""


def _open(uri: str, options: LoadOptions, wanted: Wanted, now: datetime) -> Opened:
    """Open one source."""
    if options.inventory is not None:
        return open_inventoried(uri, str(options.inventory), options.aws)
    if uri == EVENT_HISTORY:
        found = open_event_history(options.aws, wanted, options.regions, options.window, now)
        return found, None
    return open_source(uri, options.aws), None


def delivery_window(
    source: SourcePlan, options: LoadOptions, commits: Sequence[Commit], now: datetime
) -> tuple[Window, str | None]:
    """The delivery window of a source, and a note about it for the summary.

    A local source is read whole. The first load of an S3 source starts 30 days back, from now or
    from the end of the window if that is earlier. Later loads
    start `look_back` before the newest log file of the complete loads, but not before the start of
    the first load; until one load was complete, they repeat the window of the first. Only loads
    count that looked for at least the same event sources, accounts and regions.
    """
    if options.window.start is not None or not source.is_remote:
        return options.window, None
    earlier = _loads_of(source, options, commits)
    if not earlier:
        start = _midnight(shifted(_earliest(now, options.window.end), -FIRST_LOAD))
        note = (
            f"first load of {source.uri}: log files delivered since {start:%Y-%m-%d} "
            "(30 days; --since reads further back)"
        )
        return Window(start, options.window.end), note
    starts = [one.since for one in earlier]
    earliest = None if None in starts else min(start for start in starts if start)
    newest = max((one.newest for one in earlier if one.newest), default=None)
    end = options.window.end
    if earliest is not None and end is not None and end <= earliest:  # no load looked there yet
        return Window(_midnight(shifted(end, -FIRST_LOAD)), end), None
    if newest is None:
        return Window(earliest, end), None
    start = _midnight(
        shifted(min(newest, _earliest(now, end)), -options.look_back)
    )  # a name may lie about the future
    if earliest is not None:
        start = max(start, earliest)
    return Window(start, end), None


def _earliest(now: datetime, end: datetime | None) -> datetime:
    """The earlier one of the present and the end of a window."""
    return now if end is None else min(now, end)


def _loads_of(source: SourcePlan, options: LoadOptions, commits: Sequence[Commit]) -> list[Source]:
    """The earlier requests to a source that cover at least this load."""
    wanted = Wanted(options.event_sources).text
    return [
        one
        for commit in commits
        if covers(commit.event_sources, wanted)
        for one in commit.sources
        if one.uri == source.uri
        and _holds(one.accounts, options.accounts)
        and _holds(one.regions, options.regions)
    ]


def _holds(earlier: tuple[str, ...], now: frozenset[str]) -> bool:
    """Whether one set of accounts or regions contains another; an empty set means all."""
    return not earlier or (bool(now) and now <= set(earlier))


def _midnight(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
