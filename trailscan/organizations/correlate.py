"""What belongs together: copies of one call, requests and their results, events and their cause.

Everything is told by places in the order of time, never by event ids: whoever can write two records
with one id must not be able to hide one of them.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.effects.members import departure_method
from trailscan.organizations.fields import enum_at, text_at
from trailscan.organizations.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from trailscan.events.event import Event
    from trailscan.location import Location

RESULTS = frozenset(row.result for row in OPERATIONS.values() if row.result)
"""The service events that tell how a request ended."""

_PAIRED = RESULTS | {row.name for row in OPERATIONS.values() if row.result}

_FIRST = ("Create", "Enable")
_LAST = ("Delete", "Close", "Leave", "Remove")
_SOON = timedelta(days=1)
_CLEANED_AFTER = timedelta(days=120)  # a closed account is removed some 90 days later
_CAUSES = {
    ("joined", "created"): (("CreateAccount", "CreateGovCloudAccount"), _SOON),
    ("joined", "invited"): (("AcceptHandshake", "CreateOrganization"), _SOON),
    ("departed", "left"): (("LeaveOrganization", "DeleteOrganization", "AcceptHandshake"), _SOON),
    ("departed", "removed"): (("RemoveAccountFromOrganization",), _SOON),
    ("departed", "cleaned"): (("CloseAccount",), _CLEANED_AFTER),
    ("transfer", "accepted"): (("AcceptHandshake",), _SOON),
    ("transfer", "terminated"): (("TerminateResponsibilityTransfer",), timedelta(days=366)),
}
"""What happened and how -> the calls that can have caused it, and how long before at most."""

_JOINED = frozenset(
    {
        *(call for calls, _ in _CAUSES.values() for call in calls),
        *RESULTS,
        "AccountDepartedOrganization",
        "AccountJoinedOrganization",
        "ResponsibilityTransferAccepted",
        "ResponsibilityTransferTerminated",
    }
)
"""Every event that is a cause or has one."""

_CALLERS_OWN = frozenset({"CreateOrganization", "DeleteOrganization", "LeaveOrganization"})
"""Calls about the account that calls."""


class Seen(NamedTuple):
    """An event, where it was read, and its place in the order of time."""

    place: int
    event: Event
    where: Location


class Joined(NamedTuple):
    """What belongs together, by places.

    Attributes:
        copies: of the one to tell, the other copies of a call that several accounts received.
        results: of a request, the service event that tells how it ended.
        causes: of a service event, the call that caused it.
        told_elsewhere: the copies and results.
    """

    copies: dict[int, list[Seen]]
    results: dict[int, Seen]
    causes: dict[int, Seen]
    told_elsewhere: frozenset[int]


def join(seen: Iterable[Seen]) -> Joined:
    """What belongs together among some events in order; those that `may_join` suffice."""
    joining = [one for one in seen if may_join(one.event.event_name, one.event.shared_event_id)]
    found = copies(joining)
    copied = {one.place for group in found.values() for one in group}
    told = [one for one in joining if one.place not in copied]
    ended = results(told)
    elsewhere = frozenset(copied | {one.place for one in ended.values()})
    return Joined(found, ended, causes(told, ended), elsewhere)


def may_join(event_name: str | None, shared_event_id: str | None) -> bool:
    """Whether an event can belong together with another."""
    return shared_event_id is not None or event_name in _JOINED


def in_order_of_time(events: Iterable[tuple[Event, Location]]) -> list[Seen]:
    """Events by time, each with its place.

    Times are whole seconds. Within one, what makes and enables comes before what uses it, what
    deletes after, and what a service tells of its work last; then by event id and place of record.
    """
    ordered = sorted(events, key=_order)
    return [Seen(place, *pair) for place, pair in enumerate(ordered)]


def _order(pair: tuple[Event, Location]) -> tuple[datetime, int, str, str, str, int]:
    event, where = pair
    index = -1 if where.record_index is None else where.record_index
    return (
        event.event_time, rank(event.event_name), event.event_id, where.bucket, where.key, index
    )  # fmt: skip


@lru_cache(maxsize=256)
def rank(name: str | None) -> int:
    """The place of an operation within a second."""
    row = OPERATIONS.get(name or "")
    if row is not None and row.service_event:
        return 3
    name = name or ""
    return 0 if name.startswith(_FIRST) else 2 if name.startswith(_LAST) else 1


def copies(seen: Sequence[Seen]) -> dict[int, list[Seen]]:
    """By the place of the one to tell, the other copies of a call that several accounts received.

    They have one sharedEventID and name, and each its own event id and recipient account. The copy
    of the account that called is told: the others may hide who it was.
    """
    groups: defaultdict[tuple[str, str | None], dict[str | None, Seen]] = defaultdict(dict)
    for one in seen:
        if shared := one.event.shared_event_id:
            group = groups[shared, one.event.event_name]
            group.setdefault(one.event.recipient_account_id, one)
    found = (sorted(group.values(), key=_is_foreign) for group in groups.values())
    return {first.place: others for first, *others in found if others}


def _is_foreign(one: Seen) -> bool:
    """Whether an event stands in the trail of another account than the one that called."""
    return one.event.recipient_account_id != one.event.user_identity.account_id


def results(seen: Iterable[Seen]) -> dict[int, Seen]:
    """By the place of a request, its result: by the request's own id, or by the account."""
    waiting: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    pairs: dict[int, Seen] = {}
    for one in seen:
        event = one.event
        if event.event_name not in _PAIRED:
            continue
        if event.event_name in RESULTS:
            asked = waiting[event.event_name or "", _result_key(event) or ""]
            if asked:
                pairs[asked.pop().place] = one
        elif (result := _result_of(event)) and (key := _request_key(event)):
            waiting[result, key].append(one)
    return pairs


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


