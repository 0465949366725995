"""`trailscan report …`: one command for each report, all with the same options."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import complete
from trailscan.cli import options as o
from trailscan.cli.examples import examples
from trailscan.cli.look import Look
from trailscan.cli.output import end, say, write_table
from trailscan.cli.parameters import parameter
from trailscan.cli.words import Command, Group
from trailscan.errors import ExitCode
from trailscan.numbers import counted
from trailscan.reports.catalogue import REPORTS
from trailscan.table import FailOn
from trailscan.window import WHEN

if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Iterable

    from trailscan.reports.catalogue import Report
    from trailscan.reports.filter import ChangeFilter
    from trailscan.table import Table

_FILTERS = "Filters (all must match; repeat one for alternatives)"
_SINCE = f"Start of the time range (inclusive): {WHEN} (UTC unless --tz)."
_UNTIL = "End of the time range (exclusive), likewise; +1h counts from --since."


def _filter(kind: Any, text: str, metavar: str, known: Callable[..., Any] | None = None) -> Any:
    """The type of a filter with its help; a shell completes it with the values that are known."""
    option = typer.Option(
        help=text, metavar=metavar, rich_help_panel=_FILTERS, autocompletion=known
    )
    return Annotated[kind, option]


def _texts(text: str, metavar: str, known: Callable[..., Any] | None = None) -> Any:
    """A filter that takes several texts."""
    return _filter(list[str] | None, text, metavar, known)


FILTERS: dict[str, Any] = {
    "since": _filter(str | None, _SINCE, "WHEN"),
    "until": _filter(str | None, _UNTIL, "WHEN"),
    "tz": _filter(str | None, "Time zone of dates and times, such as Europe/Paris.", "ZONE"),
    "arrived_since": _filter(
        str | None,
        "Only what the store kept then or later: an instant, or last-load.",
        "WHEN|last-load",
    ),
    "principal": _texts(
        "Part of the principal's name, role, session or ARN; '!gha-*' excludes.", "NAME"
    ),
    "action": _texts(
        "Event name; * is a wildcard: '*Policy'.", "PATTERN", complete.complete_action
    ),
    "target": _texts("Part of the ID or name of anything that the change is about.", "NAME"),
    "account": _texts(
        "Account that recorded the event or made the call.", "ACCOUNT", complete.complete_account
    ),
    "category": _texts("Category: account, ou, policy, delegation, …", "CATEGORY"),
    "severity": _texts(
        "Severity: info, low, medium, high or critical.", "SEVERITY", complete.complete_severity
    ),
    "outcome": _texts(
        "Outcome: succeeded, denied or failed.", "OUTCOME", complete.complete_outcome
    ),
    "source_ip": _texts("Part of the source IP address.", "ADDRESS"),
    "contains": _texts("Words anywhere in the row, in any order.", "WORDS"),
    "rule": _texts("Only findings of the rule with this ID.", "RULE", complete.complete_rule),
    "ignore": _filter(
        Path | None, "Leave out the findings that this TOML file names, and say so.", "FILE"
    ),
    "event_source": _texts("Service that recorded the event: iam.amazonaws.com, or iam.", "SOURCE"),
    "around": _filter(
        str | None,
        "Only what the same principal, access key or source IP did around this event.",
        "EVENT",
        complete.complete_event,
    ),
    "within": _filter(
        str | None, "How long before and after it: 30min, 1h (the default), 2d.", "SPAN"
    ),
    "reads": Annotated[
        bool,
        typer.Option("--reads", help="Include read-only calls.", rich_help_panel=_FILTERS),
    ],
}
"""The filters of reports, by the name that `ChangeFilter` and the command line share."""

_FAIL_ON = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        autocompletion=complete.complete_severity,
        help="Exit with code 3 if any row has this severity or higher.",
    ),
]


def _parameters(report: Report) -> list[inspect.Parameter]:
    """The options of a report, in the order in which its help lists them."""
    return [
        parameter("store", o.Store, o.DEFAULT_STORE),
        parameter("names", o.Names),
        *(
            parameter(name, FILTERS[name], default=False if name == "reads" else None)
            for name in report.filters
        ),
        *([parameter("fail_on", _FAIL_ON)] if report.graded else []),
        parameter("look", Look),
        parameter("aws", AwsOptions),
    ]


def _to_filter(names: Iterable[str], given: dict[str, Any]) -> ChangeFilter:
    """The filter that some options ask for; a value that cannot be read is a usage error.

    Dates are read in the zone of `--tz`.
    """
    from trailscan.reports.arrivals import parse_arrival
    from trailscan.reports.catalogue import make_filter
    from trailscan.window import parse_zone

    texts = {name: tuple(value) for name in names if isinstance(value := given[name], list)}
    with o.usage():
        tz = parse_zone(given.get("tz") or "UTC")
        window = o.to_window(given.get("since"), given.get("until"), tz)
        reads = given.get("reads") or False
        ignore = given.get("ignore")
        fields = {"window": window, "tz": tz, "reads": reads, "ignore": ignore, **texts}
        fields |= {name: given.get(name) for name in ("around", "within")}
    with o.usage("--arrived-since"):
        if (arrived := given.get("arrived_since")) is not None:
            fields["arrived_since"] = parse_arrival(arrived, datetime.now(UTC), tz)
    with o.usage():
        return make_filter(**fields)


app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Who changed what and when, in the form you need it.",
    epilog=examples("report"),
)


@app.callback()
def _group() -> None:
    """Who changed what and when, in the form you need it."""


def _run(report: Report, *, aws: AwsOptions, look: Look, **given: Any) -> None:
    """Build a report, write it, and end with its exit code."""
    import gc

    gc.disable()  # nothing here makes cycles, and looking for them is a third of a long report
    filters = _to_filter(report.filters, given)
    limit = _at_least(given.get("fail_on"))
    store = o.open_store(given["store"], aws, given["names"])
    with o.usage("--action" if filters.action else None):
        table = report.build(store, filters)
    if limit:
        rows = sum(row["severity"] in limit for row in table.records())
        table = replace(table, fail_on=FailOn(limit[0], rows))
    write_table(table, look)
    if table.fail_on and table.fail_on.rows:
        rows_found = counted(table.fail_on.rows, "row")
        say(f"trailscan: {rows_found} of severity {limit[0]} or higher", quiet=look.quiet)
    end(_exit_code(table))


def _at_least(given: str | None) -> tuple[str, ...]:
    """The severities from that of `--fail-on` up; an unknown one is a usage error."""
    from trailscan.organizations.severity import at_least

    with o.usage("--fail-on"):
        return () if given is None else at_least(given)


def _exit_code(table: Table) -> ExitCode:
    """Whether the report is complete, and whether `--fail-on` found rows."""
    if table.incomplete:
        return ExitCode.INCOMPLETE
    found = table.fail_on is not None and table.fail_on.rows > 0
    return ExitCode.FOUND if found else ExitCode.COMPLETE


for _report in REPORTS.values():
    app.command(
        _report.name,
        cls=Command,
        short_help=_report.answers,
        help=f"{_report.answers}\n\n{_report.about}",
        epilog=examples(f"report {_report.name}"),
    )(o.with_aws(partial(_run, _report), _parameters(_report)))
