"""`trailscan store …`: checking the store, merging what is small, removing what is old."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.examples import examples
from trailscan.cli.output import end, say, write_text
from trailscan.cli.words import Command, Group, paragraphs
from trailscan.errors import ExitCode

app = typer.Typer(
    cls=Group,
    help="Check, compact and prune the store itself.",
    no_args_is_help=True,
    epilog=examples("store"),
)


def _check(
    store: o.Store = o.DEFAULT_STORE,
    format: o.TextFormat = o.SummaryFormat.text,  # noqa: A002  # the option's name
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Read every data file of the store and compare it with its SHA-256 in the ledger.

    Exit code 5: the store is damaged. Exit code 4: the store has files that no commit names.
    """
    from trailscan.buckets import open_bucket
    from trailscan.numbers import counted
    from trailscan.render.json import render_object
    from trailscan.reports.notes import strays_in_words
    from trailscan.store.check import check_store

    found = check_store(open_bucket(store, aws), store)
    if format is o.SummaryFormat.json:
        as_json = {
            "place": store,
            "commits": found.commits,
            "head_sha256": found.head,
            "data_files": found.data_files,
            "bytes": found.bytes,
            "damage": list(found.damage),
            "files_that_no_commit_names": list(found.strays),
        }
        write_text(render_object(as_json), None)
    else:
        files, commits = counted(found.data_files, "data file"), counted(found.commits, "commit")
        state = "damaged" if found.damage else "as committed"
        write_text(f"{files} of {commits}, {found.bytes / 1e6:,.1f} MB: {state}", None)
    for line in found.damage:
        say(f"trailscan: {line}", quiet=quiet)
    if found.strays:
        shown = (f"{strays_in_words(found.strays)}:", *(f"  {path}" for path in found.strays[:10]))
        say(f"trailscan: {shown[0]}", *shown[1:], quiet=quiet)
    if found.damage:
        end(ExitCode.NO_ANSWER)
    end(ExitCode.INCOMPLETE if found.strays else ExitCode.COMPLETE)


def _prune(
    before: Annotated[
        str, typer.Option("--before", metavar="DAY", help="Remove events of earlier UTC days.")
    ],
    because: Annotated[
        str, typer.Option("--because", metavar="REASON", help="Why; the store keeps the reason.")
    ],
    store: o.Store = o.DEFAULT_STORE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be removed, and remove nothing.")
    ] = False,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Remove the events before a day for good.

    The ledger keeps what was removed, when, by whom and why, and every report says it. Which log
    files were read stays known, so that no load reads them again. Run it again if it was stopped.
    """
    from trailscan.buckets import open_bucket
    from trailscan.numbers import counted
    from trailscan.store.prune import plan_prune, prune_store
    from trailscan.window import parse_day

    now = datetime.now(UTC)
    with o.usage("--before"):
        day = parse_day(before)
        if day > now.date():
            raise ValueError(f"{day} is in the future")
    with o.usage("--because"):
        if not because.strip():
            raise ValueError("a reason is required")
    bucket = open_bucket(store, aws)
    tombstone = plan_prune(bucket, store, day, because.strip(), now)
    events = f"{counted(tombstone.events, 'event')} before {day}"
    if dry_run:
        write_text(f"would remove {events}", None)
        return
    files = prune_store(bucket, tombstone)
    if not quiet:
        write_text(f"removed {events}: {counted(files, 'data file')}", None)


def _compact(
    store: o.Store = o.DEFAULT_STORE,
    format: o.TextFormat = o.SummaryFormat.text,  # noqa: A002  # the option's name
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be merged, and change nothing.")
    ] = False,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Merge the small data files of each day, so that reports of a store of many loads stay quick.

    Every report stays the same, and so does what the ledger says of each row: the load that brought
    it, and when. Run it again if it was stopped.
    """
    from trailscan.buckets import open_bucket
    from trailscan.numbers import counted
    from trailscan.render.json import render_object
    from trailscan.store.compact import compact_store, plan_compact

    bucket = open_bucket(store, aws)
    done = (
        plan_compact(bucket, store) if dry_run else compact_store(bucket, store, datetime.now(UTC))
    )
    if format is o.SummaryFormat.json:
        as_json = {
            "place": store,
            "dry_run": dry_run,
            "merged": done.merged,
            "bytes_merged": done.bytes_merged,
            "into": done.into,
            "bytes_into": done.bytes_into,
            "removed": done.removed,
            "commits_made": done.commits,
            "data_files": done.data_files,
            "head_sha256": done.head,
        }
        write_text(render_object(as_json), None)
    elif not quiet or dry_run:
        verb = "would merge" if dry_run else "merged"
        size = f"{done.bytes_merged / 1e6:,.1f} MB"
        if done.bytes_into is not None:
            size += f" to {done.bytes_into / 1e6:,.1f} MB"
        merged = f"{verb} {counted(done.merged, 'data file')} into {done.into:,} ({size})"
        text = merged if done.merged else "nothing to merge"
        write_text(f"{text}; the store has {counted(done.data_files, 'data file')}", None)


app.command(
    "compact", cls=Command, help=paragraphs(_compact.__doc__), epilog=examples("store compact")
)(o.with_aws(_compact))
app.command("prune", cls=Command, help=paragraphs(_prune.__doc__), epilog=examples("store prune"))(
    o.with_aws(_prune)
)
app.command("check", cls=Command, help=paragraphs(_check.__doc__), epilog=examples("store check"))(
    o.with_aws(_check)
)
