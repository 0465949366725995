"""Events that repeat: duplicates, copies with fewer members, and conflicts.

CloudTrail delivers an event more than once, EventBridge hands out copies that lack some members,
and somebody may plant a record under the id of another. A copy that has fewer members and none
different is the same event, and the one with more members is shown. Everything else with the same
id and other content is a conflict, and all of it is shown.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from trailscan.events.event import decode_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from trailscan.events.event import JsonObject
    from trailscan.events.row import EventRow

_MEANING = ("errorCode", "errorMessage", "serviceEventDetails", "addendum", "eventType")
"""Members whose absence says something: a copy that lacks one of them is another record."""

Key = tuple[str, str]
"""Recipient account and event id."""


class StoredRecord(NamedTuple):
    """A record of an event in the store.

    Attributes:
        sha256: of its content.
        text: its JSON.
        conflict: whether another record of its event was there before it.
    """

    sha256: str
    text: str
    conflict: bool


class _HasEvents(Protocol):
    """A log file with its events."""

    events: Sequence[EventRow]


Result = TypeVar("Result", bound=_HasEvents)


@dataclass(slots=True)
class Compared(Generic[Result]):
    """A log file whose events were compared with those of the store.

    Attributes:
        result: the log file.
        kept: its new events, each with whether it conflicts.
        duplicates: how many of its events are known.
    """

    result: Result
    kept: list[tuple[EventRow, bool]] = field(default_factory=list)
    duplicates: int = 0

    @property
    def conflicts(self) -> int:
        """How many of its new events conflict."""
        return sum(conflict for _, conflict in self.kept) if self.kept else 0


class Comparison(Generic[Result]):
    """Compares the events of a batch with those of the store and with one another, in order.

    Args:
        seen: the record hashes of the store's events, by key; the batch's are added.
        stored: returns records of the store's events of a day by key.

    Attributes:
        superseded: hashes of records in the store that lack members of a record of the batch, each
            with whether it conflicts.
    """

    def __init__(
        self,
        seen: defaultdict[Key, set[str]],
        stored: Callable[[date], Mapping[Key, Sequence[StoredRecord]]],
    ) -> None:
        self._seen = seen
        self._stored = stored
        self._kept: defaultdict[Key, list[tuple[Compared[Result], EventRow]]] = defaultdict(list)
        self.superseded: dict[str, bool] = {}

    def compare(self, result: Result) -> Compared[Result]:
        """Decide which events of a log file are new, duplicates, or in conflict."""
        compared = Compared(result)
        for row in result.events:
            known = self._seen[row.key]
            if row.record_sha256 in known:
                compared.duplicates += 1
                continue
            conflict = self._relate(row) if known else False
            known.add(row.record_sha256)
            if conflict is None:
                compared.duplicates += 1
            else:
                compared.kept.append((row, conflict))
                self._kept[row.key].append((compared, row))
        return compared

    def _relate(self, row: EventRow) -> bool | None:
        """Whether an event conflicts with others of its key; None if one of them has all of it.

        Of several records of one event the first does not conflict, and what replaces it neither:
        so there is one conflict less than records, in whatever order they come.
        """
        record = decode_object(row.record)
        of_batch = [(place, decode_object(place[1].record)) for place in self._kept[row.key]]
        of_store = [
            (one, decode_object(one.text))
            for one in self._stored(row.event_date).get(row.key, ())
            if one.sha256 not in self.superseded
        ]
        others = [*(one for _, one in of_batch), *(one for _, one in of_store)]
        if any(is_part(record, other) for other in others):
            return None
        parts = {one.sha256: one.conflict for one, other in of_store if is_part(other, record)}
        self.superseded |= parts
        conflicts = list(parts.values())
        for (compared, part), other in of_batch:
            if is_part(other, record):
                conflicts += [flag for one, flag in compared.kept if one is part]
                compared.kept = [one for one in compared.kept if one[0] is not part]
                compared.duplicates += 1
                self._kept[row.key].remove((compared, part))
        return len(conflicts) < len(others) and all(conflicts)


def is_part(record: JsonObject, whole: JsonObject) -> bool:
    """Whether a record has fewer members than another, or the same, and none different."""
    return all(
        name in whole and whole[name] == value for name, value in record.items()
    ) and not any(name in whole and name not in record for name in _MEANING)
