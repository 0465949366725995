"""Which organization an event is about, and whether an account joins or leaves by a handshake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from trailscan.organizations.effects import with_account, with_member
from trailscan.organizations.fields import enum_at, look_up, text_at
from trailscan.organizations.resources import caller
from trailscan.organizations.state import Account, Handshake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.events.event import Event
    from trailscan.organizations.state import AccountStatus, Organization

Answer = Literal["left", "joined", "unclear"]
"""What an account does by accepting an invitation: it leaves its organization for another, it joins
one, or the log does not tell which of both."""

_ARN = re.compile(r"arn:[^:]*:organizations::\d{12}:[a-z]+/(o-[a-z0-9]{10,32})/")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{4,32}")


def calling_account(event: Event) -> str | None:
    """The account that called, by its identity: copies of a call have other recipients."""
    return event.user_identity.account_id or event.recipient_account_id


def organization_in_arn(event: Event, *paths: str) -> str | None:
    """The organization in an ARN of a response, such as that of an OU."""
    found = _ARN.match(text_at(event, *paths) or "")
    return found[1] if found else None


def handshake_id(event: Event) -> str | None:
    """The id of the handshake that a call is about."""
    return text_at(event, "request.handshakeId", "response.handshake.id")


def handshake_action(event: Event, state: Organization) -> str | None:
    """What a handshake is for: invite, transfer responsibility, …; from the log if need be."""
    known: Handshake = state.handshakes.get(handshake_id(event) or "", Handshake())
    return enum_at(event, "response.handshake.action") or known.action


def handshake_organization(event: Event, state: Organization) -> str | None:
    """The organization that began a handshake: of its parties, its resources or its ARN."""
    for identifier in _parties(event, "ORGANIZATION"):
        if _ORGANIZATION.fullmatch(identifier):
            return identifier
    known: Handshake = state.handshakes.get(handshake_id(event) or "", Handshake())
    return organization_in_arn(event, "response.handshake.arn") or known.organization_id


def invited_party(event: Event, state: Organization) -> str | None:
    """The account or address that a handshake invites: of the request, its parties or the log."""
    known: Handshake = state.handshakes.get(handshake_id(event) or "", Handshake())
    parties = (*_parties(event, "ACCOUNT"), *_parties(event, "EMAIL"))
    asked = text_at(event, "request.target.id") if handshake_id(event) else None
    return asked or known.party or next(iter(parties), None)


def _parties(event: Event, kind: str) -> Iterator[str]:
    """The ids of a handshake's parties and resources of one type."""
    for name, member in (("parties", "id"), ("resources", "value")):
        found = look_up(event, f"response.handshake.{name}")
        for one in found if isinstance(found, list) else ():
            if isinstance(one, dict) and str(one.get("type")).upper() == kind:
                yield str(one.get(member))


def accepting_account(event: Event) -> str | None:
    """The account that accepts a handshake."""
    return calling_account(event) or next(_parties(event, "ACCOUNT"), None)


def answer_to_invitation(event: Event, state: Organization) -> Answer | None:
    """What an account does by accepting a handshake; None if that is no invitation to join.

    An account that is a member can only accept the invitation of another organization, and by that
    leaves its own without LeaveOrganization (API reference, AcceptHandshake).
    """
    if handshake_action(event, state) != "invite":
        return None
    account_id = accepting_account(event)
    account: Account = state.accounts.get(account_id, Account())
    inviting, own = handshake_organization(event, state), state.organization_of(account_id)
    if account.status == "departed":
        return "joined" if inviting is None or inviting in state.organizations else "unclear"
    if inviting is not None and own is not None:
        return "joined" if inviting == own else "left"
    if inviting is not None and inviting in state.organizations:
        return "joined"
    is_member = account.status == "active" and account.joined_method is not None
    return "left" if is_member or (inviting and len(state.organizations)) else "unclear"


def accepted(state: Organization, event: Event) -> Organization:
    """The state after an invitation was accepted: a member more, or one less."""
    answer, account_id = answer_to_invitation(event, state), accepting_account(event)
    inviting = handshake_organization(event, state)
    status: AccountStatus = "departed" if answer == "left" else "active"
    when = event.event_time
    if answer == "left":
        return with_account(
            state, account_id, status=status, departed_method="left", departed_at=when
        )
    if answer == "joined":
        state = with_member(state, account_id, inviting)
        return with_account(
            state, account_id, status=status, joined_method="invited", joined_at=when
        )
    return state


def of_caller(state: Organization, event: Event, *arn_paths: str) -> Organization:
    """The state in which the account that called is of the organization in an ARN it got."""
    return with_member(state, caller(event), organization_in_arn(event, *arn_paths))
