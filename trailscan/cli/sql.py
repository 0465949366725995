"""`trailscan sql QUERY`: the store as tables."""

from __future__ import annotations

from typing import Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import write_table
from trailscan.reports.catalogue import VIEWS


@o.with_aws
def sql(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY", help="One SELECT statement, in DuckDB's SQL.", show_default=False
        ),
    ],
    store: o.Store = o.DEFAULT_STORE,
    tz: Annotated[
        str, typer.Option("--tz", metavar="ZONE", help="Time zone, such as Europe/Paris.")
    ] = "UTC",
    format: o.TableFormat = None,  # noqa: A002  # the option's name
    output: o.Output = None,
    *,
    names: o.Names = None,
    aws: AwsOptions,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
    """Query the store with SQL over the views {views}.

    The store is only read, and a query reaches nothing else: no file, no network, no setting.
    DESCRIBE changes lists the columns of a view.
    """
    from trailscan.buckets import open_bucket
    from trailscan.reports.sql import run_query
    from trailscan.store.reader import StoreReader
    from trailscan.window import parse_zone

    reader = StoreReader(open_bucket(store, aws), store, o.read_names(names))
    try:
        table = run_query(reader, query, parse_zone(tz))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    write_table(table, format, output, quiet=quiet, no_color=no_color)


sql.__doc__ = (sql.__doc__ or "").format(views=", ".join(VIEWS))
