"""Evidence for the CIS AWS Foundations control on Organizations changes: one row an event.

The control requires that 18 events be monitored. The 16 other calls that change an organization are
listed too, marked as not covered: whoever watches by the control alone does not see them.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.organizations.operation import READ
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.severity import CIS_CONTROL
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import Examined, notes_on
from trailscan.reports.tally import Tally, distinct_of, grouped, tally
from trailscan.table import Column, Table, detail, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.organizations.operation import Operation
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

CONTROL = f"{CIS_CONTROL} (4.15 until v5)"
NOT_COVERED = "not in the control"
_ALARM = (
    "The control requires an alarm. Logs cannot show that one exists or that anyone responds to it."
)
_REST = "service events and unknown calls"

_WHO = distinct_of("principal.display")

_CALLS = {
    operation.name: operation
    for operation in sorted(ORGANIZATIONS.operations, key=attrgetter("name"))
    if not operation.service_event and operation.category != READ
}
IN_CONTROL = tuple(name for name, operation in _CALLS.items() if operation.cis)
"""The 18 events of the control, by name."""
NOT_IN_CONTROL = tuple(name for name, operation in _CALLS.items() if not operation.cis)
"""The 16 other calls that change an organization, by name."""


class _Row(NamedTuple):
    """An operation with its changes, if there are any."""

    operation: Operation
    sums: Tally | None


def _of(path: str, *, nothing: object = None) -> Callable[[_Row], object]:
    """What the sums say, and what a row without changes says."""
    get = attrgetter(path)
    return lambda row: nothing if row.sums is None else get(row.sums)


def _control(row: _Row) -> str:
    return CONTROL if row.operation.cis else NOT_COVERED


COLUMNS = (
    Column("event_name", "Event name", "text", of="operation.name"),
    Column("control", "Control", "text", rank=5, of=_control),
    Column("changes", "Count", "count", of=_of("changes", nothing=0)),
    Column("succeeded", "Succeeded", "count", rank=3, of=_of("succeeded", nothing=0)),
    Column("denied", "Denied", "count", rank=2, of=_of("denied", nothing=0)),
    Column("failed", "Failed", "count", rank=4, of=_of("failed", nothing=0)),
    Column("last", "Last (UTC)", "instant", rank=1, of=_of("last.event.event_time")),
    Column(
        "last_principal",
        "Last by",
        "text",
        wide=True,
        least_width=20,
        of=_of("last.principal.display"),
    ),
    Column("last_event_id", "Last event", "id", short=8, rank=6, of=_of("last.event.event_id")),
    detail("in_control", "In the control", "flag", of=lambda row: bool(row.operation.cis)),
    detail("first", "First (UTC)", "instant", of=_of("first.event.event_time")),
    detail("principals", "By whom", "list", of=lambda row: _WHO(row.sums) if row.sums else ()),
    detail("why", "Why it matters", "text", of="operation.reason"),
    detail("last_log_file", "Log file of the last event", "text", of=_of("last.where.uri")),
    detail(
        "last_record_index",
        "Record index of the last event",
        "count",
        of=_of("last.where.record_index"),
    ),
)


def cis_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """A row for each of the control's events and each other call that changes something."""
    examined = read_changes(store)
    matching = [change for change in examined if filters.match(change)]
    own = [one for one in matching if one.event.event_source == ORGANIZATIONS.event_source]
    groups = grouped(own, lambda change: change.action)
    names = (*IN_CONTROL, *NOT_IN_CONTROL)
    rows = [_Row(_CALLS[name], tally(groups[name]) if name in groups else None) for name in names]
    covered = sum(len(groups.get(name, ())) for name in IN_CONTROL)
    others = sum(len(groups.get(name, ())) for name in NOT_IN_CONTROL)
    rest = len(matching) - covered - others
    counts = (
        f"{counted(covered, 'change')} of the control's {len(IN_CONTROL)} events, "
        f"{counted(others, 'call')} to the {len(NOT_IN_CONTROL)} operations that the control does "
        f"not cover, {counted(rest, 'service event or unknown call', _REST)}"
    )
    notes = notes_on(store, filters, len(matching), Examined.of(examined), counts, _ALARM)
    return Table(
        name="cis",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, rows),
        window=filters.window,
        notes=notes,
    )
