"""`trailscan load`: read log files and keep the Organizations events."""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.log import LogFormat, choose_log_format, log, signal_line
from trailscan.cli.output import end, say, write_summary
from trailscan.cli.start_up import let_in_pandas
from trailscan.cli.validate import PublicKeys, read_public_keys
from trailscan.window import format_instant

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from trailscan.ingest.engine import SparkOptions
    from trailscan.ingest.summary import LoadSummary
    from trailscan.store.freshness import MaxAge

Engine = Literal["local", "spark"]
_KILLED = 128
_ACCOUNT = re.compile(r"\d{12}")
_AGE = re.compile(r"(\d{1,4})d")

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE…",
        help="s3://bucket or s3://bucket/prefix, a folder, a file, - for standard input, or "
        "event-history: the last 90 days of the signed-in account, if it has no trail.",
    ),
]
AllRegions = Annotated[
    bool,
    typer.Option(
        "--all-regions", help="Every region, not only the one that records Organizations events."
    ),
]
EventSources = Annotated[
    list[str] | None,
    typer.Option(
        "--event-source",
        metavar="SOURCE",
        help="Keep events of this event source (repeatable; 'all' keeps every event).",
        show_default="organizations.amazonaws.com",
    ),
]
LookBack = Annotated[
    str,
    typer.Option(
        "--look-back",
        metavar="DAYS",
        help="How far before the newest log file in the store to look for late ones.",
    ),
]

NoTrace = Annotated[
    bool,
    typer.Option(
        "--no-trace",
        help="Do not look for the records that say who opened the sessions behind the events.",
    ),
]
TraceBudget = Annotated[
    float,
    typer.Option(
        "--trace-budget",
        metavar="PERCENT",
        min=0,
        max=10_000,
        help="How many more bytes may be read to trace sessions, in percent of those of the load; "
        "32 KiB at least, unless it is 0.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=0,
        max=64,
        help="How many processes read log files; 0 for none but this one.",
        show_default="one a processor, in a load of thousands of log files",
    ),
]
EngineName = Annotated[
    Engine,
    typer.Option(
        "--engine",
        metavar="ENGINE",
        help="local: this machine; spark: a Spark cluster (needs the extra spark and Java 17).",
    ),
]
Master = Annotated[
    str | None,
    typer.Option(
        "--master",
        metavar="URL",
        help="With --engine spark: the cluster, such as spark://host:7077.",
        show_default="what spark-submit says, or all processors of this machine",
    ),
]
Properties = Annotated[
    list[str] | None,
    typer.Option(
        "--conf",
        metavar="KEY=VALUE",
        help="With --engine spark: a property of Spark (repeatable).",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print what would be read and what the S3 requests would cost."),
]
Inventory = Annotated[
    str | None,
    typer.Option(
        "--inventory",
        metavar="MANIFEST",
        help="List SOURCE by an S3 Inventory report: its manifest.json, in S3 or in a copy; or by "
        "the Parquet file of a live inventory table of S3 Metadata, or a folder/ of them.",
    ),
]
ThenList = Annotated[
    bool,
    typer.Option("--then-list", help="With --inventory, list what can be newer than it."),
]
Restored = Annotated[
    bool,
    typer.Option("--restored", help="Read log files in archives too: they were restored."),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        help="Print each step on standard error, and progress every 5 seconds instead of a minute.",
    ),
]
Logs = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        metavar="FORMAT",
        help="Of standard error: text, or json: one object a line.",
    ),
]


@o.with_aws
def load(
    sources: Sources,
    store: o.Store = o.DEFAULT_STORE,
    since: o.Since = None,
    until: o.Until = None,
    account: o.Accounts = None,
    from_region: o.Regions = None,
    all_regions: AllRegions = False,
    event_source: EventSources = None,
    look_back: LookBack = "30d",
    dry_run: DryRun = False,
    no_trace: NoTrace = False,
    trace_budget: TraceBudget = 10,
    workers: Workers = None,
    engine: EngineName = "local",
    master: Master = None,
    conf: Properties = None,
    inventory: Inventory = None,
    then_list: ThenList = False,
    restored: Restored = False,
    validate: Annotated[
        bool,
        typer.Option(
            "--validate",
            help="Check the log files against CloudTrail's digests, reading them once.",
        ),
    ] = False,
    public_keys: PublicKeys = None,
    max_age: o.MaximumAge = None,
    each_account: o.EachAccount = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="With --validate, do not ask AWS for public keys.")
    ] = False,
    format: o.TextFormat = o.SummaryFormat.text,  # noqa: A002  # the option's name
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
    verbose: Verbose = False,
    log_format: Logs = "text",
) -> None:
    """Read CloudTrail log files and keep the Organizations events as Parquet.

    Only new log files are read; running the command twice changes nothing. Without --since, a local
    source is read whole, and the first load of an S3 source starts 30 days ago. Sessions are traced
    to who opened them, which reads up to 10% more bytes (see --trace-budget); --no-trace leaves
    that out. Every run is recorded in the store: `trailscan status` shows the last one. Without a
    terminal, a line a minute on standard error says how far the load is. Exit code 4: something
    could not be read, and the summary says what; or the newest log file is older than --max-age.
    With --validate, 3: something was tampered with. Ctrl-C stops cleanly: run the same command to
    resume.
    """
    # Arrow allocates much memory in small pieces here, and this pool needs a fifth less for it.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from trailscan.cli.progress import EVERY, VERBOSE_EVERY, show_progress
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.ingest.validation.run import ValidateOptions

    if then_list and inventory is None:
        raise typer.BadParameter("it needs --inventory", param_hint="--then-list")
    choose_log_format(log_format)
    detailed = (verbose or log_format == "json") and not quiet
    window = o.to_window(since, until)
    limit = o.to_max_age(max_age, each_account=each_account)
    options = LoadOptions(
        window=window,
        accounts=frozenset(_accounts(account)),
        event_sources=_event_sources(event_source),
        look_back=_look_back(look_back),
        trace=not no_trace,
        trace_share=trace_budget / 100,
        workers=workers,
        dry_run=dry_run,
        spark=_spark(engine, master, conf or []),
        inventory=inventory,
        then_list=then_list,
        restored=restored,
        aws=aws,
    )
    if validate:
        keys = [key for source in sources for key in read_public_keys(public_keys, source)]
        checked = ValidateOptions(public_keys=tuple(keys), ask_aws=not offline)
        options = replace(options, validate=checked)
    if all_regions or from_region:
        options = replace(options, regions=frozenset(() if all_regions else from_region or ()))
    standard_input = sys.stdin.buffer.read() if "-" in sources else None
    if detailed:
        log("info", f"loading {', '.join(sources)} into {store}", sources=sources, store=store)
        options = replace(options, step=lambda text, **fields: log("debug", text, **fields))
    every = VERBOSE_EVERY if verbose else EVERY
    with show_progress(quiet=quiet, lines=detailed, every=every) as progress:
        options = replace(options, progress=progress)
        with _stoppable(options.stop) as signals:
            options = replace(options, signal=lambda: (signals or (0,))[0])
            if limit and not dry_run:
                options = replace(options, finish=lambda found: _add_stale(found, limit, aws))
            summary = run_load(sources, store, options, datetime.now(UTC), standard_input)
    _show(summary, format, quiet=quiet)
    if detailed:
        _log_end(summary)
    end(summary.exit_code)


