"""Changes in words: who did what to which account, OU or policy, and how it ended."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.events.principal import Principal, client, parse_principal
from trailscan.organizations.operations import OPERATIONS, ORGANIZATIONS, Operation, is_read_only
from trailscan.organizations.values import (
    Thing,
    denied_id,
    kind_of,
    text_at,
    thing,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.events.event import Event
    from trailscan.location import Location

Outcome = Literal["succeeded", "denied", "failed"]

_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|OptInRequired", re.IGNORECASE)
_ROLE = re.compile(r"\{(\w+)\}")
_RESULT_OF = {
    "CreateAccount": "CreateAccountResult",
    "CreateGovCloudAccount": "CreateAccountResult",
    "CloseAccount": "CloseAccountResult",
}
_NAMED = {
    "CreateOrganizationalUnit": (
        "response.organizationalUnit.id",
        "response.organizationalUnit.name",
    ),
    "UpdateOrganizationalUnit": ("request.organizationalUnitId", "request.name"),
    "CreatePolicy": ("response.policy.policySummary.id", "response.policy.policySummary.name"),
    "UpdatePolicy": ("request.policyId", "response.policy.policySummary.name"),
}


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
        key=lambda pair: (pair[0].event_time, pair[0].event_id, pair[1]),
    )
    seen = [_Seen(place, *pair) for place, pair in enumerate(ordered)]
    results, copies = _pair_results(seen), _copies(seen)
    told_elsewhere = {one.place for one in results.values()}
    told_elsewhere |= {one.place for group in copies.values() for one in group}
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
    identifier, name = text_at(event, where), text_at(event, what)
    if identifier and name:
        names[identifier] = name


def _copies(seen: list[_Seen]) -> dict[int, list[_Seen]]:
    """By the place of the first, the other copies of a call that several accounts received.

    They have one sharedEventID and name, and each its own event id and recipient account.
    """
    groups: defaultdict[tuple[str, str | None], dict[str | None, _Seen]] = defaultdict(dict)
    for one in seen:
        if shared := one.event.shared_event_id:
            group = groups[shared, one.event.event_name]
            group.setdefault(one.event.recipient_account_id, one)
    found = (list(group.values()) for group in groups.values())
    return {first.place: others for first, *others in found if others}


def _pair_results(seen: list[_Seen]) -> dict[int, _Seen]:
    """By the place of a request, its result: by the request's own id, or by the account."""
    waiting: defaultdict[tuple[str, str], list[_Seen]] = defaultdict(list)
    pairs: dict[int, _Seen] = {}
    for one in seen:
        event = one.event
        if event.event_name in _RESULT_OF and not event.error_code:
            if key := _request_key(event):
                waiting[_RESULT_OF[event.event_name], key].append(one)
        elif event.event_name in _RESULT_OF.values():
            asked = waiting[event.event_name or "", _result_key(event) or ""]
            if asked:
                pairs[asked.pop().place] = one
    return pairs


def _request_key(event: Event) -> str | None:
    """What a request has in common with its result."""
    return text_at(event, "response.createAccountStatus.id", "request.accountId")


def _result_key(event: Event) -> str | None:
    """What a result has in common with its request."""
    return text_at(event, "details.createAccountStatus.id", "details.closeAccountStatus.accountId")


def _describe(one: _Seen, result: _Seen | None, names: dict[str, str]) -> Change:
    """One event in words, with its result if it has one."""
    event = one.event
    name = event.event_name or "an unnamed call"
    operation = OPERATIONS.get(name)
    outcome = _outcome(event if result is None else result.event)
    target = _target(event, result, operation, names)
    return Change(
        event=event,
        where=one.where,
        principal=parse_principal(event),
        client=client(event),
        action=name,
        category=_category(operation, name),
        description=_sentence(event, result, operation, outcome, names),
        target_id=target.id,
        target_name=target.name,
        target_type=target.type,
        outcome=outcome,
        related_event_ids=() if result is None else (result.event.event_id,),
        known=operation is not None or is_read_only(name),
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


def _target(
    event: Event, result: _Seen | None, operation: Operation | None, names: dict[str, str]
) -> Thing:
    """What it was done to."""
    if operation is None:
        identifier = _any_id(event)
        return Thing(identifier, names.get(identifier or ""), kind_of(identifier))
    if result is not None:
        return _new_account(result.event, event)
    if event.event_name in ("CreateAccount", "CreateGovCloudAccount"):
        return Thing(None, text_at(event, "request.accountName"), "account")
    found = thing(event, operation.target, names)
    if found.name is None and not event.error_code and event.event_name in _NAMED:
        return found._replace(name=text_at(event, _NAMED[event.event_name][1]))
    return found


def _any_id(event: Event) -> str | None:
    """The first value of a request that looks like an id, or what a denial names."""
    texts = [value for value in event.request.values() if isinstance(value, str)]
    return next((text for text in texts if kind_of(text)), None) or denied_id(event)


def _new_account(result: Event, request: Event) -> Thing:
    """The account that a result is about."""
    found = text_at(
        result, "details.createAccountStatus.accountId", "details.closeAccountStatus.accountId"
    )
    name = text_at(request, "request.accountName")
    return Thing(found, name, "account")


def _sentence(
    event: Event,
    result: _Seen | None,
    operation: Operation | None,
    outcome: Outcome,
    names: dict[str, str],
) -> str:
    """What happened, or was tried, in words."""
    if operation is None:
        found = _any_id(event)
        said = f"called {event.event_name}{f' on {found}' if found else ''}"
        return said if outcome == "succeeded" else f"{said}: {_why(event, outcome)}"
    filled = _fill(event, result, names)
    if outcome != "succeeded":
        tried = operation.tried.format_map(filled)
        return f"tried to {tried}: {_why(result.event if result else event, outcome)}"
    if event.event_name in ("CreateAccount", "CreateGovCloudAccount") and result is None:
        request = text_at(event, "response.createAccountStatus.id") or "request id unknown"
        return f"asked for a new account ({request}); its result was not seen"
    return operation.done.format_map(filled)


def _fill(event: Event, result: _Seen | None, names: dict[str, str]) -> dict[str, str]:
    """Every value that the sentences of an operation need."""
    operation = OPERATIONS[event.event_name or ""]
    roles = set(_ROLE.findall(operation.done + operation.tried))
    said = words(event)
    things = {role: str(thing(event, role, names)) for role in roles - said.keys()}
    if "ou" in things or "policy" in things:
        things.update(_as_created(event, names))
    if result is not None:
        things["account"] = str(_new_account(result.event, event))
    return {**said, **things}


def _as_created(event: Event, names: dict[str, str]) -> dict[str, str]:
    """An OU or policy that this very event names: nothing before it could."""
    if event.event_name not in ("CreateOrganizationalUnit", "CreatePolicy"):
        return {}
    role = "ou" if event.event_name == "CreateOrganizationalUnit" else "policy"
    made = thing(event, role, names)
    named = made._replace(name=text_at(event, _NAMED[event.event_name][1]))
    text = str(named)
    return {role: text.removeprefix("policy ") if role == "policy" else text}


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
