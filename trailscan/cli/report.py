"""`trailscan report …`: one command a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trailscan.cli import options as o
from trailscan.cli.output import write_table

app = typer.Typer(no_args_is_help=True, help="Who changed what and when, in the form you need it.")

_FILTERS = "Filters (they compose; repeat one for alternatives)"


@app.callback()
def _group() -> None:
    """Who changed what and when, in the form you need it."""


@app.command()
def changes(
    store: o.Store = o.DEFAULT_STORE,
    since: o.Since = None,
    until: o.Until = None,
    principal: Annotated[
        list[str] | None,
        typer.Option(help="Who: part of a name, role, session or ARN.", rich_help_panel=_FILTERS),
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(help="Event name, * allowed: '*Policy'.", rich_help_panel=_FILTERS),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Part of the target's id or name.", rich_help_panel=_FILTERS),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            help="Account in whose trail it stands, or that acted.", rich_help_panel=_FILTERS
        ),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(help="account, ou, policy, delegation, …", rich_help_panel=_FILTERS),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(help="succeeded, denied or failed.", rich_help_panel=_FILTERS),
    ] = None,
    source_ip: Annotated[
        list[str] | None,
        typer.Option(help="Part of the address it came from.", rich_help_panel=_FILTERS),
    ] = None,
    contains: Annotated[
        list[str] | None,
        typer.Option(help="Any words of the row.", rich_help_panel=_FILTERS),
    ] = None,
    reads: Annotated[
        bool,
        typer.Option("--reads", help="Also calls that change nothing.", rich_help_panel=_FILTERS),
    ] = False,
    format: Annotated[  # noqa: A002  # the option's name
        o.Format | None, typer.Option("--format", help="Form of the answer. [default: table]")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write there; the suffix chooses the form."
        ),
    ] = None,
    profile: o.Profile = None,
    role_arn: o.RoleArn = None,
    external_id: o.ExternalId = None,
    region: o.Region = None,
    endpoint_url: o.EndpointUrl = None,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
    """One row a change: when, who, what in words, target, where from, outcome, event id."""
    from trailscan.buckets import open_bucket
    from trailscan.reports.changes import ChangeFilter, changes_report
    from trailscan.store.reader import StoreReader

    wanted = ChangeFilter(
        window=o.to_window(since, until),
        principal=tuple(principal or ()),
        action=tuple(action or ()),
        target=tuple(target or ()),
        account=tuple(account or ()),
        category=tuple(category or ()),
        outcome=tuple(outcome or ()),
        source_ip=tuple(source_ip or ()),
        contains=tuple(contains or ()),
        reads=reads,
    )
    aws = o.aws_options(profile, role_arn, external_id, region, endpoint_url)
    table = changes_report(StoreReader(open_bucket(store, aws), store), wanted)
    write_table(table, format, output, quiet=quiet, no_color=no_color)
