"""`trailscan report …`: one command a report, all of them with the same options."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from trailscan.cli import filters as f
from trailscan.cli import options as o
from trailscan.cli.output import write_table
from trailscan.reports.catalogue import REPORTS

if TYPE_CHECKING:
    from trailscan.reports.catalogue import Report
    from trailscan.table import Table

FINDINGS = 3
INCOMPLETE = 4

app = typer.Typer(no_args_is_help=True, help="Who changed what and when, in the form you need it.")


@app.callback()
def _group() -> None:
    """Who changed what and when, in the form you need it."""


def _run(report: Report, **given: Any) -> None:
    """Make a report, write it, and end with the exit code that it deserves."""
    import gc

    gc.disable()  # nothing here makes cycles, and looking for them is a third of a long report
    from trailscan.buckets import open_bucket
    from trailscan.store.reader import StoreReader

    wanted = f.to_filter(report.filters, given)
    limit = _graver_than(given.get("fail_on"))
    aws = o.aws_options(**{name: given[name] for name in f.AWS})
    bucket, names = open_bucket(given["store"], aws), o.read_names(given["names"])
    table = report.build(StoreReader(bucket, given["store"], names), wanted)
    write_table(
        table,
        given["format"],
        given["output"],
        quiet=given["quiet"],
        no_color=given["no_color"],
    )
    if code := _exit_code(table, limit):
        raise typer.Exit(code)


def _graver_than(given: str | None) -> tuple[str, ...]:
    """The severities that `--fail-on` means; ends the command when it names none."""
    from trailscan.organizations.severity import at_least

    try:
        return () if given is None else at_least(given)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--fail-on") from None


def _exit_code(table: Table, limit: tuple[str, ...]) -> int:
    """4 if the answer may lack something, else 3 if a row is as grave as was asked, else 0."""
    if table.incomplete:
        return INCOMPLETE
    grave = limit and any(row["severity"] in limit for row in table.records())
    return FINDINGS if grave else 0


def _options(report: Report) -> dict[str, f.Given]:
    """The options of a report, in the order in which its help lists them."""
    filters = {name: f.FILTERS[name] for name in report.filters}
    fail_on = {"fail_on": f.FAIL_ON} if report.graded else {}
    return {**f.STORE, **filters, **fail_on, **f.OUTPUT, **f.AWS}


for _report in REPORTS.values():
    app.command(_report.name, short_help=_report.answers)(
        f.command(
            partial(_run, _report),
            _report.name,
            f"{_report.answers}\n\n{_report.about}",
            _options(_report),
        )
    )
