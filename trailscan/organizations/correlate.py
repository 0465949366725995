"""Events that belong together: copies of a call, requests and their results, effects and causes.

Events are identified by their position in the order of time, never by their event id: somebody who
can write two records with one id must not be able to hide one of them.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.fields import HIDDEN, enum_at, text_at
from trailscan.organizations.resources import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from trailscan.events.event import Event
    from trailscan.location import Location
    from trailscan.organizations.catalogue import Catalogue
    from trailscan.organizations.operation import Operation

    _CauseKey = tuple[str | None, str | None, str]
    _Groups = dict[int, list["OrderedEvent"]]

_MOST_CONTRADICTIONS = 3  # named with a change
_MOST_COMPARED = 20  # calls of one second and sharedEventID: no copy has so many that differ
_LONGEST_BETWEEN_RESULTS = timedelta(days=1)
_FIRST = ("Create", "Enable")
_LAST = ("Delete", "Close", "Leave", "Remove")


class OrderedEvent(NamedTuple):
    """An event, its position in the order of time, and where it was read.

    Attributes:
        position: counted from 0.
        event: decoded.
        where: the record it was read from.
        log_file_sha256: of the uncompressed bytes of its log file, hex; None if not computed.
        arrived: when the store kept it; None if it is in no store.
    """

    position: int
    event: Event
    where: Location
    log_file_sha256: str | None = None
    arrived: datetime | None = None

    @property
    def operation(self) -> Operation | None:
        """The record of its operation; None if there is none."""
        return catalogue().operation(self.event.event_source, self.event.event_name)


class Correlation(NamedTuple):
    """The events that belong together, by position.

    Attributes:
        copies: of the copy of a call that is reported, its other copies, and the event that it
            corrects.
        results: of a request, the service event that reports how it ended.
        causes: of a service event, the call that caused it.
        merged: the copies, results and corrected events, which are reported with another event.
        further: of a request, results besides the one that counts.
        contradictions: of a call, some others with its sharedEventID that say something else.
    """

    copies: dict[int, list[OrderedEvent]]
    results: dict[int, OrderedEvent]
    causes: dict[int, OrderedEvent]
    merged: frozenset[int]
    further: Mapping[int, list[OrderedEvent]]
    contradictions: Mapping[int, list[OrderedEvent]]


def correlate(events: Iterable[OrderedEvent]) -> Correlation:
    """The events that belong together; only those that `may_correlate` are needed."""
    correlated = catalogue().correlated
    everything = list(events)
    corrected = find_corrected(everything)
    candidates = [
        one
        for one in everything
        if (one.event.event_source, one.event.event_name) in correlated or one.event.shared_event_id
    ]
    copies, contradictions = find_copies(candidates)
    for position, original in corrected.items():
        copies[position] = [*copies.get(position, ()), original]
    copied = {one.position for group in copies.values() for one in group}
    originals = [one for one in candidates if one.position not in copied]
    results, further = find_results(originals)
    told = [*results.values(), *(one for group in further.values() for one in group)]
    return Correlation(
        copies=copies,
        results=results,
        causes=find_causes(originals, results),
        merged=frozenset(copied | {one.position for one in told}),
        further=further,
        contradictions=contradictions,
    )


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


def find_corrected(events: Iterable[OrderedEvent]) -> dict[int, OrderedEvent]:
    """By position of an event that corrects another, the one that it corrects.

    Both are of one account, operation, time and request: nobody can hide an event by naming it.
    """
    by_id = {one.event.event_id: one for one in events}
    found: dict[int, OrderedEvent] = {}
    for one in by_id.values():
        original = by_id.get(one.event.corrects or "")
        if original is not None and _call_of(original.event) == _call_of(one.event):
            found[one.position] = original
    return _without_circles(found)


def _without_circles(corrected: dict[int, OrderedEvent]) -> dict[int, OrderedEvent]:
    """The corrections that lead to an event which corrects no other; the rest would hide all."""
    corrections: defaultdict[int, list[int]] = defaultdict(list)
    for position, original in corrected.items():
        corrections[original.position].append(position)
    reached = [position for position in corrections if position not in corrected]
    for position in reached:  # which grows meanwhile
        reached += corrections.get(position, ())
    return {position: corrected[position] for position in reached if position in corrected}


def _call_of(event: Event) -> tuple[object, ...]:
    """What the correction of an event leaves as it was."""
    names = (event.event_source, event.event_name, event.event_time)
    return (*names, event.recipient_account_id, event.request_id)


def find_copies(events: Sequence[OrderedEvent]) -> tuple[_Groups, _Groups]:
    """By position of the copy of a call to report: its other copies, and what contradicts it.

    Copies have one sharedEventID and name, and each its own event id and recipient account. They
    are one call only if they agree (`agree`): somebody who can write a record must not be able to
    hide another one behind it. The copy of the account that called is reported, since the others
    can hide who it was, and of several the one that says most.
    """
    groups: defaultdict[object, list[OrderedEvent]] = defaultdict(list)
    for one in events:
        if shared := one.event.shared_event_id:
            groups[shared, one.event.event_source, one.event.event_name].append(one)
    copies: _Groups = {}
    contradictions: _Groups = {}
    for group in groups.values():
        calls = _calls(sorted(group, key=_order_of_copies))
        examples = [first for first, *_ in calls[: _MOST_CONTRADICTIONS + 1]]
        for first, *others in calls:
            if others:
                copies[first.position] = others
            if more := [other for other in examples if other is not first]:
                contradictions[first.position] = more[:_MOST_CONTRADICTIONS]
    return copies, contradictions


def _calls(group: Sequence[OrderedEvent]) -> list[list[OrderedEvent]]:
    """The calls among events of one sharedEventID, each with its copies in other accounts."""
    calls: list[list[OrderedEvent]] = []
    alike: defaultdict[object, list[list[OrderedEvent]]] = defaultdict(list)
    for one in group:
        near = alike[one.event.event_time, one.event.error_code]
        for call in near[:_MOST_COMPARED]:
            recipients = {other.event.recipient_account_id for other in call}
            if one.event.recipient_account_id not in recipients and agree(call[0].event, one.event):
                call.append(one)
                break
        else:
            near.append([one])
            calls.append(near[-1])
    return calls


def _order_of_copies(one: OrderedEvent) -> tuple[bool, int]:
    """The caller's own first, then those that say most."""
    event = one.event
    is_foreign = event.recipient_account_id != event.user_identity.account_id
    said = (event.request_parameters, event.response_elements, event.request_id)
    return (is_foreign, sum(part is None for part in said))


