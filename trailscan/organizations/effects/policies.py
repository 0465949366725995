"""Effects on policies: their texts, where they are attached, which types are enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.organizations.effects.base import caller, put, roots
from trailscan.organizations.fields import text_at
from trailscan.organizations.state import (
    Organization,
    Policy,
)

if TYPE_CHECKING:
    from trailscan.events.event import Event

_SUMMARY = "response.policy.policySummary"


def write_policy(state: Organization, event: Event) -> Organization:
    """CreatePolicy and UpdatePolicy: what neither request nor response tells stays as it was."""
    policies = put(
        state.policies,
        text_at(event, "request.policyId", f"{_SUMMARY}.id"),
        Policy(),
        name=text_at(event, f"{_SUMMARY}.name", "request.name"),
        type=text_at(event, f"{_SUMMARY}.type", "request.type"),
        description=text_at(event, "request.description", f"{_SUMMARY}.description"),
        content=text_at(event, "request.content", "response.policy.content"),
    )
    return replace(state, policies=policies)


def delete_policy(state: Organization, event: Event) -> Organization:
    """DeletePolicy: its name and text are kept."""
    identifier = text_at(event, "request.policyId")
    return replace(state, policies=put(state.policies, identifier, Policy(), deleted=True))


def _attachment(state: Organization, event: Event, *, attached: bool) -> Organization:
    policy_id, target_id = text_at(event, "request.policyId"), text_at(event, "request.targetId")
    if not (policy_id and target_id):
        return state
    return replace(
        state,
        attachments=state.attachments.insert((policy_id, target_id), attached),
        roots=roots(state, target_id),
    )


def attach(state: Organization, event: Event) -> Organization:
    """AttachPolicy."""
    return _attachment(state, event, attached=True)


def detach(state: Organization, event: Event) -> Organization:
    """DetachPolicy."""
    return _attachment(state, event, attached=False)


def _policy_type(state: Organization, event: Event, *, enabled: bool) -> Organization:
    """By the call, never by its response: DisablePolicyType answers ENABLED."""
    root, kind = text_at(event, "request.rootId"), text_at(event, "request.policyType")
    if not (root and kind):
        return state
    return replace(
        state,
        policy_types=state.policy_types.insert((root, kind.upper()), enabled),
        roots=roots(state, root),
    )


def enable_type(state: Organization, event: Event) -> Organization:
    """EnablePolicyType."""
    return _policy_type(state, event, enabled=True)


def disable_type(state: Organization, event: Event) -> Organization:
    """All policies of the type are thereby detached (user guide, "Disabling a policy type")."""
    kind = (text_at(event, "request.policyType") or "").upper()
    attachments = state.attachments
    for (policy_id, target_id), attached in state.attachments.items():
        if attached and (state.policy_type_of(policy_id) or "").upper() == kind:
            attachments = attachments.insert((policy_id, target_id), False)
    return replace(_policy_type(state, event, enabled=False), attachments=attachments)


def put_resource_policy(state: Organization, event: Event) -> Organization:
    """PutResourcePolicy: its text is hidden."""
    known = state.resource_policies.insert(caller(event), True)
    return replace(state, resource_policies=known)


def delete_resource_policy(state: Organization, event: Event) -> Organization:
    """DeleteResourcePolicy."""
    known = state.resource_policies.insert(caller(event), False)
    return replace(state, resource_policies=known)
