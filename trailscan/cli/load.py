"""`trailscan load`: pull log files and keep the Organizations events."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import say, write_text
from trailscan.cli.validate import TAMPERED, PublicKeys, read_public_keys

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from trailscan.ingest.pipeline import Progress
    from trailscan.ingest.summary import LoadSummary

INCOMPLETE = 4
_KILLED = 128
_ACCOUNT = re.compile(r"\d{12}")
_AGE = re.compile(r"(\d{1,4})d")

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE…",
        help="s3://bucket or s3://bucket/prefix, a folder, a file, - for standard input, or "
        "event-history: the last 90 days of the signed-in account, for those without a trail.",
    ),
]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Only this account (repeatable).")
]
Regions = Annotated[
    list[str] | None,
    typer.Option("--from-region", help="Only log files of this region (repeatable)."),
]
AllRegions = Annotated[
    bool,
    typer.Option(
        "--all-regions", help="Every region, not only where Organizations writes its events."
    ),
]
EventSources = Annotated[
    list[str] | None,
    typer.Option(
        "--event-source",
        help="Keep events of this source (repeatable; 'all' keeps everything).",
        show_default="organizations.amazonaws.com",
    ),
]
LookBack = Annotated[
    str,
    typer.Option(
        "--look-back",
        metavar="DAYS",
        help="How far before the newest log file held to look for late ones, as 30d.",
    ),
]

DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Say how much would be read and what the S3 requests cost; read nothing."
    ),
]


@o.with_aws
def load(
    sources: Sources,
    store: o.Store = o.DEFAULT_STORE,
    since: o.Since = None,
    until: o.Until = None,
    account: Accounts = None,
    from_region: Regions = None,
    all_regions: AllRegions = False,
    event_source: EventSources = None,
    look_back: LookBack = "30d",
    dry_run: DryRun = False,
    validate: Annotated[
        bool,
        typer.Option(
            "--validate",
            help="Check what is loaded against CloudTrail's digests, on the same bytes.",
        ),
    ] = False,
    public_keys: PublicKeys = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="With --validate: do not ask AWS for public keys.")
    ] = False,
    format: Annotated[  # noqa: A002  # the option's name
        o.SummaryFormat, typer.Option("--format", help="How to give the summary.")
    ] = o.SummaryFormat.text,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Pull CloudTrail log files and keep the Organizations events as Parquet.

    Only what is new is read; running twice changes nothing. Without --since a local source is read
    whole, an S3 source from 30 days back at its first load. Exit code 4: something could not be
    read or understood, and the summary says what. With --validate, 3: something was tampered with.
    Ctrl-C ends it cleanly: what was read is kept, and the same command goes on from there.
    """
    # Arrow asks for much memory in small pieces here, and this pool takes a fifth less for it.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.ingest.validation.run import ValidateOptions

    window = o.to_window(since, until)
    asked = LoadOptions(
        window=window,
        accounts=frozenset(_accounts(account)),
        event_sources=_event_sources(event_source),
        look_back=_look_back(look_back),
        dry_run=dry_run,
        aws=aws,
    )
    if validate:
        keys = [key for source in sources for key in read_public_keys(public_keys, source)]
        checked = ValidateOptions(public_keys=tuple(keys), ask_aws=not offline)
        asked = replace(asked, validate=checked)
    if all_regions or from_region:
        asked = replace(asked, regions=frozenset(() if all_regions else from_region or ()))
    standard_input = sys.stdin.buffer.read() if "-" in sources else None
    with _progress(quiet=quiet) as progress:
        asked = replace(asked, progress=progress)
        with _stoppable(asked.stop) as signals:
            summary = run_load(sources, store, asked, datetime.now(UTC), standard_input)
    _show(summary, format, quiet=quiet)
    if signals:
        raise typer.Exit(_KILLED + signals[0])
    if code := _code(summary):
        raise typer.Exit(code)


def _code(summary: LoadSummary) -> int:
    """The exit code: tampering before what is incomplete."""
    outcomes = {found.outcome for found in summary.validations}
    if "tampered" in outcomes:
        return TAMPERED
    return INCOMPLETE if "incomplete" in outcomes or not summary.complete else 0


def _show(summary: LoadSummary, form: o.SummaryFormat, *, quiet: bool) -> None:
    """The summary on stdout."""
    from trailscan.visible import visible

    if form is o.SummaryFormat.json:
        import json

        write_text(json.dumps(summary.to_json(), indent=2), None)
    elif not quiet:
        texts = [summary.to_text(), *(found.to_text() for found in summary.validations)]
        text = "\n".join(visible(line) for text in texts for line in text.splitlines())
        write_text(text, None)
    if not (summary.complete or summary.interrupted):
        say("trailscan: incomplete: see the rejects above, or `rejects/` in the store", quiet=quiet)


def _accounts(given: list[str] | None) -> list[str]:
    """Account ids, checked."""
    for account in given or ():
        if not _ACCOUNT.fullmatch(account):
            raise typer.BadParameter(
                f"{account!r} is not a 12-digit account id", param_hint="--account"
            )
    return given or []


def _event_sources(given: list[str] | None) -> tuple[str, ...] | None:
    """The event sources to keep; None for all."""
    from trailscan.ingest.run import ORGANIZATIONS

    if given and "all" in given:
        return None
    return tuple(given) if given else (ORGANIZATIONS,)


def _look_back(text: str) -> timedelta:
    """A number of days."""
    if not (found := _AGE.fullmatch(text)):
        raise typer.BadParameter(
            f"{text!r} is not a number of days as 30d", param_hint="--look-back"
        )
    return timedelta(days=int(found[1]))


@contextmanager
def _stoppable(stop: threading.Event) -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM let a load end cleanly; gives those caught.

    The second ends the process there and then, where threads that wait for an answer would be
    waited for: what is on the disk is whole or absent at any moment.
    """
    caught: list[int] = []

    def catch(number: int, _: object) -> None:
        if caught:
            cursor = b"\x1b[?25h" if sys.stderr.isatty() else b""
            os.write(2, cursor + b"\ntrailscan: interrupted; the same command goes on from here\n")
            os._exit(_KILLED + number)
        caught.append(number)
        stop.set()
        os.write(2, b"\ntrailscan: ending; what was read is being kept (again: at once)\n")

    before = {number: signal.signal(number, catch) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Tells how a load goes, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich import progress as p
    from rich.console import Console

    columns = (
        p.SpinnerColumn(),
        p.BarColumn(bar_width=20),
        p.TextColumn("{task.description}"),
        p.TimeRemainingColumn(elapsed_when_finished=True),
    )
    with p.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("listing", total=None)
        began = time.monotonic()

        def tell(now: Progress) -> None:
            rate = now.done / max(time.monotonic() - began, 0.001)
            words = f"{now.done:,} log files, {now.stored_bytes / 1e6:,.1f} MB, {rate:,.0f}/s"
            bar.update(task, description=words, completed=now.units, total=now.of_units)

        yield tell
