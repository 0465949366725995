"""The reports by name: what each answers, which filters it takes, and where it is made.

Nothing heavy is imported before a report is asked for: the help of the command line reads this.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader
    from trailscan.table import Table

_TIME = ("since", "until", "tz")
_CHANGE = (
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
        answers: its question's answer in one line.
        about: what a reader should know before reading it.
        filters: the filters it takes, as `ChangeFilter` and the command line call them.
        graded: whether its rows have a severity, for `--fail-on`.
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

    def build(self, store: StoreReader, wanted: ChangeFilter) -> Table:
        """The report on a store, its times told in the filter's zone.

        Raises:
            StoreError: the store is damaged.
        """
        from trailscan.reports.evidence import with_evidence  # noqa: PLC0415  # start-up

        module = import_module(self.module)
        table: Table = getattr(module, f"{self.name}_report")(store, wanted)
        title = self.answers.partition(": one row")[0].rstrip(".")
        return with_evidence(store, replace(table.in_zone(wanted.tz), title=title))


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in (*_TIME, *_CHANGE) if name not in names)


_ALL = (
    Report(
        "changes",
        "Who changed what and when: one row a change.",
        "The rows that all other reports are made of, in order of time.",
        (*_TIME, *_CHANGE, "reads"),
    ),
    Report(
        "principals",
        "Who acted, and how: one row a principal.",
        "A person is named where the log can tell, and how sure that is stands beside the name.",
        (*_TIME, *_CHANGE, "reads"),
    ),
    Report(
        "targets",
        "What was touched, by whom, how often: one row a target.",
        "Changes whose target the log does not tell stand in one row without an id.",
        (*_TIME, *_CHANGE, "reads"),
    ),
    Report(
        "denied",
        "What was refused, to whom and why: one row a refusal.",
        "The reason is what AWS wrote into the error message.",
        (*_without("outcome"), "reads"),
    ),
    Report(
        "policies",
        "How each policy evolved: one row a version or attachment.",
        "What an update changed is told by comparing its text with the one before.",
        _without("category"),
    ),
    Report(
        "accounts",
        "Each account's life: one row an account.",
        "Created or invited, joined, moved, closed, departed. The filters choose the accounts; of "
        "each its whole life until the window's end is told.",
        _without("category"),
    ),
    Report(
        "findings",
        "What deserves a look, and why: one row a finding.",
        "The rules are listed in docs/reports.md. The filters choose findings by their events.",
        (*_TIME, *_CHANGE, "rule"),
    ),
    Report(
        "coverage",
        "What was and was not looked at: one row a span of days.",
        "One row a span of days for each account and region. Exit code 4: something is missing.",
        (*_TIME, "account"),
        graded=False,
    ),
    Report(
        "cis",
        "Evidence for the CIS control on Organizations changes.",
        "One row for each of its 18 events, and for the 16 other calls that change something.",
        _without("action"),
        graded=False,
    ),
)

REPORTS = MappingProxyType({report.name: report for report in _ALL})
"""Every report by name, in the order in which they are listed."""
