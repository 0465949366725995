"""`trailscan report …`: one command for each report, all with the same options."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from trailscan.cli import filters as f
from trailscan.cli import options as o
from trailscan.cli.output import end, write_table
from trailscan.errors import ExitCode
from trailscan.reports.catalogue import REPORTS

if TYPE_CHECKING:
    from trailscan.aws.session import AwsOptions
    from trailscan.reports.catalogue import Report
    from trailscan.table import Table

app = typer.Typer(no_args_is_help=True, help="Who changed what and when, in the form you need it.")


@app.callback()
def _group() -> None:
    """Who changed what and when, in the form you need it."""


def _run(report: Report, *, aws: AwsOptions, **given: Any) -> None:
    """Build a report, write it, and end with its exit code."""
    import gc

    gc.disable()  # nothing here makes cycles, and looking for them is a third of a long report
    from trailscan.buckets import open_bucket
    from trailscan.store.reader import StoreReader

    filters = f.to_filter(report.filters, given)
    limit = _at_least(given.get("fail_on"))
    bucket, names = open_bucket(given["store"], aws), o.read_names(given["names"])
    table = report.build(StoreReader(bucket, given["store"], names), filters)
    write_table(
        table,
        given["format"],
        given["output"],
        quiet=given["quiet"],
        no_color=given["no_color"],
    )
    end(_exit_code(table, limit))


def _at_least(given: str | None) -> tuple[str, ...]:
    """The severities from that of `--fail-on` up; an unknown one is a usage error."""
    from trailscan.organizations.severity import at_least

    try:
        return () if given is None else at_least(given)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fail-on") from None


def _exit_code(table: Table, limit: tuple[str, ...]) -> ExitCode:
    """Whether the report is complete, and whether a row has one of the severities."""
    if table.incomplete:
        return ExitCode.INCOMPLETE
    found = limit and any(row["severity"] in limit for row in table.records())
    return ExitCode.FOUND if found else ExitCode.COMPLETE


for _report in REPORTS.values():
    app.command(
        _report.name, short_help=_report.answers, help=f"{_report.answers}\n\n{_report.about}"
    )(o.with_aws(partial(_run, _report), f.parameters(_report)))