def _add_stale(summary: LoadSummary, limit: MaxAge, aws: AwsOptions) -> None:
    """Add to the summary whose newest log file is too old."""
    from trailscan.reports.freshness import find_stale

    store = o.open_store(summary.store, aws)
    summary.stale = find_stale(store, limit, datetime.now(UTC))


def _log_end(summary: LoadSummary) -> None:
    """The last line of a log: how the load ended."""
    log(
        "info" if summary.exit_code == 0 else "warning",
        f"load ended with exit code {summary.exit_code}",
        load_id=summary.load_id,
        exit_code=int(summary.exit_code),
        complete=summary.complete,
        log_files=summary.done,
        kept=summary.kept,
        newest=summary.newest and format_instant(summary.newest),
        seconds=round(summary.seconds, 3),
    )


def _show(summary: LoadSummary, form: o.SummaryFormat, *, quiet: bool) -> None:
    """The summary on stdout."""
    for one in (summary, *(() if form is o.SummaryFormat.json else summary.validations)):
        write_summary(one, form, quiet=quiet)
    say(*(f"trailscan: {one.in_words}" for one in summary.stale), quiet=quiet)
    if not (summary.complete or summary.interrupted):
        say("trailscan: incomplete: see above; `trailscan rejects` lists the rejects", quiet=quiet)


def _accounts(given: list[str] | None) -> list[str]:
    """The accounts of `--account`; what is no account ID is a usage error."""
    for account in given or ():
        if not _ACCOUNT.fullmatch(account):
            raise typer.BadParameter(
                f"{account!r} is not a 12-digit account ID", param_hint="--account"
            )
    return given or []


def _event_sources(given: list[str] | None) -> tuple[str, ...] | None:
    """The event sources to keep; None for all."""
    from trailscan.ingest.run import ORGANIZATIONS

    if given and "all" in given:
        return None
    return tuple(given) if given else (ORGANIZATIONS,)


def _spark(engine: Engine, master: str | None, conf: list[str]) -> SparkOptions | None:
    """The options of the Spark engine; None for the local one."""
    from trailscan.ingest.engine import SparkOptions

    if engine == "local":
        for given, name in ((master, "--master"), (conf, "--conf")):
            if given:
                raise typer.BadParameter("it needs --engine spark", param_hint=name)
        return None
    pairs = [one.partition("=") for one in conf]
    for one, (name, equals, _) in zip(conf, pairs, strict=True):
        if not (name and equals):
            raise typer.BadParameter(f"{one!r} is not KEY=VALUE", param_hint="--conf")
    let_in_pandas()
    return SparkOptions(master, tuple((name, value) for name, _, value in pairs))


def _look_back(text: str) -> timedelta:
    """The days of `--look-back`."""
    if not (found := _AGE.fullmatch(text)):
        raise typer.BadParameter(
            f"{text!r} is not a number of days such as 30d", param_hint="--look-back"
        )
    return timedelta(days=int(found[1]))


@contextmanager
def _stoppable(stop: threading.Event) -> Iterator[list[int]]:
    """Let Ctrl-C and SIGTERM end a load cleanly; yields the signals caught.

    The second one ends the process at once, without waiting for threads: what is on the disk is
    whole or absent at any moment.
    """
    caught: list[int] = []

    def catch(number: int, _: object) -> None:
        if caught:
            cursor = b"\x1b[?25h" if sys.stderr.isatty() else b""
            os.write(2, cursor + signal_line("interrupted; run the same command to resume"))
            os._exit(_KILLED + number)
        caught.append(number)
        stop.set()
        os.write(2, signal_line("stopping; saving what was read (repeat to stop at once)"))

    before = {number: signal.signal(number, catch) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
