"""Changes in words: who did what to which account, OU or policy, and how it ended."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.events.principal import Principal, client, parse_principal
from trailscan.organizations.operations import (
    OPERATIONS,
    ORGANIZATIONS,
    READ_ONLY_NAMES,
    Operation,
    is_read_only,
)
from trailscan.organizations.sentences import Value, fill, placeholders
from trailscan.organizations.values import Thing, kind_of, refused_thing, text_at, thing, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trailscan.events.event import Event
    from trailscan.location import Location

Outcome = Literal["succeeded", "denied", "failed"]

_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized", re.IGNORECASE)
_RESULTS = frozenset(row.result for row in OPERATIONS.values() if row.result)
_POLICY = "response.policy.policySummary"
_NAMED = {
    "CreateOrganizationalUnit": (
        ("response.organizationalUnit.id",),
        ("response.organizationalUnit.name", "request.name"),
    ),
    "UpdateOrganizationalUnit": (
        ("request.organizationalUnitId",),
        ("request.name", "response.organizationalUnit.name"),
    ),
    "CreatePolicy": ((f"{_POLICY}.id",), (f"{_POLICY}.name", "request.name")),
    "UpdatePolicy": (("request.policyId",), (f"{_POLICY}.name", "request.name")),
}
"""Where an operation that gives a name has the id, and where the name."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event that altered the organization, or tried to, in words.

    Attributes:
        event: the call.
        where: the record it was read from.
        principal: who made it.
        client: with what.
        action: the event name.
        category: what it is about.
        description: what, without who.
        target_id: of what it was done to; None when the log does not tell.
        target_name: its name at that moment, as far as the log's own history tells.
        target_type: account, ou, policy, …
        outcome: by the error code, never by the response: void calls answer nothing.
        related_event_ids: events that belong to the same change.
        known: whether the catalogue has the operation.
    """

    event: Event
    where: Location
    principal: Principal
    client: str
    action: str
    category: str
    description: str
    target_id: str | None
    target_name: str | None
    target_type: str | None
    outcome: Outcome
    related_event_ids: tuple[str, ...] = ()
    known: bool = True


class _Seen(NamedTuple):
    """An event, where it was read, and its place in the order of time.

    What belongs together is told by these places, never by event ids: whoever can write two
    records with one id must not be able to hide one of them.
    """

    place: int
    event: Event
    where: Location


def describe_changes(
    events: Iterable[tuple[Event, Location]], *, reads: bool = False
) -> list[Change]:
    """The changes among some events, in order of time and event id.

    A request and its later result are one change, at the request's place; so are the copies of one
    call that several accounts received. Names are those known from events before.

    Args:
        events: in any order; of other event sources than Organizations none is looked at.
        reads: also tell of calls that change nothing.
    """
    ordered = sorted(
        (pair for pair in events if pair[0].event_source == ORGANIZATIONS),
        key=lambda pair: (pair[0].event_time, pair[0].event_id, str(pair[1])),
    )
    seen = [_Seen(place, *pair) for place, pair in enumerate(ordered)]
    copies = _copies(seen)
    told_elsewhere = {one.place for group in copies.values() for one in group}
    results = _pair_results([one for one in seen if one.place not in told_elsewhere])
    told_elsewhere |= {one.place for one in results.values()}
    names: dict[str, str] = {}
    changes = []
    for one in seen:
        if one.place in told_elsewhere:
            continue
        if reads or not is_read_only(one.event.event_name or ""):
            change = _describe(one, results.get(one.place), names)
            others = tuple(copy.event.event_id for copy in copies.get(one.place, ()))
            changes.append(replace(change, related_event_ids=(*change.related_event_ids, *others)))
        _learn(one.event, names)
    return changes


def _learn(event: Event, names: dict[str, str]) -> None:
    """Take from an event that succeeded what it says of a name."""
    if event.error_code or event.event_name not in _NAMED:
        return
    where, what = _NAMED[event.event_name]
    identifier, name = text_at(event, *where), text_at(event, *what)
    if identifier and name:
        names[identifier] = name


def _copies(seen: list[_Seen]) -> dict[int, list[_Seen]]:
    """By the place of the one to tell, the other copies of a call that several accounts received.

    They have one sharedEventID and name, and each its own event id and recipient account. The copy
    of the account that called is told: the others may hide who it was.
    """
    groups: defaultdict[tuple[str, str | None], dict[str | None, _Seen]] = defaultdict(dict)
    for one in seen:
        if shared := one.event.shared_event_id:
            group = groups[shared, one.event.event_name]
            group.setdefault(one.event.recipient_account_id, one)
    found = (sorted(group.values(), key=_is_foreign) for group in groups.values())
    return {first.place: others for first, *others in found if others}


def _is_foreign(one: _Seen) -> bool:
    """Whether an event stands in the trail of another account than the one that called."""
    return one.event.recipient_account_id != one.event.user_identity.account_id


def _pair_results(seen: list[_Seen]) -> dict[int, _Seen]:
    """By the place of a request, its result: by the request's own id, or by the account.

    Times are whole seconds: of one second, requests come before results.
    """
    waiting: defaultdict[tuple[str, str], list[_Seen]] = defaultdict(list)
    pairs: dict[int, _Seen] = {}
    for one in sorted(seen, key=lambda one: (one.event.event_time, _is_result(one.event))):
        event = one.event
        if _is_result(event):
            asked = waiting[event.event_name or "", _result_key(event) or ""]
            if asked:
                pairs[asked.pop().place] = one
        elif (result := _result_of(event)) and (key := _request_key(event)):
            waiting[result, key].append(one)
    return pairs


def _is_result(event: Event) -> bool:
    return event.event_name in _RESULTS


def _result_of(event: Event) -> str:
    """The name of the service event that will tell how a request ended, if there will be one."""
    operation = OPERATIONS.get(event.event_name or "")
    return operation.result if operation and not event.error_code else ""


def _request_key(event: Event) -> str | None:
    """What a request has in common with its result."""
    return text_at(event, "response.createAccountStatus.id", "request.accountId")


def _result_key(event: Event) -> str | None:
    """What a result has in common with its request."""
    return text_at(event, "details.createAccountStatus.id", "details.closeAccountStatus.accountId")


def _describe(one: _Seen, result: _Seen | None, names: Mapping[str, str]) -> Change:
    """One event in words, with its result if it has one."""
    event, told = one.event, one.event if result is None else result.event
    name = event.event_name or "an unnamed operation"
    operation = OPERATIONS.get(name)
    outcome = _outcome(told)
    if operation is None:
        target = _any_thing(event, names)
        said = f"called {name}{f' on {target.id}' if target.id else ''}"
    else:
        target = _target(event, told, operation, names)
        said = _said(event, told, operation, outcome, names)
    return Change(
        event=event,
        where=one.where,
        principal=parse_principal(event),
        client=client(event),
        action=name,
        category=_category(operation, name),
        description=said if outcome == "succeeded" else f"{said}: {_why(told, outcome)}",
        target_id=target.id,
        target_name=target.name,
        target_type=target.type,
        outcome=outcome,
        related_event_ids=() if result is None else (result.event.event_id,),
        known=operation is not None or name in READ_ONLY_NAMES,
    )


def _category(operation: Operation | None, name: str) -> str:
    if operation is not None:
        return operation.category
    return "read" if is_read_only(name) else "unknown"


def _outcome(event: Event) -> Outcome:
    """How a call ended: success is the absence of an error, of a result its state."""
    if event.error_code:
        return "denied" if _DENIED.search(event.error_code) else "failed"
    state = text_at(event, "details.createAccountStatus.state", "details.closeAccountStatus.state")
    return "failed" if (state or "").upper() == "FAILED" else "succeeded"


def _target(event: Event, told: Event, operation: Operation, names: Mapping[str, str]) -> Thing:
    """What it was done to, with the name it had then, or has from this event on."""
    found = _from_either(operation.target, event, told, names)
    if found.id is None and (refused := refused_thing(event, names)).id:
        return refused
    if found.name is None and not event.error_code and event.event_name in _NAMED:
        return found._replace(name=text_at(event, *_NAMED[event.event_name][1]))
    return found


def _from_either(role: str, event: Event, told: Event, names: Mapping[str, str]) -> Thing:
    """A thing by its result, which alone knows a new account's id, else by its request."""
    late, early = thing(told, role, names), thing(event, role, names)
    return Thing(late.id or early.id, late.name or early.name, late.type or early.type)


