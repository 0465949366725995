"""A load from beginning to end: open, decide the windows, run the engine, give the accounts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.load.event_history import open_event_history
from trailscan.load.local import Job, LocalEngine
from trailscan.load.plan import Scope, SourcePlan, open_source
from trailscan.load.summary import LoadSummary
from trailscan.load.tool import tool_name
from trailscan.load.validating import ValidateOptions, validate_opened
from trailscan.location import EVENT_HISTORY
from trailscan.store.writer import StoreWriter
from trailscan.trail.log_file import Wanted
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trailscan.load.validation import ValidationSummary
    from trailscan.store.ledger import Commit

ORGANIZATIONS = "organizations.amazonaws.com"
STANDARD_INPUT = "-"
FIRST_LOAD = timedelta(days=30)
LOOK_BACK = timedelta(days=30)
"""CloudTrail retries a failed delivery for 30 days, so that long a day's folder can grow."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What a load may be told; the defaults are those of the command line.

    Attributes:
        validate: validate what is loaded, with the keys and access given here; window and scope
            are those of the load.
    """

    window: Window = field(default_factory=Window)
    accounts: frozenset[str] = frozenset()
    regions: frozenset[str] = Scope().regions
    event_sources: tuple[str, ...] | None = (ORGANIZATIONS,)
    look_back: timedelta = LOOK_BACK
    aws: AwsOptions = field(default_factory=AwsOptions)
    validate: ValidateOptions | None = None
    progress: Callable[[int, int, int], None] = lambda *_: None


def run_load(
    sources: Sequence[str],
    store: str,
    options: LoadOptions,
    now: datetime,
    standard_input: bytes | None = None,
) -> LoadSummary:
    """Load log files from sources into a store, and give the accounts of it.

    Args:
        sources: folders, files, `s3://bucket/prefix`, `event-history`, or `-` for
            `standard_input`.
        store: a folder or `s3://bucket/prefix`; made if it is not there.
        options: window, scope and access.
        now: the present; decides the default window only.
        standard_input: what `-` stands for.

    Raises:
        TrailscanError: a source or the store cannot be opened, or the store cannot be written.
    """
    wanted = Wanted(options.event_sources)
    opened = [_open(uri, options, wanted, now) for uri in sources if uri != STANDARD_INPUT]
    job = Job([], Scope(options.accounts, options.regions), wanted, standard_input)
    job.progress = options.progress
    job.hash_all = options.validate is not None
    writer = StoreWriter(open_bucket(store, options.aws), store, tool_name(), job.load_id)
    summary = LoadSummary(
        store=store,
        sources=tuple(sources),
        window=options.window,
        event_sources=wanted.text,
        accounts=tuple(sorted(options.accounts)),
        regions=tuple(sorted(options.regions)),
    )
    for source in opened:
        window, note = delivery_window(source, options, writer.commits, now)
        job.sources.append((source, window))
        summary.window = window
        summary.notes += filter(None, (source.note, note))
        summary.failures += filter(None, (source.missing,))
    LocalEngine(job, writer, summary, now).run()
    if options.validate is not None:
        for source, window in job.sources:
            if source.single or source.uri == EVENT_HISTORY:
                summary.failures.append(f"{source.uri} has no digests to be validated against")
                continue
            found = validate_loaded(source, store, window, options, options.validate, now)
            summary.validations.append(found)
    return summary


def validate_loaded(
    source: SourcePlan,
    store: str,
    window: Window,
    options: LoadOptions,
    wanted: ValidateOptions,
    now: datetime,
) -> ValidationSummary:
    """Validate what was just loaded of a source, by the hashes that the load computed.

    Raises:
        TrailscanError: the store cannot be opened.
    """
    asked = replace(
        wanted,
        window=window,
        accounts=options.accounts,
        regions=options.regions,
        aws=options.aws,
    )
    return validate_opened(source, store, asked, now, trust_loaded=True)


def _open(uri: str, options: LoadOptions, wanted: Wanted, now: datetime) -> SourcePlan:
    """A source, found to be there."""
    if uri == EVENT_HISTORY:
        return open_event_history(options.aws, wanted, options.regions, options.window, now)
    return open_source(uri, options.aws)


def delivery_window(
    source: SourcePlan, options: LoadOptions, commits: Sequence[Commit], now: datetime
) -> tuple[Window, str | None]:
    """The delivery window of a source, and what to say about it.

    A local source is read whole. An S3 source is read from 30 days back at its first load; later
    from `look_back` before the newest log file held, though never from before what was asked first.
    """
    if options.window.start is not None or not source.is_s3:
        return options.window, None
    held = [s for commit in commits for s in commit.sources if s.uri == source.uri]
    newest = max((s.newest for s in held if s.newest), default=None)
    if newest is None:
        start = _midnight(now - FIRST_LOAD)
        note = (
            f"first load of {source.uri}: log files delivered since {start:%Y-%m-%d} "
            "(30 days; --since reads further back)"
        )
        return Window(start, options.window.end), note
    start = _midnight(newest - options.look_back)
    asked = [s.since for s in held]
    earliest = None if None in asked else min(since for since in asked if since)
    if earliest is not None:
        start = max(start, earliest)
    return Window(start, options.window.end), None


def _midnight(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