def causes(seen: Iterable[Seen], paired: Mapping[int, Seen]) -> dict[int, Seen]:
    """By the place of a service event, the call that caused it: the nearest before that could.

    AccountJoinedOrganization and AccountDepartedOrganization are about an account and say by which
    way it came or went (botocore's texts of CreateAccount, AcceptHandshake, LeaveOrganization, …);
    the events of a responsibility transfer name it and its handshake. Where the way or the subject
    is not told, or no call of it was near enough, no cause is named.
    """
    requests = {result.place: place for place, result in paired.items()}
    asked: dict[int, Seen] = {}
    last: dict[tuple[str, str], Seen] = {}
    found: dict[int, Seen] = {}
    for one in seen:
        if one.event.event_name not in _JOINED:
            continue
        if one.place in paired:
            asked[one.place] = one
        if one.place in requests:  # the id of a new account is in the result only
            request = asked[requests[one.place]]
            account = text_at(one.event, "details.createAccountStatus.accountId")
            last[request.event.event_name or "", account or ""] = request
        if subject := _subject(one.event):
            last[one.event.event_name or "", subject] = one
        if cause := _nearest(one.event, last):
            found[one.place] = cause
    return found


def _subject(event: Event) -> str | None:
    """What a call that may cause a service event is about."""
    name = event.event_name
    if event.error_code:
        return None
    if name in _CALLERS_OWN:
        return event.user_identity.account_id or event.recipient_account_id
    if name == "AcceptHandshake":
        action = enum_at(event, "response.handshake.action")
        handshake = text_at(event, "request.handshakeId", "response.handshake.id")
        return handshake if action == "transfer responsibility" else _inviting(event, action)
    if name in {"RemoveAccountFromOrganization", "CloseAccount"}:
        return text_at(event, "request.accountId")
    return text_at(event, "request.id") if name == "TerminateResponsibilityTransfer" else None


def _inviting(event: Event, action: str | None) -> str | None:
    """The account that accepts an invitation; None for another agreement."""
    own = event.user_identity.account_id or event.recipient_account_id
    return own if action in {None, "invite"} else None


def _nearest(event: Event, last: Mapping[tuple[str, str], Seen]) -> Seen | None:
    """The latest of the calls that can have caused a service event."""
    way, subject = _way(event)
    calls, most = _CAUSES.get(way, ((), _SOON))
    found = [last[call, subject] for call in calls if subject and (call, subject) in last]
    near = [one for one in found if event.event_time - one.event.event_time <= most]
    return max(near, key=lambda one: one.place, default=None)


def _way(event: Event) -> tuple[tuple[str, str], str | None]:
    """What a service event tells to have happened and how, and its subject."""
    match event.event_name:
        case "AccountJoinedOrganization":
            method = enum_at(event, "details.joinedMethod", "details.*.joinedMethod")
            how = ("joined", method or "")
        case "AccountDepartedOrganization":
            how = ("departed", departure_method(event) or "")
        case "ResponsibilityTransferAccepted":
            handshake = text_at(event, "details.activeHandshakeId", "details.*.activeHandshakeId")
            return ("transfer", "accepted"), handshake
        case "ResponsibilityTransferTerminated":
            return ("transfer", "terminated"), text_at(event, "details.id", "details.*.id")
        case _:
            return ("", ""), None
    return how, text_at(event, "details.accountId", "details.*.accountId")
