"""The values besides resources that sentences about Organizations name."""

from __future__ import annotations

from datetime import time
from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.fields import enum_at, look_up, text_at, time_at
from trailscan.organizations.in_force import same_statements
from trailscan.organizations.policies import compare_policies
from trailscan.organizations.policy_types import (
    policy_noun,
    policy_type_at,
    policy_types_label,
)
from trailscan.organizations.resources import Resource, named, quoted, type_of
from trailscan.organizations.services.organizations.accounts import departure_method, joining_method
from trailscan.organizations.services.organizations.membership import handshake_organization
from trailscan.organizations.services.organizations.policies import (
    SUMMARY,
    policy_changes,
    put_verb,
)
from trailscan.organizations.services.organizations.policy_cases import (
    detached_by_type,
    few,
    lost_by_moving,
    policy_before,
)
from trailscan.organizations.services.organizations.tags import tag_keys, tags
from trailscan.organizations.state import Handshake, Transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.organizations.context import SentenceContext, Value

_PURPOSES = {
    "invite": "invitation",
    "enable all features": "enabling all features",
    "approve all features": "approving all features",
    "add organizations service linked role": "adding the service-linked role of Organizations",
    "transfer responsibility": "billing transfer",
}
_CHILD_TYPES = {"account": "accounts", "organizational unit": "OUs"}


def _text(*paths: str) -> Value:
    """Finds a text that somebody chose."""

    def value(call: SentenceContext) -> str | None:
        found = text_at(call.event, *paths)
        return None if found is None else quoted(found)

    return value


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


def _access(call: SentenceContext) -> str | None:
    """The role into a new account, and whether IAM users and roles may see its bills."""
    role = text_at(call.event, "request.roleName")
    billing = enum_at(call.event, "request.iamUserAccessToBilling")
    parts = (
        f"role {quoted(role)}" if role else "",
        f"IAM access to billing: {quoted(billing)}" if billing else "",
    )
    return "; ".join(filter(None, parts)) or None


def _in_transfer(member: str) -> tuple[str, ...]:
    """Where a response or a service event has a member of a responsibility transfer."""
    above = ("response.responsibilityTransfer", "details", "details.*")
    return tuple(f"{one}.{member}" for one in above)


def _day(*paths: str) -> Value:
    """Finds a time: the day, and the hour unless it is midnight UTC."""

    def value(call: SentenceContext) -> str | None:
        when = time_at(call.event, *paths)
        if when is None:
            return None
        return f"{when:%Y-%m-%d}" if when.time() == time() else f"{when:%Y-%m-%d %H:%M} UTC"

    return value


def _transfer_parties(call: SentenceContext) -> str | None:
    """Who pays whose bills: of the event, or of an earlier one about the same transfer."""
    known: Transfer = call.state.transfers.get(call.resource("transfer").id or "", Transfer())
    payer = text_at(call.event, *_in_transfer("target.managementAccountId")) or known.payer
    payee = text_at(call.event, *_in_transfer("source.managementAccountId")) or known.payee
    if not payer or not payee:
        return None
    first, second = (named(one, "account", call.state) for one in (payer, payee))
    return f"{first} pays the bills of the organization of {second}"


def _type(call: SentenceContext) -> str | None:
    return text_at(call.event, "request.policyType", "request.type", "request.filter")


def _rewrote(call: SentenceContext) -> str:
    """How a text was written anew whose meaning stayed."""
    old, new = policy_before(call).content or "", text_at(call.event, "request.content") or ""
    if compare_policies(old, new).same:
        return "reformatted"
    return "renamed statements of" if same_statements(old, new) else "rewrote"


def _starts_with(call: SentenceContext) -> str | None:
    """What is attached when a type is enabled (user guide, "Disabling a policy type")."""
    names = {
        "SERVICE_CONTROL_POLICY": "FullAWSAccess",
        "RESOURCE_CONTROL_POLICY": "RCPFullAWSAccess",
    }
    found = names.get((_type(call) or "").upper())
    return found and f"only {found} is attached, everywhere"


def _invalid(call: SentenceContext) -> str | None:
    """The errors of an effective policy: code, place, and the policies that contribute to it."""
    found = look_up(call.event, "details.validationErrors")
    errors = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return few([_error(one, call) for one in errors])


def _error(error: Mapping[str, object], call: SentenceContext) -> str:
    code, place, message = (
        error.get(name) for name in ("errorCode", "pathToError", "errorMessage")
    )
    policies = error.get("contributingPolicies")
    ids = [one for one in policies if isinstance(one, str)] if isinstance(policies, list) else []
    by = few([str(named(one, "policy", call.state)) for one in ids])
    parts = (
        str(code or "an error"),
        f"at {quoted(str(place))}" if place else "",
        f"({quoted(str(message))})" if message else "",
        f"from {by}" if by else "",
    )
    return " ".join(filter(None, parts))


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
        "access": _access,
        "put": put_verb,
        "organization_id": lambda call: call.resource("organization").id,
        "delegation_policy": lambda call: call.resource("resource_policy").id,
        "start": _day("request.startTimestamp", *_in_transfer("startTimestamp")),
        "end": _day("request.endTimestamp", *_in_transfer("endTimestamp")),
        "transfer_parties": _transfer_parties,
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
        "policy_types": lambda call: policy_types_label(_type(call)),
        "detached": detached_by_type,
        "switched": lambda call: (
            policy_types_label(_type(call)) if _type(call) else "a policy type"
        ),
        "invalid": _invalid,
        "lost": lost_by_moving,
        "rewrote": _rewrote,
        "starts_with": _starts_with,
        "purpose": _purpose,
        "request": _text("response.createAccountStatus.id", "request.createAccountRequestId"),
        "tag_keys": tag_keys,
        "tags": tags,
        "validity": lambda call: enum_at(call.event, "details.state"),
    }
)
"""Every value, by the name that sentences use."""