def _any_thing(event: Event, names: Mapping[str, str]) -> Thing:
    """The first value of a request that looks like an id, or what a refusal names."""
    texts = [value for value in event.request.values() if isinstance(value, str)]
    found = next((text for text in texts if kind_of(text)), None)
    if found is None:
        return refused_thing(event, names)
    return Thing(found, names.get(found), kind_of(found))


def _said(
    event: Event, told: Event, operation: Operation, outcome: Outcome, names: Mapping[str, str]
) -> str:
    """What happened, was asked for, or was tried, in words."""
    if outcome == "succeeded":
        template = operation.asked if operation.asked and told is event else operation.done
        return fill(template, _values(template, event, told, names))
    said = f"tried to {fill(operation.tried, _values(operation.tried, event, told, names))}"
    refused = refused_thing(event, names)
    return f"{said} (refused on {refused})" if refused.id and str(refused) not in said else said


def _values(template: str, event: Event, told: Event, names: Mapping[str, str]) -> dict[str, Value]:
    """Every value that a template needs."""
    said: dict[str, Value] = {**words(event, names)}
    said["govcloud"] = text_at(told, "details.createAccountStatus.govCloudAccountId")
    roles = placeholders(template) - said.keys()
    return {**said, **{role: _from_either(role, event, told, names) for role in roles}}


def _why(event: Event, outcome: Outcome) -> str:
    """How an attempt ended, with the reason given."""
    if outcome == "denied":
        return "denied"
    reason = text_at(
        event,
        "details.createAccountStatus.failureReason",
        "details.closeAccountStatus.failureReason",
    )
    detail = reason.lower().replace("_", " ") if reason else event.error_code
    return f"failed ({detail})" if detail else "failed"
