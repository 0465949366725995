"""Events that belong together: copies of a call, requests and their results, effects and causes.

Events are identified by their position in the order of time, never by their event id: somebody who
can write two records with one id must not be able to hide one of them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.fields import text_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from trailscan.events.event import Event
    from trailscan.location import Location
    from trailscan.organizations.catalogue import Catalogue
    from trailscan.organizations.operation import Operation

    _CauseKey = tuple[str | None, str | None, str]

_FIRST = ("Create", "Enable")
_LAST = ("Delete", "Close", "Leave", "Remove")


class OrderedEvent(NamedTuple):
    """An event, its position in the order of time, and where it was read.

    Attributes:
        position: counted from 0.
        event: decoded.
        where: the record it was read from.
        log_file_sha256: of the uncompressed bytes of its log file, hex; None if not computed.
    """

    position: int
    event: Event
    where: Location
    log_file_sha256: str | None = None

    @property
    def operation(self) -> Operation | None:
        """The record of its operation; None if there is none."""
        return catalogue().operation(self.event.event_source, self.event.event_name)


class Correlation(NamedTuple):
    """The events that belong together, by position.

    Attributes:
        copies: of the copy of a call that is reported, its other copies.
        results: of a request, the service event that reports how it ended.
        causes: of a service event, the call that caused it.
        merged: the copies and results, which are reported with another event.
    """

    copies: dict[int, list[OrderedEvent]]
    results: dict[int, OrderedEvent]
    causes: dict[int, OrderedEvent]
    merged: frozenset[int]


def correlate(events: Iterable[OrderedEvent]) -> Correlation:
    """The events that belong together; only those that `may_correlate` are needed."""
    correlated = catalogue().correlated
    candidates = [
        one
        for one in events
        if (one.event.event_source, one.event.event_name) in correlated or one.event.shared_event_id
    ]
    copies = find_copies(candidates)
    copied = {one.position for group in copies.values() for one in group}
    originals = [one for one in candidates if one.position not in copied]
    results = find_results(originals)
    merged = frozenset(copied | {one.position for one in results.values()})
    return Correlation(copies, results, find_causes(originals, results), merged)


def may_correlate(
    event_source: str | None, event_name: str | None, shared_event_id: str | None
) -> bool:
    """Whether an event can belong together with another."""
    return shared_event_id is not None or (event_source, event_name) in catalogue().correlated


def in_order_of_time(events: Iterable[tuple[Event, Location]]) -> list[OrderedEvent]:
    """Events by time, each with its position.

    Times are whole seconds. Within one, what creates and enables comes before what uses it, what
    deletes after, and what a service reports of its work last; then by event id and location.
    """
    known = catalogue()

    def order(pair: tuple[Event, Location]) -> tuple[datetime, int, str, str, str, int]:
        event, where = pair
        index = -1 if where.record_index is None else where.record_index
        rank = _rank(known, event.event_source, event.event_name)
        return (event.event_time, rank, event.event_id, where.bucket, where.key, index)

    ordered = sorted(events, key=order)
    return [OrderedEvent(position, *pair) for position, pair in enumerate(ordered)]


def rank_in_second(event_source: str | None, event_name: str | None) -> int:
    """The rank of an operation among events of the same second."""
    return _rank(catalogue(), event_source, event_name)


@lru_cache(maxsize=512)
def _rank(known: Catalogue, event_source: str | None, event_name: str | None) -> int:
    operation = known.operation(event_source, event_name)
    if operation is not None and operation.service_event:
        return 3
    name = event_name or ""
    return 0 if name.startswith(_FIRST) else 2 if name.startswith(_LAST) else 1


def find_copies(events: Sequence[OrderedEvent]) -> dict[int, list[OrderedEvent]]:
    """By position of the copy of a call to report, its other copies in other accounts' trails.

    Copies have one sharedEventID and name, and each its own event id and recipient account. The
    copy of the account that called is reported: the others can hide who it was.
    """
    groups: defaultdict[object, dict[str | None, OrderedEvent]] = defaultdict(dict)
    for one in events:
        if shared := one.event.shared_event_id:
            group = groups[shared, one.event.event_source, one.event.event_name]
            group.setdefault(one.event.recipient_account_id, one)
    copies = (sorted(group.values(), key=_is_foreign) for group in groups.values())
    return {first.position: others for first, *others in copies if others}


def _is_foreign(one: OrderedEvent) -> bool:
    """Whether an event is in the trail of another account than the one that called."""
    return one.event.recipient_account_id != one.event.user_identity.account_id


def find_results(events: Iterable[OrderedEvent]) -> dict[int, OrderedEvent]:
    """By position of a request, the service event that reports how it ended: both share an id."""
    results = catalogue().results
    pending: defaultdict[tuple[str | None, str | None, str], list[OrderedEvent]] = defaultdict(list)
    found: dict[int, OrderedEvent] = {}
    for one in events:
        event, operation = one.event, one.operation
        if operation is None or not operation.request_id:
            continue
        source, name, identifier = (
            event.event_source, event.event_name, text_at(event, *operation.request_id)
        )  # fmt: skip
        if (source, name) in results:
            if requests := pending[source, name, identifier or ""]:
                found[requests.pop().position] = one
        elif operation.result and not event.error_code and identifier:
            pending[source, operation.result, identifier].append(one)
    return found


def find_causes(
    events: Iterable[OrderedEvent], results: Mapping[int, OrderedEvent]
) -> dict[int, OrderedEvent]:
    """By position of a service event, the call that caused it: the latest before it that could.

    Without a subject, or without a call about it that is near enough, an event has no cause.
    """
    requests = {result.position: position for position, result in results.items()}
    by_position: dict[int, OrderedEvent] = {}
    latest: dict[_CauseKey, OrderedEvent] = {}
    causes: dict[int, OrderedEvent] = {}
    for one in events:
        operation = one.operation
        if operation is None:
            continue
        if one.position in results:
            by_position[one.position] = one
        if operation.subject and (subject := operation.subject(one.event)):
            call = by_position.get(requests.get(one.position, -1), one)
            if not one.event.error_code:
                latest[call.event.event_source, call.event.event_name, subject] = call
        if cause := _latest_cause(one, operation, latest):
            causes[one.position] = cause
    return causes


def _latest_cause(
    one: OrderedEvent, operation: Operation, latest: Mapping[_CauseKey, OrderedEvent]
) -> OrderedEvent | None:
    """The latest call that can have caused a service event."""
    cause = operation.cause(one.event) if operation.cause else None
    if cause is None or not cause.subject:
        return None
    keys = ((one.event.event_source, call, cause.subject) for call in cause.calls)
    calls = [latest[key] for key in keys if key in latest]
    near = [call for call in calls if one.event.event_time - call.event.event_time <= cause.within]
    return max(near, key=lambda call: call.position, default=None)
