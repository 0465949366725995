"""The reads that rules examine, found without decoding all of them: there can be millions.

Two kinds of reads can mean something: those that were denied, and the first time that somebody
explores the organization. The second kind is found here by time, name and identity alone; only the
records of those calls are then decoded.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.event import UserIdentity
from trailscan.events.principal import Actor, actor_of
from trailscan.events.schema import strings
from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.changes import with_undone
from trailscan.organizations.operation import READ
from trailscan.reports.changes import (
    FILTER_COLUMNS,
    all_that_tell,
    among,
    in_window,
    maybe_changes,
    read_changes,
)
from trailscan.reports.findings.history import is_discovery
from trailscan.reports.findings.patterns import first_sweeps
from trailscan.sessions.chain import Issuances, chain_behind
from trailscan.store.issuances import read_issuances

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from trailscan.organizations.changes import Change
    from trailscan.organizations.operation import Operation
    from trailscan.store.reader import StoreReader
    from trailscan.window import Window

_WANTED = ["event_time", "event_name", "user_identity", "event_id"]
_COLUMNS = [*_WANTED, "event_source"]
_MOST_IDENTITIES = 100_000  # known at a time


@dataclass(frozen=True, slots=True)
class Examination:
    """What rules examine.

    Attributes:
        changes: all changes, denied reads and first sweeps, in order of time.
        reads: how many reads were examined to find these.
        start: the time of the first event; None if there is none.
        told: these and every read of the window that was asked for, in order of time.
    """

    changes: list[Change]
    reads: int
    start: datetime | None
    told: list[Change]


def examine(store: StoreReader, *, cache: bool = True, window: Window | None = None) -> Examination:
    """All that rules examine, from the whole history of a store.

    Args:
        store: its whole history is read.
        cache: as `iterate_changes`.
        window: of the event times of reads that are told, too, which no rule examines.
    """
    counter: Counter[str] = Counter()
    first: list[datetime] = []
    sweeps = first_sweeps(_discoveries(store, counter, first))
    swept = {event_id for sweep in sweeps.values() for event_id in sweep}

    def where(rows: pa.Table) -> pa.Array:
        swept_here = pc.is_in(rows["event_id"], value_set=strings(sorted(swept)))
        chosen = pc.or_(pc.is_valid(rows["error_code"]), swept_here)
        if window is not None:
            chosen = pc.or_(chosen, in_window(window, rows))
        return pc.or_(maybe_changes(rows), pc.and_(all_that_tell(rows), chosen))

    told = with_undone(
        read_changes(
            store,
            reads=True,
            where=where,
            filter_columns=(*FILTER_COLUMNS, "error_code", "event_id", "event_time"),
            cache=cache,
        )
    )
    changes = told
    if window is not None:
        changes = [one for one in told if _is_examined(one, swept)]
    others = sum(_is_other_read(one.operation) for one in changes)
    starts = [*first, *(one.event.event_time for one in changes[:1])]
    return Examination(changes, counter["reads"] + others, min(starts, default=None), told)


def _is_examined(one: Change, swept: Container[str]) -> bool:
    """Whether rules examine an event: a change, a call that was denied, or one of a sweep."""
    is_read = one.operation is not None and one.operation.category == READ
    event = one.event
    return not is_read or event.error_code is not None or event.event_id in swept


def _is_other_read(operation: Operation | None) -> bool:
    return operation is not None and operation.category == READ and not is_discovery(operation)


def _discoveries(
    store: StoreReader, counter: Counter[str], first: list[datetime]
) -> Iterator[tuple[datetime, str, Actor, str]]:
    """Time, name, actor and id of each discovery call, in order of time; memory holds a day."""
    actors: dict[str | None, Actor] = {}
    issued = Issuances(read_issuances(store))
    files = store.scan("events", _COLUMNS)
    for _, found in groupby(files, lambda pair: pair[0].day):
        rows = pa.concat_tables([_discovering(table) for _, table in found])
        rows = rows.sort_by([("event_time", "ascending"), ("event_id", "ascending")])
        counter["reads"] += rows.num_rows
        columns = (
            rows[name].to_pylist()
            for name in ("event_time", "event_name", "user_identity", "event_id")
        )
        for when, name, identity, event_id in zip(*columns, strict=True):
            if not first:
                first.append(when.astimezone(UTC))
            if len(actors) > _MOST_IDENTITIES:
                actors.clear()
            if (actor := actors.get(identity)) is None:
                actor = actors[identity] = _actor(identity, when, issued)
            yield when, name, actor, event_id


def _discovering(rows: pa.Table) -> pa.Table:
    """The discovery calls among some events."""
    return rows.filter(among(rows, catalogue().names(is_discovery)))


def _actor(identity: str | None, when: datetime, issued: Issuances) -> Actor:
    """The actor behind a `userIdentity`, the same as for a change."""
    who = msgspec.json.decode(identity, type=UserIdentity) if identity else UserIdentity()
    return actor_of(chain_behind(who, when, issued).origin)
