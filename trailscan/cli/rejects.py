"""`trailscan rejects`: what could not be used; `trailscan rejects accept`: that it is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.examples import examples
from trailscan.cli.look import Look
from trailscan.cli.output import end, say, write_table
from trailscan.cli.words import Command, Group, paragraphs
from trailscan.errors import ExitCode

app = typer.Typer(cls=Group, invoke_without_command=True, epilog=examples("rejects"))


def _list(
    context: typer.Context,
    store: o.Store = o.DEFAULT_STORE,
    *,
    look: Look,
    aws: AwsOptions,
) -> None:
    """List what could not be used and why; `accept` one that is known; `reopen` takes that back.

    Lists log files and records. Exit code 4: there are some that nobody accepted.
    """
    if context.invoked_subcommand is not None:
        return
    from trailscan.reports.rejects import rejects_report

    table = rejects_report(o.open_store(store, aws), UTC)
    write_table(table, look)
    end(ExitCode.INCOMPLETE if table.incomplete else ExitCode.COMPLETE)


def _accept(
    reject: Annotated[
        str,
        typer.Argument(metavar="ID", help="Of the reject, or its beginning.", show_default=False),
    ],
    because: Annotated[
        str, typer.Option("--because", metavar="REASON", help="Why it may be left at that.")
    ],
    store: o.Store = o.DEFAULT_STORE,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Accept a reject: it stays listed, and no answer is incomplete because of it any more.

    The ledger of the store records who accepted it, when and why. Accepting it again changes
    nothing.
    """
    from trailscan.buckets import open_bucket
    from trailscan.store.reader import StoreReader
    from trailscan.store.rejects import accept_reject
    from trailscan.window import format_instant

    if not because.strip():
        raise typer.BadParameter("give a reason", param_hint="--because")
    bucket = open_bucket(store, aws)
    found = accept_reject(bucket, StoreReader(bucket, store), reject, because, datetime.now(UTC))
    if accepted := found.acceptance:
        say(
            f"accepted: {found.message} (at {found.where}), by {accepted.by} at "
            f"{format_instant(accepted.at)}: {accepted.because}",
            quiet=quiet,
        )


def _reopen(
    reject: Annotated[
        str,
        typer.Argument(metavar="ID", help="Of the reject, or its beginning.", show_default=False),
    ],
    because: Annotated[
        str, typer.Option("--because", metavar="REASON", help="Why the acceptance is taken back.")
    ],
    store: o.Store = o.DEFAULT_STORE,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Take back the acceptance of a reject: answers are incomplete because of it again.

    The ledger of the store keeps the acceptance, and records who took it back, when and why. A
    reject that is open stays as it is.
    """
    from trailscan.buckets import open_bucket
    from trailscan.store.reader import StoreReader
    from trailscan.store.rejects import reopen_reject

    if not because.strip():
        raise typer.BadParameter("give a reason", param_hint="--because")
    bucket = open_bucket(store, aws)
    found = reopen_reject(bucket, StoreReader(bucket, store), reject, because, datetime.now(UTC))
    say(f"open: {found.message} (at {found.where})", quiet=quiet)


app.callback(help=paragraphs(_list.__doc__))(o.with_aws(_list))
app.command(
    "accept", cls=Command, help=paragraphs(_accept.__doc__), epilog=examples("rejects accept")
)(o.with_aws(_accept))
app.command(
    "reopen", cls=Command, help=paragraphs(_reopen.__doc__), epilog=examples("rejects reopen")
)(o.with_aws(_reopen))
