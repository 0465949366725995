"""The values besides resources that sentences about Organizations name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.fields import enum_at, text_at
from trailscan.organizations.policy_types import policy_noun, policy_type_at
from trailscan.organizations.resources import Resource, named, type_of
from trailscan.organizations.services.organizations.accounts import departure_method, joining_method
from trailscan.organizations.services.organizations.membership import handshake_organization
from trailscan.organizations.services.organizations.policies import SUMMARY, policy_changes
from trailscan.organizations.services.organizations.tags import tag_keys, tags
from trailscan.organizations.state import Handshake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.organizations.context import SentenceContext, Value

_PURPOSES = {
    "invite": "invitation",
    "enable all features": "enabling all features",
    "approve all features": "approving all features",
    "add organizations service linked role": "adding the service-linked role of Organizations",
    "transfer responsibility": "transfer of responsibility",
}
_CHILD_TYPES = {"account": "accounts", "organizational unit": "OUs"}


def _text(*paths: str) -> Value:
    return lambda call: text_at(call.event, *paths)


def _policy_kind(call: SentenceContext) -> str:
    return policy_noun(text_at(call.event, f"{SUMMARY}.type", "request.type")) or "policy"


def _purpose(call: SentenceContext) -> str | None:
    """The purpose of a handshake, and with whom it is."""
    event = call.event
    identifier = text_at(event, "request.handshakeId", "response.handshake.id")
    known: Handshake = call.state.handshakes.get(identifier or "", Handshake())
    action = enum_at(event, "response.handshake.action") or known.action
    if action is None:
        return None
    purpose = _PURPOSES.get(action, action)
    if known.party is None:
        return purpose
    return f"{purpose} of {named(known.party, type_of(known.party), call.state)}"


def _departed(call: SentenceContext) -> str | None:
    """How an account departed, and by whose invitation if that is how it left."""
    method = departure_method(call.event)
    cause = call.cause
    if method != "left" or cause is None or cause.event_name != "AcceptHandshake":
        return method
    inviting = handshake_organization(cause, call.state)
    by = f"the invitation of {inviting}" if inviting else "an invitation"
    return f"left, by accepting {by}"


def _new(path: str) -> Value:
    """Name and id of what a call creates."""

    def value(call: SentenceContext) -> str:
        name = text_at(call.event, f"{path}.name", "request.name")
        return Resource(text_at(call.event, f"{path}.id"), name).label

    return value


def _child_type(call: SentenceContext) -> str | None:
    found = enum_at(call.event, "request.childType")
    return _CHILD_TYPES.get(found or "", found)


VALUES: Mapping[str, Value] = MappingProxyType(
    {
        "changed": policy_changes,
        "child_type": _child_type,
        "departed": _departed,
        "govcloud": lambda call: text_at(
            call.outcome_event, "details.createAccountStatus.govCloudAccountId"
        ),
        "joined": lambda call: joining_method(call.event),
        "name": _text("request.name", "request.accountName"),
        "new_ou": _new("response.organizationalUnit"),
        "new_policy": _new(SUMMARY),
        "policy_kind": _policy_kind,
        "policy_type": lambda call: policy_type_at(call.event),
        "purpose": _purpose,
        "request": _text("response.createAccountStatus.id", "request.createAccountRequestId"),
        "tag_keys": tag_keys,
        "tags": tags,
        "validity": lambda call: enum_at(call.event, "details.state"),
    }
)
"""Every value, by the name that sentences use."""
