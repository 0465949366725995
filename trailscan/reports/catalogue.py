"""The reports by name: the question each answers, the filters it takes, and its module.

A report is imported when it is built, because the help of the command line reads this module.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.window import parse_age

if TYPE_CHECKING:
    from trailscan.reports.filter import ChangeFilter
    from trailscan.reports.ignore import IgnoreList
    from trailscan.store.reader import StoreReader
    from trailscan.table import Table

_TIME = ("since", "until", "tz")
_CHANGE = (
    "arrived_since",
    "principal",
    "action",
    "target",
    "account",
    "category",
    "severity",
    "outcome",
    "source_ip",
    "contains",
)


class Report(NamedTuple):
    """One report.

    Attributes:
        name: as on the command line.
        answers: what it answers, in one line.
        about: what a reader should know first.
        filters: the filters it takes, by their names in `ChangeFilter` and on the command line.
        graded: whether its rows have a severity, which `--fail-on` needs.
    """

    name: str
    answers: str
    about: str
    filters: tuple[str, ...]
    graded: bool = True

    @property
    def module(self) -> str:
        """The module that builds it and has its `COLUMNS`."""
        package = "findings.report" if self.name == "findings" else self.name
        return f"trailscan.reports.{package}"

    @property
    def is_coverage(self) -> bool:
        """Whether it is about log files, and so says itself what is missing of its days."""
        return self.name == "coverage"

    def build(self, store: StoreReader, filters: ChangeFilter) -> Table:
        """The report on a store, with times in the zone of the filter.

        Raises:
            ValueError: neither the catalogue nor the store has such an action.
            StoreError: the store is damaged.
        """
        from trailscan.reports.arrivals import with_arrival  # noqa: PLC0415  # start-up
        from trailscan.reports.evidence import with_evidence  # noqa: PLC0415  # start-up
        from trailscan.reports.missing import Question, missing  # noqa: PLC0415  # start-up

        if filters.action:
            from trailscan.reports.filter import check_actions  # noqa: PLC0415  # start-up

            check_actions(filters.action, store.event_names)
        filters = with_arrival(store, filters)
        if filters.around:
            from trailscan.reports.around import in_vicinity  # noqa: PLC0415  # start-up

            filters = in_vicinity(store, filters)
        module = import_module(self.module)
        table: Table = getattr(module, f"{self.name}_report")(store, filters)
        title = self.answers.partition(": one row")[0].rstrip(".")
        if not self.is_coverage:
            question = Question.of_events(filters.window, filters.account)
            table = replace(table, incomplete=missing(store, question))
        return with_evidence(store, replace(table.in_zone(filters.tz), title=title))


def make_filter(**fields: Any) -> ChangeFilter:
    """A filter with the fields of `ChangeFilter`; `ignore` is the path of a file.

    `around` is the beginning of an event ID, and `within` a span such as `1h`.

    Raises:
        ValueError: there is no such outcome, category, severity or rule, or the file is wrong.
    """
    from trailscan.reports.filter import ChangeFilter, check_known  # noqa: PLC0415  # start-up

    if rules := fields.get("rule"):
        from trailscan.reports.findings.report import RULES  # noqa: PLC0415  # few ask for a rule

        check_known("rule", rules, [rule.id for rule in RULES])
    if (path := fields.get("ignore")) is not None:
        fields["ignore"] = _read_ignore_list(Path(path))
    event_id, within = fields.pop("around", None), fields.pop("within", None)
    if event_id is not None:
        from trailscan.reports.vicinity import Around  # noqa: PLC0415  # start-up

        fields["around"] = Around(event_id, parse_age(within or "1h"))
    elif within is not None:
        raise ValueError("`within` needs an event: give `around` too")
    return ChangeFilter(**fields)


def _read_ignore_list(path: Path) -> IgnoreList:
    """The findings to ignore in a file, as of now.

    Raises:
        ValueError: it cannot be read.
    """
    from trailscan.reports.findings.report import RULES  # noqa: PLC0415  # few ask for it
    from trailscan.reports.ignore import parse_ignore_list  # noqa: PLC0415  # few ask for it

    try:
        text = path.read_text("utf-8")
        return parse_ignore_list(text, datetime.now(UTC), [rule.id for rule in RULES])
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in (*_TIME, *_CHANGE) if name not in names)


_ALL = (
    Report(
        "changes",
        "Who changed what and when: one row a change.",
        "All other reports on changes count and group these rows.",
        (*_TIME, *_CHANGE, "reads", "around", "within"),
    ),
    Report(
        "events",
        "Every event, of whatever service: one row an event.",
        "Reads are among them. load --event-source all stores the events of all services.",
        (*_without("category", "severity"), "event_source", "around", "within"),
        graded=False,
    ),
    Report(
        "principals",
        "Who acted, and how: one row a principal.",
        "Names the person where the log can tell, and says how certain the name is.",
        (*_TIME, *_CHANGE, "reads"),
    ),
    Report(
        "targets",
        "What was touched, by whom, how often: one row a target.",
        "Changes whose target the log does not name are in rows without an ID.",
        (*_TIME, *_CHANGE, "reads"),
    ),
    Report(
        "denied",
        "What was denied, to whom and why: one row a denied call.",
        "The reason is taken from AWS's error message.",
        (*_without("outcome"), "reads"),
    ),
    Report(
        "policies",
        "How each policy evolved: one row a version or attachment.",
        "What an update changed is found by comparing its text with the previous one.",
        _without("category"),
    ),
    Report(
        "accounts",
        "Each account's life: one row an account.",
        "Created or invited, joined, moved, closed, departed. The filters select the accounts; a "
        "row covers the account's whole life until the end of the window.",
        _without("category"),
    ),
    Report(
        "findings",
        "What deserves a look, and why: one row a finding.",
        "docs/reports.md lists the rules. The filters select findings by their events.",
        (*_TIME, *_CHANGE, "rule", "ignore"),
    ),
    Report(
        "summary",
        "What happened, in ten lines: one row a line.",
        "Always the same lines, for a mail or a chat; --format slack writes Slack's JSON.",
        (*_TIME, "arrived_since", "account", "ignore"),
        graded=False,
    ),
    Report(
        "coverage",
        "What was and was not read: one row a span of days.",
        "For each account and region. Exit code 4: something is missing.",
        (*_TIME, "account"),
        graded=False,
    ),
    Report(
        "cis",
        "Evidence for the CIS control on Organizations changes.",
        "One row for each of its 18 events and each of the 16 other calls that change something.",
        _without("action"),
        graded=False,
    ),
)

REPORTS = MappingProxyType({report.name: report for report in _ALL})
"""Every report by name, in the order in which they are listed."""

VIEWS = {
    "events": "one row an event, as recorded, with who made it and its evidence",
    **{name: f"the rows of `trailscan report {name}`" for name in REPORTS if name != "events"},
    "log_files": "one row for each time a log file was read or rejected",
    "rejects": "one row for each record or log file that could not be used",
    "attestations": "one row a verdict on a log file; the last one counts",
    "digests": "one row a verdict on a digest file; the last one counts",
}
"""The views that `trailscan sql` can query, each with what it holds."""
