"""`trailscan load`: pull log files and keep the Organizations events."""

from __future__ import annotations

import re
import sys
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
    from collections.abc import Callable, Iterator

    from trailscan.load.loading import LoadOptions
    from trailscan.load.summary import LoadSummary

INCOMPLETE = 4
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
    """
    from trailscan.load.loading import LoadOptions, run_load
    from trailscan.load.validating import ValidateOptions

    window = o.to_window(since, until)
    asked = LoadOptions(
        window=window,
        accounts=frozenset(_accounts(account)),
        event_sources=_event_sources(event_source),
        look_back=_look_back(look_back),
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
        summary = run_load(sources, store, asked, datetime.now(UTC), standard_input)
    _show(summary, format, quiet=quiet)
    if summary.kept:
        _tell_once(store, asked)
    if code := _code(summary):
        raise typer.Exit(code)


def _code(summary: LoadSummary) -> int:
    """The exit code: tampering before what is incomplete."""
    outcomes = {found.outcome for found in summary.validations}
    if "tampered" in outcomes:
        return TAMPERED
    return INCOMPLETE if "incomplete" in outcomes or not summary.complete else 0


def _tell_once(store: str, asked: LoadOptions) -> None:
    """Tell the changes of a large store now, so that the first report need not."""
    from trailscan.buckets import open_bucket
    from trailscan.reports.changes import iterate_changes
    from trailscan.reports.kept import keep_all
    from trailscan.store.reader import StoreReader

    reader = StoreReader(open_bucket(store, asked.aws), store)
    keep_all(reader, iterate_changes(reader))


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
    if not summary.complete:
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
    from trailscan.load.loading import ORGANIZATIONS

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
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int, int], None]]:
    """Tells how a load goes, on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("listing", total=None)

        def tell(listed: int, done: int, stored: int) -> None:
            words = f"log files: {done:,} of {listed:,} met so far, {stored / 1e6:,.1f} MB read"
            bar.update(task, description=words)

        yield tell
