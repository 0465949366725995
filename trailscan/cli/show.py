"""`trailscan show EVENT`: one event in full."""

from __future__ import annotations

from typing import Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import write_text


@o.with_aws
def show(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="The event's id, or enough of how it begins.")
    ],
    store: o.Store = o.DEFAULT_STORE,
    format: Annotated[  # noqa: A002  # the option's name
        o.SummaryFormat, typer.Option("--format", help="How to give the event.")
    ] = o.SummaryFormat.text,
    *,
    names: o.Names = None,
    aws: AwsOptions,
) -> None:
    """One event in full: in words, as recorded, and its evidence.

    Who, and how sure that is; before and after, where the log knows them; the log file, its hashes,
    and the load that brought it. Exit code 5: no event has that id, or several begin so.
    """
    from trailscan.buckets import open_bucket
    from trailscan.render.event import render_event
    from trailscan.render.json import render_object
    from trailscan.reports.show import show_event
    from trailscan.store.reader import StoreReader

    shown = show_event(StoreReader(open_bucket(store, aws), store, o.read_names(names)), event)
    as_json = format is o.SummaryFormat.json
    write_text(render_object(shown.to_json()) if as_json else render_event(shown), None)
