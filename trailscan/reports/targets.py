"""What was touched, by whom, and how often: one row a target."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import Examined, claim_notes, notes_on
from trailscan.reports.tally import Tally, distinct_of, tally
from trailscan.table import Column, Table, detail, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader


_Groups = dict[tuple[str | None, str | None], list["Change"]]


class Touched(NamedTuple):
    """A resource and the sums over the changes that were about it.

    Attributes:
        id: AWS's id; None: of changes whose target the log does not name.
        type: account, ou, policy, …
        sums: over these changes.
    """

    id: str | None
    type: str | None
    sums: Tally

    @property
    def name(self) -> str | None:
        """The last name that it had."""
        for change in reversed(self.sums.group):
            for one in change.resources:
                if (one.id, one.type) == (self.id, self.type) and one.name:
                    return one.name
        return None


def _distinct(path: str) -> Callable[[Touched], tuple[str, ...]]:
    """A function that gives the different values of an attribute of the changes."""
    found = distinct_of(path)
    return lambda one: found(one.sums)


COLUMNS = (
    Column("target", "Target", "id", most_width=18, of="id"),
    Column("target_name", "Name", "text", most_width=24, rank=1, of="name"),
    Column("target_type", "Type", "text", rank=5, of="type"),
    Column("changes", "Changes", "count", of="sums.changes"),
    Column("succeeded", "Succeeded", "count", rank=7, of="sums.succeeded"),
    Column("denied", "Denied", "count", rank=3, of="sums.denied"),
    Column("failed", "Failed", "count", rank=8, of="sums.failed"),
    Column("severity", "Highest severity", "text", rank=4, of="sums.severity"),
    Column("last", "Last (UTC)", "instant", rank=2, of="sums.last.event.event_time"),
    Column(
        "last_change", "Last change", "text", wide=True, least_width=24, of="sums.last.description"
    ),
    Column(
        "last_principal",
        "Last by",
        "text",
        most_width=24,
        rank=6,
        of="sums.last.principal.display",
    ),
    detail("first", "First (UTC)", "instant", of="sums.first.event.event_time"),
    detail("principals", "By whom", "list", of=_distinct("principal.display")),
    detail("actions", "Actions", "list", of=_distinct("action")),
    detail("reads", "Reads", "count", of="sums.reads"),
    detail("first_event_id", "First event", "id", of="sums.first.event.event_id"),
    detail("last_event_id", "Last event", "id", of="sums.last.event.event_id"),
)


def targets_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The targets of the matching changes, those with the most changes first.

    A change counts once for each resource that it is about; with a filter by target, only for those
    that match it. Changes whose target the log does not name are in rows without an id, one for
    each type.
    """
    examined = read_changes(store, reads=filters.reads)
    matching = [change for change in examined if filters.match(change)]
    groups = _by_resource(matching, filters)
    touched = [Touched(*place, tally(group)) for place, group in groups.items()]
    rows = sorted(rows_of(COLUMNS, touched), key=_order)
    known = sum(row[0] is not None for row in rows)
    unnamed = sum(not change.target_ids for change in matching)
    more = [f"of {counted(known, 'target')}; a change counts for each"] if known else []
    if unnamed:
        more.append(f"the log names no target of {counted(unnamed, 'change')}")
    more += claim_notes(filters, matching)
    return Table(
        name="targets",
        columns=COLUMNS,
        rows=tuple(rows),
        window=filters.window,
        notes=notes_on(store, filters, len(matching), Examined.of(examined), *more),
    )


def _by_resource(changes: Iterable[Change], filters: ChangeFilter) -> _Groups:
    """The changes by id and type of each resource that they are about, in order."""
    groups: defaultdict[tuple[str | None, str | None], list[Change]] = defaultdict(list)
    for change in changes:
        named = [one for one in change.resources if one.id and filters.match_target(one)]
        for place in [(one.id, one.type) for one in named] or [(None, change.target_type)]:
            groups[place].append(change)
    return dict(groups)


def _order(row: tuple[object, ...]) -> tuple[object, ...]:
    """Most changes first, then by id."""
    return (-int(str(row[3])), *map(str, row))
