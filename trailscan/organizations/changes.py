"""Changes in words: who did what to which account, OU or policy, and how it ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from trailscan.events.event import Event
from trailscan.events.principal import Principal, client, parse_principal
from trailscan.location import Location
from trailscan.organizations import correlate
from trailscan.organizations.differences import before_and_after
from trailscan.organizations.fields import enum_at, omitted
from trailscan.organizations.operations import OPERATIONS, ORGANIZATIONS, READ, is_read_only
from trailscan.organizations.replay import apply
from trailscan.organizations.sentences import fill
from trailscan.organizations.severity import Severity, severity_of
from trailscan.organizations.state import Organization
from trailscan.organizations.things import Thing, any_thing, refused_thing
from trailscan.organizations.words import Telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trailscan.organizations.correlate import Joined, Seen
    from trailscan.organizations.operations import Operation

Outcome = Literal["succeeded", "denied", "failed"]

_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized", re.IGNORECASE)
_NAMING = frozenset(
    {"CreateOrganizationalUnit", "UpdateOrganizationalUnit", "CreatePolicy", "UpdatePolicy"}
)
"""What gives its target a name."""

_LEFT_OUT = " (CloudTrail left its details out, being over 100 KB)"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An event that altered the organization, or tried to, in words.

    Attributes:
        event: the call.
        where: the record it was read from.
        principal: who made it; for an event of the service, who made the call that caused it.
        client: with what.
        action: the event name.
        category: what it is about; `read` for what changes nothing.
        description: what, without who.
        before: the value that was changed, as far as the log's own history tells.
        after: the value it was changed to.
        target_id: of what it was done to; None when the log does not tell.
        target_name: its name at that moment, as far as the log or the user's names tell.
        target_type: account, ou, policy, …
        outcome: by the error code, never by the response: void calls answer nothing.
        severity: how grave, by operation and outcome.
        related_event_ids: events that belong to the same change, or caused it.
        known: whether the catalogue has the operation.
    """

    event: Event
    where: Location
    principal: Principal
    client: str
    action: str
    category: str
    description: str
    before: str | None = None
    after: str | None = None
    target_id: str | None = None
    target_name: str | None = None
    target_type: str | None = None
    outcome: Outcome = "succeeded"
    severity: Severity = "medium"
    related_event_ids: tuple[str, ...] = ()
    known: bool = True


def describe_changes(
    events: Iterable[tuple[Event, Location]],
    *,
    reads: bool = False,
    names: Mapping[str, str] | None = None,
) -> list[Change]:
    """The changes among some events, in order of time.

    A request and its later result are one change, at the request's place; so are the copies of one
    call that several accounts received. Names, and what was before, are those known from events
    before.

    Args:
        events: in any order. Events of Control Tower give names; of other event sources than that
            and Organizations none is looked at.
        reads: also tell of calls that change nothing.
        names: id -> name, for what the log has no name of.
    """
    seen = correlate.in_order_of_time(events)
    return list(tell(seen, correlate.join(seen), reads=reads, names=names))


def tell(
    seen: Iterable[Seen],
    joined: Joined,
    *,
    reads: bool = False,
    names: Mapping[str, str] | None = None,
) -> Iterator[Change]:
    """The changes among events that come in order of time, one by one.

    Args:
        seen: decoded as they are asked for: what was just decoded is told fastest.
        joined: which of them belong together.
        reads: as for `describe_changes`.
        names: as for `describe_changes`.
    """
    state = Organization.with_names(names or {})
    for one in seen:
        event = one.event
        wanted = reads or not is_read_only(event.event_name or "")
        if event.event_source == ORGANIZATIONS and wanted:
            place = one.place
            if place not in joined.told_elsewhere:
                copies = joined.copies.get(place, ())
                yield _describe(
                    one, joined.results.get(place), joined.causes.get(place), copies, state
                )
        state = apply(state, event)


def _describe(
    one: Seen, result: Seen | None, cause: Seen | None, copies: Sequence[Seen], known: Organization
) -> Change:
    """One event in words, with its result and its cause if it has them."""
    event, told = one.event, one.event if result is None else result.event
    others = [other for other in (result, cause, *copies) if other is not None]
    name = event.event_name or "an unnamed operation"
    operation = OPERATIONS.get(name)
    outcome = _outcome(told)
    telling = Telling(event, told, known)
    if operation is None:
        target = any_thing(event, known)
        said = f"called {name}{f' on {target.id}' if target.id else ''}"
    else:
        target = _target(telling, operation)
        said = _said(telling, operation, outcome)
    before, after = before_and_after(telling) if outcome == "succeeded" else (None, None)
    return Change(
        event=event,
        where=one.where,
        principal=_principal(event, cause),
        client=client(event),
        action=name,
        category=_category(operation, name),
        description=f"{said}{_ending(told, outcome)}{_LEFT_OUT if omitted(event) else ''}",
        before=before,
        after=after,
        target_id=target.id,
        target_name=target.name,
        target_type=target.type,
        outcome=outcome,
        severity=severity_of(name, succeeded=outcome == "succeeded"),
        related_event_ids=tuple([other.event.event_id for other in others]),
        known=operation is not None,
    )


def _principal(event: Event, cause: Seen | None) -> Principal:
    """Who made a call, or made the one that caused an event of the service."""
    if cause is None:
        return parse_principal(event)
    who = parse_principal(cause.event)
    return replace(who, service="AWS Organizations", rule=f"caused_by_{who.rule}")


def _category(operation: Operation | None, name: str) -> str:
    if operation is not None:
        return operation.category
    return READ if is_read_only(name) else "unknown"


def _outcome(event: Event) -> Outcome:
    """How a call ended: success is the absence of an error, of a result its state."""
    if event.error_code:
        return "denied" if _DENIED.search(event.error_code) else "failed"
    if event.service_event_details is None:
        return "succeeded"
    state = enum_at(event, "details.createAccountStatus.state", "details.closeAccountStatus.state")
    return "failed" if state == "failed" else "succeeded"


def _target(telling: Telling, operation: Operation) -> Thing:
    """What it was done to, with the name it had then, or has from this event on."""
    found = telling.thing(operation.target)
    if found.id is None:
        return refused_thing(telling.event, telling.known)
    if found.name is None and telling.event.event_name in _NAMING and not telling.event.error_code:
        after = apply(telling.known, telling.event)
        return found._replace(name=after.name_of(found.id))
    return found


def _said(telling: Telling, operation: Operation, outcome: Outcome) -> str:
    """What happened, was asked for, or was tried, in words."""
    if outcome == "succeeded":
        waiting = operation.asked and telling.told is telling.event
        return fill(operation.asked if waiting else operation.done, telling.value)
    said = f"tried to {fill(operation.tried, telling.value)}"
    refused = refused_thing(telling.event, telling.known)
    return f"{said} (refused on {refused})" if refused.id and str(refused) not in said else said


def _ending(told: Event, outcome: Outcome) -> str:
    """How an attempt ended."""
    if outcome != "failed":
        return ": denied" if outcome == "denied" else ""
    reason = enum_at(
        told,
        "details.createAccountStatus.failureReason",
        "details.closeAccountStatus.failureReason",
    )
    detail = reason or told.error_code
    return f": failed ({detail})" if detail else ": failed"