def agree(one: Event, other: Event) -> bool:
    """Whether two records can be copies of one call, apart from what CloudTrail hides in one."""
    accounts = (one.user_identity.account_id, other.user_identity.account_id)
    return (
        one.event_time == other.event_time
        and one.error_code == other.error_code
        and _compatible(one.request_id, other.request_id)
        and _compatible(*accounts)
        and _compatible(one.request_parameters, other.request_parameters)
        and _compatible(one.response_elements, other.response_elements)
    )


def _compatible(one: object, other: object) -> bool:
    """Whether two values are the same where both are told."""
    if one is None or other is None or _is_hidden(one) or _is_hidden(other):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_compatible(one[name], other[name]) for name in one.keys() & other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_compatible, one, other))
    return one == other


def _is_hidden(value: object) -> bool:
    return isinstance(value, str) and value in HIDDEN


def find_results(events: Iterable[OrderedEvent]) -> tuple[dict[int, OrderedEvent], _Groups]:
    """By position of a request: the service event that reports how it ended, and further ones.

    Request and result share an id. If results contradict each other, the one that reports success
    counts, so that nobody can hide what was done by writing that it failed.
    """
    results = catalogue().results
    pending: defaultdict[_CauseKey, list[OrderedEvent]] = defaultdict(list)
    settled: dict[_CauseKey, OrderedEvent] = {}
    found: dict[int, OrderedEvent] = {}
    more: defaultdict[int, list[OrderedEvent]] = defaultdict(list)
    for one in events:
        event, operation = one.event, one.operation
        if operation is None or not operation.request_id:
            continue
        source, name, identifier = (
            event.event_source, event.event_name, text_at(event, *operation.request_id)
        )  # fmt: skip
        key = (source, name, identifier or "")
        if (source, name) not in results:
            if operation.result and not event.error_code and identifier:
                pending[source, operation.result, identifier].append(one)
        elif requests := pending[key]:
            settled[key] = requests.pop()
            found[settled[key].position] = one
        elif key in settled:
            _add_result(settled[key].position, one, found, more)
    return found, more


def _add_result(
    position: int,
    one: OrderedEvent,
    found: dict[int, OrderedEvent],
    more: defaultdict[int, list[OrderedEvent]],
) -> None:
    """Add a further result to a request whose first one is not long ago."""
    first = found[position]
    if len(more[position]) >= _MOST_CONTRADICTIONS:
        return
    if one.event.event_time - first.event.event_time > _LONGEST_BETWEEN_RESULTS:
        return
    if reports_failure(first) and not reports_failure(one):
        first, found[position], one = one, one, first
    more[position].append(one)


def reports_failure(one: OrderedEvent) -> bool:
    """Whether a result reports that its request failed."""
    status = one.operation.status if one.operation else ""
    return bool(status) and enum_at(one.event, f"{status}.state") == "failed"


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


def said_against(
    further: Iterable[OrderedEvent], others: Iterable[OrderedEvent], *, succeeded: bool
) -> str:
    """What other events say against a change: another result, or another call under its id."""
    ended = "failed" if succeeded else "succeeded"
    against = [
        f"; but event {quoted(one.event.event_id)} reports that it {ended}"
        for one in further
        if reports_failure(one) == succeeded
    ]
    against += [
        f"; event {quoted(one.event.event_id)} has the same sharedEventID and contradicts it"
        for one in others
    ]
    return "".join(against)
