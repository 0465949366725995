"""What calls on policies let accounts do: the ids and texts of each call, and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.access_changes import (
    SAME,
    of_attachment,
    of_move,
    of_text,
    of_type,
    unknown,
)
from trailscan.organizations.fields import omitted, text_at

if TYPE_CHECKING:
    from trailscan.organizations.access.change import AccessChange
    from trailscan.organizations.context import SentenceContext


def updated_access(call: SentenceContext) -> AccessChange:
    """What an update of a policy changes; a new name or description is nothing."""
    return call.once(_updated)


def _updated(call: SentenceContext) -> AccessChange:
    event = call.event
    text = text_at(event, "request.content")
    policy_id = text_at(event, "request.policyId") or ""
    if omitted(event) or not event.request:
        return unknown("the new text is not in the store")
    if text is None:
        return SAME
    kind = call.state.policy_type_of(policy_id)
    kind = kind or text_at(event, "response.policy.policySummary.type")
    return of_text(call.state, policy_id, (kind or "").upper(), text)


def attached_access(call: SentenceContext) -> AccessChange:
    """What it changes that a policy is attached."""
    return _of_attachment(call, attaches=True)


def detached_access(call: SentenceContext) -> AccessChange:
    """What it changes that a policy is detached."""
    return _of_attachment(call, attaches=False)


def _of_attachment(call: SentenceContext, *, attaches: bool) -> AccessChange:
    policy_id = text_at(call.event, "request.policyId")
    target = text_at(call.event, "request.targetId")
    if policy_id is None or target is None:
        return unknown("the policy or its target is not in the store")
    return of_attachment(call.state, (policy_id, target), attaches=attaches)


def moved_access(call: SentenceContext) -> AccessChange:
    """What it changes for an account that it has another parent."""
    names = ("accountId", "sourceParentId", "destinationParentId")
    given = [text_at(call.event, f"request.{name}") for name in names]
    account, source, destination = (one or "" for one in given)
    if not account or not source or not destination:
        return unknown("the account or its parents are not in the store")
    return of_move(call.state, account, source, destination)


def type_access(call: SentenceContext) -> AccessChange:
    """What it changes that a policy type is switched on or off."""
    policy_type = (text_at(call.event, "request.policyType") or "").upper()
    return of_type(call.state, policy_type, enables=call.event.event_name == "EnablePolicyType")
