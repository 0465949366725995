"""Effects on handshakes, transfers, delegation, trusted access and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from rpds import HashTrieMap

from trailscan.organizations.effects.base import caller, put
from trailscan.organizations.fields import enum_at, tags_at, text_at, texts_at
from trailscan.organizations.state import (
    Handshake,
    Organization,
    Transfer,
)

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.state import Map


def _trusted_access(state: Organization, event: Event, *, enabled: bool) -> Organization:
    service = text_at(event, "request.servicePrincipal")
    if not service:
        return state
    key = (caller(event), service)
    return replace(state, trusted_access=state.trusted_access.insert(key, enabled))


def enable_access(state: Organization, event: Event) -> Organization:
    """EnableAWSServiceAccess."""
    return _trusted_access(state, event, enabled=True)


def disable_access(state: Organization, event: Event) -> Organization:
    """DisableAWSServiceAccess."""
    return _trusted_access(state, event, enabled=False)


def _delegation(state: Organization, event: Event, *, registered: bool) -> Organization:
    key = (text_at(event, "request.accountId"), text_at(event, "request.servicePrincipal"))
    if None in key:
        return state
    known = state.delegated_administrators.insert(key, registered)
    return replace(state, delegated_administrators=known)


def register(state: Organization, event: Event) -> Organization:
    """RegisterDelegatedAdministrator."""
    return _delegation(state, event, registered=True)


def deregister(state: Organization, event: Event) -> Organization:
    """DeregisterDelegatedAdministrator."""
    return _delegation(state, event, registered=False)


def handshake(state: Organization, event: Event) -> Organization:
    """A handshake made or answered: its state is what the call was for."""
    identifier = text_at(event, "request.handshakeId", "response.handshake.id")
    handshakes = put(
        state.handshakes,
        identifier,
        Handshake(),
        action=enum_at(event, "response.handshake.action"),
        state=_HANDSHAKE_STATES.get(event.event_name or ""),
        party=text_at(event, "request.target.id"),
    )
    return replace(state, handshakes=handshakes)


_HANDSHAKE_STATES = {
    "AcceptHandshake": "accepted",
    "CancelHandshake": "canceled",
    "DeclineHandshake": "declined",
    "EnableAllFeatures": "open",
    "InviteAccountToOrganization": "open",
    "InviteOrganizationToTransferResponsibility": "open",
}


def transfer(state: Organization, event: Event) -> Organization:
    """What happens to a responsibility transfer."""
    transfers = put(
        state.transfers,
        text_at(
            event, "request.id", "response.responsibilityTransfer.id", "details.id", "details.*.id"
        ),
        Transfer(),
        name=text_at(event, "request.name", "response.responsibilityTransfer.name"),
        status=_TRANSFER_STATES.get(event.event_name or ""),
    )
    return replace(state, transfers=transfers)


_TRANSFER_STATES = {
    "ResponsibilityTransferAccepted": "accepted",
    "ResponsibilityTransferTerminated": "terminated",
    "TerminateResponsibilityTransfer": "ending",
}


def tag(state: Organization, event: Event) -> Organization:
    """TagResource."""
    identifier = text_at(event, "request.resourceId")
    if not identifier:
        return state
    tags: Map = state.tags.get(identifier, HashTrieMap())
    for key, value in tags_at(event):
        tags = tags.insert(key, value)
    return replace(state, tags=state.tags.insert(identifier, tags))


def untag(state: Organization, event: Event) -> Organization:
    """UntagResource."""
    identifier = text_at(event, "request.resourceId")
    if not identifier:
        return state
    tags: Map = state.tags.get(identifier, HashTrieMap())
    for key in texts_at(event, "request.tagKeys"):
        tags = tags.insert(key, None)
    return replace(state, tags=state.tags.insert(identifier, tags))


def nothing(state: Organization, _event: Event) -> Organization:
    """It tells of nothing that is kept."""
    return state
