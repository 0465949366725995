"""The reads that rules look at, found without telling all of them: there can be millions.

Of all reads two kinds can mean something: refused ones, and the first time that somebody looks at
the organization from many sides at once. The second are found here, by time, name and identity
alone; only their events are then told in words.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.event import Event, UserIdentity
from trailscan.events.principal import parse_principal
from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.operation import READ
from trailscan.reports.changes import TOLD_BY, all_that_tell, among, maybe_changes, read_changes
from trailscan.reports.findings.history import Actor, actor_of, is_discovery

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.organizations.changes import Change
    from trailscan.organizations.operation import Operation
    from trailscan.store.reader import StoreReader

Ref = TypeVar("Ref")

SHORTLY = timedelta(minutes=10)
"""Calls of one burst or sweep lie this near to each other."""
MANY_READS = 5
"""How many different discovery calls make a sweep."""

_WANTED = ["event_time", "event_name", "user_identity", "event_id"]
_COLUMNS = [*_WANTED, "event_source"]
_MOST_IDENTITIES = 100_000  # known at a time
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Recent(Generic[Ref]):
    """What one actor looked at within `SHORTLY`, or the sweep that this became."""

    calls: deque[tuple[datetime, str, Ref]] = field(default_factory=deque)
    names: Counter[str] = field(default_factory=Counter)
    swept: bool = False

    def add(self, when: datetime, name: str, ref: Ref) -> None:
        """One more call; what is too long ago for a sweep is forgotten."""
        if self.swept:
            if when - self.calls[0][0] <= SHORTLY:
                self.calls.append((when, name, ref))
            return
        self.calls.append((when, name, ref))
        self.names[name] += 1
        while when - self.calls[0][0] > SHORTLY:
            _, old, _ = self.calls.popleft()
            self.names[old] -= 1
            if not self.names[old]:
                del self.names[old]
        self.swept = len(self.names) >= MANY_READS


def first_sweeps(
    reads: Iterable[tuple[datetime, str, Actor, Ref]],
) -> dict[Actor, list[Ref]]:
    """The calls of each actor's first sweep: many different ones within `SHORTLY`.

    Args:
        reads: time, event name, actor and whatever stands for each discovery call, in order of
            time.
    """
    recent: dict[Actor, _Recent[Ref]] = {}
    for when, name, actor, ref in reads:
        if actor.kind != "aws_service":
            recent.setdefault(actor, _Recent()).add(when, name, ref)
    return {actor: [ref for _, _, ref in one.calls] for actor, one in recent.items() if one.swept}


@dataclass(frozen=True, slots=True)
class WorthReading:
    """What rules look at.

    Attributes:
        changes: all changes, the refused reads and the first sweeps, in order of time.
        reads: how many reads were looked at to find these.
        start: when the first of all these events was; None if there is none.
    """

    changes: list[Change]
    reads: int
    start: datetime | None


def worth_reading(store: StoreReader) -> WorthReading:
    """All that rules look at, of all of a store's history."""
    counter: Counter[str] = Counter()
    first: list[datetime] = []
    sweeps = first_sweeps(_discoveries(store, counter, first))
    wanted = pa.array(sorted({one for sweep in sweeps.values() for one in sweep}), pa.string())

    def where(rows: pa.Table) -> pa.Array:
        chosen = pc.or_(pc.is_valid(rows["error_code"]), pc.is_in(rows["event_id"], wanted))
        return pc.or_(maybe_changes(rows), pc.and_(all_that_tell(rows), chosen))

    changes = read_changes(
        store, reads=True, where=where, filter_columns=(*TOLD_BY, "error_code", "event_id")
    )
    others = sum(_is_other_read(one.operation) for one in changes)
    starts = [*first, *(one.event.event_time for one in changes[:1])]
    return WorthReading(changes, counter["reads"] + others, min(starts, default=None))


def _is_other_read(operation: Operation | None) -> bool:
    return operation is not None and operation.category == READ and not is_discovery(operation)


def _discoveries(
    store: StoreReader, counter: Counter[str], first: list[datetime]
) -> Iterator[tuple[datetime, str, Actor, str]]:
    """Time, name, actor and id of each discovery call, in order of time; memory holds a day."""
    actors: dict[str | None, Actor] = {}
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
                actor = actors[identity] = _actor(identity)
            yield when, name, actor, event_id


def _discovering(rows: pa.Table) -> pa.Table:
    """The discovery calls among some events."""
    return rows.filter(among(rows, catalogue().names(is_discovery)))


def _actor(identity: str | None) -> Actor:
    """Who stands behind a `userIdentity`, as in a change."""
    who = msgspec.json.decode(identity, type=UserIdentity) if identity else UserIdentity()
    event = Event(event_time=_NEVER, event_id="", user_identity=who)
    return actor_of(parse_principal(event))
