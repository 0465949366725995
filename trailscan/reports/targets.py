"""What was touched, by whom, and how often: one row a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.reports.changes import read_changes
from trailscan.reports.notes import count, looked_at
from trailscan.reports.tally import distinct, grouped, tally
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("target", "Target", "id"),
    Column("target_name", "Name", "text", least_width=100, most_width=24),
    Column("target_type", "Type", "text", least_width=110),
    Column("changes", "Changes", "count"),
    Column("succeeded", "Succeeded", "count", least_width=130),
    Column("denied", "Denied", "count"),
    Column("failed", "Failed", "count", least_width=130),
    Column("severity", "Gravest", "text", least_width=120),
    Column("last", "Last (UTC)", "instant"),
    Column("last_change", "Last change", "text", wide=True),
    Column("last_principal", "By", "text", least_width=150, most_width=24),
    Column("first", "First (UTC)", "instant", detail=True),
    Column("principals", "By whom", "list", detail=True),
    Column("actions", "Actions", "list", detail=True),
    Column("reads", "Reads", "count", detail=True),
    Column("first_event_id", "First event", "id", detail=True),
    Column("last_event_id", "Last event", "id", detail=True),
)


def targets_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The targets of the wanted changes, those with the most changes first.

    Changes whose target the log does not tell stand in rows without an id, one for each type.
    """
    seen = read_changes(store, reads=wanted.reads)
    found = [change for change in seen if wanted.holds(change)]
    groups = grouped(found, lambda change: (change.target_type, change.target_id))
    rows = sorted((_row(changes) for changes in groups.values()), key=_order)
    known = sum(row[0] is not None for row in rows)
    untold = sum(change.target_id is None for change in found)
    said = [f"of {count(known, 'target')}"] if known else []
    if untold:
        said.append(f"of {count(untold, 'change')} the log does not tell the target")
    return Table(
        name="targets",
        columns=COLUMNS,
        rows=tuple(rows),
        window=wanted.window,
        notes=looked_at(store, wanted, found, seen, *said),
    )


def _order(row: tuple[object, ...]) -> tuple[object, ...]:
    """Most changes first, then by id."""
    return (-int(str(row[3])), *map(str, row))


def _row(changes: list[Change]) -> tuple[object, ...]:
    """A target in the order of `COLUMNS`."""
    sums = tally(changes)
    last = sums.last
    names = [change.target_name for change in changes if change.target_name]
    return (
        last.target_id,
        names[-1] if names else None,
        last.target_type,
        sums.changes,
        sums.succeeded,
        sums.denied,
        sums.failed,
        sums.severity,
        last.event.event_time,
        last.description,
        last.principal.display,
        sums.first.event.event_time,
        distinct(change.principal.display for change in changes),
        distinct(change.action for change in changes),
        sums.reads,
        sums.first.event.event_id,
        last.event.event_id,
    )
