"""What was touched, by whom, and how often: one row a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.numbers import counted
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import Examined, notes_on
from trailscan.reports.tally import Tally, distinct_of, grouped, tally
from trailscan.table import Column, Table, detail, rows_of

if TYPE_CHECKING:
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader


def _name(sums: Tally) -> str | None:
    """The last name that the target had."""
    names = (change.target_name for change in reversed(sums.group) if change.target_name)
    return next(names, None)


COLUMNS = (
    Column("target", "Target", "id", most_width=18, of="last.target_id"),
    Column("target_name", "Name", "text", most_width=24, rank=1, of=_name),
    Column("target_type", "Type", "text", rank=5, of="last.target_type"),
    Column("changes", "Changes", "count"),
    Column("succeeded", "Succeeded", "count", rank=7),
    Column("denied", "Denied", "count", rank=3),
    Column("failed", "Failed", "count", rank=8),
    Column("severity", "Highest severity", "text", rank=4),
    Column("last", "Last (UTC)", "instant", rank=2, of="last.event.event_time"),
    Column("last_change", "Last change", "text", wide=True, least_width=24, of="last.description"),
    Column(
        "last_principal",
        "Last by",
        "text",
        most_width=24,
        rank=6,
        of="last.principal.display",
    ),
    detail("first", "First (UTC)", "instant", of="first.event.event_time"),
    detail("principals", "By whom", "list", of=distinct_of("principal.display")),
    detail("actions", "Actions", "list", of=distinct_of("action")),
    detail("reads", "Reads", "count"),
    detail("first_event_id", "First event", "id", of="first.event.event_id"),
    detail("last_event_id", "Last event", "id", of="last.event.event_id"),
)


def targets_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The targets of the matching changes, those with the most changes first.

    Changes whose target the log does not name are in rows without an id, one for each type.
    """
    examined = read_changes(store, reads=filters.reads)
    matching = [change for change in examined if filters.match(change)]
    groups = grouped(matching, lambda change: (change.target_type, change.target_id))
    rows = sorted(rows_of(COLUMNS, map(tally, groups.values())), key=_order)
    known = sum(row[0] is not None for row in rows)
    unnamed = sum(change.target_id is None for change in matching)
    more = [f"of {counted(known, 'target')}"] if known else []
    if unnamed:
        more.append(f"the log names no target of {counted(unnamed, 'change')}")
    return Table(
        name="targets",
        columns=COLUMNS,
        rows=tuple(rows),
        window=filters.window,
        notes=notes_on(store, filters, len(matching), Examined.of(examined), *more),
    )


def _order(row: tuple[object, ...]) -> tuple[object, ...]:
    """Most changes first, then by id."""
    return (-int(str(row[3])), *map(str, row))
