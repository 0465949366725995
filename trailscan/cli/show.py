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
        str, typer.Argument(metavar="EVENT", help="The event's ID, or its first characters.")
    ],
    store: o.Store = o.DEFAULT_STORE,
    format: o.TextFormat = o.SummaryFormat.text,  # noqa: A002  # the option's name
    *,
    names: o.Names = None,
    aws: AwsOptions,
) -> None:
    """Show one event in full: in words, as recorded, and its evidence.

    Who made the call and how certain that is; the state before and after, where the log has it; the
    log file, its hashes, and the load that read it. Exit code 5: no event has that ID, or several
    IDs begin with it.
    """
    from trailscan.buckets import open_bucket
    from trailscan.render.event import render_event
    from trailscan.render.json import render_object
    from trailscan.reports.show import show_event
    from trailscan.store.reader import StoreReader

    shown = show_event(StoreReader(open_bucket(store, aws), store, o.read_names(names)), event)
    as_json = format is o.SummaryFormat.json
    write_text(render_object(shown.to_json()) if as_json else render_event(shown), None)
