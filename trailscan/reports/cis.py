"""Evidence for the CIS AWS Foundations control on Organizations changes: one row an event.

The control asks that 18 events be monitored. The 16 other calls that change an organization are
listed too, told apart: whoever watches by the control alone does not see them.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from trailscan.organizations.operation import READ
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.severity import CIS_CONTROL
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import count, looked_at
from trailscan.reports.tally import distinct, grouped, tally
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change
    from trailscan.organizations.operation import Operation
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("event_name", "Event", "text"),
    Column("control", "Control", "text"),
    Column("changes", "Count", "count"),
    Column("succeeded", "Succeeded", "count"),
    Column("denied", "Denied", "count"),
    Column("failed", "Failed", "count"),
    Column("last", "Last (UTC)", "instant"),
    Column("last_principal", "By", "text", wide=True),
    Column("last_event_id", "Event id", "id", least_width=130, short=8),
    Column("in_control", "In the control", "flag", detail=True),
    Column("first", "First (UTC)", "instant", detail=True),
    Column("principals", "By whom", "list", detail=True),
    Column("why", "Why it matters", "text", detail=True),
    Column("last_log_file", "Log file of the last", "text", detail=True),
    Column("last_record_index", "Record of the last", "count", detail=True),
)

CONTROL = f"{CIS_CONTROL} (4.15 until v5)"
FORGOTTEN = "not in the control"

_CALLS = {
    operation.name: operation
    for operation in sorted(ORGANIZATIONS.operations, key=attrgetter("name"))
    if not operation.service_event and operation.category != READ
}
IN_CONTROL = tuple(name for name, operation in _CALLS.items() if operation.cis)
"""The 18 events of the control, by name."""
NOT_IN_CONTROL = tuple(name for name, operation in _CALLS.items() if not operation.cis)
"""The 16 other calls that change an organization, by name."""


def cis_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """Every event of the control and every other call that changes something, zero counts too."""
    seen = read_changes(store)
    found = [change for change in seen if wanted.holds(change)]
    own = [one for one in found if one.event.event_source == ORGANIZATIONS.event_source]
    groups = grouped(own, lambda change: change.action)
    names = (*IN_CONTROL, *NOT_IN_CONTROL)
    rows = tuple(_row(_CALLS[name], groups.get(name, [])) for name in names)
    covered = sum(len(groups.get(name, [])) for name in IN_CONTROL)
    forgotten = sum(len(groups.get(name, [])) for name in NOT_IN_CONTROL)
    rest = len(found) - covered - forgotten
    of_what = f"{count(covered, 'change')} of the control's 18 events"
    besides = f"{forgotten:,} of the 16 calls that it forgets"
    others = f"{rest:,} service events and unknown operations"
    notes = (
        f"{of_what}, {besides}, {others}",
        "the control asks for a monitor; that one exists and somebody acts on it, no log can show",
    )
    return Table(
        name="cis",
        columns=COLUMNS,
        rows=rows,
        window=wanted.window,
        notes=looked_at(store, wanted, found, seen, *notes),
    )


def _row(operation: Operation, changes: list[Change]) -> tuple[object, ...]:
    """An event in the order of `COLUMNS`."""
    name, in_control = operation.name, bool(operation.cis)
    control = CONTROL if in_control else FORGOTTEN
    if not changes:
        nothing = (None,) * 3
        return (
            name,
            control,
            0,
            0,
            0,
            0,
            *nothing,
            in_control,
            None,
            (),
            operation.reason,
            None,
            None,
        )
    sums = tally(changes)
    last = sums.last
    return (
        name,
        control,
        len(changes),
        sums.succeeded,
        sums.denied,
        sums.failed,
        last.event.event_time,
        last.principal.display,
        last.event.event_id,
        in_control,
        sums.first.event.event_time,
        distinct(change.principal.display for change in changes),
        operation.reason,
        str(last.where._replace(record_index=None)),
        last.where.record_index,
    )
