"""The commands that read a store: `status`, `show` and `sql`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.complete import complete_event
from trailscan.cli.look import Look
from trailscan.cli.output import (
    end,
    say,
    width_of,
    write_summary,
    write_table,
    write_text,
)
from trailscan.errors import ExitCode
from trailscan.reports.catalogue import VIEWS

StatusFormat = Annotated[
    Literal["text", "json", "openmetrics"],
    typer.Option("--format", metavar="FORMAT", help="text, json or openmetrics."),
]


@o.with_aws
def status(
    store: o.Store = o.DEFAULT_STORE,
    format: StatusFormat = "text",  # noqa: A002  # the option's name
    head: Annotated[
        bool,
        typer.Option("--head", help="Print only the newest commit's SHA-256, to keep elsewhere."),
    ] = False,
    max_age: o.MaximumAge = None,
    each_account: o.EachAccount = False,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
    """Show what the store holds: windows, accounts and regions, gaps, rejects, the last run.

    Exit code 4: something that was requested could not be read, or lies between two windows that
    were requested; the newest log file is older than --max-age; or the store has files that no
    commit names.
    """
    from trailscan.reports.store_status import store_status

    limit = o.to_max_age(max_age, each_account=each_account)
    reader = o.open_store(store, aws)
    if head:
        write_text(reader.head, None)
        return
    found = store_status(reader, limit)
    if format == "openmetrics":
        from trailscan.render.openmetrics import render_openmetrics

        write_text(render_openmetrics(found), None)
    else:
        write_summary(found, o.SummaryFormat(format))
    if format == "text":
        write_table(
            found.accounts, Look(format="table", quiet=quiet, color="never" if no_color else "auto")
        )
    if found.incomplete:
        say("trailscan: incomplete: see above", quiet=quiet)
        end(ExitCode.INCOMPLETE)


ShowFormat = Annotated[
    Literal["text", "table", "json", "markdown", "html"] | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="text (also: table), json, markdown or html.",
        show_default="text",
    ),
]


@o.with_aws
def show(
    event: Annotated[
        str,
        typer.Argument(
            metavar="EVENT",
            help="The event's ID, or its first characters.",
            autocompletion=complete_event,
        ),
    ],
    store: o.Store = o.DEFAULT_STORE,
    around: Annotated[
        str,
        typer.Option(
            "--around",
            metavar="SPAN",
            help="Show what the same principal, key and source IP did so long before and after.",
        ),
    ] = "1h",
    tz: Annotated[
        str, typer.Option("--tz", metavar="ZONE", help="Time zone, such as Europe/Paris.")
    ] = "UTC",
    format: ShowFormat = None,  # noqa: A002  # the option's name
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file; .json, .md, .html and .txt choose the format.",
        ),
    ] = None,
    *,
    names: o.Names = None,
    aws: AwsOptions,
) -> None:
    """Show one event in full: in words, who, what else they did, as recorded, and its evidence.

    Who made the call, how certain that is, and with what credential; the findings that name it;
    what the same principal, key and source IP did around it; the state before and after, where the
    log has it; the log file, its hashes, and the load that read it. Exit code 5: no event has that
    ID, or several IDs begin with it.
    """
    from trailscan.render.document import render_document_html, render_document_markdown
    from trailscan.render.event import event_document, render_event
    from trailscan.render.json import render_object
    from trailscan.reports.show import show_event
    from trailscan.window import parse_age, parse_zone

    with o.usage("--tz"):
        zone = parse_zone(tz)
    with o.usage("--around"):
        within = parse_age(around)
    with o.usage("--output"):
        form = format or (Look(output=output).form if output else "text")
        if form not in ("text", "table", "json", "markdown", "html"):
            raise ValueError(f"an event is written as text, JSON, Markdown or HTML, not as {form}")
    shown = show_event(o.open_store(store, aws, names), event, within)
    if form == "json":
        answer = render_object(shown.to_json())
    elif form == "markdown":
        answer = render_document_markdown(event_document(shown, zone))
    elif form == "html":
        answer = render_document_html(event_document(shown, zone))
    else:
        answer = render_event(shown, zone, width_of(output))
    write_text(answer, output, pager=True)


Engine = Literal["athena", "spark", "duckdb"]


@o.with_aws
def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY",
            help="One SELECT statement, in DuckDB's SQL; - reads it from standard input.",
            show_default=False,
        ),
    ] = None,
    store: o.Store = o.DEFAULT_STORE,
    ddl: Annotated[
        Engine | None,
        typer.Option(
            "--ddl",
            metavar="ENGINE",
            help="Print the statements that make tables of the store in athena, spark or duckdb.",
        ),
    ] = None,
    tz: Annotated[
        str, typer.Option("--tz", metavar="ZONE", help="Time zone, such as Europe/Paris.")
    ] = "UTC",
    *,
    names: o.Names = None,
    look: Look,
    aws: AwsOptions,
) -> None:
    """Query the store with SQL over the views {views}.

    The store is only read, and a query reaches nothing else: no file, no network, no setting.
    DESCRIBE changes lists the columns of a view. With --ddl, other engines read the data files of
    events and log_files in place. Exit code 4: something is missing from the store.
    """
    if (query is None) == (ddl is None):
        raise typer.BadParameter("give a QUERY or --ddl ENGINE, and not both")
    if ddl is not None:
        from trailscan.reports.ddl import table_statements

        with o.usage("--ddl"):
            statements = table_statements(o.open_store(store, aws), ddl)
        write_text(statements, look.output)
        return
    from trailscan.reports.sql import run_query
    from trailscan.window import parse_zone

    reader = o.open_store(store, aws, names)
    text = sys.stdin.read() if query == "-" else query
    with o.usage():
        table = run_query(reader, text or "", parse_zone(tz))
    write_table(table, look)
    end(ExitCode.INCOMPLETE if table.incomplete else ExitCode.COMPLETE)


sql.__doc__ = (sql.__doc__ or "").format(views=", ".join(VIEWS))
