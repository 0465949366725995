"""`trailscan status`: what the store holds."""

from __future__ import annotations

from typing import Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import say, write_table, write_text

INCOMPLETE = 4


@o.with_aws
def status(
    store: o.Store = o.DEFAULT_STORE,
    format: Annotated[  # noqa: A002  # the option's name
        o.SummaryFormat, typer.Option("--format", help="Form of the answer.")
    ] = o.SummaryFormat.text,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
    """What the store holds: windows, accounts and regions, gaps, rejects, the last load.

    Exit code 4: something that was asked for could not be read, or lies between two windows and was
    never asked for.
    """
    from trailscan.buckets import open_bucket
    from trailscan.render.status import to_json, to_lines
    from trailscan.reports.status import store_status
    from trailscan.store.reader import StoreReader
    from trailscan.visible import visible

    found = store_status(StoreReader(open_bucket(store, aws), store))
    if format is o.SummaryFormat.json:
        import json

        write_text(json.dumps(to_json(found), indent=2), None)
    else:
        write_text("\n".join(visible(line) for line in to_lines(found)), None)
        write_table(found.accounts, o.Format.table, None, quiet=quiet, no_color=no_color)
    if found.incomplete:
        say("trailscan: incomplete: see above", quiet=quiet)
        raise typer.Exit(INCOMPLETE)
