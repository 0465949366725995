"""`trailscan store check`: the whole store against its ledger."""

from __future__ import annotations

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.examples import examples
from trailscan.cli.output import end, say, write_text
from trailscan.cli.words import Command, Group, paragraphs
from trailscan.errors import ExitCode

app = typer.Typer(
    cls=Group, help="Examine the store itself.", no_args_is_help=True, epilog=examples("store")
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


app.command("check", cls=Command, help=paragraphs(_check.__doc__), epilog=examples("store check"))(
    o.with_aws(_check)
)
